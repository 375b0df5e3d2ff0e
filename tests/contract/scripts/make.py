"""Makes one object with an element of every kind.

``make.py STORE [FORMAT …]`` writes it in formats, by the names of their classes, and prints where.
"""

import json
import sys
from typing import Any

import numpy as np


def make(*, bare: bool = False) -> Any:
    """Return the object. It is the same on both sides of a contract.

    ``bare`` leaves out what the first version of shapes cannot hold: further columns.
    """
    import anndata as ad
    import geopandas as gpd
    import pandas as pd
    import shapely

    from spatialdata import SpatialData
    from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
    from spatialdata.transformations import Affine, Identity, MapAxis, Scale, Sequence, Translation

    rng = np.random.default_rng(0)
    shift = Translation([10.0, -3.5], axes=("x", "y"))
    turn = Affine([[0.5, -0.8, 5.0], [0.8, 0.5, -7.0], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y"))
    placed = {
        "global": Identity(),
        "shifted": shift,
        "turned": turn,
        "swapped": MapAxis({"x": "y", "y": "x"}),
        "chain": Sequence([Scale([2.0, 0.5], axes=("x", "y")), shift, turn]),
    }
    pixels = rng.integers(0, 255, (3, 40, 56), dtype=np.uint8)
    mask = np.arange(40 * 56, dtype=np.int32).reshape(40, 56) // 400
    volume = rng.normal(size=(2, 4, 16, 12)).astype(np.float32)
    squares = [shapely.box(x, x, x + 4, x + 3) for x in (0, 10, 20)]
    rows = pd.DataFrame(
        {
            "x": rng.uniform(0, 50, 30),
            "y": rng.uniform(0, 50, 30),
            "gene": pd.Categorical.from_codes(rng.integers(0, 3, 30), ["AAA", "BBB", "CCC"]),
            "cell": np.arange(30) // 10,
        }
    )
    obs = pd.DataFrame(
        {"region": pd.Categorical(["squares"] * 3), "instance": [5, 7, 9], "kind": pd.Categorical(["a", "b", "a"])},
        index=["c5", "c7", "c9"],
    )
    annotated = ad.AnnData(np.arange(6, dtype=np.float32).reshape(3, 2), obs=obs, obsm={"at": np.eye(3)})
    circles = gpd.GeoDataFrame({"radius": [1.5, 2.0]}, geometry=shapely.points([[1.0, 2.0], [3.5, 4.0]]))
    return SpatialData.init_from_elements(
        {
            "picture": Image2DModel.parse(
                pixels, dims=("c", "y", "x"), c_coords=["r", "g", "b"], transformations=dict(placed)
            ),
            "pyramid": Image2DModel.parse(pixels, dims=("c", "y", "x"), scale_factors=[2, 2]),
            "volume": Image3DModel.parse(volume, dims=("c", "z", "y", "x")),
            "mask": Labels2DModel.parse(mask, dims=("y", "x"), transformations=dict(placed)),
            "molecules": PointsModel.parse(rows, feature_key="gene", instance_key="cell", transformations=dict(placed)),
            "squares": ShapesModel.parse(
                gpd.GeoDataFrame({} if bare else {"score": [1, 2, 3]}, geometry=squares, index=[5, 7, 9]),
                transformations=dict(placed),
            ),
            "circles": ShapesModel.parse(circles),
            "annotated": TableModel.parse(annotated, region="squares", region_key="region", instance_key="instance"),
        },
        attrs={"project": "contract", "nested": {"list": [1, 2.5, "three"]}},
    )


if __name__ == "__main__":
    from spatialdata._io import format as known

    store, *names = sys.argv[1:]
    formats = [getattr(known, name)() for name in names]
    make(bare="ShapesFormatV01" in names).write(store, **({"sdata_formats": formats} if formats else {}))
    print(json.dumps(store))
