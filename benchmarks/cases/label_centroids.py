"""Find the centres of labels."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm_labels


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "labels")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import get_centroids, read_zarr

    centres = get_centroids(read_zarr(folder / "tissue.zarr")["labels"]).compute()
    return {"x": round(float(centres.x.sum()), 3), "y": round(float(centres.y.sum()), 3)}
