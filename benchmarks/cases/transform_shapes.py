"""Move the outlines of cells through an affine map."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "cells")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import read_zarr, transform
    from spatialdata.transformations import Affine, set_transformation

    cells = read_zarr(folder / "tissue.zarr")["cells"]
    turn = Affine([[0.6, -0.8, 5.0], [0.8, 0.6, -2.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
    set_transformation(cells, turn, "turned")
    moved = transform(cells, to_coordinate_system="turned")
    return {"area": float(moved.area.sum()), "x": float(moved.total_bounds[0])}
