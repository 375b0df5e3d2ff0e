"""Fixtures for the napari plugin: Qt is offscreen before anything imports it."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from qtpy.QtWidgets import QApplication

    from spatialdata import SpatialData


def shapes_of(geometry: list, transformations: dict, **columns: object):
    """A shapes element."""
    import geopandas as gpd

    from spatialdata.models import ShapesModel

    index = columns.pop("index", None)
    return ShapesModel.parse(
        gpd.GeoDataFrame(columns, geometry=geometry, index=index), transformations=dict(transformations)
    )


def points_of(coordinates: np.ndarray, transformations: dict, **columns: object):
    """A points element; ``coordinates`` has the columns x, y(, z)."""
    import pandas as pd

    from spatialdata.models import PointsModel

    axes = ["x", "y", "z"][: coordinates.shape[1]]
    frame = pd.DataFrame(dict(zip(axes, coordinates.T, strict=True)) | columns)
    return PointsModel.parse(frame, transformations=dict(transformations))


def make_scene(transformations: dict | None = None) -> SpatialData:
    """All kinds of elements around one bright pixel: row 3, column 7 of a raster of 10 × 12 pixels."""
    import anndata as ad
    import pandas as pd
    from shapely import MultiPolygon, Point, box

    from spatialdata import SpatialData
    from spatialdata.models import Image2DModel, Labels2DModel, TableModel
    from spatialdata.transformations import Identity

    t = transformations or {"global": Identity()}
    pixels = np.zeros((1, 10, 12), dtype=np.uint16)
    pixels[0, 3, 7] = 1000
    square = box(7, 3, 8, 4)
    table = ad.AnnData(
        X=np.array([[5.0], [9.0]]),
        obs=pd.DataFrame(
            {"region": pd.Categorical(["cells", "cells"]), "cell": ["b", "a"], "type": ["T", "B"]}, index=["0", "1"]
        ),
        var=pd.DataFrame(index=["CD3"]),
        uns={"type_colors": ["#ff0000", "#00ff00"]},
    )
    return SpatialData.init_from_elements(
        {
            "image": Image2DModel.parse(pixels, dims=("c", "y", "x"), c_coords=["DAPI"], transformations=dict(t)),
            "pyramid": Image2DModel.parse(
                np.tile(pixels, (2, 1, 1)), dims=("c", "y", "x"), transformations=dict(t), scale_factors=[2]
            ),
            "labels": Labels2DModel.parse(
                (pixels[0] > 0).astype(np.int32) * 4, dims=("y", "x"), transformations=dict(t)
            ),
            "points": points_of(np.array([[7.5, 3.5]]), t, gene=["CD3"]),
            "circles": shapes_of([Point(7.5, 3.5), Point(1, 1)], t, radius=[0.5, 2.0]),
            "cells": shapes_of([square, box(0, 0, 2, 2), box(4, 6, 5, 9)], t, index=["a", "b", "c"]),
            "patches": shapes_of([MultiPolygon([square, box(1, 1, 2, 2)])], t),
            "table": TableModel.parse(table.copy(), region="cells", region_key="region", instance_key="cell"),
        }
    )


@pytest.fixture
def scene() -> SpatialData:
    """All kinds of elements around one bright pixel."""
    return make_scene()


@pytest.fixture
def viewer() -> ViewerModel:
    """A viewer without window."""
    from napari.components import ViewerModel

    return ViewerModel()


@pytest.fixture(scope="session")
def qt() -> QApplication:
    """The Qt application; skips where there is no Qt or the system lacks its libraries."""
    try:
        from qtpy.QtWidgets import QApplication
    except ImportError as error:
        pytest.skip(f"no Qt: {error}")

    return QApplication.instance() or QApplication([])


@pytest.fixture
def wait_until(qt: QApplication) -> Callable[[Callable[[], bool]], None]:
    """Run the event loop until something is true; fail after two minutes."""
    import time

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail("the condition did not become true within two minutes")
            qt.processEvents()
            time.sleep(0.005)

    return wait
