"""Parts cut out of stored labels: which ids they hold is mostly known without looking at their pixels."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.label_statistics import statistics_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    from spatialdata.models.label_statistics import StatisticsSource

__all__ = ["PartIds", "ids_of_part", "remember_part"]

# Of more parts the oldest are forgotten; then their pixels are looked at.
_MOST = 1024


@dataclass(frozen=True, slots=True)
class PartIds:
    """What statistics say of the ids in a part of labels, the background left out.

    Attributes
    ----------
    certain
        The ids that occur in it.
    possible
        Those that may.
    lower, upper
        Where in the part the pixels of each of these would be, of shape ``(ids, axes)``.
    """

    certain: NDArray[Any]
    possible: NDArray[Any]
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]

    def blocks(self, chunks: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
        """The positions of the blocks of the part that may hold ids which are not certain."""
        wanted = np.zeros([len(sizes) for sizes in chunks], dtype=bool)
        first, last = np.empty_like(self.lower), np.empty_like(self.upper)
        for axis, sizes in enumerate(chunks):
            ends = np.cumsum(sizes)
            first[:, axis] = np.searchsorted(ends, self.lower[:, axis], side="right")
            last[:, axis] = np.searchsorted(ends, self.upper[:, axis], side="left")
        for low, high in np.unique(np.stack([first, last], axis=1), axis=0):
            wanted[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))] = True
        return [tuple(int(index) for index in position) for position in np.argwhere(wanted)]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of stored labels.

    Attributes
    ----------
    source
        Who knows the statistics of the whole.
    start
        The first pixel of the part.
    outline
        Beyond it, in coordinates x, y of pixels of the whole, all is background; None without.
    """

    source: weakref.ref[StatisticsSource]
    start: tuple[int, ...]
    outline: Polygon | MultiPolygon | None


_parts: dict[str, _Part] = {}
_lock = threading.Lock()


def remember_part(part: Any, whole: Any, start: tuple[int, ...], outline: Polygon | MultiPolygon | None = None) -> None:
    """Remember that a lazy array was cut out of another one, if somebody knows the statistics of that.

    Parameters
    ----------
    part, whole
        The arrays, over the same axes.
    start
        The first pixel of the part in the whole.
    outline
        A polygon in coordinates x, y of pixels of the whole: those whose centre lies outside were set to 0.
    """
    source = statistics_source(whole)
    if source is None:
        return
    with _lock:
        _parts[part.name] = _Part(weakref.ref(source), start, outline)
        if len(_parts) > _MOST:
            del _parts[next(iter(_parts))]


def ids_of_part(data: Any) -> PartIds | None:
    """What is known of the ids in a lazy array, if it was cut out of labels with statistics."""
    part = _parts.get(data.name)
    source = None if part is None else part.source()
    known = None if source is None else source.statistics()
    if part is None or known is None:
        return None
    known = known.without_background()
    start, size = np.array(part.start), np.array(data.shape)
    lower, upper = (bound.astype(np.int64) - start for bound in (known.shapes.lower, known.shapes.upper))
    reaches = ((lower < size) & (upper > 0)).all(axis=1)
    certain = reaches & _surely_cut(lower, upper, size)
    if part.outline is not None:
        meets, covered = _under(part.outline, lower + start, upper + start, reaches)
        reaches &= meets
        certain &= covered
    possible = reaches & ~certain
    bounds = np.clip(lower[possible], 0, size), np.clip(upper[possible], 0, size)
    return PartIds(known.ids[certain], known.ids[possible], *bounds)


def _surely_cut(lower: NDArray[np.int64], upper: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which labels have a pixel in a part, by their bounds in it.

    A pixel lies at each end of the bounds. It is inside if that end is, and if the bounds along all other axes are.
    """
    within = (lower >= 0) & (upper <= size)
    ends = ((lower >= 0) & (lower < size)) | ((upper > 0) & (upper <= size))
    beyond = (~within).sum(axis=1)
    return np.asarray((beyond == 0) | ((beyond == 1) & (within | ends).all(axis=1)))


def _under(
    outline: Polygon | MultiPolygon, lower: NDArray[np.int64], upper: NDArray[np.int64], rows: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which labels may have pixels in an outline, and which have all of them there, by the centres of the pixels."""
    import shapely

    first, last = lower[rows, -2:] + 0.5, upper[rows, -2:] - 0.5
    boxes = shapely.box(first[:, 1], first[:, 0], last[:, 1], last[:, 0])
    # Of labels of a single row or column only a line is left.
    flat = (first == last).any(axis=1)
    boxes[flat] = shapely.linestrings(np.stack([first[flat, ::-1], last[flat, ::-1]], axis=1))
    shapely.prepare(outline)
    found = np.zeros((2, len(rows)), dtype=bool)
    found[:, rows] = shapely.intersects(outline, boxes), shapely.covers(outline, boxes)
    return found[0], found[1]
