"""Find the cells in memory in a box with one percent of the area."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm
_HELD: dict[str, object] = {}


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "cells")
    (folder / "edge").write_text(str(tissue.SIZES[size].edge))


def prepare(folder: Path) -> None:
    from spatialdata import read_zarr

    _HELD["cells"] = read_zarr(folder / "tissue.zarr")["cells"]


def run(folder: Path) -> dict[str, float]:
    from spatialdata import bounding_box_query

    edge = int((folder / "edge").read_text())
    found = bounding_box_query(
        _HELD["cells"],
        axes=("x", "y"),
        min_coordinate=[0.4 * edge, 0.4 * edge],
        max_coordinate=[0.5 * edge, 0.5 * edge],
        target_coordinate_system="global",
    )
    return {"rows": len(found), "x": float(found.bounds["minx"].sum())}
