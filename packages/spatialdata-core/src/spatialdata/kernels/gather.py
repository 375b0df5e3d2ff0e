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
    source: NDArray[Any], linear: NDArray[np.float64], offset: NDArray[np.float64], result: NDArray[Any]
) -> None:
    """Give every pixel of the result the pixel of the source that its centre falls into.

    Parameters
    ----------
    source
        Array of shape ``(channels, depth, height, width)``.
    linear, offset
        From indices of the result to pixel coordinates of the source, both over z, y, x: shapes ``(3, 3)`` and
        ``(3,)``. The offset holds the half pixels, too.
    result
        Array of shape ``(channels, depth, height, width)`` and of the dtype of the source, filled with 0. Pixels that
        fall outside of the source are left as they are.
    """
    channels, deep, high, wide = source.shape
    for k in range(result.shape[1]):
        for j in range(result.shape[2]):
            for i in range(result.shape[3]):
                z = math.floor(linear[0, 0] * k + linear[0, 1] * j + linear[0, 2] * i + offset[0])
                y = math.floor(linear[1, 0] * k + linear[1, 1] * j + linear[1, 2] * i + offset[1])
                x = math.floor(linear[2, 0] * k + linear[2, 1] * j + linear[2, 2] * i + offset[2])
                if 0 <= z < deep and 0 <= y < high and 0 <= x < wide:
                    for channel in range(channels):
                        result[channel, k, j, i] = source[channel, z, y, x]
