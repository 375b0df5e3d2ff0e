"""Which regions the centres of the pixels of a block lie in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.ops.pairs import Locator
    from spatialdata.regions.project import Projection

__all__ = ["located", "reaches"]

_PIXELS_AT_ONCE = 1_000_000


def reaches(projection: Projection, locate: Locator, corner: Sequence[int], sizes: Sequence[int]) -> bool:
    """Whether regions may lie on a block.

    Parameters
    ----------
    projection
        The map from pixels, as x, y, to the coordinates of the regions.
    locate
        Finds the regions.
    corner, sizes
        The first pixel of the block and its shape, as y, x.
    """
    lower, upper = locate.bounds()
    start = np.array(corner, dtype=np.float64)[::-1]
    low, high = projection.box(start, start + np.array(sizes, dtype=np.float64)[::-1])
    return bool((low <= upper).all() and (high >= lower).all() and (lower <= upper).all())


def located(
    projection: Projection, locate: Locator, shape: tuple[int, ...], corner: Sequence[int]
) -> Iterator[tuple[slice, NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]]:
    """Strips of the rows of a block; for each the pairs of a region and a pixel of the strip.

    Parameters
    ----------
    projection, locate
        As for :func:`reaches`.
    shape, corner
        The shape of the block and its first pixel, as y, x.

    Yields
    ------
    The rows of the strip, and for each pair the number of the region and the row and column in the strip.
    """
    height, width = shape
    step = max(_PIXELS_AT_ONCE // max(width, 1), 1)
    for first in range(0, height, step):
        rows = slice(first, min(first + step, height))
        centre_y, centre_x = np.meshgrid(
            corner[0] + np.arange(rows.start, rows.stop) + 0.5, corner[1] + np.arange(width) + 0.5, indexing="ij"
        )
        mapped = projection(np.column_stack([centre_x.ravel(), centre_y.ravel()]))
        x, y = np.ascontiguousarray(mapped.T)
        pixel, region = locate(x, y)
        row, column = np.divmod(pixel.astype(np.int64), max(width, 1))
        yield rows, region, row, column
