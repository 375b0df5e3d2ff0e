"""Turn an image by 30 degrees and take the mean of what is there."""

from __future__ import annotations

from pathlib import Path

EDGES = {"small": 1024, "medium": 8192, "large": 20480}


def setup(size: str, folder: Path) -> None:
    import dask.array as da

    from spatialdata import SpatialData
    from spatialdata.models import Image2DModel

    edge = EDGES[size]
    ramp = da.arange(1, edge + 1, chunks=1024) % 4000 + 1
    pixels = (ramp[:, None] + ramp[None, :]).astype("uint16")[None]
    image = Image2DModel.parse(pixels, dims=("c", "y", "x"))
    SpatialData(images={"image": image}).write(folder / "image.zarr")


def run(folder: Path) -> dict[str, float]:
    import dask
    import numpy as np

    from spatialdata import read_zarr, transform
    from spatialdata.transformations import Affine, set_transformation

    image = read_zarr(folder / "image.zarr")["image"]
    cos, sin = float(np.cos(np.pi / 6)), 0.5
    turn = Affine([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
    set_transformation(image, turn, "turned")
    data = transform(image, to_coordinate_system="turned").data
    total, there = dask.compute(data.sum(dtype="float64"), (data != 0).sum())
    # The two sides choose output grids that differ by a fraction of a pixel.
    return {"mean": round(float(total / there), -1)}
