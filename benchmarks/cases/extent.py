"""Exact extents of the molecules and of the cells of a store."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "molecules", "cells")


def run(folder: Path) -> dict[str, list[float]]:
    from spatialdata import get_extent, read_zarr

    sdata = read_zarr(folder / "tissue.zarr")
    return {
        f"{name} {axis}": [float(low), float(high)]
        for name in ("molecules", "cells")
        for axis, (low, high) in sorted(get_extent(sdata[name]).items())
    }
