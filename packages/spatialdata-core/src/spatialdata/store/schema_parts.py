"""What the JSON Schemas of all kinds and versions share."""

from __future__ import annotations

from typing import Any, TypeAlias

from spatialdata._core.axes import AXES
from spatialdata.store.dialects.edges import TRANSFORMATION_TYPES
from spatialdata.store.dialects.exact import EXACT
from spatialdata.store.dialects.multiscale import axis_type

__all__ = ["MATRIX", "NUMBERS", "TEXT", "Schema", "axis", "edges_definitions", "list_of", "object_of"]

Schema: TypeAlias = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBERS: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 1}
MATRIX: Schema = {"type": "array", "items": NUMBERS, "minItems": 1}
_MEMBERS: Schema = {"type": "array", "items": {"$ref": "#/$defs/transformation"}, "minItems": 1}

# What each type of transformation says.
_PARAMETERS: dict[str, Schema] = {
    "identity": {},
    "translation": {"translation": NUMBERS},
    "scale": {"scale": NUMBERS},
    "affine": {"affine": MATRIX},
    "mapAxis": {"mapAxis": {"type": "object", "additionalProperties": {"enum": list(AXES)}}},
    "sequence": {"transformations": _MEMBERS},
    "rotation": {"rotation": {"anyOf": [NUMBERS, MATRIX]}},
    "byDimension": {"transformations": _MEMBERS},
}


def list_of(items: Schema, **limits: int) -> Schema:
    """A list of at least one item, unless other limits are given."""
    return {"type": "array", "items": items, **({"minItems": 1} | limits)}


def object_of(properties: Schema, *, optional: Schema | None = None) -> Schema:
    """An object with properties that must be there, and others that may be."""
    return {"type": "object", "required": list(properties), "properties": {**properties, **(optional or {})}}


def axis(names: tuple[str, ...]) -> Schema:
    """An axis of one of these names."""
    kinds = [
        object_of(
            {"name": {"enum": [name for name in names if axis_type(name) == kind]}, "type": {"const": kind}},
            optional={"unit": TEXT},
        )
        for kind in ("time", "channel", "space")
        if any(axis_type(name) == kind for name in names)
    ]
    return {"oneOf": kinds}


def edges_definitions() -> Schema:
    """The transformations; more than that no kind shares with another."""
    system = object_of({"name": TEXT, "axes": {"type": "array", "items": axis(AXES), "minItems": 1}})
    choices = [object_of({"type": {"const": kind}, **_PARAMETERS[kind]}) for kind in TRANSFORMATION_TYPES]
    exact = {EXACT: object_of({"type": TEXT})}
    return {
        "system": system,
        "transformation": {"oneOf": choices},
        "edge": {
            "allOf": [
                {"$ref": "#/$defs/transformation"},
                object_of({"input": {"$ref": "#/$defs/system"}, "output": {"$ref": "#/$defs/system"}}, optional=exact),
            ]
        },
        "edges": {"type": "array", "items": {"$ref": "#/$defs/edge"}},
    }
