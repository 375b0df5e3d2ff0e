"""Coarse tests that leave out most of what cannot lie in a region."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spatialdata._core.sources import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["rows_meeting", "union_of"]


def rows_meeting(bounds: NDArray[np.float64], window: Window) -> NDArray[np.intp]:
    """The rows whose bounding box meets a window.

    Parameters
    ----------
    bounds
        Array of shape ``(rows, 4)`` with the columns x_min, y_min, x_max, y_max; rows of nan meet nothing.
    window
        The window.

    Returns
    -------
    Sorted row numbers.
    """
    (x_min, x_max), (y_min, y_max) = window.bounds("x"), window.bounds("y")
    if "numba" in sys.modules:
        from spatialdata.kernels.near_boxes import rows_meeting_box

        return rows_meeting_box(
            np.ascontiguousarray(bounds, dtype=np.float64), *map(float, (x_min, y_min, x_max, y_max))
        )
    meets = (bounds[:, 0] <= x_max) & (bounds[:, 2] >= x_min) & (bounds[:, 1] <= y_max) & (bounds[:, 3] >= y_min)
    return np.flatnonzero(meets)


def union_of(windows: Sequence[Window]) -> Window:
    """The smallest window around several; an axis that one of them leaves open stays open."""
    axes = [axis for axis in windows[0].axes if all(axis in window.axes for window in windows)]
    bounds = [[window.bounds(axis) for window in windows] for axis in axes]
    return Window(
        tuple(axes),
        tuple(min(low for low, _ in pairs) for pairs in bounds),
        tuple(max(high for _, high in pairs) for pairs in bounds),
    )
