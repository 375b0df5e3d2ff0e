"""The linear transformations: Identity, MapAxis, Translation, Scale, Affine, and their Sequence."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import TransformationError
from spatialdata.transformations.algebra import Axes, BaseTransformation, FloatArray, as_axes, as_vector

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence as SequenceABC

    from numpy.typing import ArrayLike

    from spatialdata._core.axes import ValidAxis

__all__ = ["Affine", "Identity", "MapAxis", "Scale", "Sequence", "Translation"]


def _identity_rows(axes: Axes) -> FloatArray:
    return np.eye(len(axes), len(axes) + 1)


class Identity(BaseTransformation):
    """The transformation that changes nothing.

    Examples
    --------
    >>> Identity().to_affine_matrix(("x", "y"), ("x", "y")).shape
    (3, 3)
    """

    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.linear_map`."""
        return axes, _identity_rows(axes)

    def inverse(self) -> Identity:
        """The identity itself."""
        return self

    def _parameters(self) -> tuple[Any, ...]:
        return ()

    def _describe(self) -> list[str]:
        return ["Identity"]


class MapAxis(BaseTransformation):
    """Give axes the values of other axes.

    Parameters
    ----------
    map_axis
        For each output axis, the input axis that it is taken from. Axes that are no key pass through.

    Examples
    --------
    >>> swap = MapAxis({"x": "y", "y": "x"})
    >>> swap.to_affine_matrix(("x", "y"), ("x", "y"))[0]
    array([0., 1., 0.])
    """

    def __init__(self, map_axis: Mapping[ValidAxis, ValidAxis]) -> None:
        as_axes(list(map_axis))
        for source in map_axis.values():
            as_axes((source,))
        self.map_axis: dict[ValidAxis, ValidAxis] = dict(map_axis)

    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.linear_map`."""
        missing = [(out, source) for out, source in self.map_axis.items() if source not in axes and out != source]
        if missing:
            out, source = missing[0]
            raise TransformationError(
                f"MapAxis takes the axis {out!r} from {source!r}, but the input has only the axes {axes}."
            )
        output: list[ValidAxis] = []
        sources: list[ValidAxis] = []
        for axis in axes:
            targets = [out for out, source in self.map_axis.items() if source == axis]
            if axis not in self.map_axis:
                targets.insert(0, axis)
            output.extend(targets)
            sources.extend([axis] * len(targets))
        identity = _identity_rows(axes)
        return tuple(output), identity[[axes.index(axis) for axis in sources]]

    def inverse(self) -> MapAxis:
        """The map with outputs and inputs exchanged; an error if two outputs share an input."""
        if len(set(self.map_axis.values())) != len(self.map_axis):
            raise TransformationError(f"MapAxis({self.map_axis}) takes two axes from the same one and has no inverse.")
        return MapAxis({source: out for out, source in self.map_axis.items()})

    def _parameters(self) -> tuple[Any, ...]:
        return (self.map_axis,)

    def _describe(self) -> list[str]:
        return ["MapAxis", *(f"    {out} <- {source}" for out, source in self.map_axis.items())]


class Translation(BaseTransformation):
    """Shift along axes.

    Parameters
    ----------
    translation
        One shift per axis, in the units of the target.
    axes
        The axes that are shifted.

    Examples
    --------
    >>> Translation([1, 2], axes=("x", "y")).inverse().translation
    array([-1., -2.])
    """

    def __init__(self, translation: ArrayLike, axes: SequenceABC[str]) -> None:
        self.axes = as_axes(axes)
        self.translation = as_vector(translation, self.axes, "A Translation")

    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.linear_map`."""
        rows = _identity_rows(axes)
        rows[:, -1] = self.to_translation_vector(axes)
        return axes, rows

    def inverse(self) -> Translation:
        """The opposite shift."""
        return Translation(-self.translation, self.axes)

    def to_translation_vector(self, axes: SequenceABC[str]) -> FloatArray:
        """The shift over the axes asked for; 0 where an axis is not shifted."""
        return np.array([self.translation[self.axes.index(a)] if a in self.axes else 0.0 for a in as_axes(axes)])

    def _parameters(self) -> tuple[Any, ...]:
        return (self.axes, self.translation)

    def _describe(self) -> list[str]:
        return [f"Translation ({', '.join(self.axes)})", f"    {self.translation}"]


class Scale(BaseTransformation):
    """Stretch along axes, with the origin fixed.

    Parameters
    ----------
    scale
        One factor per axis: units of the target per unit of the input.
    axes
        The axes that are stretched.

    Examples
    --------
    >>> Scale([2, 4], axes=("x", "y")).inverse().scale
    array([0.5 , 0.25])
    """

    def __init__(self, scale: ArrayLike, axes: SequenceABC[str]) -> None:
        self.axes = as_axes(axes)
        self.scale = as_vector(scale, self.axes, "A Scale")

    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.linear_map`."""
        return axes, self.to_scale_vector(axes)[:, None] * _identity_rows(axes)

    def inverse(self) -> Scale:
        """The reciprocal factors; an error if one of them is 0."""
        if (self.scale == 0).any():
            raise TransformationError(
                f"Scale({self.scale.tolist()}, axes={self.axes}) has a factor of 0 and no inverse."
            )
        return Scale(1.0 / self.scale, self.axes)

    def to_scale_vector(self, axes: SequenceABC[str]) -> FloatArray:
        """The factors over the axes asked for; 1 where an axis is not stretched."""
        return np.array([self.scale[self.axes.index(a)] if a in self.axes else 1.0 for a in as_axes(axes)])

    def _parameters(self) -> tuple[Any, ...]:
        return (self.axes, self.scale)

    def _describe(self) -> list[str]:
        return [f"Scale ({', '.join(self.axes)})", f"    {self.scale}"]


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
        if np.linalg.matrix_rank(self.matrix) < self.matrix.shape[0]:
            raise TransformationError(f"The matrix {self.matrix.tolist()} is singular and has no inverse.")
        inverse = np.linalg.inv(self.matrix)
        inverse[-1] = np.eye(1, inverse.shape[1], inverse.shape[1] - 1)[0]
        return Affine(inverse, self.output_axes, self.input_axes)

    def _parameters(self) -> tuple[Any, ...]:
        return (self.input_axes, self.output_axes, self.matrix)

    def _describe(self) -> list[str]:
        head = f"Affine ({', '.join(self.input_axes)} -> {', '.join(self.output_axes)})"
        return [head, *("    " + line for line in str(self.matrix).splitlines())]


class Sequence(BaseTransformation):
    """Transformations applied one after the other, the first of the list first.

    Parameters
    ----------
    transformations
        The transformations; an empty sequence is the identity.

    Examples
    --------
    >>> both = Sequence([Scale([2.0], axes=("x",)), Translation([1.0], axes=("x",))])
    >>> both.to_affine_matrix(("x",), ("x",))[0]
    array([2., 1.])
    """

    def __init__(self, transformations: SequenceABC[BaseTransformation]) -> None:
        for item in transformations:
            if not isinstance(item, BaseTransformation):
                raise TypeError(f"A Sequence consists of transformations. Found {type(item).__name__}.")
        self.transformations: list[BaseTransformation] = list(transformations)

    def linear_map(self, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.linear_map`."""
        current = axes
        rows = _identity_rows(axes)
        for transformation in self.transformations:
            current, step = transformation.linear_map(current)
            rows = step[:, :-1] @ rows
            rows[:, -1] += step[:, -1]
        return current, rows

    def inverse(self) -> Sequence:
        """The inverses in reverse order."""
        return Sequence([transformation.inverse() for transformation in reversed(self.transformations)])

    def _parameters(self) -> tuple[Any, ...]:
        return (self.transformations,)

    def _describe(self) -> list[str]:
        lines = ["Sequence"]
        for transformation in self.transformations:
            lines.extend("    " + line for line in repr(transformation).splitlines())
        return lines
