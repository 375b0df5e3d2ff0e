"""Newton's method for many points at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["jacobian", "solve"]

Map: TypeAlias = "Callable[[FloatArray], FloatArray]"

_MOST_STEPS = 60
_SMALLEST_DAMPING = 2.0**-12
_RELATIVE_STEP = 1e-6


def jacobian(function: Map, points: FloatArray, values: FloatArray | None = None) -> FloatArray:
    """The derivatives of a map, by finite differences.

    Parameters
    ----------
    function
        From points of shape ``(n, k)`` to points of the same shape.
    points
        Where; shape ``(n, k)``.
    values
        The function at the points, if it is known.

    Returns
    -------
    Array of shape ``(n, k, k)``: derivative of output i (axis 1) along input j (axis 2).
    """
    values = function(points) if values is None else values
    columns = []
    for axis in range(points.shape[1]):
        step = _RELATIVE_STEP * np.maximum(np.abs(points[:, axis]), 1.0)
        moved = points.copy()
        moved[:, axis] += step
        columns.append((function(moved) - values) / step[:, None])
    return np.stack(columns, axis=2)


def solve(function: Map, targets: FloatArray, start: FloatArray, tolerance: float) -> FloatArray:
    """Find the points that a map takes to given targets.

    Parameters
    ----------
    function
        From points of shape ``(n, k)`` to points of the same shape.
    targets
        Array of shape ``(n, k)``.
    start
        Where to begin; the same shape.
    tolerance
        The largest distance left between the images and the targets.

    Returns
    -------
    Array of shape ``(n, k)``; nan where the method does not get there.
    """
    found = np.array(start, dtype=np.float64)
    found[~np.isfinite(targets).all(axis=1)] = np.nan
    values = function(found)
    error = np.linalg.norm(values - targets, axis=1)
    damping = np.ones(len(found))
    active = np.flatnonzero(error > tolerance)
    for _ in range(_MOST_STEPS):
        if not len(active):
            break
        step = _newton_step(function, found[active], values[active], targets[active])
        tried = found[active] + damping[active, None] * step
        tried_values = function(tried)
        tried_error = np.linalg.norm(tried_values - targets[active], axis=1)
        better = tried_error < error[active]
        improved = active[better]
        found[improved], values[improved], error[improved] = tried[better], tried_values[better], tried_error[better]
        damping[improved] = np.minimum(2 * damping[improved], 1.0)
        damping[active[~better]] /= 2
        active = active[(error[active] > tolerance) & (damping[active] >= _SMALLEST_DAMPING)]
    found[~(error <= tolerance)] = np.nan
    return found


def _newton_step(function: Map, points: FloatArray, values: FloatArray, targets: FloatArray) -> FloatArray:
    derivatives = jacobian(function, points, values)
    regular = np.abs(np.linalg.det(derivatives)) > np.finfo(float).tiny
    derivatives[~regular] = np.eye(points.shape[1])
    return np.asarray(np.linalg.solve(derivatives, (targets - values)[..., None])[..., 0], dtype=np.float64)
