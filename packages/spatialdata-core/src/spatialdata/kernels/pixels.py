"""Points put onto pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_into", "pixels_of", "pixels_of_plane"]


@compiled
def pixels_of(
    columns: tuple[NDArray[np.float64], ...],
    linear: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.int64],
) -> tuple[NDArray[np.int64], int, int]:
    """The pixel that each point lies on, numbered in the order of memory; -1 for points beside the grid.

    Parameters
    ----------
    columns
        The coordinates, an array for each axis.
    linear, offset
        The map to pixel coordinates, of shapes ``(axes of the grid, axes)`` and ``(axes of the grid,)``.
    shape
        The number of pixels along each axis of the grid.

    Returns
    -------
    The pixels; and the first and the last of them that a point lies on, or 0 and -1 if there is none.
    """
    pixel = np.empty(len(columns[0]), np.int64)
    first, last = np.iinfo(np.int64).max, -1
    for number in range(len(pixel)):
        place = 0
        for axis in range(len(shape)):
            position = offset[axis]
            for other in range(len(columns)):
                position += linear[axis, other] * columns[other][number]
            if not 0 <= position < shape[axis]:
                place = -1
                break
            place = place * shape[axis] + int(position)
        pixel[number] = place
        if place >= 0:
            first, last = min(first, place), max(last, place)
    return pixel, first if last >= 0 else 0, last


@compiled
def pixels_of_plane(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    linear: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.int64],
) -> tuple[NDArray[np.int32], int, int]:
    """The same as :func:`pixels_of` for two axes and less than 2**31 pixels, several points in one step."""
    pixel = np.empty(len(x), np.int32)
    height, width, row_length = shape[0], shape[1], np.int32(shape[1])
    beside, none = np.int32(-1), np.int32(np.iinfo(np.int32).max)
    first, last = none, beside
    for number in range(len(pixel)):
        row = offset[0] + linear[0, 0] * x[number] + linear[0, 1] * y[number]
        column = offset[1] + linear[1, 0] * x[number] + linear[1, 1] * y[number]
        # Both sides of every comparison are looked at, so that nothing here is a jump.
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        place = np.int32(row) * row_length + np.int32(column) if inside else beside
        pixel[number] = place
        last = max(last, place)
        first = min(first, place if inside else none)
    return pixel, int(first) if last >= 0 else 0, int(last)


@compiled
def count_into(count: NDArray[np.uint32], pixel: NDArray[np.int64] | NDArray[np.int32], start: int) -> None:
    """Add 1 to the count of each pixel, as often as it occurs; counts begin with that of the pixel ``start``.

    What is no pixel, and told by -1, does not count.
    """
    for number in range(len(pixel)):
        if pixel[number] >= 0:
            count[pixel[number] - start] += np.uint32(1)
