"""Count the molecules of each gene in each cell."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "molecules", "cells")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import aggregate, read_zarr

    sdata = read_zarr(folder / "tissue.zarr")
    counted = aggregate(values=sdata["molecules"], by=sdata["cells"], value_key="gene", agg_func="count")
    table = counted.tables["table"]
    return {"cells": table.n_obs, "genes": table.n_vars, "molecules": float(table.X.sum())}
