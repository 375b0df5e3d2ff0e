"""Fractions of cell types in each spot, by overlapping area."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "cells", "spots")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import aggregate, read_zarr

    sdata = read_zarr(folder / "tissue.zarr")
    found = aggregate(
        values=sdata["cells"], by=sdata["spots"], value_key="cell_type", agg_func="sum", fractions=True
    ).tables["table"]
    return {"spots": found.n_obs, "types": found.n_vars, "sum": float(found.X.sum())}
