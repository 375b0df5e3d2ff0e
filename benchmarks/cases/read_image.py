"""Open a store and load all pixels of the finest level of an image."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "image")
    tissue.write_one(folder, "image")


def warm() -> None:
    tissue.warm_store("image")


def run(folder: Path) -> int:
    from spatialdata import read_zarr

    sdata = read_zarr(folder / "image.zarr")
    return int(sdata["image"]["scale0"]["image"].data.compute()[0, ::64].sum())
