"""The exact extent of the molecules of a store."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "molecules")


def run(folder: Path) -> dict[str, list[float]]:
    from spatialdata import get_extent, read_zarr

    found = get_extent(read_zarr(folder / "tissue.zarr")["molecules"])
    return {axis: [float(low), float(high)] for axis, (low, high) in sorted(found.items())}
