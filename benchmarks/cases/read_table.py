"""Open a store and load a table of cells and genes."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "table")
    tissue.write_one(folder, "table")


def warm() -> None:
    tissue.warm_store("table")


def run(folder: Path) -> float:
    from spatialdata import read_zarr

    sdata = read_zarr(folder / "table.zarr")
    return float(sdata["table"].X.sum())
