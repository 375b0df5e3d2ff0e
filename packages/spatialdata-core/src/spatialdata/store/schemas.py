"""JSON Schemas of the attributes in a store, made of the tables by which the store reads and writes them.

They describe what is written in container 0.2; a reader may meet further keys, and passes over those that it does not
know.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from spatialdata._core.axes import AXES, SPATIAL_AXES
from spatialdata.models.kind import Kind
from spatialdata.store.attributes import OWN_ATTRS
from spatialdata.store.dialects import v05_spatialdata, v06_spatialdata
from spatialdata.store.dialects.edges import TRANSFORMATION_TYPES
from spatialdata.store.dialects.exact import EXACT
from spatialdata.store.dialects.multiscale import EDGES, axis_type
from spatialdata.store.versions import CURRENT

__all__ = ["json_schemas"]

Schema: TypeAlias = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 1}
_NAMES: Schema = {"type": "array", "items": _TEXT, "minItems": 1}
_MATRIX: Schema = {"type": "array", "items": _NUMBERS, "minItems": 1}
_MEMBERS: Schema = {"type": "array", "items": {"$ref": "#/$defs/transformation"}, "minItems": 1}

# What each type of transformation says.
_PARAMETERS: dict[str, Schema] = {
    "identity": {},
    "translation": {"translation": _NUMBERS},
    "scale": {"scale": _NUMBERS},
    "affine": {"affine": _MATRIX},
    "mapAxis": {"mapAxis": {"type": "object", "additionalProperties": {"enum": list(AXES)}}},
    "sequence": {"transformations": _MEMBERS},
    "rotation": {"rotation": {"anyOf": [_NUMBERS, _MATRIX]}},
    "byDimension": {"transformations": _MEMBERS},
}


def _object(properties: Schema, *, optional: Schema | None = None) -> Schema:
    """An object with properties that must be there, and others that may be."""
    return {"type": "object", "required": list(properties), "properties": {**properties, **(optional or {})}}


def _axis(names: tuple[str, ...]) -> Schema:
    kinds = [
        _object(
            {"name": {"enum": [name for name in names if axis_type(name) == kind]}, "type": {"const": kind}},
            optional={"unit": _TEXT},
        )
        for kind in ("time", "channel", "space")
        if any(axis_type(name) == kind for name in names)
    ]
    return {"oneOf": kinds}


def _definitions() -> Schema:
    """The transformations; more than that no kind shares with another."""
    system = _object({"name": _TEXT, "axes": {"type": "array", "items": _axis(AXES), "minItems": 1}})
    choices = [_object({"type": {"const": kind}, **_PARAMETERS[kind]}) for kind in TRANSFORMATION_TYPES]
    exact = {EXACT: _object({"type": _TEXT})}
    return {
        "system": system,
        "transformation": {"oneOf": choices},
        "edge": {
            "allOf": [
                {"$ref": "#/$defs/transformation"},
                _object({"input": {"$ref": "#/$defs/system"}, "output": {"$ref": "#/$defs/system"}}, optional=exact),
            ]
        },
        "edges": {"type": "array", "items": {"$ref": "#/$defs/edge"}},
    }


def _element(kind: Kind, properties: Schema, optional: Schema | None = None, own: Schema | None = None) -> Schema:
    """The attributes of the group of an element that says its version in ``spatialdata_attrs``."""
    version = {"version": {"enum": list(CURRENT.elements[kind])}}
    attributes = _object(version, optional=own)
    return _object(
        {**properties, "spatialdata_attrs": attributes}, optional={OWN_ATTRS: {"type": "object"}, **(optional or {})}
    )


def _raster(kind: Kind) -> Schema:
    labels = kind is Kind.LABELS
    dataset = _object({"path": _TEXT, EDGES: {"type": "array", "minItems": 1}})
    multiscale = _object(
        {
            "axes": {"type": "array", "items": _axis(tuple(axis for axis in AXES if not (labels and axis == "c")))},
            "datasets": {"type": "array", "items": dataset, "minItems": 1},
            EDGES: {"$ref": "#/$defs/edges"},
        },
        optional={"name": _TEXT},
    )
    channels = _object({"channels": {"type": "array", "items": _object({"label": {}})}})
    special = {"image-label": {"type": "object"}} if labels else {"omero": channels}
    current = _object(
        {
            "version": {"const": v05_spatialdata.NGFF_VERSION},
            "multiscales": {"type": "array", "items": multiscale, "minItems": 1, "maxItems": 1},
            **special,
        }
    )
    # What is below it in OME-Zarr 0.6, the schemas of OME-Zarr say.
    other = _object({"version": {"const": v06_spatialdata.NGFF_VERSION}})
    return _element(kind, {"ome": {"oneOf": [current, other]}})


def _flat(kind: Kind, encoding: str, own: Schema | None = None, optional: Schema | None = None) -> Schema:
    axes = {"type": "array", "items": {"enum": [*SPATIAL_AXES]}, "minItems": 2, "uniqueItems": True}
    return _element(
        kind, {"encoding-type": {"const": encoding}, "axes": axes, EDGES: {"$ref": "#/$defs/edges"}}, optional, own
    )


def _table() -> Schema:
    nothing: Schema = {"type": "null"}
    fixed = {
        "encoding-type": {"const": "anndata"},
        "spatialdata-encoding-type": {"const": "ngff:regions_table"},
        "version": {"enum": list(CURRENT.elements[Kind.TABLE])},
    }
    region = {"anyOf": [_TEXT, _NAMES]}
    annotating = _object({**fixed, "region": region, "region_key": _TEXT, "instance_key": _TEXT})
    alone = _object({**fixed, "region": nothing, "region_key": nothing, "instance_key": nothing})
    return {"oneOf": [annotating, alone]}


def _container() -> Schema:
    own = _object({"version": {"const": CURRENT.version}, "spatialdata_software_version": _TEXT})
    return _object({"spatialdata_attrs": own})


def json_schemas() -> dict[str, Schema]:
    """The JSON Schemas of the attributes of Zarr groups in a store of container version 0.2.

    Returns
    -------
    By name: ``"container"`` for the root, and one for the group of an element of each kind, ``"images"``,
    ``"labels"``, ``"points"``, ``"shapes"`` and ``"tables"``.

    Examples
    --------
    >>> sorted(json_schemas())
    ['container', 'images', 'labels', 'points', 'shapes', 'tables']
    >>> json_schemas()["container"]["properties"]["spatialdata_attrs"]["properties"]["version"]
    {'const': '0.2'}
    """
    keys = {"feature_key": _TEXT, "instance_key": _TEXT}
    row_order = {"row_order": _object({"column": {"type": ["string", "null"]}})}
    schemas = {
        "container": _container(),
        "images": _raster(Kind.IMAGE),
        "labels": _raster(Kind.LABELS),
        "points": _flat(Kind.POINTS, "ngff:points", own=keys),
        "shapes": _flat(Kind.SHAPES, "ngff:shapes", optional=row_order),
        "tables": _table(),
    }
    return {
        name: {
            "$schema": _DRAFT,
            "title": f"Attributes of {'a store' if name == 'container' else f'an element of {name}'}",
            **schema,
            **({"$defs": _definitions()} if name not in ("container", "tables") else {}),
        }
        for name, schema in schemas.items()
    }
