"""Non-linear maps from the pixels of a result back to those of a source.

A non-linear inverse is computed point by point, which is slow for every pixel. It is computed on a lattice instead,
and interpolated; the lattice is refined until that makes no difference that could be seen.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.transformations.linear import Sequence as Chain
from spatialdata.transformations.nonlinear import Bijection, Inverse

if TYPE_CHECKING:
    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["Warp", "enclosing_box", "trace"]

_FIRST_STEP = 64
_ACCURACY = 0.02
_LATTICE = 17
_MOST_ON_A_BORDER = {1: 2, 2: 2049, 3: 129}


def trace(transformation: BaseTransformation, points: FloatArray, axes: tuple[ValidAxis, ...]) -> FloatArray:
    """Map points, with nan where a numerical inverse does not exist.

    Parameters
    ----------
    transformation
        Any transformation that keeps the axes.
    points
        Array of shape ``(n, len(axes))``.
    axes
        The axes of its columns.
    """
    produced, mapped = _traced(transformation, points, axes)
    return mapped[:, [produced.index(axis) for axis in axes]]


def _traced(
    transformation: BaseTransformation, points: FloatArray, axes: tuple[ValidAxis, ...]
) -> tuple[tuple[ValidAxis, ...], FloatArray]:
    if isinstance(transformation, Chain):
        for step in transformation.transformations:
            axes, points = _traced(step, points, axes)
        return axes, points
    if isinstance(transformation, Bijection):
        return _traced(transformation.forward, points, axes)
    if isinstance(transformation, Inverse):
        columns = [axes.index(axis) for axis in transformation.axes]
        mapped = np.array(points)
        mapped[:, columns] = transformation.solve(points[:, columns])
        return axes, mapped
    return transformation.map_points(points, axes)


def enclosing_box(
    transformation: BaseTransformation, upper: FloatArray, axes: tuple[ValidAxis, ...]
) -> tuple[FloatArray, FloatArray]:
    """The bounding box of the image of the box from 0 to ``upper``, found along its border."""
    most = _MOST_ON_A_BORDER[len(axes)]
    steps = [np.linspace(0.0, high, int(min(max(np.ceil(high), 2), most - 1)) + 1) for high in upper]
    found = []
    for axis in range(len(axes)):
        for side in (0.0, float(upper[axis])):
            face = [np.array([side]) if other == axis else step for other, step in enumerate(steps)]
            points = np.stack([grid.ravel() for grid in np.meshgrid(*face, indexing="ij")], axis=1)
            found.append(transformation.transform_coordinates(points, axes))
    corners = np.concatenate(found)
    return corners.min(axis=0), corners.max(axis=0)


@dataclass(frozen=True, slots=True)
class Warp:
    """From pixel coordinates of a result, through a non-linear map, to pixel coordinates of a source.

    Attributes
    ----------
    back
        From the coordinates of the grid to pixels of the finest level of the source.
    axes
        The axes of the pixels, in the order of the array.
    lower, step
        Where the first pixel of the result begins, and how large its pixels are.
    shrink, first
        Pixels of this level of the source per pixel of its finest level, and where the finest level begins in them.
    """

    back: BaseTransformation
    axes: tuple[ValidAxis, ...]
    lower: FloatArray
    step: FloatArray
    shrink: FloatArray
    first: FloatArray

    def __call__(self, pixels: FloatArray) -> FloatArray:
        """Map pixel coordinates of shape ``(n, k)``; nan where there is no way back."""
        return trace(self.back, self.lower + self.step * pixels, self.axes) * self.shrink + self.first

    def _on(self, nodes: list[FloatArray]) -> FloatArray:
        grid = np.meshgrid(*nodes, indexing="ij")
        mapped = self(np.stack([axis.ravel() for axis in grid], axis=1))
        return mapped.reshape(*grid[0].shape, len(self.axes))

    def box(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Bounds of the source under a box of the result, with room for what bends between the nodes of a lattice."""
        mapped = self._on([np.linspace(a, b, _LATTICE) for a, b in zip(lower, upper, strict=True)])
        count = len(self.axes)
        if np.isnan(mapped).any():
            return np.full(count, -np.inf), np.full(count, np.inf)
        bend = np.zeros(count)
        for axis in range(count):
            bend += np.abs(np.diff(mapped, n=2, axis=axis)).reshape(-1, count).max(axis=0)
        flat = mapped.reshape(-1, count)
        return flat.min(axis=0) - bend - 1, flat.max(axis=0) + bend + 1

    def places(self, corner: tuple[int, ...], size: tuple[int, ...]) -> list[FloatArray]:
        """Where the pixel centres of a block lie in the source, to a fiftieth of a pixel; nan where nowhere."""
        step = _FIRST_STEP
        while step > 1:
            fine = self._on([_lattice(begin, extent, step) for begin, extent in zip(corner, size, strict=True)])
            coarse = fine[tuple(slice(None, None, 2) for _ in size)]
            error = np.abs(_refined(coarse, 2) - fine).max()
            if error <= _ACCURACY:
                dense = _refined(fine, step // 2)[tuple(slice(0, extent) for extent in size)]
                return [dense[..., axis] for axis in range(len(size))]
            step //= 4
        exact = self._on(
            [begin + 0.5 + np.arange(extent, dtype=np.float64) for begin, extent in zip(corner, size, strict=True)]
        )
        lost = int(np.isnan(exact).any(axis=-1).sum())
        if lost:
            warnings.warn(
                f"{lost} pixels of the block from {corner} could not be traced back through the transformation. They "
                "are 0.",
                UserWarning,
                stacklevel=2,
            )
        return [exact[..., axis] for axis in range(len(size))]


def _lattice(begin: int, extent: int, step: int) -> FloatArray:
    """Pixel centres in steps of half of ``step``, a whole number of steps that reaches beyond the block."""
    steps = -(-max(extent - 1, 1) // step)
    return np.asarray(begin + 0.5 + (step / 2) * np.arange(2 * steps + 1), dtype=np.float64)


def _refined(values: FloatArray, factor: int) -> FloatArray:
    """Values on a lattice that is finer by a factor along all axes but the last, interpolated linearly."""
    for axis in range(values.ndim - 1):
        moved = np.moveaxis(values, axis, 0)
        count = (len(moved) - 1) * factor + 1
        number, rest = np.divmod(np.arange(count), factor)
        weight = (rest / factor).reshape(-1, *(1,) * (moved.ndim - 1))
        following = moved[np.minimum(number + 1, len(moved) - 1)]
        values = np.moveaxis(moved[number] * (1 - weight) + following * weight, 0, axis)
    return values
