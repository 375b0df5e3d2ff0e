"""Extents against brute force."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import anndata as ad
import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatialdata import SpatialData, are_extents_equal, get_extent, read_zarr
from spatialdata.errors import UnknownCoordinateSystemError, UnsupportedElementError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.models.kind import Kind
from spatialdata.ops.extent import EXTENT
from spatialdata.transformations import Affine, Identity, MapAxis, Scale, Translation

numbers = st.floats(-3, 3, allow_nan=False).map(lambda value: round(value, 2))
matrices = st.lists(numbers, min_size=6, max_size=6)


def affine(values: list[float]) -> Affine:
    return Affine([[*values[:2], values[4]], [*values[2:4], values[5]], [0, 0, 1]], ("x", "y"), ("x", "y"))


def moved(coordinates: np.ndarray, values: list[float]) -> np.ndarray:
    return coordinates @ np.array([values[:2], values[2:4]]).T + values[4:]


def box_of(coordinates: np.ndarray) -> dict[str, tuple[float, float]]:
    return {
        axis: pytest.approx((coordinates[:, i].min(), coordinates[:, i].max()), abs=1e-9) for i, axis in enumerate("xy")
    }


@given(matrices, st.integers(0, 1000), st.integers(1, 3))
def test_points_and_polygons(values: list[float], seed: int, partitions: int) -> None:
    coordinates = np.random.default_rng(seed).uniform(-5, 5, (30, 2))
    frame = pd.DataFrame(coordinates, columns=["x", "y"])
    systems = {"cs": affine(values)}
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=partitions), transformations=systems)
    polygon = shapely.convex_hull(shapely.MultiPoint(coordinates))
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=[polygon]), transformations=systems)
    assert get_extent(points, "cs") == box_of(moved(coordinates, values))
    assert get_extent(shapes, "cs") == box_of(moved(coordinates, values))
    corners = np.array(list(product(*zip(coordinates.min(axis=0), coordinates.max(axis=0), strict=True))))
    assert get_extent(points, "cs", exact=False) == box_of(moved(corners, values))
    assert get_extent(shapes, "cs", exact=False) == box_of(moved(corners, values))


@given(matrices)
def test_pixels_count_with_their_area(values: list[float]) -> None:
    corners = np.array(list(product([0, 7], [0, 5])))
    for factors in (None, [2]):
        image = Image2DModel.parse(np.zeros((1, 5, 7)), transformations={"cs": affine(values)}, scale_factors=factors)
        found = get_extent(image, "cs")
        assert list(found) == ["y", "x"]
        assert found == box_of(moved(corners, values))


def test_axes_are_named() -> None:
    labels = Labels2DModel.parse(np.zeros((5, 7), dtype=int), transformations={"cs": MapAxis({"x": "y", "y": "x"})})
    assert get_extent(labels, "cs") == {"y": (0.0, 7.0), "x": (0.0, 5.0)}
    image = Image3DModel.parse(np.zeros((2, 3, 5, 7)), transformations={"cs": Scale([4.0], ("z",))})
    assert get_extent(image, "cs") == {"z": (0.0, 12.0), "y": (0.0, 5.0), "x": (0.0, 7.0)}


def test_circles_count_with_their_radius() -> None:
    turn = Affine([[1.2, -1.6, 0], [1.6, 1.2, 0], [0, 0, 1]], ("x", "y"), ("x", "y"))
    circles = ShapesModel.parse(
        np.array([[0.0, 0.0], [5.0, 0.0]]), geometry=0, radius=[1.0, 2.0], transformations={"a": Identity(), "b": turn}
    )
    assert get_extent(circles, "a") == {"x": (-1.0, 7.0), "y": (-2.0, 2.0)}
    assert get_extent(circles, "b") == {"x": pytest.approx((-2, 10)), "y": pytest.approx((-2, 12))}


def study() -> SpatialData:
    far = {"global": Translation([100.0, 0.0], ("x", "y"))}
    return SpatialData(
        images={"image": Image2DModel.parse(np.zeros((1, 5, 7)))},
        labels={"labels": Labels2DModel.parse(np.zeros((9, 4), dtype=int))},
        points={"points": PointsModel.parse(np.array([[-1.0, 2.0, 3.0]]))},
        shapes={"far": ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0, transformations=far)},
        tables={"table": ad.AnnData(np.zeros((1, 1)))},
    )


def test_objects() -> None:
    sdata = study()
    assert get_extent(sdata) == {"y": (-1.0, 9.0), "x": (-1.0, 101.0), "z": (3.0, 3.0)}
    assert get_extent(sdata, has_shapes=False, has_points=False) == {"y": (0.0, 9.0), "x": (0.0, 7.0)}
    assert get_extent(sdata, elements=["image"]) == {"y": (0.0, 5.0), "x": (0.0, 7.0)}


def test_what_cannot_be_measured() -> None:
    sdata = study()
    with pytest.raises(UnknownCoordinateSystemError, match="'globall'"):
        get_extent(sdata, "globall")
    with pytest.raises(UnknownCoordinateSystemError, match="'globall'"):
        get_extent(sdata["image"], "globall")
    with pytest.raises(KeyError, match="'imag'"):
        get_extent(sdata, elements=["imag"])
    with pytest.raises(ValueError, match="list of names"):
        get_extent(sdata, elements="image")
    with pytest.raises(ValueError, match="All kinds were left out"):
        get_extent(sdata, has_images=False, has_labels=False, has_points=False, has_shapes=False)
    with pytest.raises(ValueError, match="empty"):
        get_extent(PointsModel.parse(pd.DataFrame({"x": [1.0], "y": [1.0]})).query("x > 5"))
    with pytest.raises(UnsupportedElementError, match="table"):
        get_extent(sdata["table"])
    assert set(EXTENT) == set(Kind)


def test_extents_are_compared_by_axis_with_a_tolerance() -> None:
    a = {"x": (0.0, 1.0), "y": (0.0, 1.0)}
    assert are_extents_equal(a, {"y": (0.05, 1.0), "x": (0.0, 1.05)})
    assert not are_extents_equal(a, {"y": (0.2, 1.0), "x": (0.0, 1.0)})
    assert not are_extents_equal(a, {"x": (0.0, 1.0)})
    assert are_extents_equal(a, {"y": (0.2, 1.0), "x": (0.0, 1.0)}, atol=0.3)


def test_the_extent_of_stored_points_is_that_of_the_footers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coordinates = np.random.default_rng(3).normal(size=(500, 3))
    frame = pd.DataFrame(coordinates, columns=["x", "y", "z"])
    scale, turn = Scale([2.0, -3.0], ("x", "y")), affine([0.6, -0.8, 0.8, 0.6, 1.0, 2.0])
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=3), transformations={"global": scale, "turned": turn})
    SpatialData(points={"p": points}).write(tmp_path / "s.zarr")
    stored = read_zarr(tmp_path / "s.zarr")["p"]
    expected = {name: get_extent(points, name) for name in ("global", "turned")}
    assert get_extent(stored, "turned") == expected["turned"]
    assert get_extent(stored[stored["x"] > 0], "global")["x"][0] >= 0

    def refuse(*_: object) -> None:
        raise AssertionError("The data were read.")

    monkeypatch.setattr("spatialdata.ops.extent.over_partitions", refuse)
    assert get_extent(stored, "global") == expected["global"]
    assert expected["global"]["y"] == pytest.approx((-3 * coordinates[:, 1].max(), -3 * coordinates[:, 1].min()))


def test_the_extent_of_stored_points_that_are_no_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan, np.inf], "y": [np.nan, np.nan, np.nan]})
    points = PointsModel.parse(frame.assign(y=[1.0, np.nan, 2.0]))
    SpatialData(points={"p": points}).write(tmp_path / "s.zarr")
    assert get_extent(read_zarr(tmp_path / "s.zarr")["p"]) == get_extent(points)
