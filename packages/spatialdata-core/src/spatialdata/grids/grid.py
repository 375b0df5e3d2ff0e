"""The grid of a raster: how many pixels it has along each axis, and where they lie in the world.

The rule of pixels is written here and nowhere else: pixel i of an axis covers ``i`` to ``i + 1``, and its centre
is ``i + 0.5``. A box picks the pixels whose centre lies in it, its bounds included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES
from spatialdata.errors import UnknownCoordinateSystemError
from spatialdata.transformations.algebra import as_axes
from spatialdata.transformations.linear import Identity, Scale, Translation
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["Grid", "pixels_between"]

_HALF = 0.5
_WHOLE = 1e-9


def pixels_between(lower: float, upper: float, size: int, step: float = 1.0) -> slice:
    """The pixels of one axis whose centre lies between two bounds, the bounds included.

    Parameters
    ----------
    lower, upper
        The bounds, in pixels of the finest level; they may be infinite.
    size
        The number of pixels along the axis.
    step
        The size of a pixel: 1 on the finest level, 2 on a level of half its size.

    Returns
    -------
    The slice of pixels; it is empty (``start == stop``) if there is none.

    Examples
    --------
    >>> pixels_between(3.4, 12.2, 20)
    slice(3, 12, None)
    >>> pixels_between(3.5, 12.5, 20)
    slice(3, 13, None)
    """
    first = 0 if lower == -math.inf else math.ceil(lower / step - _HALF)
    last = size - 1 if upper == math.inf else math.floor(upper / step - _HALF)
    start = min(max(first, 0), size)
    return slice(start, max(min(last + 1, size), start))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Pixels in the world.

    Attributes
    ----------
    axes
        The spatial axes, in the order of the array.
    shape
        The number of pixels along each of them.
    to_world
        The transformation from pixel coordinates to the coordinate system.
    coordinate_system
        The coordinate system that ``to_world`` leads to.

    Examples
    --------
    >>> grid = Grid(axes=("y", "x"), shape=(4, 6), to_world=Scale([0.5, 0.5], axes=("y", "x")))
    >>> grid.extent()
    {'y': (0.0, 2.0), 'x': (0.0, 3.0)}
    >>> grid[{"x": slice(2, 6)}].extent()["x"]
    (1.0, 3.0)
    """

    axes: tuple[ValidAxis, ...]
    shape: tuple[int, ...]
    to_world: BaseTransformation = field(default_factory=Identity)
    coordinate_system: str = "global"

    def __post_init__(self) -> None:
        if len(self.axes) != len(self.shape) or any(size < 0 for size in self.shape):
            raise ValueError(f"A grid needs one size from 0 on for each of its axes {self.axes}. Found {self.shape}.")

    @classmethod
    def enclosing(
        cls,
        lower: Sequence[float],
        upper: Sequence[float],
        axes: Sequence[ValidAxis],
        pixel_size: float = 1.0,
        coordinate_system: str = "global",
    ) -> Grid:
        """The smallest grid of square pixels, starting at ``lower``, that covers the box.

        Examples
        --------
        >>> Grid.enclosing([0.0, 1.0], [2.5, 3.0], axes=("y", "x")).shape
        (3, 2)
        """
        sizes = [(high - low) / pixel_size for low, high in zip(lower, upper, strict=True)]
        shape = tuple(max(math.ceil(size - _WHOLE), 1) for size in sizes)
        scale = Scale([pixel_size] * len(axes), axes)
        to_world: BaseTransformation = Translation(lower, axes)
        if pixel_size != 1.0:
            to_world = Chain([scale, to_world])
        return cls(axes=tuple(axes), shape=shape, to_world=to_world, coordinate_system=coordinate_system)

    def size(self, axis: str) -> int:
        """The number of pixels along an axis."""
        return self.shape[self.axes.index(axis)]

    def centres(self, axis: str) -> FloatArray:
        """The pixel coordinates of the centres along an axis."""
        return np.arange(self.size(axis), dtype=np.float64) + _HALF

    def matrix(self) -> FloatArray:
        """The homogeneous matrix from pixel coordinates to the world, both in the order of ``axes``."""
        return self.to_world.to_affine_matrix(self.axes, self.axes)

    def extent(self) -> dict[str, tuple[float, float]]:
        """The bounding box of all pixels in the world, by axis."""
        matrix = self.matrix()[:-1]
        reach = matrix[:, :-1] * np.asarray(self.shape, dtype=np.float64)
        lower = matrix[:, -1] + np.minimum(reach, 0).sum(axis=1)
        upper = matrix[:, -1] + np.maximum(reach, 0).sum(axis=1)
        return {axis: (float(low), float(high)) for axis, low, high in zip(self.axes, lower, upper, strict=True)}

    def slices(self, bounds: Mapping[str, tuple[float, float]]) -> dict[str, slice]:
        """The pixels whose centre lies within bounds given in pixel coordinates; all along an axis without bounds."""
        return {
            axis: pixels_between(*bounds.get(axis, (-math.inf, math.inf)), size)
            for axis, size in zip(self.axes, self.shape, strict=True)
        }

    def __getitem__(self, slices: Mapping[str, slice]) -> Grid:
        """The grid of some of the pixels, at the same place in the world."""
        ranges = [range(size)[slices.get(axis, slice(None))] for axis, size in zip(self.axes, self.shape, strict=True)]
        if any(chosen.step != 1 for chosen in ranges):
            raise ValueError("A grid is cut in steps of 1. Use coarsen for larger pixels.")
        start = [chosen.start for chosen in ranges]
        return replace(self, shape=tuple(len(chosen) for chosen in ranges), to_world=self._from(start))

    def pad(self, before: Mapping[str, int], after: Mapping[str, int]) -> Grid:
        """The grid with more pixels at both ends of its axes, at the same place in the world."""
        shape = tuple(
            size + before.get(axis, 0) + after.get(axis, 0) for axis, size in zip(self.axes, self.shape, strict=True)
        )
        return replace(self, shape=shape, to_world=self._from([-before.get(axis, 0) for axis in self.axes]))

    def coarsen(self, factors: Mapping[str, float]) -> Grid:
        """The grid with larger pixels that covers the same place; the last pixel may reach beyond it."""
        steps = [float(factors.get(axis, 1.0)) for axis in self.axes]
        shape = tuple(max(math.ceil(n / step - _WHOLE), 1) for n, step in zip(self.shape, steps, strict=True))
        return replace(self, shape=shape, to_world=Chain([Scale(steps, self.axes), self.to_world]))

    def _from(self, start: Sequence[int]) -> BaseTransformation:
        if not any(start):
            return self.to_world
        return Chain([Translation([float(s) for s in start], self.axes), self.to_world])

    @classmethod
    def of(cls, level: Any, coordinate_system: str) -> Grid:
        """The grid of one level of a raster in one of its coordinate systems.

        Raises
        ------
        UnknownCoordinateSystemError
            The raster has no transformation to that coordinate system.
        """
        transformations = level.attrs.get("transform", {})
        if coordinate_system not in transformations:
            raise UnknownCoordinateSystemError(f"The raster has no transformation to {coordinate_system!r}.")
        axes = tuple(str(dim) for dim in level.dims if dim in SPATIAL_AXES)
        return cls(
            axes=as_axes(axes),
            shape=tuple(level.sizes[axis] for axis in axes),
            to_world=transformations[coordinate_system],
            coordinate_system=coordinate_system,
        )
