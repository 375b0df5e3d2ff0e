"""Make an image of square bins, 500 genes, and look at each once. 128, 512 or 1024 bins on a side."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm

SIDES = {"small": 128, "medium": 512, "large": 1024}
GENES = 500


def setup(size: str, folder: Path) -> None:
    import anndata
    import numpy as np
    import pandas as pd
    from scipy.sparse import random

    from spatialdata import SpatialData
    from spatialdata.models import ShapesModel, TableModel

    row, column = np.divmod(np.arange(SIDES[size] ** 2), SIDES[size])
    centres = np.stack([column * 2.0 + 1, row * 2.0 + 1], axis=1)
    bins = ShapesModel.parse(centres, geometry=0, radius=1.0, index=pd.Index(np.arange(len(row))))
    counts = random(len(row), GENES, density=0.02, format="csc", random_state=0, dtype=np.float32)
    counts.data = np.ceil(counts.data * 10)
    obs = pd.DataFrame({"region": pd.Categorical(["bins"] * len(row)), "id": bins.index, "row": row, "column": column})
    obs.index = obs.index.astype(str)
    var = pd.DataFrame(index=[f"gene_{number:03}" for number in range(GENES)])
    table = anndata.AnnData(counts, obs=obs, var=var)
    table = TableModel.parse(table, region="bins", region_key="region", instance_key="id")
    SpatialData.init_from_elements({"bins": bins, "table": table}).write(folder / "bins.zarr")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import rasterize_bins, read_zarr

    image = rasterize_bins(read_zarr(folder / "bins.zarr"), "bins", "table", "column", "row")
    return {"sum": float(image.sum().compute())}
