"""Many shapes are stored along a space-filling curve; readers here get them in their order, and parts of them alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import SpatialData, bounding_box_query, get_extent, polygon_query, read_zarr
from spatialdata._core.sources import Window
from spatialdata.models import ShapesModel
from spatialdata.ops.select import select
from spatialdata.regions import Circle
from spatialdata.store.row_order import RowOrder, sort_shapes
from spatialdata.transformations import Affine, Identity, Scale, Sequence, Translation

ROWS = 30_000
SYSTEMS = {
    "global": Identity(),
    "um": Sequence([Scale([0.5, 0.5], ("x", "y")), Translation([7, -3], ("x", "y"))]),
    "stretched": Scale([2.0, 0.5], ("x", "y")),
    "turned": Affine([[0.6, -0.8, 3], [0.8, 0.6, -2], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y")),
}


def polygons(index: Any) -> geopandas.GeoDataFrame:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0, 1000, ROWS), rng.uniform(-500, 500, ROWS)
    frame = geopandas.GeoDataFrame(
        {"area": rng.random(ROWS), "kind": pd.Categorical.from_codes(rng.integers(0, 3, ROWS), ["a", "b", "unused"])},
        geometry=shapely.box(x, y, x + rng.uniform(1, 5, ROWS), y + rng.uniform(1, 5, ROWS)),
        index=index,
    )
    return ShapesModel.parse(frame, transformations=SYSTEMS)


def circles(index: Any) -> geopandas.GeoDataFrame:
    rng = np.random.default_rng(6)
    radius = rng.uniform(1, 9, ROWS)
    return ShapesModel.parse(
        rng.uniform(0, 1000, (ROWS, 2)), geometry=0, radius=radius, index=index, transformations=SYSTEMS
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SpatialData, Path]:
    """Shapes with a rising index, with shuffled numbers and with text."""
    rng = np.random.default_rng(7)
    text = pd.Index([f"cell-{number}" for number in rng.permutation(ROWS)], name="cell_id")
    sdata = SpatialData(
        shapes={
            "rising": polygons(np.arange(ROWS) * 2),
            "shuffled": circles(rng.permutation(ROWS)),
            "named": polygons(text),
        }
    )
    path = tmp_path_factory.mktemp("shapes") / "store.zarr"
    sdata.write(path)
    return sdata, path


def file_of(path: Path, name: str) -> Path:
    return path / "shapes" / name / "shapes.parquet"


@pytest.mark.parametrize("name", ["rising", "shuffled", "named"])
def test_shapes_are_read_in_their_order(made: tuple[SpatialData, Path], name: str) -> None:
    sdata, path = made
    source = read_zarr(path).shapes.source(name)
    assert_geodataframe_equal(source.load(), sdata[name])
    assert source.facts()["columns"] == list(sdata[name].columns)
    column = "radius" if name == "shuffled" else "area"
    assert source.load(columns=[column])[column].equals(sdata[name][column])
    both = [column, "geometry"]
    assert source.load(columns=both)["geometry"].geom_equals_exact(sdata[name]["geometry"], 0).all()


@pytest.mark.parametrize("name", ["rising", "shuffled", "named"])
def test_row_groups_cover_little_space(made: tuple[SpatialData, Path], name: str) -> None:
    sdata, path = made
    stored = geopandas.read_parquet(file_of(path, name))
    assert sorted(stored.index) == sorted(sdata[name].index)
    metadata = pq.read_metadata(file_of(path, name))
    assert metadata.num_row_groups == 4
    whole = np.prod(np.diff(np.reshape(sdata[name].total_bounds, (2, 2)), axis=0))
    parts = [stored.iloc[start : start + 8192] for start in range(0, ROWS, 8192)]
    areas = [np.prod(np.diff(np.reshape(part.total_bounds, (2, 2)), axis=0)) for part in parts]
    assert np.mean(areas) < 0.6 * whole


def test_only_an_index_that_does_not_rise_needs_a_column(made: tuple[SpatialData, Path]) -> None:
    _, path = made
    columns = {name: set(pq.read_schema(file_of(path, name)).names) for name in ("rising", "shuffled", "named")}
    assert "original_row" not in columns["rising"]
    assert "original_row" in columns["shuffled"]
    assert "original_row" in columns["named"]


@pytest.mark.parametrize("name", ["rising", "shuffled", "named"])
def test_a_window_reads_less_and_keeps_the_order(made: tuple[SpatialData, Path], name: str) -> None:
    sdata, path = made
    found = read_zarr(path).shapes.source(name).load(window=Window(("x", "y"), (10.0, 10.0), (90.0, 60.0)))
    assert 0 < len(found) < ROWS / 3
    assert_geodataframe_equal(found, sdata[name].loc[sdata[name].index.isin(found.index)])


@pytest.mark.parametrize("system", list(SYSTEMS))
@pytest.mark.parametrize("query", ["box", "polygon", "circle", "boxes"])
def test_queries_of_unloaded_shapes_give_the_same(made: tuple[SpatialData, Path], system: str, query: str) -> None:
    sdata, path = made
    stored = read_zarr(path)

    def ask(asked: SpatialData) -> list[SpatialData]:
        if query == "polygon":
            triangle = shapely.Polygon([(10, 10), (200, 20), (60, 90)])
            return [polygon_query(asked, triangle, target_coordinate_system=system)]
        if query == "circle":
            return [select(asked, Circle(target_coordinate_system=system, centre=(100.0, 40.0), radius=30.0))]
        box = {"axes": ("x", "y"), "target_coordinate_system": system}
        if query == "box":
            return [bounding_box_query(asked, min_coordinate=[20, 10], max_coordinate=[80, 40], **box)]
        corners = {"min_coordinate": [[20, 10], [50, 20]], "max_coordinate": [[80, 40], [60, 70]]}
        return list(bounding_box_query(asked, **corners, **box))

    for found, expected in zip(ask(stored), ask(sdata), strict=True):
        assert set(found.shapes) == set(expected.shapes)
        assert "rising" in found.shapes
        for name in expected.shapes:
            assert_geodataframe_equal(found[name], expected[name])
            assert found[name].attrs["transform"] == expected[name].attrs["transform"]
    assert not stored.shapes.loaded()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("system", list(SYSTEMS))
@pytest.mark.parametrize("name", ["rising", "shuffled", "named"])
def test_extents_need_no_geometry(made: tuple[SpatialData, Path], name: str, system: str, exact: bool) -> None:
    sdata, path = made
    stored = read_zarr(path)
    found = get_extent(stored, coordinate_system=system, elements=[name], exact=exact)
    expected = get_extent(sdata[name], coordinate_system=system, exact=exact)
    assert {axis: pytest.approx(bounds) for axis, bounds in expected.items()} == found
    only_data_tell = exact and (system == "turned" or (system == "stretched" and name == "shuffled"))
    assert stored.shapes.is_loaded(name) is only_data_tell


def test_the_same_shapes_make_the_same_file(made: tuple[SpatialData, Path], tmp_path: Path) -> None:
    sdata, path = made
    read_zarr(path).write(tmp_path / "again.zarr")
    for name in sdata.shapes:
        digests = [
            hashlib.sha256(file_of(root, name).read_bytes()).hexdigest() for root in (path, tmp_path / "again.zarr")
        ]
        assert digests[0] == digests[1]


def test_order_is_kept_on_request_and_for_few(made: tuple[SpatialData, Path], tmp_path: Path) -> None:
    sdata, _ = made
    few = sdata["named"].iloc[:8192]
    SpatialData(shapes={"all": sdata["named"]}).write(tmp_path / "kept.zarr", shapes_layout="kept")
    SpatialData(shapes={"few": few}).write(tmp_path / "few.zarr")
    assert geopandas.read_parquet(file_of(tmp_path / "kept.zarr", "all")).index.equals(sdata["named"].index)
    assert geopandas.read_parquet(file_of(tmp_path / "few.zarr", "few")).index.equals(few.index)
    with pytest.raises(ValueError, match="shapes_layout='random' is not known"):
        SpatialData().write(tmp_path / "s.zarr", shapes_layout="random")


def test_transformations_are_replaced_and_the_order_stays(made: tuple[SpatialData, Path], tmp_path: Path) -> None:
    sdata, _ = made
    copy = SpatialData(shapes={"named": sdata["named"].copy()})
    copy.write(tmp_path / "s.zarr")
    copy["named"].attrs["transform"] = {"other": Identity()}
    copy.write_transformations("named")
    found = read_zarr(tmp_path / "s.zarr")["named"]
    assert list(found.attrs["transform"]) == ["other"]
    assert found.index.equals(sdata["named"].index)


def test_a_file_that_another_program_replaced_is_read_as_it_is(made: tuple[SpatialData, Path], tmp_path: Path) -> None:
    sdata, _ = made
    SpatialData(shapes={"named": sdata["named"]}).write(tmp_path / "s.zarr")
    other = sdata["named"].iloc[[5, 3, 9]]
    other.attrs = {}
    other.to_parquet(file_of(tmp_path / "s.zarr", "named"))
    assert read_zarr(tmp_path / "s.zarr")["named"].index.tolist() == other.index.tolist()


def test_a_column_of_that_name_is_no_hindrance(made: tuple[SpatialData, Path], tmp_path: Path) -> None:
    sdata, _ = made
    taken = sdata["named"].assign(original_row=1)
    SpatialData(shapes={"taken": taken}).write(tmp_path / "s.zarr")
    assert_geodataframe_equal(read_zarr(tmp_path / "s.zarr")["taken"], taken)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**16), st.booleans())
def test_order_comes_back(count: int, seed: int, as_text: bool) -> None:
    rng = np.random.default_rng(seed)
    ids: Any = rng.integers(0, 30, count)
    index = [f"c{number}" for number in ids] if as_text else ids
    points = shapely.points(rng.integers(0, 3, (count, 2)).astype(float))
    points[rng.random(count) < 0.1] = shapely.Point()
    frame = geopandas.GeoDataFrame({"row": np.arange(count)}, geometry=points, index=index)
    frame.attrs["key"] = 1
    numbered, rows, order = sort_shapes(frame)
    stored = numbered.iloc[rows]
    assert list(frame.columns) == ["row", "geometry"]
    assert RowOrder.of(order.as_attributes(), list(stored.columns)) == order
    assert_geodataframe_equal(order.restored(stored), frame)
    assert order.restored(stored).attrs == frame.attrs
