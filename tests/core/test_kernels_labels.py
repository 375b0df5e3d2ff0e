"""Labels looked at in one pass, beside scikit-image and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import regionprops

from spatialdata.kernels.labels import labels_in, renumbered
from spatialdata.models.label_runs import ids_and_runs, ids_and_shapes
from spatialdata.relations.labels import ids_like, only

DTYPES = [np.uint8, np.uint16, np.int32, np.uint32, np.int64, np.uint64]


@pytest.mark.parametrize("shape", [(40, 60), (6, 20, 25)])
@pytest.mark.parametrize("background", [False, True])
def test_places_of_scattered_labels(shape: tuple[int, ...], background: bool) -> None:
    labels = np.random.default_rng(1).integers(0, 50, shape).repeat(3, axis=-1).astype(np.int32)
    start = (1000, 300, 70)[: labels.ndim]
    ids, found = ids_and_shapes(labels, start, background=background)
    assert ids.tolist() == list(range(0 if background else 1, 50))
    for number, region in enumerate(regionprops(labels + 1 if background else labels)):
        box = np.array(region.bbox).reshape(2, -1)
        away = region.coords - region.coords.mean(axis=0)
        assert found.count[number] == region.area
        np.testing.assert_allclose(found.centre[number], region.coords.mean(axis=0) + 0.5 + start, rtol=1e-12)
        np.testing.assert_allclose(found.scatter[number], away.T @ away, rtol=1e-9, atol=1e-8)
        np.testing.assert_array_equal(found.lower[number], box[0] + start)
        np.testing.assert_array_equal(found.upper[number], box[1] + start)


def test_more_labels_than_there_is_room_for_at_first() -> None:
    labels = np.random.default_rng(2).permutation(20_000).reshape(100, 200) * 7
    ids, found = ids_and_shapes(labels, (0, 0))
    assert np.array_equal(ids, np.arange(1, 20_000) * 7)
    assert (found.count == 1).all()
    assert not found.scatter.any()
    place = np.argsort(labels, axis=None)[1:]
    np.testing.assert_array_equal(found.lower, np.stack(np.unravel_index(place, labels.shape), axis=1))
    again, runs = ids_and_runs(labels)
    np.testing.assert_array_equal(again, ids)
    np.testing.assert_array_equal(again[runs.figure], labels[labels > 0])


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (2, 0, 3)])
def test_no_pixels(shape: tuple[int, ...]) -> None:
    ids, found = ids_and_shapes(np.zeros(shape, dtype=np.uint16), (0,) * len(shape), background=True)
    assert ids.shape == found.count.shape == (0,)
    assert ids.dtype == np.uint16
    assert found.centre.shape == (0, len(shape))
    assert found.scatter.shape == (0, len(shape), len(shape))


@pytest.mark.parametrize("width", [1, 7, 8, 9, 64, 100])
@pytest.mark.parametrize("background", [False, True])
def test_runs_cover_the_pixels_once(width: int, background: bool) -> None:
    labels = np.random.default_rng(4).integers(0, 3, (12, 5, width)).astype(np.uint16)
    ids, runs = ids_and_runs(labels, background=background)
    rows = labels.reshape(60, width)
    drawn = np.zeros_like(rows)
    for figure, row, start, stop in zip(*runs.fields, strict=True):
        assert start < stop
        assert not drawn[row, start:stop].any()
        assert start == 0 or rows[row, start - 1] != ids[figure]
        drawn[row, start:stop] = ids[figure] + 1
    np.testing.assert_array_equal(drawn, np.where(background | (rows > 0), rows + 1, 0))


@pytest.mark.parametrize("largest", [10_000, None])
@pytest.mark.parametrize("dtype", DTYPES)
def test_ids_and_their_positions(dtype: type, largest: int | None) -> None:
    limit = int(np.iinfo(dtype).max)
    cells = np.random.default_rng(3).integers(0, min(10_000, limit), (150, 30))
    labels = cells.repeat(2, axis=1).repeat(2, axis=0).astype(dtype)
    labels[0, :2], labels[-1, -1] = 0, min(largest or limit, limit)
    found = labels_in(labels, False)
    assert found.dtype == dtype
    _, first = np.unique(labels, return_index=True)
    occurring = labels.ravel()[np.sort(first)]
    np.testing.assert_array_equal(found, occurring[occurring != 0])
    np.testing.assert_array_equal(labels_in(labels, True), occurring)
    ids = np.unique(labels)
    position = renumbered(labels, ids)
    assert position.dtype == dtype
    np.testing.assert_array_equal(position, np.searchsorted(ids, labels).astype(dtype))


@pytest.mark.parametrize("dtype", [np.bool_, ">i4", np.uint16, np.int64])
def test_labels_without_others(dtype: np.typing.DTypeLike) -> None:
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 2 if dtype == np.bool_ else 120, (7, 30, 20)).repeat(3, axis=2).astype(dtype)
    if np.dtype(dtype).kind != "b":
        labels[0, 0, :4], labels[-1, -1, -1] = np.iinfo(labels.dtype).min, np.iinfo(labels.dtype).max
    for ids in (np.arange(1, 90, 2), np.array([1, 2**40, -3]), np.array([5.0, 7.5, np.nan, 1e300]), np.zeros(0, int)):
        found = only(labels, ids_like(ids, labels.dtype))
        np.testing.assert_array_equal(found, np.where(np.isin(labels, ids), labels, np.zeros((), labels.dtype)))
        assert found.dtype == labels.dtype
    every = np.unique(labels)
    np.testing.assert_array_equal(only(labels, ids_like(every, labels.dtype)), labels)
    assert not only(labels, ids_like(np.array(["1", "2"]), labels.dtype)).any()
