"""One transformation as JSON of OME-Zarr 0.6."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spatialdata._core.axes import ValidAxis
from spatialdata.errors import TransformationError
from spatialdata.store.dialects.multiscale import axis_type
from spatialdata.store.dialects.v06_read import Field
from spatialdata.transformations.fields import Coordinates, Displacements
from spatialdata.transformations.linear import Identity, MapAxis, Scale, Translation
from spatialdata.transformations.linear import Sequence as SequenceOf
from spatialdata.transformations.nonlinear import Bijection

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["FIELDS", "write_edge", "write_system", "write_transformation"]

Axes: TypeAlias = tuple[ValidAxis, ...]
Fields: TypeAlias = MutableMapping[str, Field]
FIELDS = "coordinateTransformations"


def write_transformation(
    transformation: BaseTransformation, source: Axes, target: Axes, fields: Fields
) -> dict[str, Any]:
    """Write a transformation.

    Parameters
    ----------
    transformation
        The transformation.
    source, target
        The axes of input and output, in their order. Axes that are lost on the way are dropped by an affine map.
    fields
        Receives, by their paths, the arrays that the transformation keeps outside of the JSON.

    Raises
    ------
    TransformationError
        OME-Zarr 0.6 has no word for it: a thin-plate spline, or a numerical inverse alone. Sample it to Displacements,
        or give its inverse along in a Bijection.
    """
    keeps_axes = isinstance(transformation, SequenceOf) and _keeps_axes(transformation, source)
    if transformation.is_linear and not (keeps_axes and source == target):
        return _linear(transformation, source, target)
    if isinstance(transformation, SequenceOf):
        return _sequence(transformation, source, target, fields)
    if isinstance(transformation, Bijection):
        forward = write_transformation(transformation.forward, source, target, fields)
        inverse = write_transformation(transformation.backward, target, source, fields)
        return {"type": "bijection", "forward": forward, "inverse": inverse}
    if isinstance(transformation, Displacements | Coordinates):
        transformation.axes_after(source)
        field = _over_own_axes(transformation, source, fields)
        if source == target:
            return field
        return {"type": "sequence", "transformations": [field, _linear(Identity(), source, target)]}
    raise TransformationError(
        f"OME-Zarr 0.6 cannot say {type(transformation).__name__} from {source} to {target}. Sample it onto a field of "
        "Displacements first."
    )


def _keeps_axes(sequence: SequenceOf, axes: Axes) -> bool:
    """Whether every step has the same axes; then each is written, since more readers know scales than affine maps."""
    return len(sequence.transformations) > 0 and all(
        set(member.axes_after(axes)) == set(axes) for member in sequence.transformations
    )


def _linear(transformation: BaseTransformation, source: Axes, target: Axes) -> dict[str, Any]:
    if source == target:
        plain = _PLAIN.get(type(transformation))
        found = plain(transformation, source) if plain is not None else None
        if found is not None:
            return found
    produced, rows = transformation.linear_map(source)
    chosen = np.zeros((len(target), len(source) + 1))
    for index, axis in enumerate(target):
        if axis in produced:
            chosen[index] = rows[produced.index(axis)]
    return {"type": "affine", "affine": chosen.tolist()}


def _plain_scale(transformation: Any, axes: Axes) -> dict[str, Any] | None:
    factors = transformation.to_scale_vector(axes)
    return {"type": "scale", "scale": factors.tolist()} if (factors > 0).all() else None


def _plain_map_axis(transformation: Any, axes: Axes) -> dict[str, Any] | None:
    taken = [transformation.map_axis.get(axis, axis) for axis in axes]
    if sorted(taken) != sorted(axes):
        return None
    return {"type": "mapAxis", "mapAxis": [axes.index(axis) for axis in taken]}


_PLAIN: dict[type, Callable[[Any, Axes], dict[str, Any] | None]] = {
    Identity: lambda _transformation, _axes: {"type": "identity"},
    Scale: _plain_scale,
    Translation: lambda t, axes: {"type": "translation", "translation": t.to_translation_vector(axes).tolist()},
    MapAxis: _plain_map_axis,
}


def _sequence(sequence: SequenceOf, source: Axes, target: Axes, fields: Fields) -> dict[str, Any]:
    members = []
    for number, member in enumerate(sequence.transformations):
        is_last = number == len(sequence.transformations) - 1
        after = target if is_last else member.axes_after(source)
        if not is_last and set(after) == set(source):
            after = source
        members.append(write_transformation(member, source, after, fields))
        source = after
    return {"type": "sequence", "transformations": members}


def _over_own_axes(transformation: Displacements | Coordinates, axes: Axes, fields: Fields) -> dict[str, Any]:
    """A field, over some of the axes where it does not have all of them."""
    kind = "displacements" if isinstance(transformation, Displacements) else "coordinates"
    spacing, origin = transformation.spacing.tolist(), transformation.origin.tolist()
    path = f"{FIELDS}/{kind}-{_digest(transformation)}"
    fields[path] = Field(transformation.field, spacing, origin, transformation.axes, kind)
    entry = {"type": kind, "path": path, "interpolation": transformation.interpolation}
    if transformation.axes == axes:
        return entry
    own = [axes.index(axis) for axis in transformation.axes]
    others = [index for index in range(len(axes)) if index not in own]
    members = [{"transformation": entry, "inputAxes": own, "outputAxes": own}]
    if others:
        members.append({"transformation": {"type": "identity"}, "inputAxes": others, "outputAxes": others})
    return {"type": "byDimension", "transformations": members}


def _digest(field: Displacements | Coordinates) -> str:
    """What names a field by its contents, so that a changed one never takes the place of another."""
    grid = json.dumps([field.axes, field.field.shape, field.spacing.tolist(), field.origin.tolist()])
    return hashlib.sha256(field.field.astype("<f8").tobytes() + grid.encode()).hexdigest()[:16]


def write_system(name: str, axes: Sequence[str], units: dict[str, str] | None = None) -> dict[str, Any]:
    """Write a coordinate system.

    Parameters
    ----------
    name
        Its name.
    axes
        Its axes, in their order.
    units
        Their units, by axis.
    """
    entries: list[dict[str, Any]] = []
    for axis in axes:
        entry: dict[str, Any] = {"name": axis, "type": axis_type(axis), "discrete": axis == "c"}
        if units and axis in units:
            entry["unit"] = units[axis]
        entries.append(entry)
    return {"name": name, "axes": entries}


def write_edge(
    transformation: BaseTransformation,
    source: tuple[str, str, Axes],
    target: tuple[str, str, Axes],
    fields: Fields,
) -> dict[str, Any]:
    """Write a transformation between two coordinate systems.

    Parameters
    ----------
    transformation
        From the source to the target.
    source, target
        Path of the image (empty for a system of the same document), name of the system, and its axes.
    fields
        Receives the arrays that the transformation keeps outside of the JSON.
    """
    ends = {}
    for side, (path, name, _) in (("input", source), ("output", target)):
        ends[side] = {"name": name, "path": path} if path else {"name": name}
    return {**write_transformation(transformation, source[2], target[2], fields), **ends}
