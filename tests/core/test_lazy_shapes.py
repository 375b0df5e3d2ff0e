"""Stored shapes, of which geometry objects are made when someone asks for them."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.array import GeometryArray

from spatialdata import (
    SpatialData,
    aggregate,
    bounding_box_query,
    get_centroids,
    get_extent,
    polygon_query,
    rasterize,
    read_zarr,
    to_circles,
    transform,
)
from spatialdata.kernels.polygons import polygons_of
from spatialdata.models import ShapesModel
from spatialdata.models.lazy_geometry import LazyGeometry, column_of_points
from spatialdata.models.packed import PackedPolygons, packed_of
from spatialdata.transformations import Affine, set_transformation

GEOMETRY = np.array(
    [
        shapely.box(0, 0, 1, 1),
        shapely.MultiPolygon([shapely.box(3, 3, 4, 4), shapely.box(6, 6, 9, 9).difference(shapely.box(7, 7, 8, 8))]),
        shapely.Polygon(),
        shapely.box(5, 5, 6, 6).difference(shapely.box(5.2, 5.2, 5.4, 5.4)),
        shapely.MultiPolygon(),
    ],
    dtype=object,
)


def lazy() -> gpd.GeoDataFrame:
    packed = PackedPolygons(polygons_of(GEOMETRY), shapely.get_type_id(GEOMETRY).astype(np.int8))
    return gpd.GeoDataFrame({"a": range(5)}, geometry=LazyGeometry(packed, "EPSG:3857"), index=list("vwxyz"))


def plain() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"a": range(5)}, geometry=GEOMETRY.copy(), index=list("vwxyz"), crs="EPSG:3857")


KEEPING = {
    "copy": lambda frame: frame.copy(),
    "shallow copy": lambda frame: frame.copy(deep=False),
    "deepcopy": copy.deepcopy,
    "pickle": lambda frame: pickle.loads(pickle.dumps(frame)),
    "rows": lambda frame: frame.iloc[[3, 0, -1]],
    "slice": lambda frame: frame.iloc[1:4],
    "backwards": lambda frame: frame.iloc[::-1],
    "labels": lambda frame: frame.loc[["w", "v"]],
    "mask": lambda frame: frame[frame["a"] > 2],
    "nothing": lambda frame: frame.iloc[:0],
    "assign": lambda frame: frame.assign(b=1),
    "sort": lambda frame: frame.sort_values("a", ascending=False),
    "reset index": lambda frame: frame.reset_index(),
    "rename geometry": lambda frame: frame.rename_geometry("outline"),
    "new frame": lambda frame: gpd.GeoDataFrame(frame),
    "head": lambda frame: frame.head(2),
}
MAKING = {
    "concat": lambda frame: pd.concat([frame, frame.iloc[:2]]),
    "reindex": lambda frame: frame.reindex(["v", "nowhere"]),
    "set": lambda frame: frame.assign(geometry=frame.geometry.where(frame["a"] < 2, shapely.Point(0, 0).buffer(1))),
    "shift": lambda frame: frame.geometry.shift(1).to_frame(),
    "to_crs": lambda frame: frame.to_crs(4326),
    "dissolve": lambda frame: frame.dissolve(),
    "explode": lambda frame: frame.explode(),
    "merge": lambda frame: frame.merge(pd.DataFrame({"a": [1, 3]}), on="a"),
    "buffer": lambda frame: frame.buffer(1).to_frame("geometry"),
}


@pytest.mark.parametrize("name", KEEPING)
def test_frames_stay_without_objects(name: str) -> None:
    found, expected = KEEPING[name](lazy()), KEEPING[name](plain())
    assert packed_of(found) is not None
    assert found.crs == expected.crs
    assert found.equals(expected)
    assert expected.equals(KEEPING[name](lazy()))
    pd.testing.assert_frame_equal(pd.DataFrame(KEEPING[name](lazy())), pd.DataFrame(expected))
    pd.testing.assert_frame_equal(pd.DataFrame(expected), pd.DataFrame(KEEPING[name](lazy())))


@pytest.mark.parametrize("name", MAKING)
def test_geopandas_does_with_them_what_it_does_with_any(name: str) -> None:
    found, expected = MAKING[name](lazy()), MAKING[name](plain())
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))


def test_properties_need_no_objects() -> None:
    frame, column = lazy(), plain().geometry.array
    array = frame.geometry.array
    np.testing.assert_array_equal(array.bounds, column.bounds)
    assert not array.has_z.any()
    assert not array.isna().any()
    assert array.shape == column.shape
    assert array.nbytes > 0
    assert packed_of(frame) is not None
    assert repr(frame) == repr(plain())


def test_changes_reach_views_and_no_copies() -> None:
    other = shapely.box(0, 0, 7, 7)
    array = lazy().geometry.array
    view, copied, part = array.view(), array.copy(), array[:2]
    view[0] = other
    assert array[0] == other
    assert copied[0] == part[0] == GEOMETRY[0]
    assert packed_of(gpd.GeoDataFrame(geometry=array)) is None
    changed = lazy()
    kept = changed.copy()
    changed.loc["v", "geometry"] = other
    assert (changed.geometry.iloc[0], kept.geometry.iloc[0]) == (other, GEOMETRY[0])


def test_threads_make_the_objects_once() -> None:
    array = lazy().geometry.array
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: np.asarray(array.view()), range(8)))
    assert all(one[0] is made[0][0] for one in made)


def test_takes_count_from_the_end_and_fill() -> None:
    array, column = lazy().geometry.array, plain().geometry.array
    assert list(array.take([-1, 0])) == list(column.take([-1, 0]))
    assert list(lazy().geometry.array.take([-1, 0], allow_fill=True)) == [None, GEOMETRY[0]]
    for indices in ([5], [-6]):
        with pytest.raises(IndexError):
            lazy().geometry.array.take(indices)


def test_points_that_are_nowhere_are_empty() -> None:
    assert type(column_of_points(np.array([[0.0, np.nan]]))) is GeometryArray
    assert column_of_points(np.array([[0.0, np.nan]])).is_empty.all()
    assert list(column_of_points(np.array([[0.0, 2.0]]))) == [shapely.Point(0, 2)]


def outlines(rng: np.random.Generator, size: int) -> np.ndarray[Any, Any]:
    """Stars, some with a hole and some of two parts."""
    angle = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    reach = rng.uniform(0.3, 1.0, (size, 9, 1))
    corners = rng.uniform(0, 100, (size, 1, 2)) + reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    made = shapely.polygons(corners)
    for row in range(0, size, 97):
        x, y = corners[row].mean(axis=0)
        made[row] = made[row].difference(shapely.box(x - 0.1, y - 0.1, x + 0.1, y + 0.1))
        made[row + 1] = shapely.union(made[row + 1], shapely.box(x + 3, y, x + 4, y + 1))
    return np.asarray(made)


@pytest.fixture(scope="module")
def cells() -> gpd.GeoDataFrame:
    rng = np.random.default_rng(0)
    frame = gpd.GeoDataFrame({"kind": pd.Categorical(rng.choice(["a", "b"], 9000))}, geometry=outlines(rng, 9000))
    return ShapesModel.parse(frame)


@pytest.fixture(scope="module")
def path(cells: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    centres = np.random.default_rng(1).uniform(0, 100, (9000, 2))
    discs = ShapesModel.parse(centres, geometry=0, radius=np.linspace(0.1, 2, 9000), index=np.arange(9000)[::-1])
    where = tmp_path_factory.mktemp("stores") / "shapes.zarr"
    SpatialData.init_from_elements({"cells": cells, "discs": discs}).write(where)
    return where


def test_stored_shapes_have_no_objects(path: Path, cells: gpd.GeoDataFrame) -> None:
    read = read_zarr(path)
    for name in ("cells", "discs"):
        assert packed_of(read[name]) is not None
    stored = gpd.read_parquet(path / "shapes" / "cells" / "shapes.parquet")
    assert packed_of(stored) is None
    pd.testing.assert_frame_equal(pd.DataFrame(read["cells"]), pd.DataFrame(cells))
    assert read_zarr(path)["discs"].index.equals(pd.Index(np.arange(9000)[::-1]))
    assert read_zarr(path)["cells"].equals(cells)


def alike(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    x, y = rng.uniform(0, 100, (2, 9000))
    return np.asarray(shapely.box(x, y, x + 1, y + 2))


def unlike_at_the_end(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    made = alike(rng)
    made[np.argmax(shapely.bounds(made).sum(axis=1))] = shapely.Polygon([(200, 200), (201, 200), (201, 201)])
    return made


def of_two_lengths(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    made = alike(rng)
    made[::3] = shapely.buffer(shapely.points(rng.uniform(0, 100, (3000, 2))), 1, quad_segs=2)
    return made


@pytest.mark.parametrize("make", [alike, unlike_at_the_end, of_two_lengths, lambda rng: outlines(rng, 9000)])
def test_stored_shapes_of_any_number_of_corners_are_read_without_objects(make: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    columns = {"before": np.arange(9000), "geometry": make(rng), "after": np.arange(9000) % 7}
    frame = gpd.GeoDataFrame(columns, index=pd.Index(rng.permutation(9000), name="cell"))
    shapes = ShapesModel.parse(frame)
    for name, layout in (("sorted", "sorted"), ("plain", "kept")):
        SpatialData.init_from_elements({"cells": shapes}).write(tmp_path / f"{name}.zarr", shapes_layout=layout)
    # What geopandas writes has one row group and no boxes.
    frame.to_parquet(tmp_path / "plain.zarr" / "shapes" / "cells" / "shapes.parquet")
    for name in ("sorted", "plain"):
        found = read_zarr(tmp_path / f"{name}.zarr")["cells"]
        assert packed_of(found) is not None
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(frame))


TURN = Affine([[0.6, -0.8, 5.0], [0.8, 0.6, -2.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
REGION = shapely.Point(50, 50).buffer(30).difference(shapely.box(45, 45, 55, 55))
SPOTS = ShapesModel.parse(gpd.GeoDataFrame(geometry=shapely.buffer(shapely.points([[20, 20], [60, 50]]), 15)))
BOX = {"axes": ("x", "y"), "min_coordinate": [10, 10], "max_coordinate": [80, 60], "target_coordinate_system": "global"}


def turned(shapes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = shapes.copy()
    set_transformation(shapes, TURN, "turned")
    return transform(shapes, to_coordinate_system="turned")


QUESTIONS = {
    "box": lambda shapes: bounding_box_query(shapes, **BOX),
    "polygon": lambda shapes: polygon_query(shapes, REGION, target_coordinate_system="global"),
    "clipped": lambda shapes: polygon_query(shapes, REGION, target_coordinate_system="global", clip=True),
    "turned": turned,
    "centres": lambda shapes: get_centroids(shapes).compute(),
    "circles": to_circles,
}


@pytest.mark.parametrize("name", ["cells", "discs"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_those_of_shapes_with_objects(path: Path, question: str, name: str) -> None:
    stored = read_zarr(path)[name]
    objects = stored.copy()
    assert shapely.is_valid(objects.geometry.to_numpy()).all()
    assert packed_of(objects) is None
    found, expected = QUESTIONS[question](stored), QUESTIONS[question](objects)
    assert packed_of(stored) is not None
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))


def test_numbers_are_those_of_shapes_with_objects(path: Path) -> None:
    stored = read_zarr(path)["cells"]
    objects = stored.copy()
    area = objects.area
    for fractions in (True, False):
        tables = [
            aggregate(one, SPOTS, value_key="kind", agg_func="sum" if fractions else "count", fractions=fractions)
            for one in (stored, objects)
        ]
        matrices = [table.tables["table"].X.toarray() for table in tables]
        np.testing.assert_array_equal(matrices[0], matrices[1])
    parts = np.array([[shapely.intersection(spot, objects.geometry.to_numpy())] for spot in SPOTS.geometry])
    kinds = objects["kind"].to_numpy() == np.array([["a"], ["b"]])
    by_hand = (shapely.area(parts) / area.to_numpy() * kinds).sum(axis=2)
    by_parts = aggregate(stored, SPOTS, value_key="kind", agg_func="sum", fractions=True).tables["table"]
    np.testing.assert_allclose(by_parts.X.toarray(), by_hand, rtol=1e-9)
    assert get_extent(stored) == get_extent(objects)
    box = {"min_coordinate": [0, 0], "max_coordinate": [90, 90], "target_coordinate_system": "global"}
    drawn = [rasterize(one, ("x", "y"), **box, target_width=300).values for one in (stored, objects)]
    np.testing.assert_array_equal(*drawn)
    assert packed_of(stored) is not None
