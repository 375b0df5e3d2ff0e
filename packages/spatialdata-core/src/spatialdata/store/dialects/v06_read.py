"""One transformation of OME-Zarr 0.6, from JSON, also as the drafts of that version spelled it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from spatialdata._core.axes import ValidAxis
from spatialdata.errors import StoreError, listing
from spatialdata.transformations.fields import Coordinates, Displacements, Interpolation
from spatialdata.transformations.linear import Affine, Identity, MapAxis, Scale, Translation
from spatialdata.transformations.linear import Sequence as SequenceOf
from spatialdata.transformations.nonlinear import Bijection

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["Arrays", "Field", "read_transformation"]

Axes: TypeAlias = tuple[ValidAxis, ...]
Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """An array beside an image.

    Attributes
    ----------
    values
        A matrix; or a field with one dimension per axis and a last one of the components.
    spacing, origin
        Of a field: the distance of its nodes along each axis, and the place of the first; 1 and 0 if not given.
    axes
        Of a field that is to be written: its axes.
    kind
        Of a field that is to be written: ``"displacements"`` or ``"coordinates"``.
    """

    values: FloatArray
    spacing: Sequence[float] | None = None
    origin: Sequence[float] | None = None
    axes: Axes = ()
    kind: str = "displacements"


Arrays: TypeAlias = Callable[[str], Field]


def read_transformation(
    entry: Json, source: Axes, target: Axes, where: str, arrays: Arrays | None = None
) -> BaseTransformation:
    """Read a transformation.

    Parameters
    ----------
    entry
        The JSON object.
    source, target
        The axes of its input and of its output, in their order.
    where
        What it belongs to, for error messages.
    arrays
        Gives the matrices and fields that the transformation keeps outside of the JSON, by their path.

    Raises
    ------
    StoreError
        The object is malformed, or of a type that is not known.
    """
    kind = entry.get("type")
    reader = _READERS.get(str(kind))
    if reader is None:
        raise StoreError(
            f"A transformation of {where} has the type {kind!r}, which cannot be read. Known: {listing(_READERS)}."
        )
    try:
        return reader(_Context(where, arrays), entry, source, target)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise StoreError(f"A transformation of {where} is malformed ({kind}): {error}.") from error


@dataclass(frozen=True, slots=True)
class _Context:
    where: str
    arrays: Arrays | None

    def read(self, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
        return read_transformation(entry, source, target, self.where, self.arrays)

    def field(self, entry: Json) -> Field:
        path = entry["path"]
        if self.arrays is None:
            raise StoreError(f"A transformation of {self.where} is kept in the array {path!r}, which is not at hand.")
        return self.arrays(str(path))

    def numbers(self, entry: Json, key: str) -> FloatArray:
        return np.asarray(entry[key] if key in entry else self.field(entry).values, dtype=np.float64)


def _affine(linear: FloatArray, offset: FloatArray, source: Axes, target: Axes) -> Affine:
    matrix = np.zeros((len(target) + 1, len(source) + 1))
    matrix[:-1, :-1], matrix[:-1, -1], matrix[-1, -1] = linear, offset, 1.0
    return Affine(matrix, source, target)


def _identity(_context: _Context, _entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    return Identity() if source == target else _affine(np.eye(len(source)), np.zeros(len(target)), source, target)


def _scale(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    factors = context.numbers(entry, "scale")
    if source == target:
        return Scale(factors, source)
    return _affine(np.diag(factors), np.zeros(len(target)), source, target)


def _translation(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    shift = context.numbers(entry, "translation")
    return Translation(shift, source) if source == target else _affine(np.eye(len(source)), shift, source, target)


def _read_affine(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    rows = context.numbers(entry, "affine").reshape(len(target), len(source) + 1)
    return _affine(rows[:, :-1], rows[:, -1], source, target)


def _rotation(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    values = context.numbers(entry, "rotation")
    side = math.isqrt(values.size)
    return _affine(values.reshape(side, side), np.zeros(side), source, target)


def _map_axis(_context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    given = entry["mapAxis"]
    if isinstance(given, Mapping):
        return MapAxis(cast("dict[ValidAxis, ValidAxis]", dict(given)))
    if sorted(given) != list(range(len(source))):
        raise ValueError(f"mapAxis must be a permutation of {list(range(len(source)))}, not {given!r}")
    return MapAxis({out: source[int(index)] for out, index in zip(target, given, strict=True)})


def _project_axis(_context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    dropped = {int(index) for index in entry.get("droppedInputs", [])}
    created = {int(index) for index in entry.get("createdOutputs", [])}
    kept = [index for index in range(len(source)) if index not in dropped]
    places = [index for index in range(len(target)) if index not in created]
    linear = np.zeros((len(target), len(source)))
    for row, column in zip(places, kept, strict=True):
        linear[row, column] = 1.0
    return _affine(linear, np.zeros(len(target)), source, target)


def _sequence(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    members = []
    entries = entry["transformations"]
    for number, member in enumerate(entries):
        after = _axes_after(member, source, target, is_last=number == len(entries) - 1)
        members.append(context.read(member, source, after))
        source = after
    return SequenceOf(members)


def _axes_after(member: Json, source: Axes, target: Axes, *, is_last: bool) -> Axes:
    """The axes that a member of a sequence leads to: those of the whole at the end, or where their number changes."""
    if is_last:
        return target
    kind = member.get("type")
    changes = kind == "projectAxis" or (kind == "affine" and len(member.get("affine", source)) != len(source))
    return target if changes else source


def _by_dimension(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    members: list[tuple[Axes, Axes, BaseTransformation]] = []
    for item in entry["transformations"]:
        taken = _chosen(item.get("inputAxes", item.get("input_axes")), source)
        given = _chosen(item.get("outputAxes", item.get("output_axes")), target)
        members.append((taken, given, context.read(item.get("transformation", item), taken, given)))
    if all(member.is_linear for _, _, member in members):
        linear, offset = np.zeros((len(target), len(source))), np.zeros(len(target))
        for taken, given, member in members:
            matrix = member.to_affine_matrix(taken, given)
            rows, columns = [target.index(axis) for axis in given], [source.index(axis) for axis in taken]
            linear[np.ix_(rows, columns)], offset[rows] = matrix[:-1, :-1], matrix[:-1, -1]
        return _affine(linear, offset, source, target)
    if source != target or any(taken != given for taken, given, _ in members):
        raise ValueError("a byDimension with non-linear members must keep its axes")
    moving = [member for _, _, member in members if member != Identity()]
    return moving[0] if len(moving) == 1 else SequenceOf(moving)


def _chosen(given: Any, axes: Axes) -> Axes:
    """Axes by their index or, in drafts, by name; names of arrays such as dim_0 by the number in them."""
    names: list[ValidAxis] = []
    for item in given:
        by_name = isinstance(item, str) and item in axes
        names.append(axes[axes.index(item) if by_name else int(str(item).removeprefix("dim_"))])
    return tuple(names)


def _bijection(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    return Bijection(context.read(entry["forward"], source, target), context.read(entry["inverse"], target, source))


def _interpolation(entry: Json) -> Interpolation:
    given = str(entry.get("interpolation", "linear"))
    return cast("Interpolation", "cubic" if given == "bspline-cubic" else given)


def _displacements(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    field = context.field(entry)
    moved = Displacements(field.values, source, field.spacing, field.origin, _interpolation(entry))
    return moved if source == target else SequenceOf([moved, _identity(context, entry, source, target)])


def _coordinates(context: _Context, entry: Json, source: Axes, target: Axes) -> BaseTransformation:
    field = context.field(entry)
    moved = Coordinates(field.values, source, field.spacing, field.origin, _interpolation(entry))
    return moved if source == target else SequenceOf([moved, _identity(context, entry, source, target)])


_READERS: dict[str, Callable[[_Context, Json, Axes, Axes], BaseTransformation]] = {
    "identity": _identity,
    "scale": _scale,
    "translation": _translation,
    "affine": _read_affine,
    "rotation": _rotation,
    "mapAxis": _map_axis,
    "projectAxis": _project_axis,
    "sequence": _sequence,
    "byDimension": _by_dimension,
    "bijection": _bijection,
    "displacements": _displacements,
    "coordinates": _coordinates,
}
