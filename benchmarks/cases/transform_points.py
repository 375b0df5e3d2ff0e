"""Move the molecules of a store through an affine map."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "molecules")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import read_zarr, transform
    from spatialdata.transformations import Affine, set_transformation

    points = read_zarr(folder / "tissue.zarr")["molecules"]
    turn = Affine([[0.6, -0.8, 5.0], [0.8, 0.6, -2.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
    set_transformation(points, turn, "turned")
    moved = transform(points, to_coordinate_system="turned")[["x", "y"]].compute()
    return {"x": float(moved["x"].sum()), "y": float(moved["y"].sum())}
