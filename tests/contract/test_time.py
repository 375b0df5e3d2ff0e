"""What the published release makes of a store with times: it passes series over, and reads the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatialdata import SpatialData
from spatialdata.models import Image2DModel, PointsModel

pytestmark = pytest.mark.contract
SCRIPT = Path(__file__).parent / "scripts" / "rest.py"


def test_series_are_passed_over_and_times_of_points_are_read(peer: Callable[..., Any], tmp_path: Path) -> None:
    SpatialData(
        images={
            "series": Image2DModel.parse(np.zeros((3, 1, 4, 4)), dims=("t", "c", "y", "x"), t_unit="second"),
            "still": Image2DModel.parse(np.zeros((1, 4, 4))),
        },
        points={"tracks": PointsModel.parse(pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0], "t": [3, 4]}))},
    ).write(tmp_path / "times.zarr")
    found = peer(SCRIPT, tmp_path / "times.zarr")
    assert found == {"refused": True, "images": ["still"], "times": {"tracks": [3, 4]}}
