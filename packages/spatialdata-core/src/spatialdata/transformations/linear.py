"""The linear transformations Identity, MapAxis, Translation, Scale and Affine, and the Sequence of any others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import TransformationError
from spatialdata.transformations.affine import Affine
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

    @property
    def is_linear(self) -> bool:
        """Whether all members are linear."""
        return all(transformation.is_linear for transformation in self.transformations)

    def axes_after(self, axes: SequenceABC[str]) -> Axes:
        """See :meth:`BaseTransformation.axes_after`."""
        current = as_axes(axes)
        for transformation in self.transformations:
            current = transformation.axes_after(current)
        return current

    def map_points(self, points: FloatArray, axes: Axes) -> tuple[Axes, FloatArray]:
        """See :meth:`BaseTransformation.map_points`."""
        if self.is_linear:
            return super().map_points(points, axes)
        for transformation in self.transformations:
            axes, points = transformation.map_points(points, axes)
        return axes, points

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
