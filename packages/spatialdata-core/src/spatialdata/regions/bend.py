"""Non-linear maps over the spatial axes of an element, and where a region lies before them.

A region cannot be brought back through such a map exactly. The coordinates of the element are brought forward instead,
and tested in the coordinate system of the region. What cannot lie in it is left out beforehand, cell by cell of a
lattice: a cell counts as outside if the box around its mapped corners, made larger by its own size to all sides, does
not meet the region. A map that bends so much within a cell that this does not hold is beyond what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from spatialdata.errors import TransformationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["Bend", "Cells"]

_MOST_CELLS = {1: 4096, 2: 128, 3: 32}


@dataclass(frozen=True, slots=True)
class Bend:
    """A non-linear map over some axes, which is called like a projection.

    Attributes
    ----------
    axes
        The axes of input and output, in the same order.
    transformation
        The map.
    """

    axes: tuple[ValidAxis, ...]
    transformation: BaseTransformation
    is_identity: ClassVar[bool] = False

    @classmethod
    def over(cls, transformation: BaseTransformation, axes: tuple[ValidAxis, ...]) -> Bend:
        """The map over these axes.

        Raises
        ------
        TransformationError
            The transformation drops one of them.
        """
        produced = transformation.axes_after(axes)
        missing = [axis for axis in axes if axis not in produced]
        if missing:
            raise TransformationError(
                f"The transformation takes the axes {axes} to {produced}; the axes {', '.join(missing)} are lost. "
                "Only transformations that keep the axes of the element can be applied."
            )
        return cls(axes, transformation)

    def __call__(self, coordinates: FloatArray) -> FloatArray:
        """Map coordinates of shape ``(points, n)``."""
        return self.transformation.transform_coordinates(coordinates, self.axes)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a lattice over a box, and the boxes in which their images surely lie.

    Attributes
    ----------
    edges
        Along each axis, where the cells begin and the last one ends.
    lower, upper
        The bounds of the images, arrays of shape ``(cells along the first axis, …, axes)``.
    """

    edges: tuple[FloatArray, ...]
    lower: FloatArray
    upper: FloatArray

    @classmethod
    def of(cls, bend: Bend, lower: FloatArray, upper: FloatArray, *, whole: bool = False) -> Cells:
        """Lay a lattice over a box.

        Parameters
        ----------
        bend
            The map.
        lower, upper
            The box, in the order of the axes of the map.
        whole
            Whether the cells are of whole pixels.
        """
        most = _MOST_CELLS[len(bend.axes)]
        edges = []
        for low, high in zip(lower, upper, strict=True):
            nodes = np.linspace(low, high, most + 1) if high > low else np.array([low, low])
            edges.append(np.unique(np.round(nodes)) if whole else nodes)
        grid = np.stack(np.meshgrid(*edges, indexing="ij"), axis=-1)
        nodes = bend(grid.reshape(-1, grid.shape[-1])).reshape(grid.shape)
        least, most_ = nodes, nodes
        for axis in range(len(edges)):
            first, last = (
                tuple(part if other == axis else slice(None) for other in range(len(edges)))
                for part in (slice(None, -1), slice(1, None))
            )
            least, most_ = np.fmin(least[first], least[last]), np.fmax(most_[first], most_[last])
        reach = (most_ - least).max(axis=-1, keepdims=True)
        return cls(tuple(edges), least - reach, most_ + reach)

    def meeting(self, lower: FloatArray, upper: FloatArray) -> NDArray[np.bool_]:
        """Which cells may hold something that lies in a box."""
        return np.asarray(((self.lower <= upper) & (self.upper >= lower)).all(axis=-1))

    def within(self, lower: FloatArray, upper: FloatArray) -> NDArray[np.bool_]:
        """Which cells lie in a box with all they hold, its border left out."""
        return np.asarray(((self.lower > lower) & (self.upper < upper)).all(axis=-1))

    def bounds(self, chosen: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray] | None:
        """The box around some of the cells; None around none."""
        if not chosen.any():
            return None
        found = []
        for axis, edge in enumerate(self.edges):
            others = tuple(other for other in range(chosen.ndim) if other != axis)
            along = np.flatnonzero(chosen.any(axis=others))
            found.append((edge[along[0]], edge[along[-1] + 1]))
        lower, upper = (np.array(side, dtype=np.float64) for side in zip(*found, strict=True))
        return lower, upper
