"""Files of shapes are what geopandas writes, but for dictionaries and statistics that nobody asks for."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from spatialdata.store import geometry_bytes as module
from spatialdata.store.geometry_bytes import geometry_bytes, kinds_of
from spatialdata.store.geoparquet import write_geoparquet

MANY = 9000


def rings(count: int) -> Any:
    """Polygons with 4 to 9 corners."""
    rng = np.random.default_rng(1)
    angles = [np.sort(rng.uniform(0, 6.2, corners)) for corners in rng.integers(4, 10, count)]
    return np.array([shapely.Polygon(np.stack([np.cos(one), np.sin(one)], axis=1) + k) for k, one in enumerate(angles)])


def solid(count: int) -> Any:
    return shapely.points(np.random.default_rng(2).random((count, 3)))


def points(count: int) -> Any:
    return shapely.points(np.random.default_rng(2).normal(size=(count, 2)))


def with_hole(count: int) -> Any:
    found = rings(count)
    found[3] = shapely.box(0, 0, 9, 9).difference(shapely.box(1, 1, 2, 2))
    return found


def with_empty(count: int) -> Any:
    found = rings(count)
    found[3] = shapely.Polygon()
    return found


def with_missing(count: int) -> Any:
    found = points(count)
    found[5] = None
    return found


def mixed(count: int) -> Any:
    found = rings(count)
    found[::2] = shapely.multipolygons(found[::2, None])
    return found


KINDS = [rings, points, solid, with_hole, with_empty, with_missing, mixed]


@pytest.fixture
def compiled_code() -> None:
    """Polygons are put together by compiled code only if it is loaded, or if they are very many."""
    importlib.import_module("spatialdata.kernels.wkb")


@pytest.mark.usefixtures("compiled_code")
@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("count", [7, MANY])
def test_bytes_are_those_of_geos(made: Any, count: int) -> None:
    geometries = made(count)
    rows = np.random.default_rng(3).permutation(count)
    expected = list(shapely.to_wkb(geometries, flavor="iso")[rows])
    assert geometry_bytes(geometries, kinds_of(geometries), rows).to_pylist() == expected
    assert geometry_bytes(geometries, kinds_of(geometries)).to_pylist() == list(
        shapely.to_wkb(geometries, flavor="iso")
    )


def test_compiled_code_is_not_loaded_for_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sys", SimpleNamespace(modules={}))
    monkeypatch.setattr(module, "_polygons", None)
    geometries = rings(MANY)
    assert geometry_bytes(geometries, kinds_of(geometries)).to_pylist() == list(shapely.to_wkb(geometries))
    monkeypatch.setattr(module, "_MANY", MANY)
    with pytest.raises(TypeError, match="not callable"):
        geometry_bytes(geometries, kinds_of(geometries))


@pytest.mark.usefixtures("compiled_code")
@pytest.mark.parametrize("made", [rings, points])
@pytest.mark.parametrize("most", [100, 4096])
def test_pieces_join_to_the_same(made: Any, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", most)
    geometries = made(MANY)
    found = geometry_bytes(geometries, kinds_of(geometries))
    assert found.num_chunks > 10
    assert found.to_pylist() == list(shapely.to_wkb(geometries))


def test_measures_are_left_to_geos() -> None:
    geometries = shapely.from_wkt(["POINT M (1 2 3)"] * MANY)
    if shapely.get_type_id(geometries[:1])[0] < 0 or "M" not in shapely.to_wkt(geometries[0]):
        pytest.skip("This GEOS knows no M.")
    found = geometry_bytes(geometries, kinds_of(geometries))
    assert found[0].as_py() == shapely.to_wkb(geometries[0], flavor="iso")


def frame_of(geometries: Any, crs: Any = None) -> geopandas.GeoDataFrame:
    count = len(geometries)
    frame = geopandas.GeoDataFrame(
        {
            "score": np.linspace(0, 1, count),
            "shape": geometries,
            "kind": pd.Categorical.from_codes(np.arange(count) % 2, ["a", "b", "unused"]),
            "text": [f"cell {number}" for number in range(count)],
        },
        geometry="shape",
        crs=crs,
        index=pd.Index(np.arange(count) * 3, name="cell"),
    )
    frame.attrs = {"note": ["kept", 1]}
    return frame


@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("crs", [None, "EPSG:4326"])
def test_the_file_says_what_the_one_of_geopandas_says(made: Any, crs: Any, tmp_path: Path) -> None:
    frame = frame_of(made(40), crs)
    rows = np.random.default_rng(4).permutation(len(frame))
    write_geoparquet(tmp_path / "here.parquet", frame, "WKB", rows)
    frame.iloc[rows].to_parquet(
        tmp_path / "there.parquet", index=True, schema_version="1.1.0", write_covering_bbox=True
    )
    here, there = (pq.read_table(tmp_path / f"{side}.parquet") for side in ("here", "there"))
    assert here.schema.equals(there.schema)
    assert here.drop_columns("bbox").equals(there.drop_columns("bbox"))
    sides = [pd.DataFrame(table["bbox"].to_pylist()) for table in (here, there)]
    pd.testing.assert_frame_equal(*sides, check_exact=True)
    said = [{key: json.loads(text) for key, text in table.schema.metadata.items()} for table in (here, there)]
    assert said[1][b"geo"].pop("creator")["library"] == "geopandas"
    for text in said:
        text[b"pandas"].pop("creator")
    assert said[0] == said[1]
    assert_geodataframe_equal(geopandas.read_parquet(tmp_path / "here.parquet"), frame.iloc[rows])


def test_an_unnamed_index_and_no_rows_given(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame(geometry=rings(5))
    write_geoparquet(tmp_path / "here.parquet", frame, "WKB")
    assert_geodataframe_equal(geopandas.read_parquet(tmp_path / "here.parquet"), frame)


def test_only_boxes_and_plain_columns_have_statistics(tmp_path: Path) -> None:
    write_geoparquet(tmp_path / "here.parquet", frame_of(rings(20_000)), "WKB")
    metadata = pq.read_metadata(tmp_path / "here.parquet")
    assert metadata.num_row_groups == 3
    columns = [metadata.row_group(0).column(number) for number in range(metadata.num_columns)]
    statistics = {column.path_in_schema: column.statistics for column in columns}
    assert statistics.pop("shape") is None
    assert all(found is not None and found.has_min_max for found in statistics.values())
    dictionaries = {column.path_in_schema for column in columns if column.has_dictionary_page}
    assert not dictionaries & {"shape", "bbox.xmin", "bbox.ymin", "bbox.xmax", "bbox.ymax"}


def test_frames_with_two_geometries_or_a_column_of_that_name_are_left_to_geopandas(tmp_path: Path) -> None:
    frame = frame_of(rings(6))
    two = frame.assign(centre=frame.geometry.centroid)
    named = frame.assign(bbox=1)
    for number, wanted in enumerate([two, named]):
        rows = np.array([4, 1, 0, 2, 3, 5])
        write_geoparquet(tmp_path / f"{number}.parquet", wanted, "WKB", rows)
        assert_geodataframe_equal(geopandas.read_parquet(tmp_path / f"{number}.parquet"), wanted.iloc[rows])
