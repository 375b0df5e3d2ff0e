"""Labels looked at in one pass, beside scikit-image and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import regionprops

from spatialdata.kernels.labels import labels_in, renumbered
from spatialdata.kernels.moments import slots_of_runs
from spatialdata.models.label_runs import ids_and_shapes

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
    flat = labels.ravel()
    slots, known = slots_of_runs(flat, np.arange(len(flat)), 200, False)
    np.testing.assert_array_equal(known[slots[flat > 0]], flat[flat > 0])


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (2, 0, 3)])
def test_no_pixels(shape: tuple[int, ...]) -> None:
    ids, found = ids_and_shapes(np.zeros(shape, dtype=np.uint16), (0,) * len(shape), background=True)
    assert ids.shape == found.count.shape == (0,)
    assert ids.dtype == np.uint16
    assert found.centre.shape == (0, len(shape))
    assert found.scatter.shape == (0, len(shape), len(shape))


@pytest.mark.parametrize("dtype", DTYPES)
def test_ids_and_their_positions(dtype: type) -> None:
    most = min(10_000, int(np.iinfo(dtype).max))
    cells = np.random.default_rng(3).integers(0, most, (150, 30))
    labels = cells.repeat(2, axis=1).repeat(2, axis=0).astype(dtype).ravel()
    labels[:2], labels[-1] = 0, np.iinfo(dtype).max
    found = labels_in(labels, 60)
    assert found.dtype == dtype
    _, first = np.unique(labels, return_index=True)
    occurring = labels[np.sort(first)]
    np.testing.assert_array_equal(found, occurring[occurring != 0])
    ids = np.unique(labels)
    position = renumbered(labels, 60, ids)
    assert position.dtype == dtype
    np.testing.assert_array_equal(position, np.searchsorted(ids, labels).astype(dtype))
