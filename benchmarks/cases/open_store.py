"""Open a store and list what is in it."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "image", "molecules", "cells")


def run(folder: Path) -> list[str]:
    from spatialdata import read_zarr

    sdata = read_zarr(folder / "tissue.zarr")
    return sorted([*sdata.images, *sdata.points, *sdata.shapes])
