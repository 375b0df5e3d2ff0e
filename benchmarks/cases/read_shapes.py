"""Open a store and load all outlines of cells."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "shapes")
    tissue.write_one(folder, "shapes")


def warm() -> None:
    tissue.warm_store("shapes")


def run(folder: Path) -> float:
    from spatialdata import read_zarr

    sdata = read_zarr(folder / "shapes.zarr")
    return float(sdata["shapes"].area.sum())
