"""Boxes of a plane that meet others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["boxes_meeting_any", "boxes_of_edges", "rows_meeting_box"]


@compiled
def rows_meeting_box(
    bounds: NDArray[np.float64], left: float, bottom: float, right: float, top: float
) -> NDArray[np.int64]:
    """The rows of boxes that meet one box, ascending.

    Parameters
    ----------
    bounds
        Array of shape ``(n, 4)``: x_min, y_min, x_max, y_max; rows of nan meet nothing.
    left, bottom, right, top
        The box.
    """
    rows, found = np.empty(len(bounds), dtype=np.int64), 0
    for row in range(len(bounds)):
        rows[found] = row
        # Nothing branches here: the place is written to again by the next row, unless this one meets the box.
        found += (
            (bounds[row, 0] <= right) & (bounds[row, 2] >= left) & (bounds[row, 1] <= top) & (bounds[row, 3] >= bottom)
        )
    return rows[:found].copy()


def boxes_of_edges(coordinates: NDArray[np.float64], start: NDArray[np.int64]) -> NDArray[np.float64]:
    """The boxes around the edges of rings, of shape ``(4, edges)``: x_min, y_min, x_max, y_max.

    Parameters
    ----------
    coordinates, start
        The corners, and where the rings start; see :class:`~spatialdata.kernels.polygons.Polygons`.
    """
    first = np.setdiff1d(np.arange(len(coordinates)), start[1:] - 1)
    begin, end = coordinates[first], coordinates[first + 1]
    return np.concatenate([np.minimum(begin, end).T, np.maximum(begin, end).T])


@compiled
def boxes_meeting_any(
    bounds: NDArray[np.float64], rows: NDArray[np.int64], others: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which of some boxes meet at least one of others.

    Parameters
    ----------
    bounds
        Array of shape ``(n, 4)``: x_min, y_min, x_max, y_max.
    rows
        The rows that are asked for.
    others
        Array of shape ``(4, m)``.
    """
    meets = np.empty(len(rows), dtype=np.bool_)
    for number in range(len(rows)):
        row = rows[number]
        left, bottom, right, top = bounds[row, 0], bounds[row, 1], bounds[row, 2], bounds[row, 3]
        near = 0
        for other in range(others.shape[1]):
            near += (
                (others[0, other] <= right)
                & (others[2, other] >= left)
                & (others[1, other] <= top)
                & (others[3, other] >= bottom)
            )
        meets[number] = near > 0
    return meets
