"""What a transformation is: an immutable value that maps named axes to named axes.

A transformation says nothing about the axes it does not name: these pass through unchanged. Its numeric form depends
on the axes that it is asked for, and is always obtained with :meth:`BaseTransformation.to_affine_matrix`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatialdata._core.axes import ValidAxis, validate_axes
from spatialdata.errors import TransformationError

if TYPE_CHECKING:
    from collections.abc import Sequence as SequenceABC

    from spatialdata.transformations.linear import Affine, Sequence

__all__ = ["BaseTransformation", "FloatArray", "as_axes", "as_vector"]

FloatArray: TypeAlias = NDArray[np.float64]
Axes: TypeAlias = tuple[ValidAxis, ...]


class BaseTransformation(ABC):
    """Base of all transformations.

    Transformations map coordinates forwards: from the element (or the source coordinate system) to the target
    coordinate system. They are values: operations return new ones.
    """

    __hash__: ClassVar[None]  # type: ignore[assignment]

    validate_axes = staticmethod(validate_axes)

    @abstractmethod
    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """The map over the given input axes, with all the axes it produces.

        Parameters
        ----------
        axes
            The axes of the input.

        Returns
        -------
        output_axes
            The axes that the input has after the transformation, those that pass through included.
        rows
            Array of shape ``(len(output_axes), len(axes) + 1)``; the last column is the offset.
        """

    @property
    def is_linear(self) -> bool:
        """Whether the transformation has a matrix; the others are evaluated point by point."""
        return True

    def map_points(self, points: FloatArray, axes: Axes) -> tuple[Axes, FloatArray]:
        """Map points, keeping all the axes that come of it.

        Parameters
        ----------
        points
            Array of shape ``(n, len(axes))``.
        axes
            The axes of the columns.

        Returns
        -------
        output_axes
            The axes that the points have after the transformation.
        points
            Array of shape ``(n, len(output_axes))``.
        """
        produced, rows = self.linear_map(axes)
        return produced, points @ rows[:, :-1].T + rows[:, -1]

    @abstractmethod
    def inverse(self) -> BaseTransformation:
        """The transformation that undoes this one.

        Raises
        ------
        TransformationError
            The transformation is not invertible.
        """

    @abstractmethod
    def _parameters(self) -> tuple[Any, ...]:
        """The parameters that make two transformations of the same class equal."""

    @abstractmethod
    def _describe(self) -> list[str]:
        """The lines of the repr: one summary line, then indented detail."""

    def axes_after(self, axes: SequenceABC[str]) -> Axes:
        """The axes that coordinates over ``axes`` have after the transformation.

        Examples
        --------
        >>> from spatialdata.transformations import MapAxis
        >>> MapAxis({"x": "y", "y": "x"}).axes_after(("c", "y", "x"))
        ('c', 'x', 'y')
        """
        return self.linear_map(as_axes(axes))[0]

    def transform_coordinates(
        self, coordinates: ArrayLike, input_axes: SequenceABC[str], output_axes: SequenceABC[str] | None = None
    ) -> FloatArray:
        """Map coordinates, whether the transformation is linear or not.

        Parameters
        ----------
        coordinates
            Array of shape ``(n, len(input_axes))``.
        input_axes
            The axes of its columns.
        output_axes
            The axes of the columns of the result; the input axes if not given.

        Returns
        -------
        Array of shape ``(n, len(output_axes))``.

        Raises
        ------
        TransformationError
            The array has another number of columns, an axis asked for is not produced, or a numerical inverse does not
            exist at one of the places.

        Examples
        --------
        >>> from spatialdata.transformations import Scale
        >>> Scale([2.0], axes=("x",)).transform_coordinates([[1.0, 3.0]], ("y", "x"))
        array([[1., 6.]])
        """
        columns = as_axes(input_axes)
        wanted = columns if output_axes is None else as_axes(output_axes)
        points = np.asarray(coordinates, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != len(columns):
            raise TransformationError(
                f"Coordinates over the axes {columns} must have the shape (n, {len(columns)}). Found {points.shape}."
            )
        produced, mapped = self.map_points(points, columns)
        missing = [axis for axis in wanted if axis not in produced]
        if missing:
            raise TransformationError(
                f"{type(self).__name__} takes the axes {columns} to {produced}; it does not produce "
                f"{', '.join(missing)}."
            )
        return mapped[:, [produced.index(axis) for axis in wanted]]

    def to_affine_matrix(self, input_axes: SequenceABC[str], output_axes: SequenceABC[str]) -> FloatArray:
        """The homogeneous matrix of the transformation over the axes asked for.

        Parameters
        ----------
        input_axes
            Axes of the input, in the order of the columns.
        output_axes
            Axes of the output, in the order of the rows. An axis that the transformation does not produce gets a row
            of zeros.

        Returns
        -------
        Array of shape ``(len(output_axes) + 1, len(input_axes) + 1)`` with the last row ``[0, …, 0, 1]``.

        Raises
        ------
        TransformationError
            An input axis that passes through is not among the output axes.

        Examples
        --------
        >>> from spatialdata.transformations import Translation
        >>> Translation([10, 20], axes=("x", "y")).to_affine_matrix(("y", "x"), ("y", "x"))
        array([[ 1.,  0., 20.],
               [ 0.,  1., 10.],
               [ 0.,  0.,  1.]])
        """
        columns = as_axes(input_axes)
        wanted = as_axes(output_axes)
        produced, rows = self.linear_map(columns)
        self._check_nothing_dropped(columns, produced, wanted)
        matrix = np.zeros((len(wanted) + 1, len(columns) + 1))
        matrix[-1, -1] = 1.0
        for index, axis in enumerate(wanted):
            if axis in produced:
                matrix[index] = rows[produced.index(axis)]
        return matrix

    def _check_nothing_dropped(self, columns: Axes, produced: Axes, wanted: Axes) -> None:
        dropped = [axis for axis in columns if axis in produced and axis not in wanted]
        if dropped:
            raise TransformationError(
                f"{type(self).__name__} was asked for the output axes {wanted} of the input axes {columns}, which "
                "drops "
                f"{', '.join(dropped)}. The output axes must contain the input axes {columns}."
            )

    def to_affine(self, input_axes: SequenceABC[str], output_axes: SequenceABC[str]) -> Affine:
        """The transformation as an :class:`Affine` over the axes asked for.

        Examples
        --------
        >>> from spatialdata.transformations import Scale
        >>> Scale([2.0], axes=("x",)).to_affine(("x", "y"), ("x", "y")).matrix[0, 0]
        np.float64(2.0)
        """
        from spatialdata.transformations.linear import Affine

        return Affine(self.to_affine_matrix(input_axes, output_axes), input_axes, output_axes)

    def compose_with(self, transformations: BaseTransformation | list[BaseTransformation]) -> Sequence:
        """Apply others after this transformation.

        Examples
        --------
        >>> from spatialdata.transformations import Identity, Scale
        >>> len(Identity().compose_with(Scale([2, 2], axes=("x", "y"))).transformations)
        2
        """
        from spatialdata.transformations.linear import Sequence

        others = list(transformations) if isinstance(transformations, list | tuple) else [transformations]
        return Sequence([self, *others])

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, BaseTransformation):
            return NotImplemented if not isinstance(other, BaseTransformation) else False
        return all(_equal(a, b) for a, b in zip(self._parameters(), other._parameters(), strict=True))

    def __dask_tokenize__(self) -> Any:
        from dask.base import normalize_token

        return normalize_token([type(self).__qualname__, *self._parameters()])

    def __repr__(self) -> str:
        return "\n".join(self._describe())


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and bool(np.allclose(a, b))
    return bool(a == b)


def as_axes(axes: SequenceABC[str]) -> Axes:
    """Check axes and make them a tuple."""
    if isinstance(axes, str):
        axes = (axes,)
    validate_axes(axes)
    return tuple(axes)  # type: ignore[arg-type]


def as_vector(values: ArrayLike, axes: Axes, what: str) -> FloatArray:
    """Check that there is one finite number per axis, and make them a read-only array."""
    vector = np.array(values, dtype=np.float64)
    if vector.shape != (len(axes),):
        raise TransformationError(
            f"{what} needs one number per axis: {len(axes)} for the axes {axes}. Found an array of shape "
            f"{vector.shape}."
        )
    if not np.isfinite(vector).all():
        raise TransformationError(f"{what} has values that are not finite: {vector.tolist()}.")
    vector.flags.writeable = False
    return vector
