"""Centres of instances against scikit-image and shapely."""

from __future__ import annotations

import anndata as ad
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from skimage.measure import regionprops

from spatialdata import get_centroids, get_element_instances
from spatialdata.errors import UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel
from spatialdata.models.kind import Kind
from spatialdata.ops.centroids import CENTROIDS
from spatialdata.transformations import Affine, Identity, get_transformation

TURN = Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))


def turned(coordinates: np.ndarray) -> np.ndarray:
    return coordinates @ TURN.matrix[:2, :2].T + TURN.matrix[:2, 2]


@pytest.mark.parametrize("chunks", [(20, 24), (7, 5)])
def test_labels(chunks: tuple[int, int]) -> None:
    ids = np.random.default_rng(0).choice([0, 4, 9, 1000], (20, 24))
    labels = Labels2DModel.parse(ids, chunks=chunks, transformations={"cs": TURN})
    found = get_centroids(labels, "cs")
    expected = {p.label: turned(np.array([p.centroid[::-1]]) + 0.5)[0] for p in regionprops(ids)}
    frame = found.compute()
    assert frame.index.tolist() == [4, 9, 1000] == get_element_instances(labels).tolist()
    np.testing.assert_allclose(frame.to_numpy(), list(expected.values()))
    assert get_transformation(found, get_all=True) == {"cs": Identity()}
    assert get_centroids(labels, "cs", return_background=True).compute().index.tolist() == [0, 4, 9, 1000]


def test_labels_in_3d_and_of_booleans() -> None:
    ids = np.random.default_rng(0).choice([0, 4, 9], (4, 5, 6))
    frame = get_centroids(Labels3DModel.parse(ids, chunks=(2, 3, 4))).compute()
    expected = [np.array(p.centroid[::-1]) + 0.5 for p in regionprops(ids)]
    assert list(frame.columns) == ["x", "y", "z"]
    np.testing.assert_allclose(frame.to_numpy(), expected)
    frame = get_centroids(Labels2DModel.parse(ids[0] == 4)).compute()
    assert frame.index.tolist() == [1]


def test_shapes_and_points() -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(10, 0, 11, 1)])
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=[parts], index=["a"]), transformations={"cs": TURN})
    frame = get_centroids(shapes, "cs").compute()
    np.testing.assert_allclose(frame.loc["a"], turned(np.array([[(4 * 1 + 10.5) / 5, (4 * 1 + 0.5) / 5]]))[0])
    table = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0], "gene": ["a", "b"]}, index=[7, 9])
    points = PointsModel.parse(table, feature_key="gene", transformations={"cs": TURN})
    found = get_centroids(points, "cs")
    assert list(found.columns) == ["x", "y"]
    np.testing.assert_allclose(found.compute().to_numpy(), turned(table[["x", "y"]].to_numpy()))
    assert found.compute().index.tolist() == [7, 9]
    assert list(found.attrs) == ["transform"]


def test_kinds_without_instances_are_refused() -> None:
    assert set(CENTROIDS) == set(Kind)
    image, table = Image2DModel.parse(np.zeros((1, 2, 2))), ad.AnnData(np.zeros((1, 1)))
    for element in (image, table):
        with pytest.raises(UnsupportedElementError, match="no instances"):
            get_centroids(element)
        with pytest.raises(ValueError, match="no instances"):
            get_element_instances(element)
    points = PointsModel.parse(np.zeros((1, 2)))
    for ask in (get_centroids, get_element_instances):
        with pytest.raises(ValueError, match="return_background"):
            ask(points, return_background=True)
    with pytest.raises(ValueError, match="'nowhere'"):
        get_centroids(points, "nowhere")


def test_empty_polygons_have_no_centre() -> None:
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 2, 4), shapely.box(3, 0, 4, 1)]))
    shapes.loc[1, "geometry"] = shapely.Polygon()
    np.testing.assert_array_equal(get_centroids(shapes).compute(), [[1, 2], [np.nan, np.nan]])
