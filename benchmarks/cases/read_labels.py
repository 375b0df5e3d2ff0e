"""Open a store and load all pixels of the finest level of labels."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "labels")
    tissue.write_one(folder, "labels")


def warm() -> None:
    tissue.warm_store("labels")


def run(folder: Path) -> int:
    from spatialdata import read_zarr

    sdata = read_zarr(folder / "labels.zarr")
    return int(sdata["labels"]["scale0"]["image"].data.compute()[::64].sum())
