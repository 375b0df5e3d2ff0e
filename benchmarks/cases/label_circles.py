"""Make circles of labels."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm_labels


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "labels")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import read_zarr, to_circles

    circles = to_circles(read_zarr(folder / "tissue.zarr")["labels"])
    return {"circles": len(circles), "radius": round(float(circles.radius.mean()), 3)}
