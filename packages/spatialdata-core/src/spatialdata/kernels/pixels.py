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
    coordinates: NDArray[np.float64],
    linear: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The pixel that each point lies on, numbered in the order of memory; -1 for points beside the grid.

    Parameters
    ----------
    coordinates
        Array of shape ``(axes, n)``.
    linear, offset
        The map to pixel coordinates, of shapes ``(axes of the grid, axes)`` and ``(axes of the grid,)``.
    shape
        The number of pixels along each axis of the grid.
    """
    pixel = np.empty(coordinates.shape[1], np.int64)
    for number in range(coordinates.shape[1]):
        place = 0
        for axis in range(len(shape)):
            position = offset[axis]
            for other in range(coordinates.shape[0]):
                position += linear[axis, other] * coordinates[other, number]
            if not 0 <= position < shape[axis]:
                place = -1
                break
            place = place * shape[axis] + int(position)
        pixel[number] = place
    return pixel


@compiled
def count_into(count: NDArray[np.uint32], pixel: NDArray[np.int64]) -> None:
    """Add 1 to the count of each pixel, as often as it occurs."""
    for number in range(len(pixel)):
        count[pixel[number]] += np.uint32(1)
