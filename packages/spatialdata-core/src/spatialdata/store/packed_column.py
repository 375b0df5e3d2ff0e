"""A column of well-known binary as arrays of coordinates, taken apart while it is read.

Each row group is taken apart while its bytes are in the cache of the processor, and put where its rows belong, so that
hardly more memory is touched than the coordinates need.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from spatialdata.kernels.wkb_rows import Rows, corners_of_rows, rings_of_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from spatialdata.models.packed import Packed

__all__ = ["GeometryPieces"]

_AT_ONCE = 4
_POLYGON = 3

T = TypeVar("T")


@dataclass(frozen=True)
class GeometryPieces:
    """A column of geometries in pieces.

    Attributes
    ----------
    sizes
        The number of rows of each piece.
    read
        Reads a piece by its number; it is called by several threads, and may be called again.
    order
        The numbers of the rows in the order that is wanted; as they are if None.
    """

    sizes: Sequence[int]
    read: Callable[[int], pa.ChunkedArray]
    order: NDArray[np.intp] | None = None

    def packed(self) -> Packed | None:
        """The coordinates; None if the column holds anything but flat points, polygons and multipolygons."""
        numbers = [number for number, size in enumerate(self.sizes) if size]
        first = _rows(self.read(numbers[0])) if numbers else None
        if first is None:
            return None

        def rows_in(number: int) -> list[Rows] | None:
            return first if number == numbers[0] else _rows(self.read(number))

        corners = corners_of_rows(first[0])
        alike = None if corners is None else self._alike(numbers, rows_in, corners.shape[1])
        return self._mixed(numbers, rows_in) if alike is None else alike

    def _alike(self, numbers: list[int], rows_in: Callable[[int], list[Rows] | None], corners: int) -> Packed | None:
        """Geometries that all have so many corners; None if they turn out to be others."""
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        target, failed = np.empty((int(starts[-1]), corners, 2)), threading.Event()
        place = None if self.order is None else _places(self.order)

        def put(number: int) -> None:
            first = int(starts[number])
            for rows in () if failed.is_set() else rows_in(number) or (None,):
                found = None if rows is None else corners_of_rows(rows)
                if found is None or found.shape[1] != corners:
                    failed.set()
                    return
                own = slice(first, first + len(found))
                target[own if place is None else place[own]] = found
                first += len(found)

        _each(put, numbers)
        return None if failed.is_set() else _packed(target)

    def _mixed(self, numbers: list[int], rows_in: Callable[[int], list[Rows] | None]) -> Packed | None:
        """Polygons and multipolygons of any number of corners."""
        parts = _each(rows_in, numbers)
        rows = [one for part in parts if part is not None for one in part]
        if any(part is None for part in parts):
            return None
        from spatialdata.models.packed import PackedPolygons

        rings = rings_of_rows(rows, self.order)
        if rings is not None:
            return _packed_rings(*rings)
        from spatialdata.kernels.wkb_reading import polygons_of_wkb

        found = polygons_of_wkb(rows, self.order)
        return None if found is None else PackedPolygons(*found)


def _each(act: Callable[[int], T], numbers: list[int]) -> list[T]:
    if len(numbers) == 1:
        return [act(numbers[0])]
    with ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1)) as pool:
        return list(pool.map(act, numbers))


def _places(order: NDArray[np.intp]) -> NDArray[np.intp]:
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return places


def _packed(corners: NDArray[np.float64]) -> Packed:
    """Points or polygons of one ring, by their corners of shape ``(n, corners, 2)``."""
    from spatialdata.models.packed import PackedPoints

    count, each, _ = corners.shape
    flat = corners.reshape(-1, 2)
    return PackedPoints(flat) if each == 1 else _packed_rings(flat, np.arange(count + 1) * each)


def _packed_rings(corners: NDArray[np.float64], start: NDArray[np.int64]) -> Packed:
    """Polygons of one ring each."""
    from spatialdata.kernels.polygons import Polygons
    from spatialdata.models.packed import PackedPolygons

    count = len(start) - 1
    polygons = Polygons(corners, start, np.arange(count + 1), np.zeros(count, dtype=np.bool_))
    return PackedPolygons(polygons, np.full(count, _POLYGON, dtype=np.int8))


def _rows(column: pa.ChunkedArray) -> list[Rows] | None:
    """The bytes of a column; None if a row is missing."""
    import pyarrow as pa

    large = pa.types.is_large_binary(column.type)
    if column.null_count or not (large or pa.types.is_binary(column.type)):
        return None
    found = []
    for chunk in column.chunks:
        if not len(chunk):
            continue
        _, places, content = chunk.buffers()
        wide = np.frombuffer(places, dtype=np.int64 if large else np.int32)
        offsets = wide[chunk.offset : chunk.offset + len(chunk) + 1].astype(np.int64)
        data = np.frombuffer(content, dtype=np.uint8)
        # Compiled code is made for what is never written to.
        data.flags.writeable = False
        found.append(Rows(data, offsets[:-1], offsets[1:]))
    return found
