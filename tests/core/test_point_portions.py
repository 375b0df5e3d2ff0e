"""Portions of stored points: rows of several files in one frame, and what is known of the files between openings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask
import numpy as np
import pandas as pd
import pytest
from pandas.api.types import union_categoricals

from spatialdata import SpatialData, bounding_box_query, read_zarr
from spatialdata.errors import StoreError
from spatialdata.models import PointsModel

XY = ("x", "y")


def molecules(rows: int, seed: int = 0, genes: str = "abc") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.uniform(0, 100, rows),
            "y": rng.uniform(0, 100, rows).astype(np.float32),
            "gene": pd.Categorical(rng.choice(list(genes), rows), categories=list(genes)),
            "cell": rng.integers(0, 9, rows),
            "seen": rng.random(rows) < 0.5,
        },
        index=rng.permutation(rows) + 1000,
    )


def stored(frame: pd.DataFrame, path: Path) -> Path:
    SpatialData(points={"p": PointsModel.parse(frame, sort=False)}).write(path, overwrite=True)
    return path


def in_box(path: Path) -> pd.DataFrame:
    found = bounding_box_query(read_zarr(path)["p"], XY, [20, 30], [60, 70], "global")
    assert found is not None
    return found.compute()


def expected_in_box(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["x"] > 20) & (frame["x"] < 60) & (frame["y"] > 30) & (frame["y"] < 70)]


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("parquet", "points"):
        monkeypatch.setattr(f"spatialdata.store.{module}.ROWS_PER_GROUP", 50)
        monkeypatch.setattr(f"spatialdata.store.{module}.ROWS_PER_PART", 200)


@pytest.mark.usefixtures("small_files")
def test_rows_of_many_files_keep_their_index_and_types(tmp_path: Path) -> None:
    frame = molecules(2000)
    path = stored(frame, tmp_path / "s.zarr")
    assert len(list((path / "points" / "p" / "points.parquet").glob("*.parquet"))) > 5
    expected = expected_in_box(frame)
    for _ in range(2):
        found = in_box(path)
        assert len(found) > 100
        pd.testing.assert_frame_equal(found.sort_index(), expected.sort_index())


def replaced(path: Path, frames: list[pd.DataFrame]) -> None:
    """Put files of another program in the place of those of a store."""
    folder = path / "points" / "p" / "points.parquet"
    for part in folder.glob("*.parquet"):
        part.unlink()
    for number, frame in enumerate(frames):
        frame.to_parquet(folder / f"part.{number}.parquet", row_group_size=50)


def joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    genes = union_categoricals([frame["gene"] for frame in frames])
    return pd.concat([frame.drop(columns="gene") for frame in frames]).assign(gene=genes)[list(frames[0].columns)]


@pytest.mark.parametrize("ranged", [False, True])
def test_files_that_describe_themselves_differently_are_read_as_pandas_joins_them(tmp_path: Path, ranged: bool) -> None:
    frames = [molecules(300, 1, "ab"), molecules(300, 2, "bc"), molecules(300, 3, "ca")]
    frames[1]["cell"] = frames[1]["cell"].astype(float).where(frames[1]["cell"] > 0)
    if ranged:
        frames = [frame.set_axis(pd.RangeIndex(at, at + 300)) for at, frame in enumerate(frames)]
    path = stored(molecules(10), tmp_path / "s.zarr")
    replaced(path, frames)
    pd.testing.assert_frame_equal(in_box(path), expected_in_box(joined(frames)))


def test_what_is_known_of_files_goes_when_one_of_them_is_replaced(tmp_path: Path) -> None:
    path = stored(molecules(10), tmp_path / "s.zarr")
    frames = [molecules(300, 1), molecules(300, 2)]
    replaced(path, frames)
    assert in_box(path)["gene"].cat.categories.tolist() == list("abc")
    frames[1] = molecules(200, 3, "de")
    frames[1].to_parquet(path / "points" / "p" / "points.parquet" / "part.1.parquet")
    pd.testing.assert_frame_equal(in_box(path), expected_in_box(joined(frames)))
    assert len(read_zarr(path)["p"]) == 500


def test_openings_share_no_attributes(tmp_path: Path) -> None:
    path = stored(molecules(50), tmp_path / "s.zarr")
    one, other = (read_zarr(path)["p"] for _ in range(2))
    one.attrs["note"] = 1
    one["double"] = one["x"] * 2
    assert "note" not in other.attrs
    assert list(other.columns) == list(read_zarr(path)["p"].columns) == ["x", "y", "gene", "cell", "seen"]


def test_a_strange_category_is_told_with_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spatialdata.store import point_files

    path = stored(molecules(50), tmp_path / "s.zarr")

    def forgetful(parts: Any) -> Any:
        return {"gene": (["a", "b"], False)}

    monkeypatch.setattr(point_files, "read_categories", forgetful)
    points = read_zarr(path)["p"]
    with pytest.raises(StoreError, match=r"'gene' of .*part.0.parquet holds 'c'"):
        points.compute()


def test_a_file_of_no_rows_beside_others(tmp_path: Path) -> None:
    frames = [molecules(300, 1).iloc[:0], molecules(300, 2), molecules(300, 3).iloc[:0]]
    path = stored(molecules(10), tmp_path / "s.zarr")
    replaced(path, frames)
    pd.testing.assert_frame_equal(in_box(path), expected_in_box(joined(frames)))


@pytest.mark.parametrize("ranged", [False, True])
def test_rows_without_columns_are_counted(tmp_path: Path, ranged: bool) -> None:
    frames = [molecules(300, 1), molecules(300, 2)]
    if ranged:
        frames = [frame.reset_index(drop=True) for frame in frames]
    path = stored(molecules(10), tmp_path / "s.zarr")
    replaced(path, frames)
    whole, expected = read_zarr(path)["p"], joined(frames)
    box = bounding_box_query(whole, XY, [20, 30], [60, 70], "global")
    for found, rows in ((whole, expected), (box, expected_in_box(expected))):
        assert found is not None
        assert len(found) == len(rows)
        assert found.index.compute().tolist() == rows.index.tolist()
        assert found[[]].compute().index.tolist() == rows.index.tolist()


def test_text_has_the_type_that_dask_says_at_each_opening(tmp_path: Path) -> None:
    path = stored(molecules(50).assign(note="a"), tmp_path / "s.zarr")
    types = []
    for convert in (True, False, True, False):
        with dask.config.set({"dataframe.convert-string": convert}):
            points = read_zarr(path)["p"]
            types.append(points["note"].dtype)
            assert points["note"].compute().tolist() == ["a"] * 50
    assert types[:2] == types[2:]
