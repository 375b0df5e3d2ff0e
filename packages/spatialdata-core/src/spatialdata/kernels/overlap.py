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
from spatialdata.kernels.edges import rings_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


def profiles_of(polygons: NDArray[Any]) -> Profiles:
    """The edges of valid shapely Polygons and MultiPolygons, whatever the direction of their rings."""
    import shapely

    coordinates, ring, polygon, is_hole = rings_of(np.asarray(polygons, dtype=object))
    first = np.flatnonzero(ring[1:] == ring[:-1])
    x, y = coordinates.T
    # The sums of trapezoids are relative to the first corner of a ring, which keeps their digits.
    corner = y[np.flatnonzero(np.diff(ring, prepend=-1))] if len(ring) else y
    trapezoids = (x[first] - x[first + 1]) * (y[first] + y[first + 1] - 2 * corner[ring[first]])
    counter_clockwise = np.bincount(ring[first], weights=trapezoids, minlength=len(is_hole)) > 0
    outward = np.where(counter_clockwise != is_hole, 1.0, -1.0)
    first = first[x[first] != x[first + 1]]
    a, b = coordinates[first], coordinates[first + 1]
    leftwards = a[:, 0] > b[:, 0]
    low, high = np.where(leftwards[:, None], b, a), np.where(leftwards[:, None], a, b)
    owner = polygon[first]
    start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(polygons)))]).astype(np.int64)
    return Profiles(
        np.ascontiguousarray(low[:, 0]),
        np.ascontiguousarray(high[:, 0]),
        np.ascontiguousarray(low[:, 1]),
        (high[:, 1] - low[:, 1]) / (high[:, 0] - low[:, 0]),
        np.where(leftwards, 1.0, -1.0) * outward[ring[first]],
        start,
        np.asarray(shapely.bounds(polygons), dtype=np.float64).reshape(-1, 4),
    )


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
