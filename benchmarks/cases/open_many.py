"""Open a store with 2,000 elements and list what is in it."""

from __future__ import annotations

from pathlib import Path

import tissue

COUNTS = {"small": 2_000, "medium": 5_000, "large": 10_000}


def setup(size: str, folder: Path) -> None:
    tissue.many(COUNTS[size], folder)


def run(folder: Path) -> int:
    from spatialdata import read_zarr

    return len(read_zarr(folder / "many.zarr").shapes)
