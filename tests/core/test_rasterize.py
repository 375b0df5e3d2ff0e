"""Elements drawn onto a grid, against shapely, numpy and scipy."""

from __future__ import annotations

import anndata as ad
import dask.array as da
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.ndimage as ndi
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatialdata import SpatialData, rasterize
from spatialdata.errors import UnknownCoordinateSystemError, UnsupportedElementError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.models.kind import Kind
from spatialdata.ops.rasterize import RASTERIZE
from spatialdata.transformations import (
    Affine,
    Identity,
    Scale,
    Sequence,
    ThinPlateSpline,
    Translation,
    get_transformation,
)

COS, SIN = np.cos(0.7), np.sin(0.7)
TURN = Affine([[COS, -SIN, 5.03], [SIN, COS, -2.01], [0, 0, 1]], ("x", "y"), ("x", "y"))
BOX = {"axes": ("x", "y"), "min_coordinate": [0, 0], "max_coordinate": [20, 10], "target_coordinate_system": "global"}


def centres(box: dict, shape: tuple[int, int]) -> np.ndarray:
    """World x, y of the pixel centres, of shape (height, width, 2)."""
    (x0, y0), (x1, y1) = box["min_coordinate"], box["max_coordinate"]
    x = x0 + (np.arange(shape[1]) + 0.5) * (x1 - x0) / shape[1]
    y = y0 + (np.arange(shape[0]) + 0.5) * (y1 - y0) / shape[0]
    return np.stack(np.meshgrid(x, y), axis=-1)


def star(rng: np.random.Generator, centre: np.ndarray, corners: int = 7) -> shapely.Polygon:
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(1, 3, corners)
    ring = shapely.Polygon(centre + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)).buffer(0)
    return ring.difference(shapely.Point(centre).buffer(0.4))


@given(seed=st.integers(0, 2**32 - 1))
def test_polygons_with_holes_under_an_affine_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    polygons = [star(rng, rng.uniform([2, 2], [18, 8])) for _ in range(4)]
    polygons.append(shapely.union_all([polygons[0], shapely.box(15, 0.2, 19, 1.3)]))
    linear = np.eye(2) + rng.uniform(-0.3, 0.3, (2, 2))
    matrix = np.block([[linear, rng.uniform(-2, 2, (2, 1))], [np.zeros((1, 2)), np.ones((1, 1))]])
    shapes = ShapesModel.parse(
        gpd.GeoDataFrame(geometry=polygons, index=[70_001, 3, 12, 5, 8]),
        transformations={"global": Affine(matrix, ("x", "y"), ("x", "y"))},
    )
    found = rasterize(shapes, **BOX, target_width=67, return_regions_as_labels=True)
    assert found.dims == ("y", "x")
    assert found.shape == (34, 67)  # 10 * 67 / 20 = 33.5, rounded to even
    source = (centres(BOX, found.shape) - matrix[:2, 2]) @ np.linalg.inv(linear).T
    expected = np.zeros(found.shape, dtype=np.int64)
    for code, polygon in reversed(list(zip(shapes.index, polygons, strict=True))):
        expected[shapely.contains_xy(polygon, source[..., 0], source[..., 1])] = code
    np.testing.assert_array_equal(found.values, expected)


def test_polygons_that_tile_the_plane_share_no_pixel_and_leave_none_out() -> None:
    rng = np.random.default_rng(1)
    seeds = shapely.multipoints(rng.integers(0, 40, (60, 2)) / 2)
    cells = shapely.voronoi_polygons(seeds, extend_to=shapely.box(-9, -9, 29, 29)).geoms
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=list(cells)))
    counted = rasterize(shapes, **BOX, target_unit_to_pixels=2, agg_func="count").values[0]
    assert (counted == 1).all()


@pytest.mark.parametrize("placed", [Identity(), TURN, Scale([2.0, 0.7], ("x", "y"))])
def test_circles(placed: object) -> None:
    rng = np.random.default_rng(0)
    xy, radius = rng.uniform(0, 10, (12, 2)), rng.uniform(0.5, 2, 12)
    circles = ShapesModel.parse(xy, geometry=0, radius=radius, transformations={"global": placed})
    found = rasterize(circles, **BOX, target_width=80, agg_func="count").values[0]
    matrix = placed.to_affine_matrix(("x", "y"), ("x", "y"))
    source = (centres(BOX, found.shape) - matrix[:2, 2]) @ np.linalg.inv(matrix[:2, :2]).T
    inside = np.linalg.norm(source[:, :, None] - xy, axis=-1) <= radius
    np.testing.assert_array_equal(found, inside.sum(axis=-1))


def test_a_part_of_the_extent_has_the_same_ids_and_many_ids_fit() -> None:
    side = 300
    y, x = np.divmod(np.arange(side * side), side)
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=shapely.box(x, y, x + 1, y + 1), index=np.arange(side**2) + 1))
    kwargs = {"target_coordinate_system": "global", "target_unit_to_pixels": 1, "return_regions_as_labels": True}
    whole = rasterize(shapes, ("x", "y"), [0, 0], [side, side], **kwargs)
    np.testing.assert_array_equal(whole.values.ravel(), shapes.index)
    part = rasterize(shapes, ("y", "x"), [250, 100], [260, 130], **kwargs)
    np.testing.assert_array_equal(part.values, whole.values[250:260, 100:130])
    assert part.dtype == whole.dtype == np.uint32
    assert isinstance(part.data, da.Array)


def test_ids_that_are_no_numbers_are_named() -> None:
    shapes = ShapesModel.parse(
        gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 5, 10), shapely.box(15, 0, 20, 10)], index=["a", "b"])
    )
    found = rasterize(shapes, ("x", "y"), [10, 0], [20, 10], "global", target_width=2, return_regions_as_labels=True)
    assert found.values.tolist() == [[0, 2], [0, 2]]
    assert found.attrs["label_index_to_category"] == {1: "a", 2: "b"}


def test_small_shapes_are_announced() -> None:
    shapes = ShapesModel.parse(np.array([[4.9, 4.9], [10.0, 5.0]]), geometry=0, radius=[0.1, 3.0])
    with pytest.warns(UserWarning, match="1 of 2 shapes are so small"):
        rasterize(shapes, **BOX, target_unit_to_pixels=1)


@pytest.mark.parametrize("func", ["sum", "mean", "min", "max", "count", "first"])
def test_values_of_shapes(func: str) -> None:
    rng = np.random.default_rng(2)
    corner, value = rng.uniform(0, 8, (9, 2)), rng.normal(size=9)
    frame = gpd.GeoDataFrame({"v": value}, geometry=shapely.box(*corner.T, *(corner + 4).T))
    found = rasterize(ShapesModel.parse(frame), **BOX, target_width=40, value_key="v", agg_func=func).values[0]
    at = centres(BOX, found.shape)
    for (row, column), got in np.ndenumerate(found):
        hit = value[shapely.contains_xy(frame.geometry.to_numpy(), *at[row, column])]
        oracle = {"count": len, "first": lambda v: v[0]}.get(func) or getattr(np, func)
        assert got == pytest.approx(oracle(hit) if len(hit) else 0.0)


def test_categories_of_shapes_and_points() -> None:
    kinds = pd.Categorical(["q", None, "p"], categories=["p", "q", "none"])
    frame = gpd.GeoDataFrame(
        {"k": kinds}, geometry=[shapely.box(0, 0, 10, 10), shapely.box(0, 0, 20, 10), shapely.box(5, 0, 20, 10)]
    )
    points = PointsModel.parse(
        pd.DataFrame(
            {
                "x": [2.0, 7, 7, 17],
                "y": [5.0, 5, 5, 5],
                "k": pd.Categorical(["q", "q", "p", "p"], categories=["p", "q", "none"]),
            }
        )
    )
    for element, codes, counts in (
        (ShapesModel.parse(frame), [2, 2, 1, 1], [[0, 1, 1, 1], [1, 1, 0, 0], [0] * 4]),
        (points, [2, 2, 0, 1], [[0, 1, 0, 1], [1, 1, 0, 0], [0] * 4]),
    ):
        kwargs = {**BOX, "max_coordinate": [20, 5.5], "min_coordinate": [0, 4.5], "target_width": 4, "value_key": "k"}
        first = rasterize(element, **kwargs)
        assert first.values.squeeze().tolist() == codes
        assert first.attrs["label_index_to_category"] == {1: "p", 2: "q", 3: "none"}
        labels = rasterize(element, **kwargs, return_regions_as_labels=True)
        assert labels.values.squeeze().tolist() == codes
        assert labels.dtype.kind == "u"
        channels = rasterize(element, **kwargs, return_single_channel=False)
        assert channels.c.values.tolist() == ["p", "q", "none"]
        assert channels.values[:, 0].tolist() == counts
        with pytest.raises(ValueError, match="categories, which have no mean"):
            rasterize(element, **kwargs, agg_func="mean")


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("func", [None, "sum", "count", "mean", "min", "max", "first"])
def test_points(partitions: int, func: str | None) -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"x": rng.uniform(-5, 15, 400), "y": rng.uniform(-5, 15, 400), "v": rng.normal(size=400)})
    points = PointsModel.parse(table, transformations={"global": TURN}, npartitions=partitions)
    found = rasterize(points, **BOX, target_width=30, value_key=None if func is None else "v", agg_func=func)
    world = table[["x", "y"]].to_numpy() @ TURN.matrix[:2, :2].T + TURN.matrix[:2, 2]
    pixel = np.floor(world * 1.5)
    inside = ((pixel >= 0) & (pixel < [30, 15])).all(axis=1)
    groups = table[inside].groupby([pixel[inside, 1].astype(int), pixel[inside, 0].astype(int)]).v
    expected = np.zeros((15, 30))
    for place, value in groups.agg(func or "count").items():
        expected[place] = value
    np.testing.assert_allclose(found.values[0], expected)
    assert get_transformation(found, get_all=True) == {
        "global": Sequence([Scale([2 / 3, 2 / 3], ("y", "x")), Translation([0, 0], ("y", "x"))])
    }


def test_points_as_labels_and_in_3d() -> None:
    table = pd.DataFrame({"x": [1.0, 1.5, 9.0], "y": [1.0, 1.0, 1.0], "z": [0.0, 1.0, 5.0]}, index=[40, 7, 9])
    points = PointsModel.parse(table)
    labels = rasterize(points.drop(columns="z"), **BOX, target_width=10, return_regions_as_labels=True)
    assert labels.values[0, [0, 4]].tolist() == [40, 9]
    assert labels.attrs["label_index_to_category"] == {9: 9, 40: 40}
    volume = rasterize(points, ("x", "y", "z"), [0, 0, 0], [10, 2, 8], "global", target_depth=4)
    assert volume.dims == ("c", "z", "y", "x")
    assert np.argwhere(volume.values[0]).tolist() == [[0, 0, 0], [2, 0, 4]]


@pytest.mark.parametrize("kind", ["image", "labels"])
@pytest.mark.parametrize("chunks", [(31, 40), (11, 13)])
def test_rasters_take_the_pixel_under_each_centre(kind: str, chunks: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    pixels = rng.integers(1, 2**40, (31, 40))
    data = da.from_array(pixels, chunks=chunks)
    parse = Labels2DModel.parse if kind == "labels" else lambda a, **kw: Image2DModel.parse(a[None], **kw)
    element = parse(data, transformations={"global": TURN})
    found = rasterize(element, **BOX, target_width=90, return_regions_as_labels=True)
    at = centres(BOX, found.shape[-2:])
    source = (at - TURN.matrix[:2, 2]) @ np.linalg.inv(TURN.matrix[:2, :2]).T
    expected = ndi.map_coordinates(pixels, [source[..., 1] - 0.5, source[..., 0] - 0.5], order=0, mode="grid-constant")
    np.testing.assert_array_equal(found.values.reshape(expected.shape), expected)


def test_non_linear_places() -> None:
    corners = np.array([[0.0, 0.0], [20, 0], [0, 10], [20, 10]])
    warp = ThinPlateSpline(corners, np.add(corners, [[1, 0], [0, 0.5], [-0.5, 0], [0, -0.5]]), axes=("x", "y"))
    rng = np.random.default_rng(0)
    at = rng.uniform([1, 1], [19, 9], (50, 2))
    world = warp.transform_coordinates(at, ("x", "y"))
    kwargs = {**BOX, "target_width": 40}
    moved = rasterize(PointsModel.parse(at, transformations={"global": warp}), **kwargs)
    np.testing.assert_array_equal(moved.values, rasterize(PointsModel.parse(world), **kwargs).values)
    spots = ShapesModel.parse(
        gpd.GeoDataFrame(geometry=shapely.buffer(shapely.points(at), 0.7)), transformations={"global": warp}
    )
    drawn = rasterize(spots, **kwargs, agg_func="count").values[0]
    pixels = rng.integers(1, 2**30, (10, 20))
    found = rasterize(Labels2DModel.parse(pixels, chunks=6, transformations={"global": warp}), **kwargs).values[0]
    places = warp.inverse().transform_coordinates(centres(BOX, found.shape).reshape(-1, 2), ("x", "y"))
    for (x, y), label, count in zip(places, found.ravel(), drawn.ravel(), strict=True):
        inside = 0 <= x < 20 and 0 <= y < 10
        assert label == (pixels[int(y), int(x)] if inside else 0)
        near = np.linalg.norm(at - (x, y), axis=1)
        assert (near < 0.66).sum() <= count <= (near < 0.74).sum()


def test_the_level_of_a_pyramid_that_suffices_is_read() -> None:
    pixels = np.arange(64 * 64).reshape(1, 64, 64).astype(np.float64)
    image = Image2DModel.parse(pixels, scale_factors=[2, 2, 2])
    box = {
        "axes": ("x", "y"),
        "min_coordinate": [0, 0],
        "max_coordinate": [64, 64],
        "target_coordinate_system": "global",
    }
    for factor in (1, 2, 4, 8):
        found = rasterize(image, **box, target_width=64 // factor)
        expected = pixels[0].reshape(64 // factor, factor, 64 // factor, factor).mean(axis=(1, 3))
        np.testing.assert_allclose(found.values[0], expected)


def test_values_of_labels() -> None:
    ids = np.zeros((10, 20), dtype=np.uint16)
    ids[:, 2:5], ids[:, 8:12], ids[:, 15:] = 3, 60_000, 8
    obs = pd.DataFrame(
        {"region": pd.Categorical(["cells"] * 2), "id": [60_000, 3], "v": [0.5, 0.7], "k": pd.Categorical(["q", "p"])},
        index=["a", "b"],
    )
    sdata = SpatialData(
        labels={"cells": Labels2DModel.parse(ids)},
        tables={"table": TableModel.parse(ad.AnnData(np.ones((2, 1)), obs=obs), "cells", "region", "id")},
    )
    kwargs = {**BOX, "target_width": 20, "sdata": sdata, "table_name": "table"}
    expected = np.select([ids == 3, ids == 60_000, ids == 8], [0.7, 0.5, np.nan])
    np.testing.assert_array_equal(rasterize("cells", **kwargs, value_key="v").values[0], expected)
    coded = rasterize(sdata["cells"], **kwargs, value_key="k", return_regions_as_labels=True)
    np.testing.assert_array_equal(coded.values, np.select([ids == 3, ids == 60_000], [1, 2]))
    assert coded.attrs["label_index_to_category"] == {1: "p", 2: "q"}
    both = rasterize(sdata, **BOX, target_width=20, return_regions_as_labels=True)
    assert list(both.labels) == ["cells_rasterized_labels"]
    assert set(both["table"].obs["region"]) == {"cells_rasterized_labels"}
    assert both["table"].uns["spatialdata_attrs"]["region"] == "cells_rasterized_labels"
    assert set(sdata["table"].obs["region"]) == {"cells"}
    with pytest.warns(UserWarning, match="annotates 'cells'"):
        assert "table" in rasterize(sdata, **BOX, target_width=20)


def test_arguments_are_checked() -> None:
    assert set(RASTERIZE) == set(Kind)
    points, image = PointsModel.parse(np.zeros((1, 2))), Image2DModel.parse(np.zeros((1, 4, 4)))
    volume = Image3DModel.parse(np.zeros((1, 4, 4, 4)))
    for sizes in ({}, {"target_width": 3, "target_height": 3}):
        with pytest.raises(ValueError, match="exactly one"):
            rasterize(points, **BOX, **sizes)
    with pytest.raises(ValueError, match="above 0"):
        rasterize(points, **BOX, target_width=0)
    with pytest.raises(ValueError, match="along z"):
        rasterize(points, **BOX, target_depth=3)
    for sizes in ({"target_unit_to_pixels": 1e9}, {"target_width": 1e300}):
        with pytest.raises(ValueError, match=r"at most 2\*\*40 pixels"):
            rasterize(points, **BOX, **sizes)
    with pytest.raises(ValueError, match="must have an extent"):
        rasterize(points, ("x", "y"), [0, 0], [0, 1], "global", target_width=3)
    with pytest.raises(ValueError, match="agg_func is for points and shapes"):
        rasterize(image, **BOX, target_width=3, agg_func="sum")
    with pytest.raises(ValueError, match="return_single_channel is for points and shapes"):
        rasterize(image, **BOX, target_width=3, return_single_channel=True)
    with pytest.raises(ValueError, match="value_key is not for images"):
        rasterize(image, **BOX, target_width=3, value_key="v")
    with pytest.raises(ValueError, match="'median'"):
        rasterize(points, **BOX, target_width=3, agg_func="median")
    with pytest.raises(ValueError, match="no bounds along 'z'"):
        rasterize(volume, **BOX, target_width=3)
    with pytest.raises(ValueError, match="is a name"):
        rasterize("points", **BOX, target_width=3)
    with pytest.raises(KeyError, match="There is no element"):
        rasterize("cells", **BOX, target_width=3, sdata=SpatialData(points={"points": points}))
    with pytest.raises(UnsupportedElementError, match="cannot be drawn"):
        rasterize(ad.AnnData(np.zeros((1, 1))), **BOX, target_width=3)
    for element in (points, image, SpatialData(points={"points": points})):
        with pytest.raises(UnknownCoordinateSystemError, match="'nowhere'"):
            rasterize(element, **{**BOX, "target_coordinate_system": "nowhere"}, target_width=3)
    with pytest.raises(ValueError, match="for one element"):
        rasterize(SpatialData(points={"points": points}), **BOX, target_width=3, value_key="v")


def test_a_channel_for_each_shape() -> None:
    shapes = ShapesModel.parse(
        gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 8, 6), shapely.box(4, 3, 12, 9)], index=["a", "b"])
    )
    found = rasterize(shapes, **BOX, target_unit_to_pixels=1, return_single_channel=False)
    assert found.coords["c"].values.tolist() == ["a", "b"]
    expected = np.zeros((2, 10, 20), dtype=int)
    expected[0, 0:6, 0:8], expected[1, 3:9, 4:12] = 1, 1
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="one of each shape"):
        rasterize(shapes, **BOX, target_width=3, return_single_channel=False, return_regions_as_labels=True)


def test_channels_of_all_shapes_of_an_object() -> None:
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 8, 6), shapely.box(4, 3, 12, 9)]))
    points = PointsModel.parse(np.array([[1.0, 1.0]]))
    image = Image2DModel.parse(np.ones((3, 10, 20)))
    sdata = SpatialData(images={"i": image}, points={"p": points}, shapes={"s": shapes})
    found = rasterize(sdata, **BOX, target_width=20, return_single_channel=False)
    assert [len(found[f"{name}_rasterized_{kind}"]) for name, kind in (("i", "images"), ("p", "points"))] == [3, 1]
    single = rasterize(shapes, **BOX, target_width=20, return_single_channel=False)
    np.testing.assert_array_equal(found["s_rasterized_shapes"], single)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_large_ids_are_not_mistaken_for_each_other(dtype: type) -> None:
    largest = int(np.iinfo(dtype).max)
    index = pd.Index(np.array([largest, 3, largest - 1], dtype=dtype))
    squares = gpd.GeoDataFrame(geometry=[shapely.box(x, 0, x + 1, 1) for x in range(3)], index=index)
    box = {**BOX, "max_coordinate": [4, 1], "target_unit_to_pixels": 1}
    labels = rasterize(ShapesModel.parse(squares), **box, return_regions_as_labels=True)
    assert labels.values.tolist() == [[largest, 3, largest - 1, 0]]
    image = rasterize(ShapesModel.parse(squares), **box)
    assert image.values.tolist() == [[[1, 2, 3, 0]]]
    assert image.attrs["label_index_to_category"] == {1: largest, 2: 3, 3: largest - 1}
