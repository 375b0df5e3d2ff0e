"""Points of a store at other coordinates: moved where they are read, and equal to those that numpy moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatialdata import SpatialData, bounding_box_query, get_extent, read_zarr, transform
from spatialdata.models import PointsModel
from spatialdata.transformations import Affine, set_transformation

TURN = Affine([[0.6, -0.8, 5.0], [0.8, 0.6, -2.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
DEEP = Affine(
    [[0.6, -0.8, 0.0, 5.0], [0.8, 0.6, 0.5, -2.0], [0.0, 0.0, 3.0, 1.0], [0.0, 0.0, 0.0, 1.0]],
    ("x", "y", "z"),
    ("x", "y", "z"),
)


def molecules(dtype: str = "float64", *, deep: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "gene": pd.Categorical(rng.choice(list("abc"), 900)),
            "y": rng.uniform(0, 100, 900).astype(dtype),
            "x": rng.uniform(0, 100, 900).astype(dtype),
            "cell": rng.integers(0, 9, 900),
        },
        index=rng.permutation(900),
    )
    return frame.assign(z=rng.uniform(0, 9, 900)) if deep else frame


def moved_by_numpy(frame: pd.DataFrame, move: Affine) -> pd.DataFrame:
    axes = list(move.input_axes)
    places = frame[axes].to_numpy(dtype=float) @ move.matrix[:-1, :-1].T + move.matrix[:-1, -1]
    return frame.assign(**dict(zip(axes, places.T, strict=True)))


def opened(frame: pd.DataFrame, folder: Path, move: Affine, **options: Any) -> Any:
    element = PointsModel.parse(frame, sort=False, transformations={"moved": move})
    SpatialData(points={"p": element}).write(folder / "s.zarr", **options)
    return read_zarr(folder / "s.zarr")["p"]


@pytest.fixture(autouse=True)
def many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("parquet", "points", "tiling"):
        monkeypatch.setattr(f"spatialdata.store.{module}.ROWS_PER_GROUP", 50)
        monkeypatch.setattr(f"spatialdata.store.{module}.ROWS_PER_PART", 200)


@pytest.mark.parametrize("layout", ["sorted", "kept", "vitessce"])
@pytest.mark.parametrize(
    ("dtype", "deep"), [("float64", False), ("float32", False), ("int64", False), ("float64", True)]
)
def test_moved_points_are_those_of_numpy(tmp_path: Path, layout: str, dtype: str, deep: bool) -> None:
    frame = molecules(dtype, deep=deep)
    move = DEEP if deep else TURN
    found = transform(opened(frame, tmp_path, move, points_layout=layout), to_coordinate_system="moved")
    expected = moved_by_numpy(frame, move)
    assert found.dtypes.astype(str).to_dict() == expected.dtypes.astype(str).to_dict()
    pd.testing.assert_frame_equal(found.compute().sort_index(), expected.sort_index(), rtol=1e-12)


@pytest.mark.parametrize("columns", [["x"], ["cell", "y"], ["gene"], ["y", "x"], []])
@pytest.mark.parametrize("ranged", [False, True])
def test_some_columns_of_moved_points(tmp_path: Path, columns: list[str], ranged: bool) -> None:
    frame = molecules()
    frame = frame.reset_index(drop=True) if ranged else frame
    points = opened(frame, tmp_path, TURN)
    if ranged:
        part = tmp_path / "s.zarr" / "points" / "p" / "points.parquet"
        for file in part.glob("*.parquet"):
            file.unlink()
        frame.iloc[:400].to_parquet(part / "part.0.parquet", row_group_size=50)
        frame.iloc[400:].to_parquet(part / "part.1.parquet", row_group_size=50)
        points = read_zarr(tmp_path / "s.zarr")["p"]
    found = transform(points, to_coordinate_system="moved")[columns].compute()
    pd.testing.assert_frame_equal(found.sort_index(), moved_by_numpy(frame, TURN)[columns].sort_index(), rtol=1e-12)
    one = transform(points, to_coordinate_system="moved")["y"].compute()
    pd.testing.assert_series_equal(one.sort_index(), moved_by_numpy(frame, TURN)["y"].sort_index(), rtol=1e-12)


def test_missing_coordinates_stay_missing(tmp_path: Path) -> None:
    frame = molecules()
    points = opened(frame, tmp_path, TURN)
    part = next((tmp_path / "s.zarr" / "points" / "p" / "points.parquet").glob("part.0.parquet"))
    holes = pd.read_parquet(part)
    holes["x"] = holes["x"].where(np.arange(len(holes)) % 3 > 0)
    holes.to_parquet(part)
    points = read_zarr(tmp_path / "s.zarr")["p"]
    found = transform(points, to_coordinate_system="moved").compute()
    assert found["x"].isna().sum() == found["y"].isna().sum() == -(-len(holes) // 3)


def test_moved_points_are_asked_and_moved_again(tmp_path: Path) -> None:
    frame = molecules()
    moved = transform(opened(frame, tmp_path, TURN), to_coordinate_system="moved")
    expected = moved_by_numpy(frame, TURN)
    box = bounding_box_query(moved, ("x", "y"), [-20, 20], [30, 60], "moved").compute()
    inside = expected["x"].between(-20, 30, inclusive="neither") & expected["y"].between(20, 60, inclusive="neither")
    assert sorted(box.index) == sorted(expected.index[inside])
    extent = get_extent(moved, coordinate_system="moved")
    np.testing.assert_allclose([extent["x"], extent["y"]], [[expected[a].min(), expected[a].max()] for a in "xy"])
    set_transformation(moved, Affine(TURN.matrix, ("x", "y"), ("x", "y")), "again")
    twice = transform(moved, to_coordinate_system="again").compute()
    pd.testing.assert_frame_equal(
        twice.sort_index(), moved_by_numpy(expected, TURN).sort_index(), rtol=1e-12, check_like=True
    )


def test_points_that_were_changed_are_moved_with_their_changes(tmp_path: Path) -> None:
    frame = molecules()
    points = opened(frame, tmp_path, TURN)
    points["x"] = points["x"] * 2
    found = transform(points, to_coordinate_system="moved").compute()
    expected = moved_by_numpy(frame.assign(x=frame["x"] * 2), TURN)
    pd.testing.assert_frame_equal(found.sort_index(), expected.sort_index(), rtol=1e-12)


def test_moved_points_are_written_and_read(tmp_path: Path) -> None:
    frame = molecules()
    moved = transform(opened(frame, tmp_path, TURN), to_coordinate_system="moved")
    SpatialData(points={"p": moved}).write(tmp_path / "t.zarr")
    found = read_zarr(tmp_path / "t.zarr")["p"].compute()
    pd.testing.assert_frame_equal(found.sort_index(), moved_by_numpy(frame, TURN).sort_index(), rtol=1e-12)
