"""Centroids of cells, and the circles of their areas, in memory."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm
_HELD: dict[str, object] = {}


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "cells")


def prepare(folder: Path) -> None:
    from spatialdata import read_zarr

    _HELD["cells"] = read_zarr(folder / "tissue.zarr")["cells"]


def run(folder: Path) -> dict[str, float]:
    from spatialdata import get_centroids, to_circles

    centres = get_centroids(_HELD["cells"]).compute()
    circles = to_circles(_HELD["cells"])
    return {"x": float(centres["x"].sum()), "radius": float(circles["radius"].sum())}
