"""Open a store and load a hundredth of labels."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "labels")
    tissue.write_one(folder, "labels")
    (folder / "edge").write_text(str(tissue.SIZES[size].edge))


def warm() -> None:
    tissue.warm_store("labels")


def run(folder: Path) -> int:
    from spatialdata import bounding_box_query, read_zarr

    edge = int((folder / "edge").read_text())
    lower, upper = [0.3 * edge, 0.4 * edge], [0.4 * edge, 0.5 * edge]
    element = read_zarr(folder / "labels.zarr")["labels"]
    found = bounding_box_query(element, ("x", "y"), lower, upper, target_coordinate_system="global")
    return int(found["scale0"]["image"].data.compute().sum())
