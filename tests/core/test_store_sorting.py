"""Many points are stored in the order of a space-filling curve, and none is lost or changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialdata import SpatialData, read_zarr
from spatialdata._core.sources import Window
from spatialdata.models import PointsModel
from spatialdata.store import parquet
from spatialdata.store.sorting import Bounds, merged, morton_codes, sort_table


def interleaved(x: int, y: int) -> int:
    """The bits of two numbers in turn, by their binary digits."""
    return int("".join(b + a for a, b in zip(f"{x:016b}", f"{y:016b}", strict=True)), 2)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)), min_size=1, max_size=20))
def test_codes_interleave_the_bits(cells: list[tuple[int, int]]) -> None:
    x, y = np.array(cells, dtype=np.float64).T
    bounds = Bounds(len(cells), (0.0, 0.0), (65535.0, 65535.0))
    assert morton_codes(x, y, bounds).tolist() == [interleaved(*cell) for cell in cells]


def test_points_that_are_not_finite_have_a_place() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.0, 1.0])
    assert morton_codes(values, values, Bounds(5, (0.0, 0.0), (1.0, 1.0))).tolist() == [0, 2**32 - 1, 0, 0, 2**32 - 1]
    assert morton_codes(values, values, Bounds(5, (np.inf, np.inf), (-np.inf, -np.inf))).tolist() == [0] * 5


@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(1, 30), st.integers(0, 5))
def test_merging_is_a_stable_sort(sizes: list[int], rows: int, seed: int) -> None:
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    bounds = Bounds(sum(sizes), (0.0, 0.0), (7.0, 7.0))
    frames = [pd.DataFrame({"x": rng.integers(0, 8, n) * 1.0, "y": rng.integers(0, 8, n) * 1.0}) for n in sizes]
    start = np.cumsum([0, *sizes])
    for frame, first in zip(frames, start[:-1], strict=True):
        frame["row"] = np.arange(first, first + len(frame))
    parts = [sort_table(pa.Table.from_pandas(frame), bounds) for frame in frames]
    found = [table.to_pandas()["row"].tolist() for table in merged(parts, rows)]
    whole = pd.concat(frames)
    codes = morton_codes(whole["x"].to_numpy(), whole["y"].to_numpy(), bounds)
    assert [row for table in found for row in table] == np.argsort(codes, kind="stable").tolist()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    rng = np.random.default_rng(3)
    rows = 300_000
    frame = pd.DataFrame(
        {
            "x": rng.uniform(0, 1000, rows),
            "y": rng.uniform(0, 500, rows),
            "gene": pd.Categorical.from_codes(rng.integers(0, 300, rows), [f"g{i}" for i in range(301)]),
            "note": [f"n{i % 7}" for i in range(rows)],
        },
        index=rng.permutation(rows) + 5,
    )
    path = tmp_path_factory.mktemp("many") / "store.zarr"
    points = PointsModel.parse(frame, feature_key="gene", npartitions=4, sort=False)
    SpatialData(points={"molecules": points}).write(path)
    return frame, path


def test_no_point_is_lost_or_changed(many: tuple[pd.DataFrame, Path]) -> None:
    frame, path = many
    found = read_zarr(path)["molecules"].compute()
    assert not found.index.equals(frame.index)
    pd.testing.assert_frame_equal(found.sort_index(), frame.sort_index(), check_dtype=False)
    assert list(found["gene"].cat.categories) == list(frame["gene"].cat.categories)


def test_row_groups_cover_little_space(many: tuple[pd.DataFrame, Path]) -> None:
    _, path = many
    folder = path / "points" / "molecules" / "points.parquet"
    assert sorted(part.name for part in folder.iterdir()) == ["part.0.parquet"]
    metadata = pq.read_metadata(folder / "part.0.parquet")
    areas = []
    for group in range(metadata.num_row_groups):
        columns = [metadata.row_group(group).column(i) for i in range(metadata.num_columns)]
        sides = {c.path_in_schema: c.statistics.max - c.statistics.min for c in columns if c.path_in_schema in "xy"}
        areas.append(sides["x"] * sides["y"])
    assert metadata.num_row_groups == 5
    assert np.mean(areas) < 0.6 * 1000 * 500


def test_a_window_reads_less_and_loses_no_point(many: tuple[pd.DataFrame, Path]) -> None:
    frame, path = many
    source = read_zarr(path).points.source("molecules")
    window = Window(("x", "y"), (10.0, 10.0), (200.0, 90.0))
    found = source.load(window=window).compute()
    assert len(found) < len(frame)
    inside = frame[frame["x"].between(10, 200) & frame["y"].between(10, 90)]
    assert set(inside.index) <= set(found.index)


def test_the_same_points_make_the_same_files(many: tuple[pd.DataFrame, Path], tmp_path: Path) -> None:
    frame, path = many
    points = PointsModel.parse(frame, feature_key="gene", npartitions=4, sort=False)
    SpatialData(points={"molecules": points}).write(tmp_path / "store.zarr")
    part = Path("points") / "molecules" / "points.parquet" / "part.0.parquet"
    digests = [hashlib.sha256((root / part).read_bytes()).hexdigest() for root in (path, tmp_path / "store.zarr")]
    assert digests[0] == digests[1]


def test_order_is_kept_on_request_and_for_few(many: tuple[pd.DataFrame, Path], tmp_path: Path) -> None:
    frame, _ = many
    for name, part in (("few", frame.iloc[: parquet.ROWS_PER_GROUP]), ("all", frame)):
        points = PointsModel.parse(part, npartitions=2, sort=False)
        layout = "sorted" if name == "few" else "kept"
        SpatialData(points={"molecules": points}).write(tmp_path / f"{name}.zarr", points_layout=layout)
        assert read_zarr(tmp_path / f"{name}.zarr")["molecules"].compute().index.equals(part.index)


def test_nothing_is_left_over(many: tuple[pd.DataFrame, Path]) -> None:
    _, path = many
    assert [part.name for part in path.rglob(".*")] == []
