"""Well-known binary of points and of polygons of one ring, taken apart without compiled code.

Rows of one length are an array of records, so that nothing has to go from row to row. Read are flat geometries with
the least byte first, as nearly all files hold them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Rows", "corners_of_rows", "rings_of_rows"]

_POINT, _POLYGON = 1, 3
_BYTES_OF_POINT = 21
_HEADER = 13
_CORNER = 16
_LEAST_CORNERS = 4
# With more lengths among so many rows, going from row to row takes less time.
_MOST_LENGTHS, _AT_ONCE = 128, 8192


class Rows(NamedTuple):
    """Rows of bytes.

    Attributes
    ----------
    data
        The bytes of all rows, and perhaps others.
    begin, end
        Arrays of shape ``(n,)``: where the bytes of each row start and end, in bytes.
    """

    data: NDArray[np.uint8]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]


def corners_of_rows(rows: Rows) -> NDArray[np.float64] | None:
    """The corners of rows that are all points, or all polygons of one ring with the same number of corners.

    Parameters
    ----------
    rows
        The rows, of which there are some.

    Returns
    -------
    Array of shape ``(n, corners, 2)``; one corner for points. None if a row is anything else, is as long as none of the
    others, not closed, or without finite coordinates.

    Examples
    --------
    >>> import shapely
    >>> data = np.frombuffer(shapely.to_wkb(shapely.Point(1, 2)), dtype=np.uint8)
    >>> corners_of_rows(Rows(data, np.array([0]), np.array([len(data)]))).tolist()
    [[[1.0, 2.0]]]
    """
    size = int(rows.end[0] - rows.begin[0])
    if (rows.end - rows.begin != size).any():
        return None
    return _corners(rows.data, rows.begin, size)


def rings_of_rows(
    pieces: Sequence[Rows], order: NDArray[np.intp] | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """The corners of polygons of one ring each, one after another.

    Parameters
    ----------
    pieces
        The rows.
    order
        The numbers of the rows, counted through all pieces, in the order that is wanted; as they are if None.

    Returns
    -------
    Array of shape ``(corners, 2)``, and one of shape ``(n + 1,)`` with the places where the rings start. None if a row
    is anything else, not closed or without finite coordinates; or if there are very many different lengths, so that
    this would take long.

    Examples
    --------
    >>> import shapely
    >>> data = np.frombuffer(shapely.to_wkb(shapely.box(0, 0, 2, 1)), dtype=np.uint8)
    >>> rings_of_rows([Rows(data, np.array([0]), np.array([len(data)]))], None)[1].tolist()
    [0, 5]
    """
    lengths = np.concatenate([piece.end - piece.begin for piece in pieces])
    if (lengths < _HEADER + _LEAST_CORNERS * _CORNER).any() or ((lengths - _HEADER) % _CORNER != 0).any():
        return None
    counts = (lengths - _HEADER) // _CORNER
    start = np.concatenate([[0], np.cumsum(counts if order is None else counts[order])])
    place = start[:-1]
    if order is not None:
        place = np.empty_like(start[:-1])
        place[order] = start[:-1]
    target, first = np.empty((int(start[-1]), 2)), 0
    for piece in pieces:
        for at in range(0, len(piece.begin), _AT_ONCE):
            some = slice(at, at + _AT_ONCE)
            part = Rows(piece.data, piece.begin[some], piece.end[some])
            if not _fill(target, place[first : first + len(part.begin)], part):
                return None
            first += len(part.begin)
    return target, start


def _fill(target: NDArray[np.float64], place: NDArray[np.int64], rows: Rows) -> bool:
    """Copy the corners of rows to where each has its place; whether all could be."""
    lengths = rows.end - rows.begin
    by_length = np.argsort(lengths, kind="stable")
    sizes, firsts = np.unique(lengths[by_length], return_index=True)
    if len(sizes) > _MOST_LENGTHS:
        return False
    for size, own in zip(sizes.tolist(), np.split(by_length, firsts[1:]), strict=True):
        corners = _corners(rows.data, rows.begin[own], size)
        if corners is None:
            return False
        _overlapping(target, size - _HEADER, _CORNER)[place[own]] = corners.reshape(len(own), -1).view(
            f"V{size - _HEADER}"
        )[:, 0]
    return True


def _corners(data: NDArray[np.uint8], begin: NDArray[np.int64], size: int) -> NDArray[np.float64] | None:
    """The corners of rows of one length, of shape ``(n, corners, 2)``; None if they are not as they should be."""
    head = [("order", "u1"), ("kind", "<u4")]
    if size == _BYTES_OF_POINT:
        corners, expected = 1, {"order": 1, "kind": _POINT}
    else:
        head += [("rings", "<u4"), ("corners", "<u4")]
        corners = (size - _HEADER) // _CORNER
        expected = {"order": 1, "kind": _POLYGON, "rings": 1, "corners": corners}
        if corners < _LEAST_CORNERS or size != _HEADER + corners * _CORNER:
            return None
    records = _records(data, begin, size).view([*head, ("xy", "<f8", (corners, 2))])
    if any((records[name] != value).any() for name, value in expected.items()):
        return None
    found = np.array(records["xy"], dtype=np.float64)
    closed = corners == 1 or bool((found[:, 0] == found[:, -1]).all())
    return found if closed and np.isfinite(found).all() else None


def _records(data: NDArray[np.uint8], begin: NDArray[np.int64], size: int) -> NDArray[Any]:
    """Rows of one length as an array of records of that many bytes."""
    first, last = int(begin[0]), int(begin[-1]) + size
    if last - first == size * len(begin) and (np.diff(begin) == size).all():
        return data[first:last].view(f"V{size}")
    return _overlapping(data, size, 1)[begin]


def _overlapping(array: NDArray[Any], size: int, step: int) -> NDArray[Any]:
    """The records of some bytes that begin at every step of an array, without copying."""
    count = (array.nbytes - size) // step + 1
    return np.ndarray((count,), dtype=f"V{size}", buffer=array, strides=(step,))
