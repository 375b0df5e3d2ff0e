"""Squares of 2 x 2 pixels averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["halve_planes"]


@compiled
def halve_planes(pixels: NDArray[Any], halved: NDArray[Any]) -> None:
    """Fill ``halved`` with the means of squares of pixels, rounded to the nearest whole number, half to even.

    Parameters
    ----------
    pixels
        Array of shape ``(planes, 2 * height, 2 * width)`` of unsigned integers of at most 16 bits.
    halved
        Array of the same type and of shape ``(planes, height, width)``.
    """
    for plane in range(halved.shape[0]):
        for row in range(halved.shape[1]):
            upper, lower = pixels[plane, 2 * row], pixels[plane, 2 * row + 1]
            into = halved[plane, row]
            for column in range(len(into)):
                total = (
                    np.int32(upper[2 * column])
                    + np.int32(upper[2 * column + 1])
                    + np.int32(lower[2 * column])
                    + np.int32(lower[2 * column + 1])
                )
                into[column] = (total + 1 + ((total >> 2) & 1)) >> 2
