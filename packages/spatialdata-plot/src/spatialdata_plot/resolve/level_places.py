"""Where the levels of a raster lie in its finest level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatialdata_plot.resolve.element import affine_xy

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["LevelPlace", "level_places"]

_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPlace:
    """The pixels of a level along y and x: pixel i covers ``start + i * step`` to ``start + (i + 1) * step``.

    Attributes
    ----------
    start
        Where the first pixel begins, in pixels of the finest level.
    step
        How many pixels of the finest level a pixel covers.
    """

    start: tuple[float, float]
    step: tuple[float, float]


def level_places(levels: Sequence[DataArray], coordinate_system: str) -> tuple[LevelPlace, ...]:
    """Where the levels of a flat raster lie in the first of them, the finest.

    Parameters
    ----------
    levels
        The levels, whose place in the coordinate system has a matrix.
    coordinate_system
        The coordinate system.
    """
    from_world = np.linalg.inv(affine_xy(levels[0], coordinate_system))
    places = []
    for level in levels:
        relative = np.round(from_world @ affine_xy(level, coordinate_system), _DIGITS)
        start, step = (float(relative[1, 2]), float(relative[0, 2])), (float(relative[1, 1]), float(relative[0, 0]))
        places.append(LevelPlace(start=start, step=step))
    return tuple(places)
