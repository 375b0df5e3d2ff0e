"""Points put onto pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_into", "pixels_of"]


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
def count_into(count: NDArray[np.uint32], pixel: NDArray[np.int64], start: int) -> None:
    """Add 1 to the count of each pixel, as often as it occurs; counts begin with that of the pixel ``start``.

    What is no pixel, and told by -1, does not count.
    """
    for number in range(len(pixel)):
        if pixel[number] >= 0:
            count[pixel[number] - start] += np.uint32(1)
