"""Outlines as well-known binary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HEADER", "fill_polygons"]

HEADER = 13
_CORNER = 16


@compiled
def fill_polygons(
    corners: NDArray[np.uint8], starts: NDArray[np.int64], rows: NDArray[np.int64], into: NDArray[np.uint8]
) -> None:
    """Write polygons of one ring behind each other.

    Parameters
    ----------
    corners
        The bytes of x and y of all corners, the least significant first. Each ring ends with its first corner.
    starts
        Where the rings begin, in corners, and the end of the last.
    rows
        The polygons to write, in this order.
    into
        The bytes: for each polygon a header of 13 and 16 for each corner.
    """
    place = 0
    for row in rows:
        first, stop = starts[row], starts[row + 1]
        count = stop - first
        into[place : place + HEADER] = 0
        into[place], into[place + 1], into[place + 5] = 1, 3, 1
        for byte in range(4):
            into[place + 9 + byte] = (count >> (8 * byte)) & 255
        place += HEADER
        size = count * _CORNER
        into[place : place + size] = corners[first * _CORNER : stop * _CORNER]
        place += size
