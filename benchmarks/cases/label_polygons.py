"""Make polygons of labels."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm_labels


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "labels")


def run(folder: Path) -> dict[str, int]:
    from spatialdata import read_zarr, to_polygons

    polygons = to_polygons(read_zarr(folder / "tissue.zarr")["labels"])
    return {"polygons": len(polygons)}
