"""A bright pixel, its label, its point and its polygon land in the same place, whatever the transformation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spatialdata import SpatialData, read_zarr
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel
from spatialdata.transformations import (
    Affine,
    BaseTransformation,
    Displacements,
    MapAxis,
    Scale,
    Sequence,
    ThinPlateSpline,
    Translation,
    get_transformation,
)

XY = ("x", "y")
SIZE = 12
numbers = st.floats(-8, 8, allow_nan=False).map(lambda value: round(value, 3))
places = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))


@st.composite
def affines(draw: Any) -> BaseTransformation:
    """Affine maps that make every pixel at least three output pixels wide, alone or in a sequence."""
    a, b, c, d, e, f = (draw(numbers) for _ in range(6))
    linear = np.array([[a, b], [c, d]])
    assume(np.linalg.svd(linear, compute_uv=False)[-1] > 3)
    affine = Affine([[a, b, e], [c, d, f], [0, 0, 1]], XY, XY)
    before = draw(st.sampled_from([[], [MapAxis({"x": "y", "y": "x"})], [Translation([5, -3], ("y", "x"))]]))
    after = draw(st.sampled_from([[], [Scale([1.25], ("y",))], [Translation([0.5], ("x",))]]))
    return Sequence([*before, affine, *after]) if before or after else affine


def elements(place: tuple[int, int], transformation: BaseTransformation) -> SpatialData:
    """One pixel, as an image of one and of several scales, as labels, as a point and as a polygon."""
    y, x = place
    bright = np.zeros((SIZE, SIZE), dtype=np.uint8)
    bright[y, x] = 200
    t = {"there": transformation}
    square = gpd.GeoDataFrame(geometry=[shapely.box(x, y, x + 1, y + 1)])
    return SpatialData(
        images={"image": Image2DModel.parse(bright[None], chunks=(1, 9, 12), transformations=t)},
        labels={"labels": Labels2DModel.parse(bright.astype(np.int32), chunks=(12, 8), transformations=t)},
        points={"point": PointsModel.parse(np.array([[x + 0.5, y + 0.5]]), transformations=t)},
        shapes={"polygon": ShapesModel.parse(square, transformations=t)},
    )


def bright_places(raster: Any, axes: tuple[str, ...] = XY) -> np.ndarray:
    """Where the centres of the pixels of a raster are that are not 0."""
    data = np.asarray(raster.data)
    indices = np.argwhere(data.reshape(data.shape[-len(axes) :]))
    return get_transformation(raster, "there").transform_coordinates(indices[:, ::-1] + 0.5, axes)


def check(sdata: SpatialData, place: tuple[int, int], transformation: BaseTransformation, slack: float) -> None:
    moved = sdata.transform_to_coordinate_system("there")
    middle = np.array([[place[1] + 0.5, place[0] + 0.5]])
    corners = shapely.get_coordinates(sdata["polygon"].geometry)
    expected = transformation.transform_coordinates(middle, XY)[0]
    point = moved["point"][["x", "y"]].compute().to_numpy()[0]
    np.testing.assert_allclose(point, expected, atol=1e-9)
    found = shapely.get_coordinates(moved["polygon"].geometry)
    np.testing.assert_allclose(found, transformation.transform_coordinates(corners, XY), atol=1e-9)
    area = moved["polygon"].geometry.iloc[0].buffer(slack + 1e-9)
    for name in ("image", "labels"):
        bright = bright_places(moved[name])
        assert np.abs(bright - expected).max(axis=1).min() <= 0.5 + slack, name
        assert shapely.contains_xy(area, bright).all(), name


@settings(max_examples=15)
@given(affines(), places)
def test_under_linear_maps(transformation: BaseTransformation, place: tuple[int, int]) -> None:
    matrix = transformation.to_affine_matrix(XY, XY)
    assert matrix.shape == (3, 3)
    check(elements(place, transformation), place, transformation, slack=0)


@settings(max_examples=6)
@given(affines(), places)
def test_and_after_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, transformation: BaseTransformation, place: tuple[int, int]
) -> None:
    path: Path = tmp_path_factory.mktemp("agreement") / "a.zarr"
    sdata = elements(place, transformation)
    sdata.write(path)
    check(read_zarr(path), place, transformation, slack=0)


def bend(seed: int, kind: str) -> BaseTransformation:
    """A gentle warp of the 12 x 12 pixels, followed by an enlargement."""
    rng = np.random.default_rng(seed)
    nodes = np.stack(np.meshgrid(*[np.linspace(0, SIZE, 4)] * 2), axis=-1).reshape(-1, 2)
    if kind == "spline":
        warp: BaseTransformation = ThinPlateSpline(nodes, nodes + rng.uniform(-0.4, 0.4, nodes.shape), XY)
    else:
        warp = Displacements(rng.uniform(-0.4, 0.4, (5, 5, 2)), ("y", "x"), spacing=[3, 3])
    return Sequence([warp, Affine.similarity(5.0, rng.uniform(-3, 3), [7, -20])])


@settings(max_examples=8)
@given(st.integers(0, 10**6), st.sampled_from(["spline", "field"]), places)
def test_under_non_linear_maps(seed: int, kind: str, place: tuple[int, int]) -> None:
    # The edges of the polygon stay straight where those of the pixel bend a little.
    check(elements(place, bend(seed, kind)), place, bend(seed, kind), slack=0.2)


@settings(max_examples=8)
@given(st.integers(0, 10**6), st.sampled_from(["spline", "field"]))
def test_each_pixel_of_a_bent_image_is_where_it_comes_from(seed: int, kind: str) -> None:
    """Half an output pixel off at most: values at the centres of output pixels are those of pixels nearby."""
    rng = np.random.default_rng(seed)
    warp = bend(seed, kind)
    ids = rng.permutation(SIZE * SIZE).reshape(SIZE, SIZE).astype(np.int32) + 1
    labels = Labels2DModel.parse(ids, chunks=(9, 12), transformations={"there": warp})
    moved = SpatialData(labels={"labels": labels}).transform_to_coordinate_system("there")["labels"]
    rows, columns = np.nonzero(moved.values)
    world = get_transformation(moved, "there").transform_coordinates(np.column_stack([columns, rows]) + 0.5, XY)
    source = warp.inverse().transform_coordinates(world, XY)
    where = np.argwhere(ids > 0)[np.argsort(ids.ravel())][moved.values[rows, columns] - 1][:, ::-1]
    beyond = np.maximum(where - source, source - where - 1)
    assert beyond.max() <= 0.02 + 1e-9
    assert set(np.unique(moved.values)) <= set(range(SIZE * SIZE + 1))


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_in_space(seed: int) -> None:
    """A voxel, its label and its point, under a 3D affine map that mixes all axes."""
    rng = np.random.default_rng(seed)
    linear = np.linalg.qr(rng.normal(size=(3, 3)))[0] * 4
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear, rng.uniform(-9, 9, 3)
    axes = ("x", "y", "z")
    t = {"there": Affine(matrix, axes, axes)}
    z, y, x = rng.integers(0, 5, 3)
    bright = np.zeros((5, 5, 5), dtype=np.uint16)
    bright[z, y, x] = 7
    sdata = SpatialData(
        images={"image": Image3DModel.parse(bright[None], chunks=(1, 3, 3, 3), transformations=t)},
        labels={"labels": Labels3DModel.parse(bright, transformations=t)},
        points={"point": PointsModel.parse(np.array([[x, y, z]]) + 0.5, transformations=t)},
    ).transform_to_coordinate_system("there")
    expected = matrix[:3, :3] @ np.array([x + 0.5, y + 0.5, z + 0.5]) + matrix[:3, 3]
    np.testing.assert_allclose(sdata["point"][list(axes)].compute().to_numpy()[0], expected, atol=1e-9)
    for name in ("image", "labels"):
        bright = bright_places(sdata[name], axes)
        assert np.abs(bright - expected).max(axis=1).min() <= 0.5 + 1e-9
        source = (bright - matrix[:3, 3]) @ np.linalg.inv(linear).T
        assert (np.abs(source - [x + 0.5, y + 0.5, z + 0.5]) <= 0.5 + 1e-9).all()
