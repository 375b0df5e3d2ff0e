"""Queries of every kind of element and of whole objects, against brute force."""

from __future__ import annotations

import copy
from typing import Any

import anndata as ad
import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.affinity import affine_transform

from spatialdata import SpatialData, bounding_box_query, get_bounding_box_corners, polygon_query
from spatialdata._core.elements import levels_of
from spatialdata._core.sources import Window
from spatialdata.errors import UnknownCoordinateSystemError, UnsupportedElementError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.models.kind import Kind
from spatialdata.models.points_frame import PointsFrame
from spatialdata.ops.select import SELECT, BoundingBoxRequest
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Affine, Identity, Scale, get_transformation

numbers = st.floats(-2, 2, allow_nan=False).map(lambda value: round(value, 2))
matrices = st.lists(numbers, min_size=6, max_size=6)
TRIANGLE = shapely.Polygon([(0, 0), (10, 0), (0, 10)])


def affine(values: list[float]) -> Affine:
    return Affine([[*values[:2], values[4]], [*values[2:4], values[5]], [0, 0, 1]], ("x", "y"), ("x", "y"))


def shapely_matrix(values: list[float]) -> list[float]:
    return [values[0], values[1], values[2], values[3], values[4], values[5]]


def invertible(values: list[float]) -> bool:
    return abs(values[0] * values[3] - values[1] * values[2]) > 0.1


def polygons(rng: np.random.Generator, n: int = 40) -> gpd.GeoDataFrame:
    centres = rng.uniform(-6, 6, (n, 2))
    blobs = [
        shapely.Polygon(c + rng.uniform(0.3, 1.2, 7)[:, None] * np.c_[np.cos(t), np.sin(t)])
        for c, t in zip(centres, [np.linspace(0, 2 * np.pi, 8)[:-1]] * n, strict=True)
    ]
    return gpd.GeoDataFrame({"score": np.arange(n)}, geometry=blobs, index=[f"p{i}" for i in range(n)])


# points


def test_points_keep_index_types_attributes_and_coordinate_systems() -> None:
    frame = pd.DataFrame(
        {
            "x": np.array([1, 5, 2, 9], dtype=np.float32),
            "y": np.array([1, 1, 2, 9], dtype=np.float32),
            "gene": pd.Categorical(["a", "b", "a", "c"]),
            "cell": np.array([1, 2, 3, 4], dtype=np.uint16),
            "name": ["p", "q", "r", "s"],
        },
        index=[7, 3, 5, 1],
    )
    systems = {"global": Identity(), "um": Scale([2.0, 2.0], ("x", "y"))}
    points = PointsModel.parse(frame, feature_key="gene", instance_key="cell", transformations=systems)
    found = bounding_box_query(points, ("x", "y"), [0, 0], [12, 6], target_coordinate_system="um")
    assert isinstance(found, PointsFrame)
    result = found.compute()
    assert result.index.tolist() == [7, 3, 5]
    pd.testing.assert_series_equal(result.dtypes, points.dtypes)
    assert result["gene"].cat.categories.tolist() == ["a", "b", "c"]
    assert found.attrs["spatialdata_attrs"] == {"feature_key": "gene", "instance_key": "cell"}
    assert get_transformation(found, get_all=True) == systems
    assert found.attrs["transform"] is not points.attrs["transform"]


def test_the_border_of_a_box_is_outside_for_points_and_that_of_a_polygon_inside() -> None:
    points = PointsModel.parse(np.array([[0.0, 0.0], [2.0, 2.0], [1.0, 1.0], [2.0, 1.0]]))
    inside = bounding_box_query(points, ("x", "y"), [0, 0], [2, 2], target_coordinate_system="global")
    assert inside.compute().index.tolist() == [2]
    assert len(polygon_query(points, shapely.box(0, 0, 2, 2), "global")) == 4


@given(matrices, st.integers(0, 10_000), st.integers(1, 4))
def test_points_in_a_box_and_in_a_polygon(values: list[float], seed: int, partitions: int) -> None:
    assume(invertible(values))
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.uniform(-6, 6, (80, 2)), columns=["x", "y"])
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=partitions), transformations={"cs": affine(values)})
    moved = frame.to_numpy() @ np.array([values[:2], values[2:4]]).T + values[4:]
    inside = ((moved > [-2, -1]) & (moved < [3, 4])).all(axis=1)
    found = bounding_box_query(points, ("y", "x"), [-1, -2], [4, 3], target_coordinate_system="cs")
    assert (found is None and not inside.any()) or found.compute().index.tolist() == np.flatnonzero(inside).tolist()
    region = shapely.MultiPolygon([TRIANGLE.difference(shapely.box(1, 1, 2, 2)), shapely.box(-5, -5, -1, -1)])
    distance = shapely.distance(shapely.points(moved), region.boundary)
    clear = distance > 1e-9
    inside = shapely.contains_xy(region, *moved.T)
    found = polygon_query(points, region, "cs")
    chosen = np.zeros(len(frame), dtype=bool)
    if found is not None:
        chosen[found.compute().index] = True
    np.testing.assert_array_equal(chosen[clear], inside[clear])


def test_a_box_without_z_takes_all_depths() -> None:
    points = PointsModel.parse(np.array([[1.0, 1.0, 99.0], [5.0, 1.0, 0.0]]))
    found = bounding_box_query(points, ("x", "y"), [0, 0], [2, 2], target_coordinate_system="global")
    assert found.compute().z.tolist() == [99.0]
    assert len(bounding_box_query(points, ("z",), [-1], [50], target_coordinate_system="global")) == 1


def test_points_of_a_store_are_read_only_where_the_region_may_be() -> None:
    frame = pd.DataFrame({"x": [1.0, 5.0], "y": [1.0, 5.0]})

    class Recorder:
        attrs: dict[str, Any] = {}  # noqa: RUF012
        location = None
        windows: list[Window] = []  # noqa: RUF012

        def load(self, *, columns=None, window=None):
            self.windows.append(window)
            return dd.from_pandas(frame.iloc[:1], npartitions=1)

    source = Recorder()
    attrs = {"transform": {"um": Scale([2.0, 2.0], ("x", "y"))}}
    points = PointsFrame(dd.from_pandas(frame, npartitions=1), attrs, source)
    found = bounding_box_query(points, ("x", "y"), [[0, 0], [1, 1]], [[4, 4], [3, 8]], target_coordinate_system="um")
    assert source.windows == [Window(("x", "y"), (0.0, 0.0), (2.0, 4.0))]
    assert [len(part) for part in found] == [1, 1]


# shapes


@given(matrices, st.integers(0, 10_000))
def test_polygons_in_a_box_and_in_a_polygon(values: list[float], seed: int) -> None:
    assume(invertible(values))
    shapes = ShapesModel.parse(polygons(np.random.default_rng(seed)), transformations={"cs": affine(values)})
    moved = shapes.geometry.map(lambda g: affine_transform(g, shapely_matrix(values)))
    for region, ask in (
        (shapely.box(-2, -1, 3, 4), lambda: bounding_box_query(shapes, ("x", "y"), [-2, -1], [3, 4], "cs")),
        (TRIANGLE, lambda: polygon_query(shapes, TRIANGLE, "cs")),
    ):
        clear = (moved.map(lambda g, r=region: g.boundary.distance(r.boundary)) > 1e-9) | moved.intersects(
            region.buffer(-1e-9)
        )
        found = ask()
        names = set() if found is None else set(found.index)
        assert names & set(shapes.index[clear]) == set(shapes.index[clear & moved.intersects(region)])
        if found is not None:
            assert found.index.tolist() == [name for name in shapes.index if name in names]
            assert found.attrs == shapes.attrs
            assert found.attrs["transform"] is not shapes.attrs["transform"]


def test_circles_count_with_their_centre_for_a_box_and_with_their_disc_for_a_polygon() -> None:
    centres = np.array([[0.0, 0.0], [2.0, 2.0], [2.5, 1.0], [4.0, 1.0]])
    circles = ShapesModel.parse(centres, geometry=0, radius=1.0)
    in_box = bounding_box_query(circles, ("x", "y"), [0, 0], [2, 2], target_coordinate_system="global")
    assert in_box.index.tolist() == [0, 1]
    assert polygon_query(circles, shapely.box(0, 0, 2, 2), "global").index.tolist() == [0, 1, 2]


@given(matrices, st.integers(0, 10_000))
def test_discs_in_a_polygon_are_exact(values: list[float], seed: int) -> None:
    assume(invertible(values))
    rng = np.random.default_rng(seed)
    radius = rng.uniform(0.1, 2, 50)
    circles = ShapesModel.parse(
        rng.uniform(-6, 6, (50, 2)), geometry=0, radius=radius, transformations={"cs": affine(values)}
    )
    region = affine_transform(TRIANGLE, shapely_matrix(values))
    distance = circles.geometry.map(TRIANGLE.distance).to_numpy()
    clear = abs(distance - radius) > 1e-6
    found = polygon_query(circles, region, "cs")
    chosen = circles.index.isin([] if found is None else found.index)
    np.testing.assert_array_equal(chosen[clear], (distance < radius)[clear])


def test_clipped_polygons_have_the_area_that_lies_inside() -> None:
    shapes = ShapesModel.parse(polygons(np.random.default_rng(1)))
    found = polygon_query(shapes, TRIANGLE, "global", clip=True)
    expected = shapes.geometry.intersection(TRIANGLE).area
    expected = expected[expected > 0]
    np.testing.assert_allclose(found.geometry.area, expected)
    assert found.index.tolist() == expected.index.tolist()
    touching = ShapesModel.parse(gpd.GeoDataFrame(geometry=[shapely.box(-1, 0, 0, 1)]))
    assert polygon_query(touching, TRIANGLE, "global") is not None
    assert polygon_query(touching, TRIANGLE, "global", clip=True) is None


def test_clipped_circles_become_polygons() -> None:
    circles = ShapesModel.parse(np.array([[0.0, 0.0]]), geometry=0, radius=2.0)
    found = polygon_query(circles, shapely.box(0, 0, 9, 9), "global", clip=True)
    assert found.geometry[0].area == pytest.approx(np.pi, rel=5e-3)
    assert found.radius[0] == 2.0


def test_a_box_along_one_axis_is_a_strip() -> None:
    turn = Affine([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]], ("x", "y"), ("x", "y"))
    shapes = ShapesModel.parse(polygons(np.random.default_rng(3)), transformations={"cs": turn})
    found = bounding_box_query(shapes, ("x",), [1], [2], target_coordinate_system="cs")
    moved = shapes.geometry.affine_transform([0.6, -0.8, 0.8, 0.6, 0, 0]).bounds
    assert found.index.tolist() == shapes.index[(moved.maxx >= 1) & (moved.minx <= 2)].tolist()


def test_shapes_with_depth_are_queried_in_the_plane_by_boxes_without_one() -> None:
    deep = ShapesModel.parse(gpd.GeoDataFrame({"radius": [1.0]}, geometry=[shapely.Point(1, 1, 5)]))
    assert len(bounding_box_query(deep, ("x", "y"), [0, 0], [2, 2], target_coordinate_system="global")) == 1
    assert bounding_box_query(deep, ("x", "y", "z"), [0, 0, 0], [2, 2, 2], target_coordinate_system="global") is None


# images and labels


def world_of(raster: Any, system: str, pixel: tuple[int, ...]) -> np.ndarray:
    axes = tuple(dim for dim in levels_of(raster)[0].dims if dim != "c")
    matrix = get_transformation(raster, system).to_affine_matrix(axes, axes)
    return (matrix @ [*(index + 0.5 for index in pixel), 1.0])[:-1]


@given(matrices, st.integers(0, 10_000), st.sampled_from([None, [2, 2]]))
def test_a_bright_pixel_stays_where_it_is(values: list[float], seed: int, factors: list[int] | None) -> None:
    assume(invertible(values))
    rng = np.random.default_rng(seed)
    data = np.zeros((1, 24, 32), dtype=np.uint8)
    y, x = int(rng.integers(24)), int(rng.integers(32))
    data[0, y, x] = 255
    image = Image2DModel.parse(data, transformations={"cs": affine(values)}, scale_factors=factors)
    centre = world_of(image, "cs", (y, x))[::-1]
    lower, upper = centre - rng.uniform(0.01, 9, 2), centre + rng.uniform(0.01, 9, 2)
    found = bounding_box_query(image, ("x", "y"), lower, upper, target_coordinate_system="cs")
    level = levels_of(found)[0]
    place = np.argwhere(level.values[0] == 255)
    assert len(place) == 1
    np.testing.assert_allclose(world_of(found, "cs", tuple(place[0]))[::-1], centre, atol=1e-9)
    np.testing.assert_array_equal(level.y.values, np.arange(level.sizes["y"]) + 0.5)


@given(st.floats(-3, 20), st.floats(-3, 20), st.floats(0, 12), st.floats(0, 12))
def test_the_pixels_whose_centre_is_inside(x: float, y: float, width: float, height: float) -> None:
    data = np.arange(14 * 17).reshape(14, 17)
    labels = Labels2DModel.parse(data)
    found = bounding_box_query(labels, ("x", "y"), [x, y], [x + width, y + height], target_coordinate_system="global")
    rows = [i for i in range(14) if y <= i + 0.5 <= y + height]
    columns = [i for i in range(17) if x <= i + 0.5 <= x + width]
    if not rows or not columns:
        assert found is None
        return
    np.testing.assert_array_equal(found.values, data[np.ix_(rows, columns)])
    shift = get_transformation(found).to_affine_matrix(("y", "x"), ("y", "x"))[:2, 2]
    assert shift.tolist() == [rows[0], columns[0]]


def test_levels_are_cut_by_the_same_bounds_until_one_is_empty() -> None:
    image = Image2DModel.parse(
        np.random.default_rng(0).random((2, 32, 32)), c_coords=["a", "b"], scale_factors=[2, 2, 2]
    )
    found = bounding_box_query(image, ("x", "y"), [5.2, 5.2], [12.8, 8.8], target_coordinate_system="global")
    sizes = [dict(level.sizes) for level in levels_of(found)]
    expected = [
        {
            "c": 2,
            "y": sum(5.2 <= (i + 0.5) * step <= 8.8 for i in range(32 // step)),
            "x": sum(5.2 <= (i + 0.5) * step <= 12.8 for i in range(32 // step)),
        }
        for step in (1, 2, 4, 8)
    ]
    assert expected[3]["y"] == 0
    assert sizes == expected[:3]
    for level in levels_of(found):
        assert level.c.values.tolist() == ["a", "b"]
    for step, level in zip((1, 2, 4), levels_of(found), strict=True):
        to_world = level.attrs["transform"]["global"].to_affine_matrix(("y", "x"), ("y", "x"))
        first = [min(c for c in (np.arange(32 // step) + 0.5) * step if c >= 5.2)] * 2
        np.testing.assert_array_equal(to_world @ [0.5, 0.5, 1], [*first, 1])
    Image2DModel.validate(found)


def test_a_raster_stays_lazy_and_its_chunks_can_be_stored() -> None:
    image = Image2DModel.parse(np.zeros((1, 64, 64)), chunks=(1, 16, 16))
    found = bounding_box_query(image, ("x", "y"), [11, 3], [60, 60], target_coordinate_system="global")
    assert all(len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0] for sizes in found.data.chunks)


def test_depth_of_a_3d_image() -> None:
    image = Image3DModel.parse(np.arange(5 * 4 * 3).reshape(1, 5, 4, 3))
    found = bounding_box_query(image, ("z", "x"), [1, 0], [3, 2], target_coordinate_system="global")
    np.testing.assert_array_equal(found.values, image.values[:, 1:3, :, :2])
    assert polygon_query(image, shapely.box(0, 0, 2, 2), "global").shape == (1, 5, 2, 2)


def test_the_request_alone() -> None:
    image = Image2DModel.parse(np.zeros((1, 10, 10)), transformations={"um": Scale([2.0, 2.0], ("x", "y"))})
    ask = {"axes": ("x", "y"), "target_coordinate_system": "um", "return_request_only": True}
    request = bounding_box_query(image, min_coordinate=[3, 4], max_coordinate=[9, 10], **ask)
    assert request == {"x": slice(1.5, 4.5), "y": slice(2.0, 5.0)}
    whole = bounding_box_query(image, ("x", "y"), [3, 4], [9, 10], target_coordinate_system="um")
    assert image.sel(request).shape == whole.shape
    assert len(bounding_box_query(image, min_coordinate=[[3, 4]] * 2, max_coordinate=[[9, 10]] * 2, **ask)) == 2
    with pytest.raises(ValueError, match="images and labels"):
        bounding_box_query(PointsModel.parse(np.zeros((1, 2))), ("x",), [0], [1], "global", return_request_only=True)


# whole objects


def study() -> SpatialData:
    rng = np.random.default_rng(5)
    cells = ShapesModel.parse(np.c_[np.arange(10.0), np.arange(10.0)], geometry=0, radius=0.4)
    cells.index = [f"c{i}" for i in range(10)]
    labels = Labels2DModel.parse(np.kron(np.arange(1, 17).reshape(4, 4), np.ones((3, 3), dtype=int)))
    points = PointsModel.parse(rng.uniform(0, 10, (50, 2)))
    far = PointsModel.parse(rng.uniform(0, 10, (5, 2)), transformations={"elsewhere": Identity()})
    obs = pd.DataFrame(
        {
            "region": pd.Categorical(["cells"] * 10 + ["labels"] * 16),
            "id": np.r_[[f"c{i}" for i in range(10)], [str(i) for i in range(1, 17)]],
        },
        index=[f"row{i}" for i in range(26)],
    )
    obs["number"] = range(26)
    cells_table = TableModel.parse(ad.AnnData(np.ones((10, 2)), obs=obs[:10].copy()), "cells", "region", "id")
    label_obs = pd.DataFrame({"region": pd.Categorical(["labels"] * 16), "id": np.arange(1, 17)}).set_index(
        pd.Index([f"l{i}" for i in range(16)])
    )
    labels_table = TableModel.parse(ad.AnnData(np.ones((16, 2)), obs=label_obs), "labels", "region", "id")
    orphan = ad.AnnData(np.ones((2, 2)))
    return SpatialData(
        labels={"labels": labels},
        points={"points": points, "far": far},
        shapes={"cells": cells},
        tables={"cells_table": cells_table, "labels_table": labels_table, "orphan": orphan},
        attrs={"sample": 1},
    )


def test_tables_follow_the_instances_that_are_left() -> None:
    sdata = study()
    before = copy.deepcopy(sdata["cells_table"].uns)
    found = bounding_box_query(sdata, ("x", "y"), [2, 2], [6, 6], target_coordinate_system="global")
    assert found["cells"].index.tolist() == ["c2", "c3", "c4", "c5", "c6"]
    assert found["cells_table"].obs["id"].tolist() == ["c2", "c3", "c4", "c5", "c6"]
    assert set(found["labels_table"].obs["id"]) == set(np.unique(found["labels"].values))
    assert "far" not in found
    assert "orphan" not in found
    assert found.attrs == {"sample": 1}
    assert sdata["cells_table"].uns == before
    whole = bounding_box_query(sdata, ("x", "y"), [2, 2], [6, 6], target_coordinate_system="global", filter_table=False)
    assert {name: whole[name].n_obs for name in whole.tables} == {"cells_table": 10, "labels_table": 16, "orphan": 2}


def test_a_table_that_annotates_several_elements_keeps_the_regions_in_use() -> None:
    sdata = study()
    obs = pd.DataFrame(
        {"region": pd.Categorical(["cells", "labels"]), "id": pd.Categorical(["c3", "9"])}, index=["a", "b"]
    )
    sdata["both"] = TableModel.parse(ad.AnnData(np.ones((2, 1)), obs=obs), ["cells", "labels"], "region", "id")
    with pytest.warns(UserWarning, match="annotates 'labels' with strings"):
        found = polygon_query(sdata, shapely.box(2, 2, 6, 6), "global")
    assert found["both"].uns["spatialdata_attrs"]["region"] == "cells"
    assert found["both"].obs_names.tolist() == ["a"]


def test_many_boxes_at_once_give_what_each_gives() -> None:
    sdata = study()
    lower, upper = np.array([[0, 0], [3, 3], [500, 500]]), np.array([[4, 4], [8, 9], [501, 501]])
    many = bounding_box_query(sdata, ("x", "y"), lower, upper, target_coordinate_system="global")
    for low, high, found in zip(lower, upper, many, strict=True):
        alone = bounding_box_query(sdata, ("x", "y"), low, high, target_coordinate_system="global")
        assert_spatial_data_objects_are_identical(found, alone)
    assert [len(list(found.gen_elements())) for found in many][-1] == 0
    for name in ("cells", "points", "labels"):
        parts = bounding_box_query(sdata[name], ("x", "y"), lower, upper, target_coordinate_system="global")
        assert [part is None for part in parts] == [False, False, True]


def test_methods_of_the_object() -> None:
    sdata = study()
    request = BoundingBoxRequest(
        target_coordinate_system="global", axes=("x", "y"), min_coordinate=[2, 2], max_coordinate=[6, 6]
    )
    a = sdata.query(request)
    b = bounding_box_query(sdata, ("x", "y"), [2, 2], [6, 6], target_coordinate_system="global")
    assert_spatial_data_objects_are_identical(a, b)


def test_queries_leave_their_input_as_it_was() -> None:
    sdata, twin = study(), study()
    bounding_box_query(sdata, ("x", "y"), [2, 2], [6, 6], target_coordinate_system="global")
    polygon_query(sdata, TRIANGLE, "global", clip=True)
    polygon_query(sdata, shapely.box(500, 500, 501, 501), "global")
    assert_spatial_data_objects_are_identical(sdata, twin)


def test_unknown_coordinate_systems_are_named() -> None:
    sdata = study()
    for element in (sdata, *(element for _, _, element in sdata.gen_spatial_elements())):
        with pytest.raises(UnknownCoordinateSystemError, match=r"'globall'.*Known"):
            bounding_box_query(element, ("x", "y"), [0, 0], [1, 1], target_coordinate_system="globall")


def test_every_kind_is_handled_or_refused() -> None:
    assert set(SELECT) == set(Kind)
    with pytest.raises(UnsupportedElementError, match="table"):
        bounding_box_query(study()["orphan"], ("x", "y"), [0, 0], [1, 1], target_coordinate_system="global")


# corners


def test_corners() -> None:
    corners = get_bounding_box_corners(("y", "x"), [1, 2], [3, 4])
    assert corners.dims == ("corner", "axis")
    assert corners.axis.values.tolist() == ["y", "x"]
    assert shapely.Polygon(corners.values).equals(shapely.box(1, 2, 3, 4))
    many = get_bounding_box_corners(("x", "y", "z"), np.zeros((5, 3)), np.ones((5, 3)))
    assert many.dims == ("box", "corner", "axis")
    assert many.shape == (5, 8, 3)
    assert len(np.unique(many.values[0], axis=0)) == 8
    with pytest.raises(ValueError, match="two or three"):
        get_bounding_box_corners(("x",), [0], [1])
