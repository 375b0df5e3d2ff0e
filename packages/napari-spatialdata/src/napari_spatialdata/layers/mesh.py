"""Polygons as one triangle mesh, the form in which many thousands of them can be drawn exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["triangulate"]


def triangulate(
    geometry: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.intp], NDArray[np.intp]]:
    """Cut polygons into triangles that cover exactly the polygons, holes left open.

    Parameters
    ----------
    geometry
        Array of shapely polygons and multipolygons.

    Returns
    -------
    vertices : ndarray of float, shape (3 n, 2)
        Corners of the triangles in the order ``(y, x)``.
    faces : ndarray of int, shape (n, 3)
        The corners of each triangle.
    rows : ndarray of int, shape (3 n,)
        For every vertex the position of its polygon in ``geometry``.
    failed : ndarray of int
        Positions of the polygons that have an area but cannot be triangulated (for example self-crossing ones).
    """
    import shapely

    triangles, owner, failed = _pieces(geometry)
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3, ::-1]
    vertices = np.ascontiguousarray(corners.reshape(-1, 2))
    faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    return vertices, faces, np.repeat(owner, 3), failed


def _pieces(geometry: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]:
    """Triangulate everything at once, or polygon by polygon where one of them makes that impossible."""
    import shapely

    valid = shapely.is_valid(geometry)
    usable = geometry.copy()
    usable[~valid] = None
    try:
        cut = shapely.constrained_delaunay_triangles(usable)
    except shapely.errors.GEOSException:
        cut = np.array([_one(polygon) for polygon in usable])
    triangles, owner = shapely.get_parts(cut, return_index=True)
    covered = np.bincount(owner, minlength=len(geometry)) > 0
    failed = np.flatnonzero(~covered & (~valid | (shapely.area(geometry) > 0)))
    return triangles, np.asarray(owner, dtype=np.intp), failed


def _one(polygon: Any) -> Any:
    import shapely

    try:
        return shapely.constrained_delaunay_triangles(polygon)
    except shapely.errors.GEOSException:
        return None
