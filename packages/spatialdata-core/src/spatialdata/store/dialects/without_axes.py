"""Transformations over fewer axes: those that an element has of the axes of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from spatialdata._core.axes import ValidAxis
from spatialdata.errors import TransformationError
from spatialdata.transformations.linear import Affine, Identity, Scale, Translation
from spatialdata.transformations.linear import Sequence as SequenceOf

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["restricted", "simplest", "without_time"]

Axes: TypeAlias = tuple[ValidAxis, ...]


def without_time(axes: Sequence[ValidAxis]) -> Axes:
    """The axes but for that of time."""
    return tuple(axis for axis in axes if axis != "t")


def restricted(transformation: BaseTransformation, axes: Axes, kept: Axes) -> BaseTransformation:
    """A transformation over some of its axes; as it is if these are all.

    Parameters
    ----------
    transformation
        The transformation.
    axes
        The axes of its input.
    kept
        Those that stay. The others may not have to do with them.

    Raises
    ------
    TransformationError
        What becomes of the axes that stay depends on the others.
    """
    if set(kept) == set(axes):
        return transformation
    if isinstance(transformation, SequenceOf):
        members = []
        for member in transformation.transformations:
            after = member.axes_after(axes)
            members.append(restricted(member, axes, kept))
            axes, kept = after, tuple(axis for axis in after if axis in kept or axis not in axes)
        return SequenceOf(members)
    if not transformation.is_linear:
        transformation.axes_after(kept)
        return transformation
    return simplest(transformation, axes, kept)


def simplest(transformation: BaseTransformation, axes: Axes, kept: Axes) -> BaseTransformation:
    """A linear transformation over some of its axes, as a scale and a translation where it is no more than these.

    Raises
    ------
    TransformationError
        What becomes of the axes that stay depends on the others.
    """
    produced, rows = transformation.linear_map(axes)
    output = tuple(axis for axis in produced if axis in kept or axis not in axes)
    chosen = rows[[produced.index(axis) for axis in output]]
    lost = [axes.index(axis) for axis in axes if axis not in kept]
    if chosen[:, lost].any():
        raise TransformationError(
            f"A transformation of the axes {axes} mixes {tuple(axes[index] for index in lost)} with {kept}, so that it "
            "cannot be had over these alone."
        )
    linear, shift = chosen[:, [axes.index(axis) for axis in kept]], chosen[:, -1]
    if output != kept or np.count_nonzero(linear - np.diag(np.diag(linear))) or not np.diag(linear).all():
        matrix = np.eye(len(output) + 1, len(kept) + 1)
        matrix[:-1, :-1], matrix[:-1, -1], matrix[-1] = linear, shift, np.eye(1, len(kept) + 1, len(kept))
        return Affine(matrix, kept, output)
    return _diagonal(np.diag(linear), shift, kept)


def _diagonal(factors: FloatArray, shift: FloatArray, axes: Axes) -> BaseTransformation:
    moved = [index for index, axis in enumerate(axes) if axis not in ("c", "t") or factors[index] != 1 or shift[index]]
    names = tuple(axes[index] for index in moved)
    steps: list[BaseTransformation] = []
    if (factors != 1).any():
        steps.append(Scale(factors[moved], names))
    if shift.any():
        steps.append(Translation(shift[moved], names))
    if not steps:
        return Identity()
    return steps[0] if len(steps) == 1 else SequenceOf(steps)
