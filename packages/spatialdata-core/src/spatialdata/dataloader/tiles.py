"""Rectangles cut out of an image, many times and fast."""

from __future__ import annotations

import functools
import threading
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of
from spatialdata._core.levels import level_coordinates
from spatialdata.errors import TransformationError, UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.pyramid import kept_coordinates
from spatialdata.models.times import at_one_time
from spatialdata.regions.project import projection_of
from spatialdata.transformations.attach import TRANSFORM_KEY, get_transformation, transformations_of
from spatialdata.transformations.linear import Sequence as Chain
from spatialdata.transformations.linear import Translation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray
    from xarray import DataArray

__all__ = ["CACHE_BYTES", "ChunkCache", "ImageTiles", "in_memory"]

CACHE_BYTES = 2**28
_WHOLE = 1e-6


class ImageTiles:
    """Tiles of an image or of labels: a sequence of rectangles given in a coordinate system.

    Chunks of the image are kept in memory as long as there is room, so that tiles near each other are read once.
    It can be pickled and used by several threads; each process has a memory of its own.

    Parameters
    ----------
    image
        An image or labels; the finest level counts.
    min_coordinate, max_coordinate
        The bounds of the tiles, arrays of shape ``(n, 2)`` of x and y in the units of the coordinate system.
    target_coordinate_system
        The coordinate system.
    cache_bytes
        How much memory chunks may take; at least one chunk is kept.

    Raises
    ------
    UnsupportedElementError
        The element is no raster.
    UnknownCoordinateSystemError
        It is not in the coordinate system.
    TransformationError
        Its place there is not linear.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Image2DModel
    >>> image = Image2DModel.parse(np.arange(16.0).reshape(1, 4, 4))
    >>> tiles = ImageTiles(image, [[0, 0], [2, 1]], [[2, 2], [4, 3]])
    >>> len(tiles), tiles[1].values.tolist()
    (2, [[[6.0, 7.0], [10.0, 11.0]]])
    """

    def __init__(
        self,
        image: Any,
        min_coordinate: ArrayLike,
        max_coordinate: ArrayLike,
        target_coordinate_system: str = "global",
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        if kind_of(image) not in (Kind.IMAGE, Kind.LABELS):
            raise UnsupportedElementError(f"Tiles are cut out of images and labels, not of {kind_of(image).value}.")
        image = at_one_time(image, "ImageTiles")
        level = lazy_levels_of(image)[0]
        self._level = level
        self._placed = dict(transformations_of(image))
        self._attrs = {key: value for key, value in level.attrs.items() if key != TRANSFORM_KEY}
        self._blanks: dict[tuple[int, ...], DataArray] = {}
        lower, upper = (np.asarray(side, dtype=np.float64).reshape(-1, 2) for side in (min_coordinate, max_coordinate))
        self._start, self._stop = _pixels(image, lower, upper, target_coordinate_system)
        self._data = level.data.rechunk({0: -1}) if "c" in level.dims else level.data
        self._cache = ChunkCache(self._data, cache_bytes)

    def __len__(self) -> int:
        return len(self._start)

    def __iter__(self) -> Iterator[DataArray]:
        return (self[number] for number in range(len(self)))

    def pixels(self, number: int) -> NDArray[Any]:
        """The pixels of a tile, of shape ``(channels, [depth,] height, width)``, without channels for labels."""
        rows, columns = (slice(a, b) for a, b in zip(self._start[number], self._stop[number], strict=True))
        return self._cache.window(rows, columns)

    def __getitem__(self, number: int) -> DataArray:
        """A tile as an element that stays where it is: cut where the image ends, and empty beyond it."""
        pixels = self.pixels(number)
        tile = self._blank(pixels.shape).copy(deep=False, data=in_memory(pixels))
        shift = Translation(self._start[number].astype(np.float64), ("y", "x"))
        tile.attrs = {**self._attrs, TRANSFORM_KEY: {name: Chain([shift, t]) for name, t in self._placed.items()}}
        return tile

    def _blank(self, shape: tuple[int, ...]) -> DataArray:
        """A tile of a shape, of which only the coordinates count; most tiles have the same."""
        from xarray import DataArray

        if shape not in self._blanks:
            coords = {**kept_coordinates(self._level), **level_coordinates(self._level.dims, shape, shape)}
            blank = np.broadcast_to(np.zeros((), dtype=self._level.dtype), shape)
            self._blanks[shape] = DataArray(blank, dims=self._level.dims, coords=coords, name=self._level.name)
        return self._blanks[shape]

    def chunk_order(self) -> NDArray[np.intp]:
        """The numbers of the tiles in an order in which each chunk of the image is read about once."""
        ends = [np.cumsum(sizes) for sizes in self._data.chunks[-2:]]
        blocks = [np.searchsorted(end, self._start[:, axis], side="right") for axis, end in enumerate(ends)]
        return np.lexsort((self._start[:, 1], self._start[:, 0], blocks[1], blocks[0]))


@functools.cache
def _array_in_memory() -> type:
    """The class of arrays of dask that are in memory already, so that they need neither graph nor threads."""
    import dask.array as da
    from dask.highlevelgraph import HighLevelGraph
    from dask.local import get_sync

    class ArrayInMemory(da.Array):  # type: ignore[misc]  # dask ships no types
        __slots__ = ("_graph", "_pixels")
        __dask_scheduler__ = staticmethod(get_sync)
        _graph: Any
        _pixels: NDArray[Any] | None

        def __new__(cls, pixels: NDArray[Any]) -> ArrayInMemory:
            made: ArrayInMemory = object.__new__(cls)
            made._name = f"tile-{uuid.uuid4().hex}"
            made._chunks = tuple((size,) for size in pixels.shape)
            made._meta = np.empty((0,) * pixels.ndim, dtype=pixels.dtype)
            made._pixels, made._graph = pixels, None
            return made

        @property
        def dask(self) -> Any:
            if self._graph is None:
                key = (self.name, *(0 for _ in self.shape))
                self._graph = HighLevelGraph.from_collections(self.name, {key: self._pixels})
            return self._graph

        @dask.setter
        def dask(self, graph: Any) -> None:
            """Become what a graph says, as assigning values to a part does."""
            self._graph, self._pixels = graph, None

        def compute(self, **options: Any) -> Any:
            return super().compute(**options) if self._pixels is None else self._pixels

    return ArrayInMemory


def in_memory(pixels: NDArray[Any]) -> Any:
    """Pixels as a lazy array, as elements have them."""
    return _array_in_memory()(pixels)


def _pixels(image: Any, lower: Any, upper: Any, system: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and the end of the rows and columns whose pixel centres lie in the boxes around the tiles.

    Of a box, the lower bound counts and the upper one does not, so that boxes of one size get tiles of one size.
    """
    if not get_transformation(image, system).is_linear:
        raise TransformationError(
            f"The transformation of the image to {system!r} is not linear, so that a rectangle there is none in its "
            "pixels. Move the image first, with spatialdata.transform(image, to_coordinate_system=…), or draw the "
            "tiles, with rasterize=True in ImageTilesDataset."
        )
    plane = projection_of(image, system).plane().inverse()
    low, high = lower[:, None] * plane.linear, upper[:, None] * plane.linear
    bounds = [side(low, high).sum(axis=2) + plane.offset for side in (np.minimum, np.maximum)]
    limit = np.array([lazy_levels_of(image)[0].sizes[axis] for axis in ("y", "x")])
    order = [plane.axes.index(axis) for axis in ("y", "x")]
    first = np.ceil(bounds[0][:, order] - 0.5)
    size = bounds[1][:, order] - bounds[0][:, order]
    whole = np.abs(size - np.rint(size)) < _WHOLE
    end = np.where(whole, first + np.rint(size), np.ceil(bounds[1][:, order] - 0.5))
    start = np.clip(first, 0, limit).astype(np.int64)
    return start, np.clip(end, start, limit).astype(np.int64)


class ChunkCache:
    """The chunks of an array that were used last.

    Parameters
    ----------
    data
        The lazy array.
    size
        How many bytes of chunks are kept; at least one chunk is.
    """

    def __init__(self, data: Any, size: int) -> None:
        self._data, self._size = data, size
        self._ends = [np.cumsum(sizes) for sizes in data.chunks[-2:]]
        self._lock = threading.Lock()
        self._chunks: OrderedDict[tuple[int, int], NDArray[Any]] = OrderedDict()
        self._used = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"data": self._data, "size": self._size}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["data"], state["size"])  # type: ignore[misc]

    def _chunk(self, row: int, column: int) -> NDArray[Any]:
        with self._lock:
            found = self._chunks.get((row, column))
            if found is not None:
                self._chunks.move_to_end((row, column))
                return found
        lead = (slice(None),) * (self._data.ndim - 2)
        found = np.asarray(self._data.blocks[(*lead, row, column)].compute(scheduler="synchronous"))
        with self._lock:
            if (row, column) not in self._chunks:
                self._chunks[row, column] = found
                self._used += found.nbytes
            while self._used > self._size and len(self._chunks) > 1:
                _, dropped = self._chunks.popitem(last=False)
                self._used -= dropped.nbytes
        return found

    def window(self, rows: slice, columns: slice) -> NDArray[Any]:
        """A copy of the pixels of some rows and columns."""
        shape = (*self._data.shape[:-2], rows.stop - rows.start, columns.stop - columns.start)
        pixels = np.zeros(shape, dtype=self._data.dtype)
        if not pixels.size:
            return pixels
        for row, source_y, target_y in _pieces(self._ends[0], rows):
            for column, source_x, target_x in _pieces(self._ends[1], columns):
                pixels[..., target_y, target_x] = self._chunk(row, column)[..., source_y, source_x]
        return pixels


def _pieces(ends: NDArray[np.int64], wanted: slice) -> Iterator[tuple[int, slice, slice]]:
    """The chunks that a stretch of pixels meets: the number of each, and the pixels in the chunk and in the stretch."""
    first, last = np.searchsorted(ends, [wanted.start, wanted.stop - 1], side="right")
    for chunk in range(int(first), int(last) + 1):
        begin = int(ends[chunk - 1]) if chunk else 0
        start, stop = max(wanted.start, begin), min(wanted.stop, int(ends[chunk]))
        yield chunk, slice(start - begin, stop - begin), slice(start - wanted.start, stop - wanted.start)
