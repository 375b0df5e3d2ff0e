"""Polygons as closed paths, the form in which a shapes layer takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["outlines", "path_of"]


def outlines(geometry: NDArray[Any]) -> tuple[list[NDArray[np.float64]], NDArray[np.intp]]:
    """Write polygons and multipolygons as paths.

    Parameters
    ----------
    geometry
        Array of shapely polygons and multipolygons.

    Returns
    -------
    paths : list of ndarray of float, shape (n, 2)
        One path per part of a polygon, vertices in the order ``(y, x)``; see ``path_of``.
    rows : ndarray of int
        For every path the position of its polygon in ``geometry``.
    """
    import shapely

    parts, rows = shapely.get_parts(geometry, return_index=True)
    return [path_of(part) for part in parts], np.asarray(rows, dtype=np.intp)


def path_of(polygon: Any) -> NDArray[np.float64]:
    """Write a polygon with holes as one path.

    The path runs round the outer ring, then for each hole from the first outer vertex to the hole, round it, and
    back. Each bridge is walked twice, so that it encloses nothing and napari leaves it out of fill and outline.

    Parameters
    ----------
    polygon
        A shapely polygon.

    Returns
    -------
    ndarray of float, shape (n, 2)
        Vertices in the order ``(y, x)``.
    """
    import shapely

    outer = shapely.get_coordinates(polygon.exterior)
    pieces = [outer if len(polygon.interiors) else outer[:-1]]
    for hole in polygon.interiors:
        pieces += [shapely.get_coordinates(hole), outer[:1]]
    return np.ascontiguousarray(np.concatenate(pieces)[:, ::-1])
