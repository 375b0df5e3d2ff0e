"""Areas that pairs of polygons share.

The area under an edge, down to some line, counts positive for edges above the polygon and negative for those below;
so the indicator of a polygon is a signed sum over its edges. The area of the intersection of two polygons is then a
signed sum, over pairs of their edges, of the area under both: the integral of the lesser of two linear functions. No
point of intersection decides anything, so that shared, collinear and touching edges are no special cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.polygons import bounds_of_polygons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.kernels.polygons import Polygons

__all__ = ["Profiles", "profiles_of", "shared_areas_of_profiles"]


class Profiles(NamedTuple):
    """The edges of polygons that are not vertical, each from left to right.

    Attributes
    ----------
    left, right
        The x of both ends.
    height
        The y of the left end.
    slope
        The rise for each unit of x.
    sign
        1 for edges above the inside, -1 for edges below it.
    start
        Array of shape ``(polygons + 1,)``: where the edges of each polygon start.
    bounds
        Array of shape ``(polygons, 4)``: x_min, y_min, x_max, y_max.
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    height: NDArray[np.float64]
    slope: NDArray[np.float64]
    sign: NDArray[np.float64]
    start: NDArray[np.int64]
    bounds: NDArray[np.float64]


def profiles_of(polygons: Polygons) -> Profiles:
    """The edges of valid polygons, whatever the direction of their rings."""
    left, right, height, slope, sign, start = _edges_of(*polygons)
    return Profiles(left, right, height, slope, sign, start, bounds_of_polygons(polygons))


@compiled
def _edges_of(
    coordinates: NDArray[np.float64],
    begin: NDArray[np.int64],
    first_ring: NDArray[np.int64],
    is_hole: NDArray[np.bool_],
) -> tuple[Any, ...]:
    """The first six fields of :class:`Profiles`."""
    left, right, height = np.empty(len(coordinates)), np.empty(len(coordinates)), np.empty(len(coordinates))
    slope, sign = np.empty(len(coordinates)), np.empty(len(coordinates))
    start = np.zeros(len(first_ring), dtype=np.int64)
    filled = 0
    for polygon in range(len(first_ring) - 1):
        for ring in range(first_ring[polygon], first_ring[polygon + 1]):
            first, last = begin[ring], begin[ring + 1] - 1
            if last < first:
                continue
            # The sum of trapezoids is relative to the first corner, which keeps its digits.
            twice, corner = 0.0, coordinates[first, 1]
            for at in range(first, last):
                x1, y1, x2, y2 = coordinates[at, 0], coordinates[at, 1], coordinates[at + 1, 0], coordinates[at + 1, 1]
                twice += (x1 - x2) * (y1 + y2 - 2 * corner)
            outward = 1.0 if (twice > 0) != is_hole[ring] else -1.0
            for at in range(first, last):
                x1, y1, x2, y2 = coordinates[at, 0], coordinates[at, 1], coordinates[at + 1, 0], coordinates[at + 1, 1]
                if x1 == x2:
                    continue
                left[filled], right[filled] = min(x1, x2), max(x1, x2)
                height[filled] = y2 if x1 > x2 else y1
                slope[filled] = (y2 - y1) / (x2 - x1)
                sign[filled] = outward if x1 > x2 else -outward
                filled += 1
        start[polygon + 1] = filled
    return (
        left[:filled].copy(), right[:filled].copy(), height[:filled].copy(),
        slope[:filled].copy(), sign[:filled].copy(), start,
    )  # fmt: skip


@compiled
def _under_both(p: float, q: float, r: float, s: float, width: float) -> float:
    """The area under the lesser of two lines, which run from p to q and from r to s."""
    before, after = p - r, q - s
    if (before <= 0 and after <= 0) or (before >= 0 and after >= 0):
        return 0.5 * width * (min(p, r) + min(q, s))
    share = before / (before - after)
    middle = p + share * (q - p)
    return 0.5 * width * (share * (min(p, r) + middle) + (1 - share) * (middle + min(q, s)))


@compiled
def _shared(a: tuple[Any, ...], b: tuple[Any, ...], first: int, second: int) -> float:
    left_a, right_a, height_a, slope_a, sign_a, start_a, bounds_a = a
    left_b, right_b, height_b, slope_b, sign_b, start_b, bounds_b = b
    low = max(bounds_a[first, 0], bounds_b[second, 0])
    high = min(bounds_a[first, 2], bounds_b[second, 2])
    base = min(bounds_a[first, 1], bounds_b[second, 1])
    total = 0.0
    for i in range(start_a[first], start_a[first + 1]):
        if left_a[i] >= high or right_a[i] <= low:
            continue
        for j in range(start_b[second], start_b[second + 1]):
            left, right = max(left_a[i], left_b[j]), min(right_a[i], right_b[j])
            if left >= right:
                continue
            p = height_a[i] - base + (left - left_a[i]) * slope_a[i]
            q = height_a[i] - base + (right - left_a[i]) * slope_a[i]
            r = height_b[j] - base + (left - left_b[j]) * slope_b[j]
            s = height_b[j] - base + (right - left_b[j]) * slope_b[j]
            total += sign_a[i] * sign_b[j] * _under_both(p, q, r, s, right - left)
    return total


@compiled
def shared_areas_of_profiles(
    a: tuple[Any, ...], b: tuple[Any, ...], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The area shared by each pair of polygons.

    Parameters
    ----------
    a, b
        The fields of :class:`Profiles` as plain tuples.
    first, second
        The numbers of the polygons of each pair.
    """
    areas = np.empty(len(first))
    for pair in range(len(first)):
        areas[pair] = _shared(a, b, first[pair], second[pair])
    return areas
