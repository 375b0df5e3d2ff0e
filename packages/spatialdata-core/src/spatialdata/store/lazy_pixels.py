"""Windows of stored arrays as arrays of dask, whose graph is made when somebody needs it.

Cutting a window out of a window needs no graph, nor does loading one by itself: its chunks are decoded into the result,
which takes half the memory of putting them together afterwards. Everything else that is done with such an array is
done by dask, as with any other.
"""

from __future__ import annotations

import functools
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.direct import threads_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dask.array as da
    from numpy.typing import NDArray

    from spatialdata._core.direct import WindowReader
    from spatialdata.store.stored_array import StoredArray

__all__ = ["StoredWindow", "lazy_pixels"]


class StoredWindow:
    """A window of a stored array, as dask reads pieces of it.

    Parameters
    ----------
    array
        The array.
    window
        A slice for each dimension, with a start and a stop.
    """

    def __init__(self, array: StoredArray, window: Sequence[slice]) -> None:
        self.array = array
        self.window = tuple(window)
        self.shape = tuple(part.stop - part.start for part in self.window)
        self.ndim = len(self.shape)
        self.dtype = array.dtype

    def within(self, key: Sequence[slice]) -> StoredWindow:
        """A window of this window."""
        parts = zip(key, self.window, strict=True)
        return StoredWindow(self.array, [slice(w.start + k.start, w.start + k.stop) for k, w in parts])

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        parts = (*parts, *[slice(None)] * (self.ndim - len(parts)))
        return self.array[tuple(_shifted(part, outer) for part, outer in zip(parts, self.window, strict=True))]

    def reader(self) -> WindowReader | None:
        """Who reads windows of this window as the array is now; None where only zarr can."""
        read = self.array.reader()
        if read is None:
            return None
        return lambda window, into: read(self.within(window).window, into)

    def __dask_tokenize__(self) -> object:
        return self.array.__dask_tokenize__(), [(part.start, part.stop) for part in self.window]

    @property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """The sizes of its pieces, each of which lies in one piece of the array."""
        found = []
        for part, size in zip(self.window, self.array.chunks, strict=True):
            edges = [part.start, *range((part.start // size + 1) * size, part.stop, size), part.stop]
            found.append(tuple(stop - start for start, stop in pairwise(edges)))
        return tuple(found)


def _shifted(part: Any, outer: slice) -> Any:
    """An index along one dimension of a window, counted from where the array begins."""
    places = range(outer.start, outer.stop)
    if isinstance(part, slice):
        chosen = places[part]
        return slice(chosen.start, chosen.stop if chosen.stop >= 0 else None, chosen.step)
    if isinstance(part, int | np.integer):
        return places[part]
    return np.arange(outer.start, outer.stop)[part]


def lazy_pixels(array: StoredArray) -> da.Array:
    """All pixels of a stored array, in the pieces in which it is best read."""
    whole = StoredWindow(array, [slice(0, size) for size in array.shape])
    return _class()(whole, whole.chunks)


@functools.cache
def _class() -> type:
    """The class of the arrays; dask is imported where it is needed."""
    import dask.array as da

    class LazyPixels(da.Array):  # type: ignore[misc]  # dask ships no types
        """A window of a stored array; see :mod:`spatialdata.store.lazy_pixels`."""

        __slots__ = ("_graph", "_stored")
        _graph: Any
        _stored: StoredWindow | None

        def __new__(
            cls, stored: StoredWindow, chunks: tuple[tuple[int, ...], ...], name: str | None = None
        ) -> LazyPixels:
            made: LazyPixels = object.__new__(cls)
            made._name, made._chunks = name or _name_of(stored, chunks), chunks
            made._meta = np.empty((0,) * stored.ndim, dtype=stored.dtype)
            made._stored, made._graph = stored, None
            return made

        @property
        def dask(self) -> Any:
            if self._graph is None and self._stored is not None:
                self._graph = _graph(self.name, self._stored, self.chunks)
            return self._graph

        @dask.setter
        def dask(self, graph: Any) -> None:
            """Become what a graph says, as assigning values to a part does."""
            self._graph, self._stored = graph, None

        def __getitem__(self, index: Any) -> Any:
            found = _cut(self._stored, self.chunks, index)
            if found is None:
                return super().__getitem__(index)
            return self if found[0].shape == self.shape else LazyPixels(*found)

        def rechunk(self, chunks: Any = "auto", *args: Any, **kwargs: Any) -> Any:
            wanted = None if args or kwargs else _whole_chunks(chunks, self.shape)
            if self._stored is None or wanted is None:
                return super().rechunk(chunks, *args, **kwargs)
            return self if wanted == self.chunks else LazyPixels(self._stored, wanted)

        def copy(self) -> Any:
            """The same, for which no graph is made."""
            return super().copy() if self._stored is None else LazyPixels(self._stored, self.chunks, self.name)

        def compute(self, **options: Any) -> Any:
            found = _loaded(self._stored, options)
            return super().compute(**options) if found is None else found

        def direct_reader(self) -> WindowReader | None:
            """See :class:`spatialdata._core.direct.DirectArray`."""
            return _reader(self._stored, self.chunks)

    return LazyPixels


def _name_of(stored: StoredWindow, chunks: tuple[tuple[int, ...], ...]) -> str:
    from dask.base import tokenize

    return f"stored-{tokenize(stored, chunks)}"


def _graph(name: str, stored: StoredWindow, chunks: tuple[tuple[int, ...], ...]) -> Any:
    """The graph of dask: pieces read one by one, and put together anew if other ones are wanted."""
    import dask.array as da
    from dask.highlevelgraph import HighLevelGraph

    if chunks == stored.chunks:
        return da.from_array(stored, chunks=chunks, name=name).dask
    pieces = da.from_array(stored, chunks=stored.chunks).rechunk(chunks)
    blocks = {(name, *place): (pieces.name, *place) for place in np.ndindex(*pieces.numblocks)}
    return HighLevelGraph.from_collections(name, blocks, dependencies=[pieces])


def _cut(
    stored: StoredWindow | None, chunks: tuple[tuple[int, ...], ...], index: Any
) -> tuple[StoredWindow, tuple[tuple[int, ...], ...]] | None:
    """A window of a window, and its chunks, cut where the others are; None if the index is anything but a window."""
    parts = index if isinstance(index, tuple) else (index,)
    if stored is None or len(parts) > stored.ndim:
        return None
    if any(not isinstance(part, slice) or part.step not in (None, 1) for part in parts):
        return None
    parts = (*parts, *[slice(None)] * (stored.ndim - len(parts)))
    key = [slice(*part.indices(size)[:2]) for part, size in zip(parts, stored.shape, strict=True)]
    if any(part.start >= part.stop for part in key):
        return None
    return stored.within(key), tuple(_sizes_within(sizes, part) for sizes, part in zip(chunks, key, strict=True))


def _sizes_within(sizes: tuple[int, ...], part: slice) -> tuple[int, ...]:
    inner = [edge for edge in accumulate(sizes) if part.start < edge < part.stop]
    return tuple(stop - start for start, stop in pairwise([part.start, *inner, part.stop]))


def _is_cut_alike(chunks: tuple[tuple[int, ...], ...], pieces: tuple[tuple[int, ...], ...]) -> bool:
    """Whether each piece lies in one chunk, so that reading all chunks reads no piece twice."""
    both = zip(chunks, pieces, strict=True)
    return all(set(accumulate(sizes)) <= set(accumulate(stored)) for sizes, stored in both)


def _loaded(stored: StoredWindow | None, options: dict[str, Any]) -> NDArray[Any] | None:
    """The pixels, if the threads of this process read them; None if dask has to."""
    threads = None if stored is None else threads_of(options)
    return None if stored is None or threads is None else stored.array.loaded(stored.window, threads)


def _reader(stored: StoredWindow | None, chunks: tuple[tuple[int, ...], ...]) -> WindowReader | None:
    if stored is None or not _is_cut_alike(chunks, stored.chunks):
        return None
    return stored.reader()


def _whole_chunks(chunks: Any, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...] | None:
    """Chunks that are given for each dimension, in full; None for what dask has to work out."""
    if not isinstance(chunks, tuple) or len(chunks) != len(shape):
        return None
    found = []
    for given, size in zip(chunks, shape, strict=True):
        if isinstance(given, int) and given > 0:
            sizes = (*[given] * (size // given), *[size % given] * (size % given > 0))
        elif isinstance(given, tuple) and all(isinstance(one, int) and one > 0 for one in given) and sum(given) == size:
            sizes = given
        else:
            return None
        found.append(sizes)
    return tuple(found)
