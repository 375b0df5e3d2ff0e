"""Open a store and cut a box with one percent of the area out of its cells."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "cells")
    (folder / "edge").write_text(str(tissue.SIZES[size].edge))


def run(folder: Path) -> dict[str, float]:
    from spatialdata import bounding_box_query, read_zarr

    edge = int((folder / "edge").read_text())
    found = bounding_box_query(
        read_zarr(folder / "tissue.zarr"),
        axes=("x", "y"),
        min_coordinate=[0.4 * edge, 0.4 * edge],
        max_coordinate=[0.5 * edge, 0.5 * edge],
        target_coordinate_system="global",
    )["cells"]
    return {"rows": len(found), "area": float(found.area.sum())}
