"""Points near to each other, many of them as far as others; compared with all distances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatialdata import nearest, within_distance
from spatialdata.kernels.neighbour_order import order_of_neighbours
from spatialdata.models import PointsModel


def by_all_distances(one: np.ndarray, other: np.ndarray, keep: np.ndarray | None, k: int | None) -> pd.DataFrame:
    """The pairs by brute force: those to keep, or the k first of each instance."""
    distance = np.sqrt(((one[:, None] - other[None]) ** 2).sum(axis=2))
    if one is other:
        np.fill_diagonal(distance, np.inf)
    order = np.argsort(distance, axis=1, kind="stable")
    rows = []
    for row, columns in enumerate(order):
        near = columns[:k] if keep is None else columns[keep[row, columns]]
        rows += [(row, column, distance[row, column]) for column in near if np.isfinite(distance[row, column])]
    return pd.DataFrame(rows, columns=["instance", "neighbour", "distance"])


def places(kind: str, count: int, axes: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.uniform(0, 9, (count, axes)) if kind == "random" else rng.integers(0, 6, (count, axes))
    return found.astype(float)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("kind", ["random", "lattice"])
@pytest.mark.parametrize("k", [1, 4, 500])
def test_nearest_points_and_those_as_far(kind: str, axes: int, k: int) -> None:
    one, other = places(kind, 120, axes, 0), places(kind, 90, axes, 1)
    for first, second in ((one, other), (one, one)):
        element, others = PointsModel.parse(first), PointsModel.parse(second)
        found = nearest(element, element if first is second else others, k=k)
        pd.testing.assert_frame_equal(found, by_all_distances(first, second, None, k), check_dtype=False)


@pytest.mark.parametrize("distance", [0, 1.0, 2.5, np.inf])
@pytest.mark.parametrize("kind", ["random", "lattice"])
def test_points_within_a_distance_and_at_it(kind: str, distance: float) -> None:
    one, other = places(kind, 200, 2, 2), places(kind, 180, 2, 3)
    keep = np.sqrt(((one[:, None] - other[None]) ** 2).sum(axis=2)) <= distance
    found = within_distance(PointsModel.parse(one), PointsModel.parse(other), distance)
    expected = by_all_distances(one, other, keep, None)
    if not len(expected):
        assert not len(found)
        return
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_points_far_out_and_all_in_one_place() -> None:
    same = np.full((5, 2), 1e6)
    found = nearest(PointsModel.parse(same), PointsModel.parse(np.array([[1e6, 1e6 + 1], [0.0, 0.0]])), k=1)
    assert found["neighbour"].tolist() == [0] * 5
    assert found["distance"].tolist() == [1.0] * 5


def test_the_order_of_pairs_is_that_of_numpy() -> None:
    rng = np.random.default_rng(5)
    first = np.concatenate([rng.integers(0, 40, 500), np.full(300, 7)])
    second, distance = rng.permutation(800), rng.integers(0, 5, 800).astype(float)
    np.testing.assert_array_equal(
        order_of_neighbours(first, second, distance, 50), np.lexsort((second, distance, first))
    )
