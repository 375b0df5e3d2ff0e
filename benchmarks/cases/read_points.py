"""Open a store and load all molecules."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "points")
    tissue.write_one(folder, "points")


def warm() -> None:
    tissue.warm_store("points")


def run(folder: Path) -> float:
    from spatialdata import read_zarr

    sdata = read_zarr(folder / "points.zarr")
    return float(sdata["points"].compute()["x"].sum())
