"""Transformations as JSON: edges from the axes of an element to a named coordinate system.

An edge is written over all axes of the element, in their order. What a transformation does not name passes through,
so a 2D translation of an image is written with a 0 for its channels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spatialdata._core.axes import AXES, SPATIAL_AXES
from spatialdata.errors import StoreError, listing
from spatialdata.store.dialects.exact import EXACT, agreeing, closest_affine, exact_json, read_exact
from spatialdata.store.dialects.multiscale import axis_type
from spatialdata.transformations.attach import DEFAULT_COORDINATE_SYSTEM
from spatialdata.transformations.linear import Affine, Identity, MapAxis, Scale, Translation
from spatialdata.transformations.linear import Sequence as SequenceOf
from spatialdata.transformations.units import known_unit

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["TRANSFORMATION_TYPES", "edges_of", "system_object", "transformations_of_edges", "units_of_edges"]

Axes: TypeAlias = tuple[str, ...]
Edge: TypeAlias = dict[str, Any]
PLACEHOLDER_UNIT = "unit"


def _axis_object(axis: str, unit: str = PLACEHOLDER_UNIT) -> dict[str, str]:
    if axis not in SPATIAL_AXES:
        return {"name": axis, "type": axis_type(axis)}
    return {"name": axis, "type": "space", "unit": unit}


def system_object(name: str, axes: Sequence[str], units: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A coordinate system as the end of a transformation."""
    known = units or {}
    return {"name": name, "axes": [_axis_object(axis, known.get(axis, PLACEHOLDER_UNIT)) for axis in axes]}


def edges_of(
    transformations: Mapping[str, BaseTransformation],
    axes: Sequence[str],
    units: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Edge]:
    """Write transformations as a list of edges.

    Parameters
    ----------
    transformations
        The transformations of an element, by coordinate system.
    axes
        The axes of the element, in their order.
    units
        The units of the axes of coordinate systems, by coordinate system and axis.

    Raises
    ------
    TransformationError
        A transformation cannot be expressed over these axes.
    """
    known = units or {}
    return [_edge(each, tuple(axes), name, known.get(name)) for name, each in transformations.items()]


def _edge(transformation: BaseTransformation, axes: Axes, target: str, units: Mapping[str, str] | None = None) -> Edge:
    if not transformation.is_linear:
        return _bent_edge(transformation, axes, target, units)
    output, rows = transformation.linear_map(axes)  # type: ignore[arg-type]
    systems = {"input": system_object("".join(axes), axes), "output": system_object(target, output, units)}
    if isinstance(transformation, SequenceOf):
        return {"type": "sequence", "transformations": _members(transformation, axes), **systems}
    edge = {**_parameters(transformation, axes, rows), **systems}
    if isinstance(transformation, Scale | Translation) and transformation.axes != axes:
        edge[EXACT] = exact_json(transformation)
    return edge


def _bent_edge(transformation: BaseTransformation, axes: Axes, target: str, units: Mapping[str, str] | None) -> Edge:
    """A non-linear transformation: the closest affine map, and beside it the transformation itself."""
    output, rows = closest_affine(transformation, axes)  # type: ignore[arg-type]
    systems = {"input": system_object("".join(axes), axes), "output": system_object(target, output, units)}
    return {"type": "affine", "affine": rows.tolist(), EXACT: exact_json(transformation), **systems}


def _members(sequence: SequenceOf, axes: Axes) -> list[Edge]:
    edges = []
    for member in sequence.transformations:
        edges.append(_edge(member, axes, DEFAULT_COORDINATE_SYSTEM))
        axes = member.axes_after(axes)
    return edges


def _parameters(transformation: BaseTransformation, axes: Axes, rows: np.ndarray[Any, Any]) -> Edge:
    if isinstance(transformation, Identity):
        return {"type": "identity"}
    if isinstance(transformation, Translation):
        return {"type": "translation", "translation": transformation.to_translation_vector(axes).tolist()}
    if isinstance(transformation, Scale):
        return {"type": "scale", "scale": transformation.to_scale_vector(axes).tolist()}
    if isinstance(transformation, MapAxis):
        return {"type": "mapAxis", "mapAxis": dict(transformation.map_axis)}
    return {"type": "affine", "affine": rows.tolist()}


def transformations_of_edges(edges: object, axes: Sequence[str], where: str) -> dict[str, BaseTransformation]:
    """Read a list of edges.

    Parameters
    ----------
    edges
        The value of ``coordinateTransformations``.
    axes
        The axes of the element, for edges that do not name theirs.
    where
        The element, for error messages.

    Raises
    ------
    StoreError
        The list is malformed, or holds a type of transformation that is not known.
    """
    if not isinstance(edges, list):
        raise StoreError(f"coordinateTransformations of {where} must be a list, not {type(edges).__name__}.")
    found: dict[str, BaseTransformation] = {}
    for edge in edges:
        name = (
            edge.get("output", {}).get("name")
            if isinstance(edge, dict) and isinstance(edge.get("output"), dict)
            else None
        )
        if not isinstance(name, str):
            raise StoreError(
                f"A transformation of {where} does not name its coordinate system (output.name): {edge!r}."
            )
        found[name] = _transformation(edge, tuple(axes), f"the transformation of {where} to {name!r}")
    return found


def units_of_edges(edges: object) -> dict[str, dict[str, str]]:
    """The units of the spatial axes of coordinate systems that a list of edges says, by coordinate system and axis."""
    found: dict[str, dict[str, str]] = {}
    for edge in edges if isinstance(edges, list) else []:
        output = edge.get("output") if isinstance(edge, dict) else None
        if not isinstance(output, dict) or not isinstance(output.get("axes"), list):
            continue
        axes = [axis for axis in output["axes"] if isinstance(axis, dict) and axis.get("type") == "space"]
        units = {str(axis.get("name")): str(axis.get("unit", PLACEHOLDER_UNIT)) for axis in axes}
        units = {axis: known_unit(unit) for axis, unit in units.items() if unit != PLACEHOLDER_UNIT}
        if units:
            found[str(output.get("name"))] = units
    return found


def _axes_of(edge: Edge, end: str, default: Axes, where: str) -> Axes:
    system = edge.get(end)
    if not isinstance(system, dict) or "axes" not in system:
        return default
    axes = tuple(axis.get("name") for axis in system["axes"])
    if any(axis not in AXES for axis in axes) or len(set(axes)) != len(axes):
        raise StoreError(f"The {end} axes of {where} are {axes}. Valid: {listing(AXES)}, each once.")
    return axes


def _transformation(edge: Edge, axes: Axes, where: str) -> BaseTransformation:
    """What is written in full, unless another program has changed what is said beside it."""
    if EXACT not in edge:
        return _spelled(edge, axes, where)
    return agreeing(read_exact(edge[EXACT], where), _spelled(edge, axes, where), axes)  # type: ignore[arg-type]


def _spelled(edge: Edge, axes: Axes, where: str) -> BaseTransformation:
    kind = edge.get("type")
    reader = _READERS.get(str(kind))
    if reader is None:
        raise StoreError(f"{where} has the type {kind!r}, which cannot be read. Known: {listing(_READERS)}.")
    source = _axes_of(edge, "input", axes, where)
    try:
        return reader(edge, source, where)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where} is malformed ({kind}): {error}.") from error


def _read_affine(edge: Edge, axes: Axes, where: str) -> Affine:
    rows = np.asarray(edge["affine"], dtype=np.float64)
    last = np.eye(1, len(axes) + 1, len(axes))
    return Affine(np.vstack([rows, last]), axes, _axes_of(edge, "output", axes, where))


def _read_rotation(edge: Edge, axes: Axes, where: str) -> Affine:
    values = np.asarray(edge["rotation"], dtype=np.float64).ravel()
    side = math.isqrt(values.size)
    matrix = np.eye(len(axes) + 1)
    if side != len(axes) or side * side != values.size:
        raise ValueError(f"a rotation of the axes {axes} needs {len(axes) ** 2} numbers, found {values.size}")
    matrix[:-1, :-1] = values.reshape(side, side)
    return Affine(matrix, axes, _axes_of(edge, "output", axes, where))


def _read_sequence(edge: Edge, axes: Axes, where: str) -> SequenceOf:
    members = []
    for member in edge["transformations"]:
        members.append(_transformation(member, axes, where))
        axes = members[-1].axes_after(axes)
    return SequenceOf(members)


def _read_by_dimension(edge: Edge, axes: Axes, where: str) -> SequenceOf:
    """Members over axes of their own, which makes their order irrelevant."""
    members = []
    seen: set[str] = set()
    for member in edge["transformations"]:
        own = _axes_of(member, "input", (), where)
        if not own or seen & set(own) or set(_axes_of(member, "output", own, where)) != set(own):
            raise ValueError("the members of byDimension must each keep axes of their own")
        seen |= set(own)
        members.append(_transformation(member, axes, where))
    return SequenceOf(members)


_READERS: dict[str, Callable[[Edge, Axes, str], BaseTransformation]] = {
    "identity": lambda _edge, _axes, _where: Identity(),
    "translation": lambda edge, axes, _where: Translation(edge["translation"], axes),
    "scale": lambda edge, axes, _where: Scale(edge["scale"], axes),
    "affine": _read_affine,
    "mapAxis": lambda edge, _axes, _where: MapAxis(edge["mapAxis"]),
    "sequence": _read_sequence,
    "rotation": _read_rotation,
    "byDimension": _read_by_dimension,
}
TRANSFORMATION_TYPES = tuple(_READERS)
