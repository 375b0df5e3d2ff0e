"""Transformations without a matrix: they are evaluated point by point.

A non-linear transformation maps some axes to the same axes; all others pass through. It composes with any other in a
:class:`~spatialdata.transformations.Sequence`, and has an inverse, which is numerical unless a better one is given.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import TransformationError
from spatialdata.transformations.algebra import Axes, BaseTransformation, FloatArray, as_axes

if TYPE_CHECKING:
    from collections.abc import Sequence as SequenceABC

__all__ = ["Bijection", "Inverse", "NonLinear"]

_POINTS_AT_ONCE = 262_144
_TOLERANCE = 1e-6


class NonLinear(BaseTransformation):
    """Base of the transformations that have no matrix.

    Attributes
    ----------
    axes
        The axes that are mapped, to themselves.
    """

    axes: Axes

    @abstractmethod
    def evaluate(self, points: FloatArray) -> FloatArray:
        """Map points of shape ``(n, len(axes))``, columns in the order of ``axes``."""

    @abstractmethod
    def guess(self, targets: FloatArray) -> FloatArray:
        """Where the points that are mapped to ``targets`` might be, as a start for the numerical inverse."""

    @property
    def is_linear(self) -> bool:
        """False."""
        return False

    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """Refused: there is no matrix."""
        raise TransformationError(
            f"{type(self).__name__} over {self.axes} is not linear and has no matrix over {axes}. Map coordinates with "
            "transform_coordinates, or move the element with spatialdata.transform first."
        )

    def axes_after(self, axes: SequenceABC[str]) -> Axes:
        """The same axes."""
        named = as_axes(axes)
        self._columns(named)
        return named

    def map_points(self, points: FloatArray, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.map_points`; evaluated some hundred thousand points at a time."""
        columns = self._columns(axes)
        mapped = np.array(points, dtype=np.float64)
        for start in range(0, len(mapped), _POINTS_AT_ONCE):
            part = slice(start, start + _POINTS_AT_ONCE)
            mapped[part, columns] = self.evaluate(mapped[part, columns])
        return axes, mapped

    def inverse(self) -> BaseTransformation:
        """The numerical inverse, to a residual of 1e-6 in units of the target; see :class:`Inverse`."""
        return Inverse(self)

    def _columns(self, axes: Axes) -> list[int]:
        missing = [axis for axis in self.axes if axis not in axes]
        if missing:
            raise TransformationError(
                f"{type(self).__name__} maps the axes {self.axes} together, but the input has only {axes}."
            )
        return [axes.index(axis) for axis in self.axes]


class Inverse(NonLinear):
    """The numerical inverse of a non-linear transformation, by Newton's method.

    Parameters
    ----------
    forward
        The transformation that is inverted.
    tolerance
        The largest distance, in units of the target of ``forward``, between a point and the forward image of its
        inverse.

    Raises
    ------
    TransformationError
        On evaluation: at some points the method does not converge, because the transformation folds there or does
        not reach them.

    Examples
    --------
    >>> from spatialdata.transformations import ThinPlateSpline
    >>> corners = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    >>> warp = ThinPlateSpline(corners, corners + [[0, 0], [1, 0], [0, 0], [0, 1]], axes=("x", "y"))
    >>> there = warp.transform_coordinates([[1.0, 2.0]], ("x", "y"))
    >>> warp.inverse().transform_coordinates(there, ("x", "y")).round(6)
    array([[1., 2.]])
    """

    def __init__(self, forward: NonLinear, tolerance: float = _TOLERANCE) -> None:
        if not isinstance(forward, NonLinear):
            raise TypeError(
                f"Only non-linear transformations are inverted numerically. Found {type(forward).__name__}; use its "
                "inverse()."
            )
        if not tolerance > 0:
            raise TransformationError(f"The tolerance of an inverse must be more than 0. Found {tolerance}.")
        self.forward = forward
        self.tolerance = float(tolerance)
        self.axes = forward.axes

    def evaluate(self, points: FloatArray) -> FloatArray:
        """See :meth:`NonLinear.evaluate`."""
        found = self.solve(points)
        lost = np.flatnonzero(np.isnan(found).any(axis=1) & np.isfinite(points).all(axis=1))
        if len(lost):
            raise TransformationError(
                f"{type(self.forward).__name__} has no inverse at {len(lost)} of {len(points)} points, for example at "
                f"{dict(zip(self.axes, points[lost[0]].tolist(), strict=True))}: it folds there, or does not reach "
                f"them to {self.tolerance:g}. Keep to the region that the landmarks or the field cover."
            )
        return found

    def solve(self, targets: FloatArray) -> FloatArray:
        """The points that are mapped to ``targets``, of shape ``(n, len(axes))``; nan where none is found."""
        from spatialdata.transformations.newton import solve

        return solve(self.forward.evaluate, targets, self.forward.guess(targets), self.tolerance)

    def guess(self, targets: FloatArray) -> FloatArray:
        """See :meth:`NonLinear.guess`."""
        return self.forward.evaluate(targets)

    def inverse(self) -> NonLinear:
        """The transformation that was inverted."""
        return self.forward

    def _parameters(self) -> tuple[Any, ...]:
        return (self.forward, self.tolerance)

    def _describe(self) -> list[str]:
        return ["Inverse", *("    " + line for line in repr(self.forward).splitlines())]


class Bijection(BaseTransformation):
    """A transformation together with its inverse, which is known and need not be computed.

    Parameters
    ----------
    forward
        The transformation that is applied.
    backward
        Its inverse. That it is one is not checked here; see :meth:`roundtrip_error`.

    Examples
    --------
    >>> from spatialdata.transformations import Scale
    >>> both = Bijection(Scale([2.0], axes=("x",)), Scale([0.5], axes=("x",)))
    >>> both.inverse().to_affine_matrix(("x",), ("x",))[0, 0]
    np.float64(0.5)
    """

    def __init__(self, forward: BaseTransformation, backward: BaseTransformation) -> None:
        for item in (forward, backward):
            if not isinstance(item, BaseTransformation):
                raise TypeError(f"A Bijection consists of two transformations. Found {type(item).__name__}.")
        self.forward = forward
        self.backward = backward

    @property
    def is_linear(self) -> bool:
        """Whether the forward transformation is linear."""
        return self.forward.is_linear

    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.linear_map`."""
        return self.forward.linear_map(axes)

    def axes_after(self, axes: SequenceABC[str]) -> Axes:
        """See :meth:`BaseTransformation.axes_after`."""
        return self.forward.axes_after(axes)

    def map_points(self, points: FloatArray, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.map_points`."""
        return self.forward.map_points(points, axes)

    def inverse(self) -> Bijection:
        """The two exchanged."""
        return Bijection(self.backward, self.forward)

    def roundtrip_error(self, points: FloatArray, axes: SequenceABC[str]) -> float:
        """The largest distance between points and where they are after going there and back.

        Parameters
        ----------
        points
            Array of shape ``(n, len(axes))``.
        axes
            The axes of its columns.
        """
        there = self.forward.transform_coordinates(points, axes, self.forward.axes_after(axes))
        back = self.backward.transform_coordinates(there, self.forward.axes_after(axes), axes)
        return float(np.linalg.norm(back - points, axis=1).max(initial=0.0))

    def _parameters(self) -> tuple[Any, ...]:
        return (self.forward, self.backward)

    def _describe(self) -> list[str]:
        lines = ["Bijection"]
        for item in (self.forward, self.backward):
            lines.extend("    " + line for line in repr(item).splitlines())
        return lines
