"""Images and regions that lie beside each other, which no value of the one is on."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest

from spatialdata import aggregate
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, ShapesModel
from spatialdata.transformations import Scale, Translation


@pytest.mark.parametrize("func", ["max", ["mean", "std"], np.ptp])
@pytest.mark.parametrize("size", [0.5, 2.0])
@pytest.mark.parametrize("deep", [(False, False), (True, True), (True, False)])
def test_regions_without_pixels_hold_zeros(func: Any, size: float, deep: tuple[bool, bool]) -> None:
    """Also where a chunk holds some of the channels, and whichever of the two has the finer pixels."""
    depths = [(2,) if one else () for one in deep]
    image = (Image3DModel if deep[0] else Image2DModel).parse(
        da.ones((3, *depths[0], 5, 5), chunks=(2, *(1 for _ in depths[0]), 3, 3)),
        c_coords=["a", "b", "weight"],
        transformations={"global": Scale([size, size], ("x", "y"))},
    )
    labels = (Labels3DModel if deep[1] else Labels2DModel).parse(
        np.tile(np.arange(4), (*depths[1], 4, 1)),
        transformations={"global": Translation([100.0, 100.0], ("x", "y"))},
    )
    discs = ShapesModel.parse(np.array([[-50.0, 0.0], [70.0, 70.0]]), geometry=0, radius=3.0)
    functions = len(func) if isinstance(func, list) else 1
    for regions, count in ((labels, 3), (discs, 2)):
        for weights in [None] if callable(func) else [None, "weight"]:
            table = aggregate(image, regions, agg_func=func, weights=weights)["table"]
            assert table.shape == (count, (3 if weights is None else 2) * functions)
            assert table.X.nnz == 0
