"""JSON Schemas of the attributes of images and labels, in each version of OME-Zarr that is written."""

from __future__ import annotations

from spatialdata._core.axes import AXES
from spatialdata.models.kind import Kind
from spatialdata.store.dialects import v04, v05_spatialdata, v06_spatialdata
from spatialdata.store.dialects.multiscale import EDGES
from spatialdata.store.schema_parts import MATRIX, NUMBERS, TEXT, Schema, axis, list_of, object_of

__all__ = ["definitions_of_06", "raster_properties"]

_IN_06 = "transformation_in_06"
# Of labels; the published package leaves it out where they have several scales.
_LABELED: Schema = {"image-label": {"type": "object"}}
_MEMBERS: Schema = list_of({"$ref": f"#/$defs/{_IN_06}"})
_PLACES: Schema = list_of({"type": "integer", "minimum": 0})
_FIELD: Schema = {"path": {"type": "string", "pattern": "^coordinateTransformations/[^/]+$"}, "interpolation": TEXT}

# What each type of transformation that is written in OME-Zarr 0.6 says.
_PARAMETERS_IN_06: dict[str, Schema] = {
    "identity": {},
    "translation": {"translation": NUMBERS},
    "scale": {"scale": list_of({"type": "number", "exclusiveMinimum": 0})},
    "affine": {"affine": MATRIX},
    "mapAxis": {"mapAxis": _PLACES},
    "sequence": {"transformations": _MEMBERS},
    "bijection": {"forward": {"$ref": f"#/$defs/{_IN_06}"}, "inverse": {"$ref": f"#/$defs/{_IN_06}"}},
    "displacements": _FIELD,
    "coordinates": _FIELD,
    "byDimension": {
        "transformations": list_of(
            object_of(
                {
                    "transformation": {"$ref": f"#/$defs/{_IN_06}"},
                    "inputAxes": _PLACES,
                    "outputAxes": _PLACES,
                }
            )
        )
    },
}


def definitions_of_06() -> Schema:
    """The transformations and coordinate systems of OME-Zarr 0.6."""
    flag = {"discrete": {"type": "boolean"}}
    system = object_of({"name": TEXT, "axes": list_of({"allOf": [axis(AXES), object_of(flag)]})})
    kinds = [object_of({"type": {"const": kind}, **says}) for kind, says in _PARAMETERS_IN_06.items()]
    end = object_of({"name": TEXT}, optional={"path": TEXT})
    ends = object_of({"input": end, "output": end})
    return {
        "system_in_06": system,
        _IN_06: {"oneOf": kinds},
        "edge_in_06": {"allOf": [{"$ref": f"#/$defs/{_IN_06}"}, ends]},
    }


def raster_properties(kind: Kind, zarr_format: int) -> Schema:
    """What the attributes of an image or labels must hold, apart from what all elements have."""
    if zarr_format == 2:
        version = {"version": {"enum": list(v04.NGFF_VERSIONS)}}
        return {"multiscales": _only(_multiscale(kind, version)), **_named(kind)}
    current = object_of(
        {
            "version": {"const": v05_spatialdata.NGFF_VERSION},
            "multiscales": _only(_multiscale(kind, {})),
            **_named(kind),
        },
        optional=_LABELED,
    )
    newer = object_of(
        {
            "version": {"const": v06_spatialdata.NGFF_VERSION},
            "multiscales": _only(_multiscale_in_06(kind)),
            **_named(kind),
        },
        optional=_LABELED,
    )
    return {"ome": {"oneOf": [current, newer]}}


def _only(multiscale: Schema) -> Schema:
    return list_of(multiscale, maxItems=1)


def _axes(kind: Kind) -> Schema:
    return list_of(axis(tuple(name for name in AXES if not (kind is Kind.LABELS and name == "c"))))


def _named(kind: Kind) -> Schema:
    """The names of the channels of an image."""
    channels = list_of(object_of({"label": {}}), minItems=0)
    return {} if kind is Kind.LABELS else {"omero": object_of({"channels": channels})}


def _multiscale(kind: Kind, further: Schema) -> Schema:
    steps = {"type": "array", "minItems": 1}
    return object_of(
        {
            **further,
            "axes": _axes(kind),
            "datasets": list_of(object_of({"path": TEXT, EDGES: steps})),
            EDGES: {"$ref": "#/$defs/edges"},
        },
        optional={"name": TEXT},
    )


def _multiscale_in_06(kind: Kind) -> Schema:
    edge: Schema = {"$ref": "#/$defs/edge_in_06"}
    return object_of(
        {
            "axes": _axes(kind),
            "coordinateSystems": list_of({"$ref": "#/$defs/system_in_06"}),
            "datasets": list_of(object_of({"path": TEXT, EDGES: _only(edge)})),
        },
        optional={"name": TEXT, EDGES: list_of(edge)},
    )
