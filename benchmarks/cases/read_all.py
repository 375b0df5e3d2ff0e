"""Open a store and load all values of its elements."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "image", "molecules", "cells")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import read_zarr

    sdata = read_zarr(folder / "tissue.zarr")
    return {
        "image": int(sdata["image"]["scale0"]["image"].sum().compute()),
        "molecules": float(sdata["molecules"].compute()["x"].sum()),
        "cells": float(sdata["cells"].area.sum()),
    }
