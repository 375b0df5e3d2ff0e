"""Points in the layout that Vitessce loads in tiles."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreError
from spatialdata.models import PointsModel
from spatialdata.store import tiling


def frame_of(rows: int, *, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "note": [f"n{i % 7}" for i in range(rows)],
            "x": rng.uniform(0, 1000, rows).astype("float32"),
            "gene": pd.Categorical.from_codes(rng.integers(-1, 300, rows), [f"g{i}" for i in range(301)]),
            "y": rng.uniform(-500, 500, rows),
            "inside": rng.random(rows) > 0.5,
        },
        index=pd.Index(rng.permutation(rows) + 5, name="molecule"),
    )


def written(frame: pd.DataFrame, path: Path, **kwargs: Any) -> Path:
    points = PointsModel.parse(frame, feature_key="gene", npartitions=min(3, len(frame) or 1), sort=False)
    SpatialData(points={"molecules": points}).write(path, points_layout="vitessce", **kwargs)
    return path / "points" / "molecules" / "points.parquet"


def parts_of(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda part: int(part.name.split(".")[1]))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    # A prime number of rows cannot be dealt to several row groups of equal size.
    frame = frame_of(139_999)
    return frame, written(frame, tmp_path_factory.mktemp("tiled") / "store.zarr")


def interleaved(x: int, y: int) -> int:
    """The bits of two numbers in turn, by their binary digits."""
    return int("".join(b + a for a, b in zip(f"{x:016b}", f"{y:016b}", strict=True)), 2)


def test_codes_rise_along_the_curve_after_the_points_that_reach_farthest(many: tuple[pd.DataFrame, Path]) -> None:
    frame, folder = many
    stored = pd.concat([pq.read_table(part).to_pandas() for part in parts_of(folder)])
    first = stored.iloc[:4]
    assert first["morton_code_2d"].tolist() == [0] * 4
    assert [first["x"].min(), first["x"].max()] == [frame["x"].min(), frame["x"].max()]
    assert [first["y"].min(), first["y"].max()] == [frame["y"].min(), frame["y"].max()]
    codes = stored["morton_code_2d"].to_numpy()[4:]
    assert codes.dtype == np.uint32
    assert (np.diff(codes.astype(np.int64)) >= 0).all()
    cells = [
        ((stored[axis].astype("float64") - float(frame[axis].min())) / float(frame[axis].max() - frame[axis].min()))
        for axis in ("x", "y")
    ]
    for row in range(4, len(stored), 6007):
        x, y = (int(np.floor(cell.iloc[row] * 65535)) for cell in cells)
        assert stored["morton_code_2d"].iloc[row] == interleaved(x, y)


def test_row_groups_of_a_file_have_equal_size(many: tuple[pd.DataFrame, Path]) -> None:
    frame, folder = many
    rows = []
    for part in parts_of(folder):
        metadata = pq.read_metadata(part)
        sizes = {metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)}
        assert len(sizes) == 1
        assert sizes.pop() < 100_000
        rows.append(metadata.num_rows)
    assert sum(rows) == len(frame)
    assert rows[0] >= len(frame) - metadata.num_row_groups * 4


def test_features_are_numbers_and_text_stands_at_the_right(many: tuple[pd.DataFrame, Path]) -> None:
    _, folder = many
    table = pq.read_table(folder / "part.0.parquet")
    assert table.column_names == ["x", "y", "inside", "molecule", "morton_code_2d", "gene_codes", "note", "gene"]
    assert str(table.schema.field("gene_codes").type) == "int32"
    stored = table.to_pandas()
    assert stored["gene_codes"].tolist() == stored["gene"].cat.codes.tolist()


def test_no_point_is_lost_or_changed_and_what_was_added_is_not_seen(many: tuple[pd.DataFrame, Path]) -> None:
    frame, folder = many
    sdata = read_zarr(folder.parents[2])
    assert sdata.points.source("molecules").facts()["columns"] == list(frame.columns)
    found = sdata["molecules"]
    assert list(found.columns) == list(frame.columns)
    pd.testing.assert_frame_equal(found.compute().sort_index(), frame.sort_index(), check_dtype=False)
    assert found[["gene", "x"]].compute().columns.tolist() == ["gene", "x"]


def test_queries_find_the_same(many: tuple[pd.DataFrame, Path]) -> None:
    from spatialdata import bounding_box_query, get_extent

    frame, folder = many
    points = read_zarr(folder.parents[2])["molecules"]
    box = {"axes": ("x", "y"), "min_coordinate": [10, -100], "max_coordinate": [90, 20]}
    found = bounding_box_query(points, **box, target_coordinate_system="global").compute()
    inside = frame[(frame["x"] > 10) & (frame["x"] < 90) & (frame["y"] > -100) & (frame["y"] < 20)]
    assert sorted(found.index) == sorted(inside.index)
    assert get_extent(points) == {axis: (float(frame[axis].min()), float(frame[axis].max())) for axis in ("x", "y")}


def test_written_again_in_another_layout_they_are_plain_points(many: tuple[pd.DataFrame, Path], tmp_path: Path) -> None:
    frame, folder = many
    read_zarr(folder.parents[2]).write(tmp_path / "plain.zarr")
    part = next((tmp_path / "plain.zarr").rglob("part.0.parquet"))
    assert set(pq.read_schema(part).names) == {*frame.columns, "molecule"}
    read_zarr(tmp_path / "plain.zarr").write(tmp_path / "again.zarr", points_layout="vitessce")
    again = read_zarr(tmp_path / "again.zarr")["molecules"].compute()
    pd.testing.assert_frame_equal(again.sort_index(), frame.sort_index(), check_dtype=False)


def test_the_same_points_make_the_same_files(many: tuple[pd.DataFrame, Path], tmp_path: Path) -> None:
    frame, folder = many
    other = written(frame, tmp_path / "store.zarr")
    assert [hashlib.sha256(part.read_bytes()).hexdigest() for part in parts_of(folder)] == [
        hashlib.sha256(part.read_bytes()).hexdigest() for part in parts_of(other)
    ]


@pytest.mark.parametrize("rows", [0, 1, 2, 4, 5])
def test_few_points_are_tiled_too(rows: int, tmp_path: Path) -> None:
    frame = frame_of(rows)
    written(frame, tmp_path / "few.zarr")
    found = read_zarr(tmp_path / "few.zarr")["molecules"].compute()
    pd.testing.assert_frame_equal(found.sort_index(), frame.sort_index(), check_dtype=False)


def test_points_at_one_place_or_nowhere_are_kept(tmp_path: Path) -> None:
    frame = frame_of(9)
    frame[["x", "y"]] = [[3, 4]] * 5 + [[np.nan, np.nan], [np.inf, 0], [3, -np.inf], [3, 4]]
    folder = written(frame, tmp_path / "store.zarr")
    first = pq.read_table(folder / "part.0.parquet").to_pandas().iloc[0]
    assert (first["x"], first["y"], first["morton_code_2d"]) == (3, 4, 0)
    found = read_zarr(tmp_path / "store.zarr")["molecules"].compute()
    pd.testing.assert_frame_equal(found.sort_index(), frame.sort_index(), check_dtype=False)


@settings(max_examples=50)
@given(st.integers(1, 10**8))
def test_row_groups_are_small_and_leave_little_over(rows: int) -> None:
    count = tiling._group_count(rows)
    assert 0 < rows // count <= 65_536
    assert rows % count < 1000


def test_points_without_features_get_no_codes(tmp_path: Path) -> None:
    points = PointsModel.parse(frame_of(50)[["x", "y"]])
    SpatialData(points={"p": points}).write(tmp_path / "s.zarr", points_layout="vitessce")
    part = next((tmp_path / "s.zarr").rglob("part.0.parquet"))
    assert pq.read_schema(part).names == ["x", "y", "molecule", "morton_code_2d"]


def test_what_cannot_be_tiled_is_refused(tmp_path: Path) -> None:
    taken = PointsModel.parse(frame_of(9).assign(gene_codes=1), feature_key="gene")
    sdata = SpatialData(points={"p": taken})
    with pytest.raises(StoreError, match=r"points/p cannot be written.*have 'gene_codes' already"):
        sdata.write(tmp_path / "s.zarr", points_layout="vitessce")
    text = PointsModel.parse(frame_of(9), feature_key="gene")
    text = text.assign(gene=text["gene"].astype("str"))
    with pytest.raises(StoreError, match="must be categorical"):
        SpatialData(points={"p": text}).write(tmp_path / "s.zarr", points_layout="vitessce")
    assert not (tmp_path / "s.zarr").exists()
