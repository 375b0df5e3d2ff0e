"""Average a number of the molecules in each cell."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "molecules", "cells")
    (folder / "edge").write_text(str(tissue.SIZES[size].edge))


def run(folder: Path) -> dict[str, float]:
    from spatialdata import aggregate, read_zarr

    sdata = read_zarr(folder / "tissue.zarr")
    found = aggregate(values=sdata["molecules"], by=sdata["cells"], value_key="quality", agg_func="mean")
    table = found.tables["table"]
    return {"cells": table.n_obs, "sum": float(table.X.sum())}
