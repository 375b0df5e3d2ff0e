"""Average the pixels of an image in each label. The square has 1024, 2048 or 4096 pixels on a side."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm
EDGES = {"small": 1024, "medium": 2048, "large": 4096}


def setup(size: str, folder: Path) -> None:
    from spatialdata import SpatialData
    from spatialdata.models import Image2DModel, Labels2DModel

    edge = EDGES[size]
    pixels = tissue.image(tissue.Size(edge=edge, cells=0, spots=0, molecules=0))
    image = Image2DModel.parse(pixels, dims=("c", "y", "x"))
    labels = Labels2DModel.parse(tissue.checkered(edge), dims=("y", "x"))
    SpatialData.init_from_elements({"image": image, "labels": labels}).write(folder / "tissue.zarr")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import aggregate, read_zarr

    sdata = read_zarr(folder / "tissue.zarr")
    table = aggregate(values=sdata["image"], by=sdata["labels"], agg_func="mean").tables["table"]
    return {"cells": table.n_obs, "sum": float(table.X.sum())}
