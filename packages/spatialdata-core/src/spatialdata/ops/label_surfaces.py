"""The surfaces of labels with a depth: the sides of pixels that have another label, or nothing, beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of
from spatialdata.models.times import at_one_time
from spatialdata.relations.blocks import computed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["surface_areas"]


def surface_areas(labels: Any, projection: Projection) -> tuple[NDArray[Any], FloatArray]:
    """The area of the surface of each label, of holes too.

    Parameters
    ----------
    labels
        Labels with a depth; their finest level counts.
    projection
        The map from their pixels to a coordinate system, in which areas are measured.

    Returns
    -------
    The ids, sorted, and the areas.
    """
    import dask
    import dask.array as da

    data = lazy_levels_of(at_one_time(labels, "measuring surfaces"))[0].data
    blocks = da.overlap.overlap(data, depth=1, boundary="none").to_delayed()
    look = dask.delayed(_sides_of_block, pure=False)
    tasks = [look(blocks[at], *_inner(at, data.chunks)) for at in np.ndindex(*blocks.shape)]
    parts = computed(tasks, "surfaces of labels")
    found = [np.concatenate([part[number] for part in parts]) for number in range(2)]
    ids, place = np.unique(found[0], return_inverse=True)
    linear = projection.over(("z", "y", "x")).linear
    sides = [np.linalg.norm(np.cross(*np.delete(linear, axis, axis=1).T)) for axis in range(3)]
    total = np.bincount(place.ravel(), weights=found[1] @ np.array(sides), minlength=len(ids))
    return ids, total.astype(np.float64)


def _inner(position: tuple[int, ...], chunks: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, int], ...]:
    """Where the pixels of a block begin and end in the block with one pixel more to each side that has one."""
    found = []
    for at, sizes in zip(position, chunks, strict=True):
        first = 1 if at > 0 else 0
        found.append((first, first + sizes[at]))
    return tuple(found)


def _sides_of_block(block: NDArray[Any], *inner: tuple[int, int]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The ids in a block, and how many sides of their pixels along each axis belong to the surface."""
    own = block[tuple(slice(*ends) for ends in inner)]
    ids, place = np.unique(own, return_inverse=True)
    place, count = place.reshape(own.shape), np.zeros((len(ids), 3), dtype=np.int64)
    padded = np.pad(
        block, [(int(low == 0), int(high == size)) for (low, high), size in zip(inner, block.shape, strict=True)]
    )
    for axis in range(3):
        for side in (slice(None, -2), slice(2, None)):
            beside = padded[tuple(side if other == axis else slice(1, -1) for other in range(3))]
            count[:, axis] += np.bincount(place[beside != own], minlength=len(ids))
    return ids[ids != 0], count[ids != 0]
