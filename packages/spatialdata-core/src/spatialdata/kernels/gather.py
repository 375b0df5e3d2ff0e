"""Pixels pulled through an affine map, compiled.

Values are only moved, never computed with, so that pixels are handled as unsigned integers of the same size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["gather_affine"]


@compiled
def gather_affine(
    source: NDArray[Any],
    linear: NDArray[np.float64],
    offset: NDArray[np.float64],
    bounds: NDArray[np.float64],
    result: NDArray[Any],
) -> None:
    """Give every pixel of the result the pixel of the source that its centre falls into.

    Parameters
    ----------
    source
        Array of shape ``(channels, depth, height, width)``.
    linear, offset
        From indices of the result to pixel coordinates of the source, both over z, y, x: shapes ``(3, 3)`` and
        ``(3,)``. The offset holds the half pixels, too.
    bounds
        Pixel coordinates of the source from which on, and up to which, places count; shape ``(2, 3)``. Those beside
        its pixels get the nearest one.
    result
        Array of shape ``(channels, depth, height, width)`` and of the dtype of the source, filled with 0. Pixels that
        fall out of the bounds are left as they are.
    """
    channels, deep, high, wide = source.shape
    for k in range(result.shape[1]):
        for j in range(result.shape[2]):
            for i in range(result.shape[3]):
                z = linear[0, 0] * k + linear[0, 1] * j + linear[0, 2] * i + offset[0]
                y = linear[1, 0] * k + linear[1, 1] * j + linear[1, 2] * i + offset[1]
                x = linear[2, 0] * k + linear[2, 1] * j + linear[2, 2] * i + offset[2]
                if (
                    bounds[0, 0] <= z < bounds[1, 0]
                    and bounds[0, 1] <= y < bounds[1, 1]
                    and bounds[0, 2] <= x < bounds[1, 2]
                ):
                    plane = min(max(math.floor(z), 0), deep - 1)
                    row = min(max(math.floor(y), 0), high - 1)
                    column = min(max(math.floor(x), 0), wide - 1)
                    for channel in range(channels):
                        result[channel, k, j, i] = source[channel, plane, row, column]
