"""The cell of a lattice of squares or hexagons that a point lies in: always exactly one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["hexagon_at", "square_at"]

_ROUNDING = 1e-12


@compiled
def _step(value: float, origin: float, size: float) -> float:
    """The number k for which ``origin + k * size <= value < origin + (k + 1) * size``, as these are rounded."""
    step: float = np.floor((value - origin) / size)
    if value < origin + step * size:
        return step - 1.0
    if value >= origin + (step + 1.0) * size:
        return step + 1.0
    return step


@compiled
def _from_border(step: float, value: float, origin: float, size: float) -> float:
    """The step 0 for what lies below the origin by rounding alone."""
    if step == -1.0 and origin - value <= _ROUNDING * (size + abs(origin)):
        return 0.0
    return step


@compiled
def square_at(
    x: NDArray[np.float64], y: NDArray[np.float64], origin: tuple[float, float], size: float, columns: int, rows: int
) -> NDArray[np.int32]:
    """The square of each point, numbered row by row; -1 outside and for nan.

    The lower edges belong to a square, the upper ones to the next. What lies below the grid by rounding alone is on
    its edge.
    """
    cell = np.full(len(x), -1, dtype=np.int32)
    for number in range(len(x)):
        column = _from_border(_step(x[number], origin[0], size), x[number], origin[0], size)
        row = _from_border(_step(y[number], origin[1], size), y[number], origin[1], size)
        if 0 <= column < columns and 0 <= row < rows:
            cell[number] = int(row) * columns + int(column)
    return cell


@compiled
def hexagon_at(
    x: NDArray[np.float64], y: NDArray[np.float64], origin: tuple[float, float], size: float, columns: int, rows: int
) -> NDArray[np.int32]:
    """The hexagon with the nearest centre, numbered row by row; -1 outside and for nan.

    Of centres at the same distance, the one in the higher row counts, then that in the higher column.
    """
    height = size * math.sqrt(3.0) / 2.0
    cell = np.full(len(x), -1, dtype=np.int32)
    for number in range(len(x)):
        below = np.floor((y[number] - origin[1]) / height)
        best, at_row, at_column = np.inf, -1.0, -1.0
        for row in (below + 1.0, below):
            shift = origin[0] + (row % 2.0) * size / 2.0
            column = np.floor((x[number] - shift) / size + 0.5)
            dx, dy = x[number] - (shift + column * size), y[number] - (origin[1] + row * height)
            distance = dx * dx + dy * dy
            if distance < best:
                best, at_row, at_column = distance, row, column
        if 0 <= at_column < columns and 0 <= at_row < rows:
            cell[number] = int(at_row) * columns + int(at_column)
    return cell
