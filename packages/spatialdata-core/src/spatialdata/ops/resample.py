"""Arrays pulled onto other pixels, block by block.

Each block of the result pulls the pixels that it needs: the centres of its pixels are mapped back into the source. With
``order=0`` the pixel that covers such a point gives the value, so that no value is ever mixed from several and labels
keep their ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from spatialdata.errors import TransformationError
from spatialdata.regions.project import Projection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import dask.array as da
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["ORDERS", "Bounds", "Pull", "nearest_pixels", "resample", "window_under"]

Bounds: TypeAlias = "tuple[FloatArray, FloatArray]"

ORDERS = (0, 1, 3)
_LARGEST_SIDE = 2048
_MARGIN = {0: 1, 1: 2, 3: 14}


class Pull(Protocol):
    """From pixel coordinates of the result to pixel coordinates of the source."""

    def box(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The bounds, in the source, of a box of the result; they may be infinite."""

    def places(self, corner: tuple[int, ...], size: tuple[int, ...]) -> list[FloatArray]:
        """Where the pixel centres of a block lie in the source: one array of the shape of the block per axis."""


def resample(
    data: da.Array, to_source: Projection | Pull, shape: Sequence[int], order: int = 0, bounds: Bounds | None = None
) -> da.Array:
    """Pull an array onto other pixels, block by block.

    Parameters
    ----------
    data
        The source; its last axes are those of ``to_source``, in the same order.
    to_source
        From pixel coordinates of the result to pixel coordinates of the source.
    shape
        The shape of the result along these axes.
    order
        0 takes the pixel that covers a place, 1 interpolates linearly between the nearest pixel centres, 3 by cubic
        splines. Interpolated integers are rounded, and kept within the range of their dtype.
    bounds
        Pixel coordinates of the source from which on, and up to which, places count: those of its pixels if not given.
        Of a coarser level they are those of the finest one, beside which it may lie by up to one of its pixels; there
        its nearest pixel counts.

    Returns
    -------
    The lazy result, of the dtype of the source, in chunks like those of the source but at most 2048 pixels wide; 0
    where it reaches out of the bounds.
    """
    import dask.array as da
    from dask.base import tokenize
    from dask.highlevelgraph import HighLevelGraph

    depth = len(shape)
    leading = data.chunks[: data.ndim - depth]
    sides = [min(max(sizes), _LARGEST_SIDE) for sizes in data.chunks[data.ndim - depth :]]
    chunks = da.core.normalize_chunks(tuple(sides), tuple(shape))
    starts = [_starts(sizes) for sizes in chunks]
    limits = tuple(int(side) for side in data.shape[data.ndim - depth :])
    lower, upper = bounds or (np.zeros(depth), np.asarray(limits, dtype=np.float64))
    name = "resampled-" + tokenize(data, to_source, tuple(shape), order, lower, upper)
    graph: dict[tuple[Any, ...], Any] = {}
    for rest in np.ndindex(*(len(sizes) for sizes in chunks)):
        corner = tuple(int(begin[i]) for begin, i in zip(starts, rest, strict=True))
        size = tuple(int(sizes[i]) for sizes, i in zip(chunks, rest, strict=True))
        window = window_under(to_source, corner, size, limits, _MARGIN[order])
        pieces = _pieces(window, data.chunks[data.ndim - depth :])
        block = _Block(to_source, corner, size, window, limits, (lower, upper), data.dtype, order, pieces)
        for lead in np.ndindex(*(len(sizes) for sizes in leading)):
            count = tuple(int(sizes[i]) for sizes, i in zip(leading, lead, strict=True))
            keys = [(data.name, *lead, *piece.index) for piece in pieces]
            graph[name, *lead, *rest] = (block, count, *keys)
    layer = HighLevelGraph.from_collections(name, graph, dependencies=[data])
    return da.Array(layer, name, chunks=(*leading, *chunks), dtype=data.dtype)


def nearest_pixels(
    read: Callable[[tuple[slice, ...]], NDArray[Any]],
    to_source: Projection,
    shape: tuple[int, ...],
    limits: tuple[int, ...],
    bounds: Bounds,
) -> NDArray[Any] | None:
    """The pixels of a small picture, pulled at once.

    Parameters
    ----------
    read
        What reads a window of the source, given along the axes of ``to_source``.
    to_source, shape
        As for :func:`resample`.
    limits
        The shape of the source along these axes.
    bounds
        As for :func:`resample`.

    Returns
    -------
    The picture as :func:`resample` makes it with ``order=0``; None where it meets no pixel of the source.
    """
    corner = (0,) * len(shape)
    window = window_under(to_source, corner, shape, limits, _MARGIN[0])
    if window is None:
        return None
    return _gather(read(window), to_source, corner, shape, tuple(part.start for part in window), bounds)


def _starts(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(np.int64)


def window_under(
    to_source: Projection | Pull, corner: tuple[int, ...], size: tuple[int, ...], limits: tuple[int, ...], margin: int
) -> tuple[slice, ...] | None:
    """The pixels of the source that a block depends on; None if there are none.

    Parameters
    ----------
    to_source
        From pixel coordinates of the result to pixel coordinates of the source.
    corner, size
        The first pixel of the block, and its shape.
    limits
        The shape of the source along these axes.
    margin
        How many pixels more are taken to each side.
    """
    lower = np.array(corner, dtype=np.float64)
    low, high = to_source.box(lower, lower + np.array(size))
    far = float(max(limits) + margin)
    low, high = np.clip(low, -far, far), np.clip(high, -far, far)
    start = np.clip(np.floor(low).astype(np.int64) - margin, 0, limits)
    stop = np.clip(np.ceil(high).astype(np.int64) + margin, start, limits)
    if (stop <= start).any():
        return None
    return tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))


def _pieces(window: tuple[slice, ...] | None, chunks: tuple[tuple[int, ...], ...]) -> tuple[_Piece, ...]:
    """What each chunk of the source gives to a window."""
    if window is None:
        return ()
    along = []
    for chosen, sizes in zip(window, chunks, strict=True):
        begins = _starts(sizes)
        first = int(np.searchsorted(begins, chosen.start, side="right")) - 1
        last = int(np.searchsorted(begins, chosen.stop, side="left"))
        along.append([(i, int(begins[i]), int(sizes[i])) for i in range(first, last)])
    found = []
    for parts in product(*along):
        overlap = [
            (max(chosen.start, begin), min(chosen.stop, begin + size), begin)
            for chosen, (_, begin, size) in zip(window, parts, strict=True)
        ]
        taken = tuple(slice(low - begin, high - begin) for low, high, begin in overlap)
        put = tuple(slice(low - w.start, high - w.start) for w, (low, high, _) in zip(window, overlap, strict=True))
        found.append(_Piece(tuple(i for i, _, _ in parts), taken, put))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a chunk of the source: which chunk, which of its pixels, and where in the window they go."""

    index: tuple[int, ...]
    taken: tuple[slice, ...]
    put: tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """One block of the result, which depends only on the pixels of the source that lie under it."""

    to_source: Projection | Pull
    corner: tuple[int, ...]
    size: tuple[int, ...]
    window: tuple[slice, ...] | None
    limits: tuple[int, ...]
    bounds: Bounds
    dtype: np.dtype[Any]
    order: int
    pieces: tuple[_Piece, ...]

    def __call__(self, count: tuple[int, ...], *chunks: NDArray[Any]) -> NDArray[Any]:
        """Compute the block of so many channels from the chunks that its pieces name."""
        if self.window is None:
            return np.zeros(count + self.size, dtype=self.dtype)
        source = np.empty(count + tuple(chosen.stop - chosen.start for chosen in self.window), dtype=self.dtype)
        for piece, chunk in zip(self.pieces, chunks, strict=True):
            put: tuple[Any, ...] = (..., *piece.put)
            taken: tuple[Any, ...] = (..., *piece.taken)
            source[put] = chunk[taken]
        start = tuple(chosen.start for chosen in self.window)
        if isinstance(self.to_source, Projection) and self.order == 0:
            return _gather(source, self.to_source, self.corner, self.size, start, self.bounds)
        return _pull(source, self.to_source, self.corner, self.size, start, self.limits, self.bounds, self.order)


def _gather(
    window: NDArray[Any],
    to_source: Projection,
    corner: tuple[int, ...],
    size: tuple[int, ...],
    start: tuple[int, ...],
    bounds: Bounds,
) -> NDArray[Any]:
    """A block pulled through an affine map, by nearest pixel."""
    from spatialdata.kernels.gather import gather_affine

    depth = len(size)
    lead = window.shape[: window.ndim - depth]
    missing = 3 - depth
    linear, offset = np.eye(3), np.zeros(3)
    linear[missing:, missing:] = to_source.linear
    centre = np.array(corner, dtype=np.float64) + 0.5
    offset[missing:] = to_source.linear @ centre + to_source.offset - start
    within = np.array([[0.0] * 3, [1.0] * 3])
    within[:, missing:] = np.stack(bounds) - start
    words = np.dtype(f"u{window.dtype.itemsize}")
    result = np.zeros(lead + size, dtype=window.dtype)
    fill = (int(np.prod(lead)), *(1,) * missing)
    source = window.view(words).reshape(fill + window.shape[window.ndim - depth :])
    gather_affine(source, linear, offset, within, result.view(words).reshape(fill + size))
    return result


def _pull(
    window: NDArray[Any],
    to_source: Projection | Pull,
    corner: tuple[int, ...],
    size: tuple[int, ...],
    start: tuple[int, ...],
    limits: tuple[int, ...],
    bounds: Bounds,
    order: int,
) -> NDArray[Any]:
    """A block pulled through any map, by any order."""
    places = _places(to_source, corner, size)
    inside = np.ones(size, dtype=bool)
    for place, lower, upper in zip(places, *bounds, strict=True):
        inside &= (place >= lower) & (place < upper)
    last = np.nextafter(np.array(limits, dtype=np.float64), 0)[:, None]
    nearest = np.clip(np.stack([place[inside] for place in places]), 0, last)
    chosen = nearest - np.array(start, dtype=np.float64)[:, None]
    sides = np.array(window.shape[window.ndim - len(size) :])[:, None]
    if ((chosen < 0) | (chosen >= sides)).any():
        raise TransformationError(
            f"The transformation bends too much within the block of pixels from {corner} to be resampled block by "
            "block. Give the raster smaller chunks first."
        )
    result = np.zeros(window.shape[: window.ndim - len(size)] + size, dtype=window.dtype)
    if order == 0:
        result[..., inside] = window[(..., *chosen.astype(np.int64))]
    else:
        for lead in np.ndindex(*window.shape[: window.ndim - len(size)]):
            result[lead][inside] = _interpolated(window[lead], chosen - 0.5, order)
    return result


def _places(to_source: Projection | Pull, corner: tuple[int, ...], size: tuple[int, ...]) -> list[FloatArray]:
    if not isinstance(to_source, Projection):
        return to_source.places(corner, size)
    depth = len(size)
    found = []
    for row, offset in zip(to_source.linear, to_source.offset, strict=True):
        place = np.full(size, offset, dtype=np.float64)
        for axis in np.flatnonzero(row):
            steps = (corner[axis] + np.arange(size[axis]) + 0.5) * row[axis]
            place += steps.reshape([-1 if other == axis else 1 for other in range(depth)])
        found.append(place)
    return found


def _interpolated(window: NDArray[Any], places: FloatArray, order: int) -> NDArray[Any]:
    from scipy.ndimage import map_coordinates

    values = map_coordinates(window.astype(np.float64), places, order=order, mode="nearest")
    if np.issubdtype(window.dtype, np.floating):
        return np.asarray(values.astype(window.dtype))
    if window.dtype == np.bool_:
        return np.asarray(values >= 0.5)
    limits = np.iinfo(window.dtype)
    return np.asarray(np.clip(np.rint(values), limits.min, limits.max).astype(window.dtype))
