"""The object that the workflows run on, made of arrays alone, so that it is the same on every core."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd

from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel

SIDE, STEP, GENES = 256, 16, ("a", "b", "c")


def tissue() -> SpatialData:
    """Cells on a jittered grid: image, labels, circles, transcripts, and a table of each of the last two."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(STEP // 2, SIDE, STEP), np.arange(STEP // 2, SIDE, STEP)), axis=-1)
    centers = grid.reshape(-1, 2) + rng.integers(-2, 3, size=(grid.size // 2, 2))
    y, x = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((SIDE, SIDE), dtype=np.int64)
    for number, (cx, cy) in enumerate(centers, start=1):
        labels[(x + 0.5 - cx) ** 2 + (y + 0.5 - cy) ** 2 < (STEP * 0.35) ** 2] = number
    ids = np.arange(1, len(centers) + 1)
    image = rng.integers(0, 40, size=(3, SIDE, SIDE)).astype(np.uint8)
    image[0] += (labels % 7 * 25).astype(np.uint8)
    image[1] += (labels > 0).astype(np.uint8) * 120
    points = pd.DataFrame(
        {
            "x": rng.uniform(0, SIDE, 4000),
            "y": rng.uniform(0, SIDE, 4000),
            "gene": pd.Categorical(rng.choice(GENES, 4000), categories=list(GENES)),
        }
    )
    return SpatialData(
        images={"image": Image2DModel.parse(image, c_coords=["r", "g", "b"], chunks=(3, 128, 128))},
        labels={"cells": Labels2DModel.parse(labels, chunks=(128, 128))},
        points={"transcripts": PointsModel.parse(points, feature_key="gene")},
        shapes={"circles": ShapesModel.parse(centers.astype(float), geometry=0, radius=STEP * 0.35, index=ids)},
        tables={"of_circles": table("circles", ids, rng), "of_cells": table("cells", ids, rng)},
    )


def table(region: str, ids: np.ndarray, rng: np.random.Generator) -> ad.AnnData:
    obs = pd.DataFrame(
        {
            "region": pd.Categorical([region] * len(ids)),
            "instance_id": ids,
            "cluster": pd.Categorical([f"type{number}" for number in rng.integers(0, 3, len(ids))]),
        },
        index=[f"{region}_{number}" for number in ids],
    )
    counts = rng.poisson(3.0, size=(len(ids), len(GENES))).astype(np.float32)
    return TableModel.parse(
        ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=list(GENES))), region, "region", "instance_id"
    )
