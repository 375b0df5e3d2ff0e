"""The affine transformation."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import TransformationError
from spatialdata.transformations.algebra import Axes, BaseTransformation, FloatArray, as_axes, as_vector

if TYPE_CHECKING:
    from collections.abc import Sequence as SequenceABC

    from numpy.typing import ArrayLike

__all__ = ["Affine"]


class Affine(BaseTransformation):
    """Any linear map with an offset.

    Parameters
    ----------
    matrix
        Homogeneous matrix of shape ``(len(output_axes) + 1, len(input_axes) + 1)``; its last row is ``[0, …, 0, 1]``.
    input_axes
        The axes of the columns.
    output_axes
        The axes of the rows. An input axis that is no output axis is dropped.

    Examples
    --------
    >>> turn = Affine([[0, -1, 0], [1, 0, 0], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y"))
    >>> turn.to_affine_matrix(("y", "x"), ("y", "x"))[:2, :2]
    array([[ 0.,  1.],
           [-1.,  0.]])
    """

    def __init__(self, matrix: ArrayLike, input_axes: SequenceABC[str], output_axes: SequenceABC[str]) -> None:
        self.input_axes = as_axes(input_axes)
        self.output_axes = as_axes(output_axes)
        self.matrix = self._checked(np.array(matrix, dtype=np.float64))

    @classmethod
    def rotation(
        cls,
        angle: float,
        axes: SequenceABC[str] = ("x", "y"),
        center: ArrayLike | None = None,
        *,
        degrees: bool = False,
    ) -> Affine:
        """A rotation in the plane of two axes.

        Parameters
        ----------
        angle
            The angle from the first towards the second axis, in radians. With y pointing down, as images are shown,
            a positive angle over ``("x", "y")`` turns clockwise on the screen.
        axes
            The two axes; all others pass through.
        center
            The point that stays where it is, in the order of ``axes``; the origin if not given.
        degrees
            Whether the angle is in degrees.

        Examples
        --------
        >>> Affine.rotation(90, degrees=True).matrix.round(6)[:2, :2]
        array([[ 0., -1.],
               [ 1.,  0.]])
        """
        return cls.similarity(angle=angle, axes=axes, center=center, degrees=degrees)

    @classmethod
    def similarity(
        cls,
        scale: float = 1.0,
        angle: float = 0.0,
        translation: ArrayLike | None = None,
        axes: SequenceABC[str] = ("x", "y"),
        center: ArrayLike | None = None,
        *,
        degrees: bool = False,
        reflect: bool = False,
    ) -> Affine:
        """A map that keeps angles: it reflects, turns and scales evenly about a center, then shifts.

        Parameters
        ----------
        scale
            Units of the target per unit of the input; more than 0.
        angle
            The angle from the first towards the second axis, in radians.
        translation
            The shift, in the order of ``axes`` and the units of the target; none if not given.
        axes
            The two axes; all others pass through.
        center
            The point that is moved by the translation only; the origin if not given.
        degrees
            Whether the angle is in degrees.
        reflect
            Whether the second axis is mirrored first.

        Raises
        ------
        TransformationError
            There are not two axes, the scale is not positive, or a number is not finite.

        Examples
        --------
        >>> Affine.similarity(scale=2.0, translation=[10.0, 0.0], center=[1.0, 1.0]).matrix
        array([[ 2.,  0.,  9.],
               [ 0.,  2., -1.],
               [ 0.,  0.,  1.]])
        """
        named = as_axes(axes)
        if len(named) != 2:
            raise TransformationError(f"A rotation turns the plane of two axes. Found the axes {named}.")
        if not scale > 0:
            raise TransformationError(
                f"The scale of a similarity must be more than 0. Found {scale}. Use reflect=True for a mirror image."
            )
        fixed = as_vector([0.0, 0.0] if center is None else center, named, "The center")
        shift = as_vector([0.0, 0.0] if translation is None else translation, named, "The translation")
        radians = np.deg2rad(angle) if degrees else angle
        turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
        matrix = np.eye(3)
        matrix[:2, :2] = scale * turn @ np.diag([1.0, -1.0 if reflect else 1.0])
        matrix[:2, 2] = shift + fixed - matrix[:2, :2] @ fixed
        return cls(matrix, named, named)

    def _checked(self, matrix: FloatArray) -> FloatArray:
        shape = (len(self.output_axes) + 1, len(self.input_axes) + 1)
        if matrix.shape != shape:
            raise TransformationError(
                f"An Affine from {self.input_axes} to {self.output_axes} needs a matrix of shape {shape}. Found "
                f"{matrix.shape}."
            )
        if not np.array_equal(matrix[-1], np.eye(1, shape[1], shape[1] - 1)[0]):
            raise TransformationError(f"The last row of an Affine must be [0, …, 0, 1]. Found {matrix[-1].tolist()}.")
        if not np.isfinite(matrix).all():
            raise TransformationError(f"The matrix of an Affine has values that are not finite: {matrix.tolist()}.")
        matrix.flags.writeable = False
        return matrix

    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.linear_map`."""
        known = [axis for axis in self.input_axes if axis in axes]
        if not known:
            warnings.warn(
                f"An Affine over {self.input_axes} was applied to the axes {axes}, none of which it names.",
                UserWarning,
                stacklevel=2,
            )
        passing = tuple(axis for axis in axes if axis not in self.input_axes and axis not in self.output_axes)
        rows = np.zeros((len(passing) + len(self.output_axes), len(axes) + 1))
        for index, axis in enumerate(passing):
            rows[index, axes.index(axis)] = 1.0
        block = rows[len(passing) :]
        block[:, -1] = self.matrix[:-1, -1]
        for axis in known:
            block[:, axes.index(axis)] = self.matrix[:-1, self.input_axes.index(axis)]
        return passing + self.output_axes, rows

    def _check_nothing_dropped(self, columns: Axes, produced: Axes, wanted: Axes) -> None:
        """An Affine may be asked for some of its output axes only."""

    def inverse(self) -> Affine:
        """The inverse matrix, from the output axes to the input axes.

        Raises
        ------
        TransformationError
            The numbers of input and output axes differ, or the matrix is singular.
        """
        if len(self.input_axes) != len(self.output_axes):
            raise TransformationError(
                f"An Affine from {self.input_axes} to {self.output_axes} changes the number of axes and has no inverse."
            )
        # The units of the axes may differ by many orders of magnitude, which makes no map singular.
        linear = self.matrix[:-1, :-1]
        largest = np.abs(linear).max(axis=1, initial=0.0, keepdims=True)
        if (largest == 0).any() or np.linalg.matrix_rank(linear / largest) < len(linear):
            raise TransformationError(f"The matrix {self.matrix.tolist()} is singular and has no inverse.")
        inverse = np.linalg.inv(self.matrix)
        inverse[-1] = np.eye(1, inverse.shape[1], inverse.shape[1] - 1)[0]
        return Affine(inverse, self.output_axes, self.input_axes)

    def _parameters(self) -> tuple[Any, ...]:
        return (self.input_axes, self.output_axes, self.matrix)

    def _describe(self) -> list[str]:
        head = f"Affine ({', '.join(self.input_axes)} -> {', '.join(self.output_axes)})"
        return [head, *("    " + line for line in str(self.matrix).splitlines())]
