"""Number labels without gaps."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm_labels


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "labels")


def run(folder: Path) -> dict[str, int]:
    from spatialdata import read_zarr, relabel_sequential

    ids = read_zarr(folder / "tissue.zarr")["labels"].data * 7
    return {"largest": int(relabel_sequential(ids).max().compute())}
