"""Small datasets made by hand, and what a figure shows at a place."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator

import anndata as ad
import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from shapely import MultiPolygon, Point, Polygon, box

import spatialdata_plot  # noqa: F401 - adds the accessor
from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.transformations import Affine, Identity, Scale

ANGLE = np.deg2rad(25)
MATRICES = {
    "global": np.eye(3),
    "scaled": np.diag([0.5, 0.25, 1.0]),
    "rotated": np.array([[np.cos(ANGLE), -np.sin(ANGLE), 7.0], [np.sin(ANGLE), np.cos(ANGLE), -3.0], [0, 0, 1]]),
    "sheared": np.array([[1.0, 0.4, 2.0], [-0.2, 1.5, 1.0], [0, 0, 1]]),
    "mirrored": np.array([[-2.0, 0, 30.0], [0, 1.0, 0], [0, 0, 1]]),
}


def everywhere() -> dict:
    """A place in every coordinate system."""
    places: dict = {name: Affine(matrix, ("x", "y"), ("x", "y")) for name, matrix in MATRICES.items()}
    return places | {"global": Identity(), "scaled": Scale([0.5, 0.25], ("x", "y"))}


def place(system: str, xy: np.ndarray) -> np.ndarray:
    """Coordinates of shape (n, 2) in a coordinate system, by hand."""
    matrix = MATRICES[system]
    return np.atleast_2d(xy) @ matrix[:2, :2].T + matrix[:2, 2]


class Canvas:
    """The pixels of a drawn figure."""

    def __init__(self, ax: Axes) -> None:
        figure = ax.get_figure()
        ax.spines[:].set_visible(False)  # the frame covers the outermost pixels
        figure.canvas.draw()
        self.ax = ax
        self.pixels = np.asarray(figure.canvas.buffer_rgba()).copy()

    def at(self, x: float, y: float) -> np.ndarray:
        """RGB from 0 to 1 at a place of the coordinate system."""
        across, up = self.ax.transData.transform((x, y))
        return self.pixels[self.pixels.shape[0] - 1 - int(np.floor(up)), int(np.floor(across)), :3] / 255


@pytest.fixture
def canvas() -> type[Canvas]:
    return Canvas


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """What the package has logged."""
    logger = logging.getLogger("spatialdata_plot")
    logger.addHandler(caplog.handler)
    yield lambda: "\n".join(record.getMessage() for record in caplog.records)
    logger.removeHandler(caplog.handler)


def make_table(region: str, instances: list[int], types: list, genes: np.ndarray) -> ad.AnnData:
    obs = pd.DataFrame(
        {
            "region": pd.Categorical([region] * len(instances)),
            "instance_id": instances,
            "cell_type": pd.Categorical(types),
            "score": np.linspace(-1, 1, len(instances)),
            "good": [number % 2 == 0 for number in range(len(instances))],
        },
        index=[f"row{number}" for number in range(len(instances))],
    )
    var = pd.DataFrame({"symbol": ["Epcam", "Cd3e"]}, index=["ENSG1", "ENSG2"])
    table = ad.AnnData(genes.astype(np.float32), obs=obs, var=var, layers={"log": np.log1p(genes).astype(np.float32)})
    return TableModel.parse(table, region=region, region_key="region", instance_key="instance_id")


GENES = np.array([[0.0, 4.0], [1.0, 3.0], [2.0, 2.0], [4.0, 1.0]])
TYPES = ["T", "B", "T", "Tumor"]


@pytest.fixture
def sdata() -> SpatialData:
    """Four square labels and four square polygons at the same places, circles, points, and images of 20 x 16 pixels."""
    labels = np.zeros((16, 20), dtype=np.int32)
    corners = [(2, 2), (12, 2), (2, 9), (12, 9)]
    for number, (x, y) in enumerate(corners):
        labels[y : y + 5, x : x + 5] = 10 * (number + 1)
    squares = gpd.GeoDataFrame(
        {"geometry": [box(x, y, x + 5, y + 5) for x, y in corners], "kind": ["one", "two", "two", "one"]},
        index=[10, 20, 30, 40],
    )
    circles = gpd.GeoDataFrame({"geometry": [Point(5, 5), Point(14, 10)], "radius": [3.0, 2.0], "n": [1.0, 3.0]})
    ring = Polygon([(1, 1), (9, 1), (9, 9), (1, 9)], [[(3, 3), (7, 3), (7, 7), (3, 7)]])
    pair = MultiPolygon([box(11, 1, 14, 4), box(15, 10, 19, 14)])
    holes = gpd.GeoDataFrame({"geometry": [ring, pair]})
    points = pd.DataFrame({"x": [3.0, 10.0, 17.0], "y": [4.0, 8.0, 13.0], "gene": pd.Categorical(["a", "b", "a"])})
    rng = np.random.default_rng(0)
    return SpatialData(
        images={
            "photo": Image2DModel.parse(
                rng.integers(0, 256, (3, 16, 20), dtype=np.uint8),
                c_coords=["r", "g", "b"],
                transformations=everywhere(),
            ),
            "stain": Image2DModel.parse(
                rng.integers(0, 5000, (4, 16, 20), dtype=np.uint16),
                c_coords=["DAPI", "CD3", "CD8", "KRT"],
                transformations=everywhere(),
            ),
        },
        labels={"cells": Labels2DModel.parse(labels, transformations=everywhere())},
        shapes={
            "squares": ShapesModel.parse(squares, transformations=everywhere()),
            "circles": ShapesModel.parse(circles, transformations=everywhere()),
            "holes": ShapesModel.parse(holes, transformations=everywhere()),
        },
        points={
            "molecules": PointsModel.parse(
                dd.from_pandas(points, npartitions=1), feature_key="gene", transformations=everywhere()
            )
        },
        tables={
            "label_table": make_table("cells", [10, 20, 30, 40], TYPES, GENES),
            "table": make_table("squares", [10, 20, 30, 40], TYPES, GENES),
        },
    )


@pytest.fixture
def unchanged(sdata: SpatialData) -> Iterator[SpatialData]:
    """The object, which is compared with a copy afterwards."""
    before = snapshot(sdata)
    yield sdata
    assert_equal(before, snapshot(sdata))


def snapshot(sdata: SpatialData) -> dict:
    content: dict = {"names": [name for _, name, _ in sdata.gen_elements()], "attrs": copy.deepcopy(sdata.attrs)}
    for kind, name, element in sdata.gen_elements():
        attrs = {} if kind == "tables" else {key: str(value) for key, value in element.attrs.items()}
        if kind in ("images", "labels"):
            content[name] = (attrs, np.asarray(element.data).copy())
        elif kind == "tables":
            content[name] = (str(element.uns), element.obs.copy(), element.X.copy(), element.var.copy())
        else:
            frame = element.compute() if kind == "points" else element
            content[name] = (attrs, pd.DataFrame(frame).copy())
    return content


def assert_equal(one: object, other: object) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, tuple):
        for left, right in zip(one, other, strict=True):
            assert_equal(left, right)
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other
