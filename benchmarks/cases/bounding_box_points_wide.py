"""Cut a box with a quarter of the area out of the molecules of a store."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "molecules")
    (folder / "edge").write_text(str(tissue.SIZES[size].edge))


def run(folder: Path) -> dict[str, float]:
    from spatialdata import bounding_box_query, read_zarr

    edge = int((folder / "edge").read_text())
    found = bounding_box_query(
        read_zarr(folder / "tissue.zarr")["molecules"],
        axes=("x", "y"),
        min_coordinate=[0.25 * edge, 0.25 * edge],
        max_coordinate=[0.75 * edge, 0.75 * edge],
        target_coordinate_system="global",
    ).compute()
    return {"rows": len(found), "x": float(found["x"].sum())}
