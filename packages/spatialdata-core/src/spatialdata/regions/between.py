"""The map from the coordinates of one element to those of another that lies in the same coordinate system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.regions.project import Projection, mapped

if TYPE_CHECKING:
    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Between", "unrounded"]

_STEPS = 1024
_ROUNDINGS = 8 * np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True)
class Between:
    """The map from the coordinates of one element to those of another, by way of a coordinate system of both.

    It is the identity where the same map takes both there, and moves by whole pixels where one was cut out of the
    other, so that what lies on the border of a pixel or of a shape still does.

    Attributes
    ----------
    axes
        The axes of the result.
    linear
        Array of shape ``(axes of the result, axes of what is mapped)``.
    offset
        Array with a number for each axis of the result.
    """

    axes: tuple[ValidAxis, ...]
    linear: FloatArray
    offset: FloatArray

    @classmethod
    def of(cls, first: Projection, second: Projection) -> Between:
        """From the coordinates of one map to those of another, which has the same axes or some of them."""
        rows = [first.axes.index(axis) for axis in second.axes]
        there, offset = first.linear[rows], first.offset[rows]
        back = second.inverse().linear
        # How far rounding may have moved the numbers, of which the inverse has its share.
        share = abs(back) @ abs(second.linear) @ abs(back)
        linear = unrounded(back @ there, share @ abs(there))
        start = unrounded(back @ (offset - second.offset), share @ (abs(offset) + abs(second.offset)))
        return cls(second.axes, linear, start)

    def projection(self) -> Projection:
        """The same, where what is mapped has the axes of the result, in their order."""
        return Projection(self.axes, self.linear, self.offset)

    def __call__(self, coordinates: FloatArray) -> FloatArray:
        """Map coordinates of shape ``(points, axes)``; equal ones stay equal."""
        return mapped(coordinates, self.linear, self.offset)


def unrounded(values: FloatArray, size: FloatArray) -> FloatArray:
    """Numbers without what rounding alone keeps from being a multiple of a 1024th.

    Parameters
    ----------
    values
        The numbers.
    size
        The sizes of the terms that they were added up from.
    """
    near = np.round(values * _STEPS) / _STEPS
    return np.where(abs(values - near) <= _ROUNDINGS * size, near, values) + 0.0
