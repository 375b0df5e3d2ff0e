"""The pixels under polygons and circles, row by row.

A pixel belongs to a figure if its centre does. Of the border of polygons, the part towards lower coordinates counts, so
that polygons which tile the plane share no pixel and leave none out; the border of circles counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.models.scanlines import Scanlines

if TYPE_CHECKING:
    from spatialdata.kernels.polygons import Polygons
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Scanlines", "circle_scanlines", "polygon_scanlines"]

_HALF = 0.5


def polygon_scanlines(polygons: Polygons, linear: FloatArray, offset: FloatArray, height: int, width: int) -> Scanlines:
    """The pixels under polygons.

    Parameters
    ----------
    polygons
        The polygons.
    linear, offset
        The map from their coordinates x, y to pixels, which come as y, x.
    height, width
        The number of pixels.
    """
    from spatialdata.kernels.scanlines import mapped, polygon_runs

    yx = mapped(polygons.coordinates, np.ascontiguousarray(linear), np.ascontiguousarray(offset))
    return Scanlines(*polygon_runs(yx, polygons.start, polygons.first_ring, height, width))


def circle_scanlines(
    centres: FloatArray, radii: FloatArray, linear: FloatArray, offset: FloatArray, height: int, width: int
) -> Scanlines:
    """The pixels under circles, which the map may turn into ellipses.

    Parameters
    ----------
    centres
        Array of shape ``(n, 2)`` of x, y.
    radii
        Array of shape ``(n,)``.
    linear, offset
        The map from these coordinates to pixels, which come as y, x.
    height, width
        The number of pixels.
    """
    cy, cx = (centres @ linear.T + offset).T
    (yy, xy), (_, xx) = linear @ linear.T
    reach = radii * np.sqrt(yy)
    first = np.clip(np.ceil(cy - reach - _HALF), 0, height).astype(np.int64)
    last = np.clip(np.floor(cy + reach - _HALF) + 1, 0, height).astype(np.int64)
    count = np.maximum(last - first, 0)
    figure = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(figure)) - np.repeat(np.cumsum(count) - count, count) + first[figure]
    dy = row + _HALF - cy[figure]
    middle = cx[figure] + dy * (xy / yy)
    remaining = np.maximum(radii[figure] ** 2 - dy**2 / yy, 0)
    half = np.sqrt(remaining * max(xx - xy**2 / yy, 0.0))
    start = np.clip(np.ceil(middle - half - _HALF), -1, np.iinfo(np.int32).max).astype(np.int64)
    stop = np.clip(np.floor(middle + half - _HALF) + 1, -1, np.iinfo(np.int32).max).astype(np.int64)
    return Scanlines(figure, row, start, stop).within(width)
