"""Exact areas of what circles share with polygons and with each other.

By Green's theorem the area of a region is an integral along its border. For a disc and a polygon the border
consists of the pieces of the polygon's edges that lie inside the disc, and of arcs seen under the pieces that lie
outside; each has a closed form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["circle_circle_area", "circle_polygon_area"]

_COORDINATES_AT_ONCE = 2_000_000


def circle_polygon_area(centres: FloatArray, radii: FloatArray, polygons: NDArray[Any]) -> FloatArray:
    """The area that each circle shares with the polygon of the same row.

    Parameters
    ----------
    centres
        Array of shape ``(n, 2)``.
    radii
        Array of shape ``(n,)``.
    polygons
        Array of n valid shapely Polygons or MultiPolygons, with holes or without, whatever the direction of their
        rings.

    Returns
    -------
    Array of shape ``(n,)``, in the square of the units of the coordinates.
    """
    import shapely

    areas = np.zeros(len(radii))
    ends = np.cumsum(shapely.get_num_coordinates(polygons))
    start = 0
    while start < len(areas):
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + _COORDINATES_AT_ONCE)), start + 1)
        rows = slice(start, stop)
        areas[rows] = _areas(centres[rows], radii[rows], polygons[rows])
        start = stop
    return np.clip(areas, 0.0, np.pi * radii**2)


def _areas(centres: FloatArray, radii: FloatArray, polygons: NDArray[Any]) -> FloatArray:
    import shapely

    parts, owner_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    owner = owner_of_part[part_of_ring]
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = ring[1:] == ring[:-1]
    ring = ring[1:][is_edge]
    relative_to = centres[owner[ring]]
    a = coordinates[:-1][is_edge] - relative_to
    b = coordinates[1:][is_edge] - relative_to
    turn = np.bincount(ring, weights=_cross(a, b), minlength=len(rings))
    is_shell = (
        np.concatenate([[True], part_of_ring[1:] != part_of_ring[:-1]]) if len(rings) else np.zeros(0, dtype=bool)
    )
    sign = np.where(is_shell, 1.0, -1.0) * np.sign(turn)
    pieces = _edge_areas(a, b, radii[owner[ring]]) * sign[ring]
    return np.bincount(owner[ring], weights=pieces, minlength=len(radii)).astype(np.float64)


def _edge_areas(a: FloatArray, b: FloatArray, radius: FloatArray) -> FloatArray:
    """The signed area between the origin and each edge from a to b, cut at the circle around the origin."""
    step = b - a
    square = (step**2).sum(axis=1)
    half = (a * step).sum(axis=1)
    rest = (a**2).sum(axis=1) - radius**2
    discriminant = half**2 - square * rest
    meets = (discriminant > 0) & (square > 0)
    root = np.sqrt(np.where(meets, discriminant, 0.0))
    divisor = np.where(meets, square, 1.0)
    enter = np.where(meets, np.clip((-half - root) / divisor, 0.0, 1.0), 0.0)
    leave = np.where(meets, np.clip((-half + root) / divisor, 0.0, 1.0), 0.0)
    p = a + enter[:, None] * step
    q = a + leave[:, None] * step
    arcs = np.where(enter > 0, _angle(a, p), 0.0) + np.where(leave < 1, _angle(q, b), 0.0)
    return np.asarray(0.5 * (radius**2 * arcs + _cross(p, q)))


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _angle(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.arctan2(_cross(a, b), (a * b).sum(axis=1)))


def circle_circle_area(distance: FloatArray, r: FloatArray, s: FloatArray) -> FloatArray:
    """The area that two circles share, element by element.

    Parameters
    ----------
    distance
        The distances of the centres.
    r, s
        The radii.

    Returns
    -------
    Array of the shape of the input.
    """
    small = np.minimum(r, s)
    inside = distance <= np.abs(r - s)
    apart = distance >= r + s
    d = np.where(inside | apart, r + s, distance)
    along_r = (d**2 + r**2 - s**2) / (2 * d)
    along_s = d - along_r
    lens = _segment(along_r, r) + _segment(along_s, s)
    return np.asarray(np.where(inside, np.pi * small**2, np.where(apart, 0.0, lens)))


def _segment(along: FloatArray, r: FloatArray) -> FloatArray:
    """The area of the part of a circle beyond a chord at some distance from the centre."""
    cosine = np.clip(along / r, -1.0, 1.0)
    return np.asarray(r**2 * np.arccos(cosine) - along * np.sqrt(np.maximum(r**2 - along**2, 0.0)))
