"""Which points lie on which polygons or discs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata.kernels.cells import cell_of
from spatialdata.kernels.compiled import compiled
from spatialdata.kernels.edges import OUTSIDE, UNCERTAIN, in_row, where_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["places_in_polygon", "points_in_discs", "points_in_polygons"]


@compiled
def points_in_polygons(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    cells: tuple[Any, ...],
    outlines: tuple[Any, ...],
    point: NDArray[np.int32],
    polygon: NDArray[np.int32],
) -> int:
    """Write the pairs of points and polygons, the border included, ordered by point and then by polygon.

    Parameters
    ----------
    x, y
        The points.
    cells
        The bounding boxes of the polygons: the fields of :class:`~spatialdata.kernels.cells.Cells` as a plain tuple.
    outlines
        The polygons: the fields of :class:`~spatialdata.kernels.edges.Outlines` as a plain tuple.
    point, polygon
        Arrays of one length that take the pairs. Of a pair that only exact arithmetic can decide, the number of the
        polygon is written as ``-1 - number``.

    Returns
    -------
    The number of pairs. If it exceeds the length of the arrays, the rest was not written: call again with longer ones.
    """
    left, bottom, right, top, per_cell, columns, rows, start, items = cells
    corner_x, corner_y, bounds, first, last = outlines[0], outlines[1], outlines[2], outlines[7], outlines[8]
    found = 0
    for number in range(len(x)):
        px, py = x[number], y[number]
        if not (px >= left and px <= right and py >= bottom and py <= top):
            continue
        cell = cell_of(py, bottom, per_cell, rows) * columns + cell_of(px, left, per_cell, columns)
        for place in range(start[cell], start[cell + 1]):
            item = items[place]
            if px < bounds[item, 0] or px > bounds[item, 2] or py < bounds[item, 1] or py > bounds[item, 3]:
                continue
            where = UNCERTAIN
            if last[item] > first[item]:
                where = in_row(corner_x, corner_y, first[item], last[item], px, py)
            if where == UNCERTAIN:
                where = where_in(outlines, item, px, py)
            if where == OUTSIDE:
                continue
            if found < len(point):
                point[found] = number
                polygon[found] = -1 - item if where == UNCERTAIN else item
            found += 1
    return found


@compiled
def places_in_polygon(
    x: NDArray[np.float64], y: NDArray[np.float64], outlines: tuple[Any, ...], places: NDArray[np.uint8]
) -> None:
    """Write for each point where it lies in the first polygon; see :func:`~spatialdata.kernels.edges.where_in`."""
    corner_x, corner_y, bounds, first, last = outlines[0], outlines[1], outlines[2], outlines[7], outlines[8]
    for number in range(len(x)):
        px, py = x[number], y[number]
        if not (px >= bounds[0, 0] and px <= bounds[0, 2] and py >= bounds[0, 1] and py <= bounds[0, 3]):
            places[number] = OUTSIDE
            continue
        where = UNCERTAIN
        if last[0] > first[0]:
            where = in_row(corner_x, corner_y, first[0], last[0], px, py)
        places[number] = where_in(outlines, 0, px, py) if where == UNCERTAIN else where


@compiled
def points_in_discs(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    cells: tuple[Any, ...],
    centres: NDArray[np.float64],
    radii: NDArray[np.float64],
    point: NDArray[np.int32],
    disc: NDArray[np.int32],
) -> int:
    """Write the pairs of points and discs, the border included; otherwise like :func:`points_in_polygons`.

    Parameters
    ----------
    centres
        Array of shape ``(discs, 2)``.
    radii
        Array of shape ``(discs,)``.
    """
    left, bottom, right, top, per_cell, columns, rows, start, items = cells
    found = 0
    for number in range(len(x)):
        px, py = x[number], y[number]
        if not (px >= left and px <= right and py >= bottom and py <= top):
            continue
        cell = cell_of(py, bottom, per_cell, rows) * columns + cell_of(px, left, per_cell, columns)
        for place in range(start[cell], start[cell + 1]):
            item = items[place]
            dx, dy = px - centres[item, 0], py - centres[item, 1]
            if dx * dx + dy * dy <= radii[item] * radii[item]:
                if found < len(point):
                    point[found] = number
                    disc[found] = item
                found += 1
    return found
