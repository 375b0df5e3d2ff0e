"""Runs of pixels summed up by the instance that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["run_moments"]


@compiled
def run_moments(
    figure: NDArray[np.int64],
    lead: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    size: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The number of pixels of each instance, their mean, scatter and bounds.

    Parameters
    ----------
    figure
        The instance of each run, from 0 to ``size``.
    lead
        Array of shape ``(axes - 1, runs)``: the pixel along all axes but the last.
    start, stop
        The pixels along the last axis.
    size
        The number of instances.

    Returns
    -------
    The fields of ``spatialdata.models.label_runs.BlockShapes``.
    """
    axes = lead.shape[0] + 1
    last = axes - 1
    count, total = np.zeros(size), np.zeros((size, axes))
    scatter = np.zeros((size, axes, axes))
    lower, upper = np.full((size, axes), np.inf), np.full((size, axes), -np.inf)
    for run in range(len(figure)):
        own, length = figure[run], stop[run] - start[run]
        count[own] += length
        for axis in range(last):
            place = lead[axis, run]
            total[own, axis] += length * (place + 0.5)
            lower[own, axis] = min(lower[own, axis], place)
            upper[own, axis] = max(upper[own, axis], place + 1)
        total[own, last] += length * (start[run] + stop[run]) / 2
        lower[own, last] = min(lower[own, last], start[run])
        upper[own, last] = max(upper[own, last], stop[run])
    mean = total / np.maximum(count, 1.0).reshape(-1, 1)
    away = np.empty(axes)
    for run in range(len(figure)):
        own, length = figure[run], float(stop[run] - start[run])
        for axis in range(last):
            away[axis] = lead[axis, run] + 0.5 - mean[own, axis]
        away[last] = (start[run] + stop[run]) / 2 - mean[own, last]
        for one in range(axes):
            for other in range(axes):
                scatter[own, one, other] += length * away[one] * away[other]
        scatter[own, last, last] += (length**3 - length) / 12
    return count, mean, scatter, lower, upper
