"""Geometries as well-known binary in Arrow arrays, in the order that a file has them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["SOLID", "geometry_bytes", "kinds_of"]

_POINT, _POLYGON = 0, 3
# What the number of a kind is larger by where geometries have a z.
SOLID = 8
_CORNER_BYTES = 16
# Putting fewer together is left to GEOS, and so are fewer polygons where compiled code would have to be loaded first.
_SEVERAL, _MANY = 2**13, 2**19
# The offsets within one array have 32 bits.
_MOST_BYTES = 2**30


def kinds_of(geometries: NDArray[Any]) -> list[int]:
    """The numbers of the kinds of geometries as shapely has them, larger by :data:`SOLID` where they have a z.

    Examples
    --------
    >>> import shapely
    >>> kinds_of(shapely.points([[0.0, 0.0], [3.0, 4.0]]))
    [0]
    """
    import shapely

    found = shapely.get_type_id(geometries) + SOLID * shapely.has_z(geometries)
    return [int(kind) for kind in np.flatnonzero(np.bincount(found[found >= 0]))] + [-1] * bool((found < 0).any())


def geometry_bytes(
    geometries: NDArray[Any], kinds: Sequence[int], rows: NDArray[np.int64] | None = None
) -> pa.ChunkedArray:
    """Geometries as well-known binary.

    Many points and many polygons without holes are put together from their coordinates, which takes a third of the
    time that GEOS takes for geometries that lie anywhere in memory.

    Parameters
    ----------
    geometries
        The geometries, as an array of objects.
    kinds
        Their kinds; see :func:`kinds_of`.
    rows
        The rows that are wanted, in their order; all if not given.

    Returns
    -------
    The array, of the type ``binary``, without a value where a geometry is missing.

    Examples
    --------
    >>> import shapely
    >>> points = shapely.points([[0.0, 0.0], [3.0, 4.0]])
    >>> found = geometry_bytes(points, kinds_of(points), np.array([1]))
    >>> shapely.from_wkb(found[0].as_py())
    <POINT (3 4)>
    """
    import pyarrow as pa

    rows = np.arange(len(geometries)) if rows is None else rows
    pieces = _simple(geometries, kinds, rows) if len(rows) >= _SEVERAL else None
    return pa.chunked_array(_by_geos(geometries, rows) if pieces is None else pieces, pa.binary())


def _by_geos(geometries: NDArray[Any], rows: NDArray[np.int64]) -> list[pa.Array]:
    import pyarrow as pa
    import shapely

    found = pa.array(shapely.to_wkb(geometries, flavor="iso")[rows], pa.binary())
    return list(found.chunks) if isinstance(found, pa.ChunkedArray) else [found]


def _simple(geometries: NDArray[Any], kinds: Sequence[int], rows: NDArray[np.int64]) -> Iterator[pa.Array] | None:
    """The bytes of points, or of polygons of one ring; None for anything else."""
    import shapely

    if list(kinds) not in ([_POINT], [_POLYGON]) or _have_measures(geometries):
        return None
    if kinds[0] == _POLYGON and len(rows) < _MANY and "numba" not in sys.modules:
        return None
    counts = shapely.get_num_coordinates(geometries)
    if not counts.all() or (kinds[0] == _POLYGON and shapely.get_num_interior_rings(geometries).any()):
        return None
    corners = shapely.get_coordinates(geometries).astype("<f8", copy=False)
    return _points(corners[rows]) if kinds[0] == _POINT else _polygons(corners, counts, rows)


def _have_measures(geometries: NDArray[Any]) -> bool:
    """Whether a geometry has a fourth number at its corners, which old versions of shapely do not know."""
    import shapely

    return hasattr(shapely, "has_m") and bool(shapely.has_m(geometries).any())


def _points(places: NDArray[np.float64]) -> Iterator[pa.Array]:
    made = np.empty(len(places), dtype=[("order", "u1"), ("kind", "<u4"), ("xy", "<f8", 2)])
    made["order"], made["kind"], made["xy"] = 1, 1, places
    size = made.dtype.itemsize
    step = _MOST_BYTES // size
    for start in range(0, len(made), step):
        part = made[start : start + step]
        yield _binary(np.arange(len(part) + 1) * size, part)


def _polygons(corners: NDArray[np.float64], counts: NDArray[np.int64], rows: NDArray[np.int64]) -> Iterator[pa.Array]:
    from spatialdata.kernels.wkb import HEADER, fill_polygons

    starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    ends = np.concatenate([[0], np.cumsum(HEADER + _CORNER_BYTES * counts[rows].astype(np.int64))])
    plain = corners.reshape(-1).view(np.uint8)
    for first, stop in pairwise(_cuts(ends)):
        into = np.empty(ends[stop] - ends[first], dtype=np.uint8)
        fill_polygons(plain, starts, rows[first:stop], into)
        yield _binary(ends[first : stop + 1] - ends[first], into)


def _cuts(ends: NDArray[np.int64]) -> list[int]:
    """The rows between which bytes are cut into pieces of bounded size; one that is larger is a piece of its own."""
    cuts = [0]
    while cuts[-1] < len(ends) - 1:
        reached = int(np.searchsorted(ends, ends[cuts[-1]] + _MOST_BYTES, side="right")) - 1
        cuts.append(max(reached, cuts[-1] + 1))
    return cuts


def _binary(offsets: NDArray[np.int64], plain: NDArray[Any]) -> pa.Array:
    import pyarrow as pa

    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(plain)]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)
