"""Areas, perimeters, centres and second moments of polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["moments_of_rings"]


@compiled
def moments_of_rings(
    coordinates: NDArray[np.float64],
    start: NDArray[np.int64],
    first_ring: NDArray[np.int64],
    is_hole: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What polygons weigh, exact up to rounding, whichever way their rings run.

    The parameters are the fields of :class:`spatialdata.kernels.polygons.Polygons`.

    Returns
    -------
    Areas and perimeters of shape ``(n,)``, centres of gravity of shape ``(n, 2)``, and central second moments of shape
    ``(n, 2, 2)``, which are divided by the area; the last two are nan without an area.
    """
    size = len(first_ring) - 1
    areas, perimeters = np.zeros(size), np.zeros(size)
    centres, moments = np.full((size, 2), np.nan), np.full((size, 2, 2), np.nan)
    for number in range(size):
        # All is relative to the middle of the corners, which keeps the digits of small polygons far from the origin.
        first, last = start[first_ring[number]], start[first_ring[number + 1]]
        if first == last:
            continue
        base_x, base_y = coordinates[first:last, 0].mean(), coordinates[first:last, 1].mean()
        area, mx, my, xx, xy, yy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for ring in range(first_ring[number], first_ring[number + 1]):
            twice, rx, ry, rxx, rxy, ryy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for at in range(start[ring], start[ring + 1] - 1):
                x0, y0 = coordinates[at, 0] - base_x, coordinates[at, 1] - base_y
                x1, y1 = coordinates[at + 1, 0] - base_x, coordinates[at + 1, 1] - base_y
                perimeters[number] += np.hypot(x1 - x0, y1 - y0)
                cross = x0 * y1 - x1 * y0
                twice += cross
                rx += cross * (x0 + x1)
                ry += cross * (y0 + y1)
                rxx += cross * (x0 * x0 + x0 * x1 + x1 * x1)
                ryy += cross * (y0 * y0 + y0 * y1 + y1 * y1)
                rxy += cross * (x0 * y1 + 2 * x0 * y0 + 2 * x1 * y1 + x1 * y0)
            sign = 1.0 if (twice > 0) != is_hole[ring] else -1.0
            area += sign * twice / 2
            mx, my = mx + sign * rx / 6, my + sign * ry / 6
            xx, yy, xy = xx + sign * rxx / 12, yy + sign * ryy / 12, xy + sign * rxy / 24
        areas[number] = area
        if area > 0:
            x, y = mx / area, my / area
            centres[number, 0], centres[number, 1] = base_x + x, base_y + y
            moments[number, 0, 0], moments[number, 1, 1] = xx / area - x * x, yy / area - y * y
            moments[number, 0, 1] = moments[number, 1, 0] = xy / area - x * y
    return areas, perimeters, centres, moments
