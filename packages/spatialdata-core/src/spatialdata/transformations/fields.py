"""Fields of vectors on a regular grid: displacements, and coordinates."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from spatialdata.errors import TransformationError
from spatialdata.transformations.algebra import FloatArray, as_axes, as_vector
from spatialdata.transformations.nonlinear import NonLinear

if TYPE_CHECKING:
    from collections.abc import Sequence as SequenceABC

    from numpy.typing import ArrayLike

__all__ = ["Coordinates", "Displacements", "Interpolation"]

Interpolation: TypeAlias = Literal["nearest", "linear", "cubic"]
_ORDERS: dict[str, int] = {"nearest": 0, "linear": 1, "cubic": 3}


class _Field(NonLinear):
    """Vectors at the nodes of a regular grid, interpolated in between.

    Between the nodes the field is interpolated; beyond the outermost nodes it goes on as its subclass says.
    """

    def __init__(
        self,
        field: ArrayLike,
        axes: SequenceABC[str],
        spacing: ArrayLike | None = None,
        origin: ArrayLike | None = None,
        interpolation: Interpolation = "linear",
    ) -> None:
        self.axes = as_axes(axes)
        count = len(self.axes)
        self.spacing = as_vector(np.ones(count) if spacing is None else spacing, self.axes, "The spacing of a field")
        self.origin = as_vector(np.zeros(count) if origin is None else origin, self.axes, "The origin of a field")
        if (self.spacing <= 0).any():
            raise TransformationError(f"The spacing of a field must be more than 0. Found {self.spacing.tolist()}.")
        if interpolation not in _ORDERS:
            raise TransformationError(f"The interpolation {interpolation!r} is not known. Valid: {', '.join(_ORDERS)}.")
        self.interpolation: Interpolation = interpolation
        self.field = self._checked(np.array(field, dtype=np.float64))

    def _checked(self, field: FloatArray) -> FloatArray:
        count = len(self.axes)
        if field.ndim != count + 1 or field.shape[-1] != count or min(field.shape[:-1]) < 2:
            raise TransformationError(
                f"A field over {self.axes} needs an array with one dimension per axis, of at least 2 nodes each, and a "
                f"last one of {count} components. Found {field.shape}."
            )
        if not np.isfinite(field).all():
            raise TransformationError("The field has values that are not finite.")
        field.flags.writeable = False
        return field

    def nodes(self) -> FloatArray:
        """Where the nodes are: an array of the shape of ``field``."""
        steps = [
            start + step * np.arange(size)
            for start, step, size in zip(self.origin, self.spacing, self.field.shape, strict=False)
        ]
        return np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)

    def clamped(self, points: FloatArray) -> FloatArray:
        """The nearest places within the outermost nodes."""
        last = self.origin + self.spacing * (np.array(self.field.shape[:-1]) - 1)
        return np.clip(points, self.origin, last)

    @cached_property
    def _coefficients(self) -> FloatArray:
        from scipy.ndimage import spline_filter

        parts = np.moveaxis(self.field, -1, 0)
        if self.interpolation != "cubic":
            return parts
        return np.stack([spline_filter(part, order=3, mode="mirror", output=np.float64) for part in parts])

    def sample(self, points: FloatArray) -> FloatArray:
        """The vectors at places within the outermost nodes; shape ``(n, k)`` in and out."""
        from scipy.ndimage import map_coordinates

        places = ((points - self.origin) / self.spacing).T
        order = _ORDERS[self.interpolation]
        sampled = np.empty(points.shape)
        for index, part in enumerate(self._coefficients):
            sampled[:, index] = map_coordinates(part, places, order=order, mode="mirror", prefilter=False)
        sampled[np.isnan(points).any(axis=1)] = np.nan
        return sampled

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_coefficients", "_affine")}

    def _parameters(self) -> tuple[Any, ...]:
        return (self.axes, self.field, self.spacing, self.origin, self.interpolation)

    def _describe(self) -> list[str]:
        nodes = " x ".join(map(str, self.field.shape[:-1]))
        return [
            f"{type(self).__name__} ({', '.join(self.axes)})",
            f"    {nodes} nodes from {self.origin} in steps of {self.spacing}, {self.interpolation}",
        ]


class Displacements(_Field):
    """A map that adds to every point the vector that a field has there.

    Parameters
    ----------
    field
        Displacements at the nodes: an array with one dimension per axis, in the order of ``axes``, and a last one of
        the components, in the same order.
    axes
        The axes that are moved.
    spacing
        The distance of neighbouring nodes along each axis; 1 if not given.
    origin
        The place of the first node; the origin if not given. A field with one node per pixel has its first node at
        0.5, the centre of the first pixel.
    interpolation
        ``"linear"``, ``"nearest"`` or ``"cubic"``. Beyond the outermost nodes the displacement is that of the nearest
        place on the border.

    Raises
    ------
    TransformationError
        The arguments do not fit together.

    Examples
    --------
    >>> field = np.zeros((2, 2, 2))
    >>> field[:, 1, 1] = 3.0  # at x = 1, move along x by 3
    >>> bend = Displacements(field, axes=("y", "x"))
    >>> bend.transform_coordinates([[0.5, 0.0], [1.0, 0.0]], ("x", "y"))
    array([[2., 0.],
           [4., 0.]])
    """

    def evaluate(self, points: FloatArray) -> FloatArray:
        """See :meth:`NonLinear.evaluate`."""
        return points + self.sample(self.clamped(points))

    def guess(self, targets: FloatArray) -> FloatArray:
        """See :meth:`NonLinear.guess`."""
        start = targets - self.sample(self.clamped(targets))
        return targets - self.sample(self.clamped(start))


class Coordinates(_Field):
    """A map that gives every point the coordinates that a field has there.

    Parameters
    ----------
    field
        Coordinates at the nodes: an array with one dimension per axis, in the order of ``axes``, and a last one of
        the components, in the same order.
    axes
        The axes that are mapped.
    spacing, origin
        The distance of neighbouring nodes along each axis, and the place of the first one.
    interpolation
        ``"linear"``, ``"nearest"`` or ``"cubic"``. Beyond the outermost nodes the map goes on with the slope of the
        affine map that fits the field best.

    Raises
    ------
    TransformationError
        The arguments do not fit together.

    Examples
    --------
    >>> field = np.array([[[0.0, 0.0], [0.0, 5.0]], [[1.0, 0.0], [1.0, 5.0]]])
    >>> Coordinates(field, axes=("y", "x")).transform_coordinates([[0.5, 0.5]], ("x", "y"))
    array([[2.5, 0.5]])
    """

    @cached_property
    def _affine(self) -> FloatArray:
        """The affine map that fits the field best, as rows of shape ``(k, k + 1)``."""
        count = len(self.axes)
        known = np.column_stack([self.nodes().reshape(-1, count), np.ones(self.field.size // count)])
        return np.asarray(np.linalg.lstsq(known, self.field.reshape(-1, count), rcond=None)[0].T, dtype=np.float64)

    def evaluate(self, points: FloatArray) -> FloatArray:
        """See :meth:`NonLinear.evaluate`."""
        inside = self.clamped(points)
        beyond = points - inside
        mapped = self.sample(inside)
        return mapped + beyond @ self._affine[:, :-1].T if beyond.any() else mapped

    def guess(self, targets: FloatArray) -> FloatArray:
        """See :meth:`NonLinear.guess`."""
        linear, offset = self._affine[:, :-1], self._affine[:, -1]
        return (targets - offset) @ np.linalg.pinv(linear).T
