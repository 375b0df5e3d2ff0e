"""JSON Schemas of the attributes in a store, made of the tables by which the store reads and writes them.

They describe what is written; a reader may meet further keys, and passes over those that it does not know.
"""

from __future__ import annotations

from spatialdata._core.axes import SPATIAL_AXES
from spatialdata.models.kind import Kind
from spatialdata.store.attributes import NUMBERED_ATTRS, OWN_ATTRS
from spatialdata.store.dialects import v06_spatialdata
from spatialdata.store.dialects.multiscale import EDGES
from spatialdata.store.linked import LINKED_KEY
from spatialdata.store.raster_schemas import definitions_of_06, raster_properties
from spatialdata.store.scene import NGFF_KEY
from spatialdata.store.schema_parts import TEXT, Schema, edges_definitions, list_of, object_of
from spatialdata.store.versions import CURRENT, ContainerVersion, container_version

__all__ = ["json_schemas"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def _element(
    kind: Kind,
    container: ContainerVersion,
    properties: Schema,
    optional: Schema | None = None,
    own: Schema | None = None,
) -> Schema:
    """The attributes of the group of an element that says its version in ``spatialdata_attrs``."""
    version = {"version": {"enum": list(container.elements[kind])}}
    return object_of(
        {**properties, "spatialdata_attrs": object_of(version, optional=own)},
        optional={OWN_ATTRS: {"type": "object"}, NUMBERED_ATTRS: list_of(TEXT), **(optional or {})},
    )


def _raster(kind: Kind, container: ContainerVersion) -> Schema:
    return _element(kind, container, raster_properties(kind, container.zarr_format))


def _flat(
    kind: Kind,
    container: ContainerVersion,
    encoding: str,
    own: Schema | None = None,
    optional: Schema | None = None,
) -> Schema:
    axes = {"type": "array", "items": {"enum": [*SPATIAL_AXES]}, "minItems": 2, "uniqueItems": True}
    properties = {"encoding-type": {"const": encoding}, "axes": axes, EDGES: {"$ref": "#/$defs/edges"}}
    return _element(kind, container, properties, optional, own)


def _table(container: ContainerVersion) -> Schema:
    nothing: Schema = {"type": "null"}
    fixed = {
        "encoding-type": {"const": "anndata"},
        "spatialdata-encoding-type": {"const": "ngff:regions_table"},
        "version": {"enum": list(container.elements[Kind.TABLE])},
    }
    region = {"anyOf": [TEXT, list_of(TEXT)]}
    annotating = object_of({**fixed, "region": region, "region_key": TEXT, "instance_key": TEXT})
    alone = object_of({**fixed, "region": nothing, "region_key": nothing, "instance_key": nothing})
    return {"oneOf": [annotating, alone]}


def _container(container: ContainerVersion) -> Schema:
    link = object_of({"store": TEXT, "element": TEXT}, optional={"transformations": {"type": "object"}})
    ngff = {NGFF_KEY: {"const": v06_spatialdata.NGFF_VERSION}} if container is CURRENT else {}
    own = object_of(
        {"version": {"const": container.version}, "spatialdata_software_version": TEXT},
        optional={LINKED_KEY: {"type": "object", "additionalProperties": link}, **ngff},
    )
    return object_of({"spatialdata_attrs": own})


def _definitions(name: str, container: ContainerVersion) -> Schema:
    if name in ("container", "tables"):
        return {}
    newer = definitions_of_06() if name in ("images", "labels") and container is CURRENT else {}
    return {"$defs": {**edges_definitions(), **newer}}


def json_schemas(version: str = CURRENT.version) -> dict[str, Schema]:
    """The JSON Schemas of the attributes of Zarr groups in a store.

    Parameters
    ----------
    version
        The version of the container: ``"0.2"``, where images and labels may be in OME-Zarr 0.5-dev-spatialdata or 0.6;
        or ``"0.1"``, on Zarr v2, where they are in 0.4 or 0.4-dev-spatialdata.

    Returns
    -------
    By name: ``"container"`` for the root, and one for the group of an element of each kind, ``"images"``,
    ``"labels"``, ``"points"``, ``"shapes"`` and ``"tables"``.

    Raises
    ------
    StoreError
        The version is not known.

    Examples
    --------
    >>> sorted(json_schemas())
    ['container', 'images', 'labels', 'points', 'shapes', 'tables']
    >>> json_schemas("0.1")["container"]["properties"]["spatialdata_attrs"]["properties"]["version"]
    {'const': '0.1'}
    """
    container = container_version(version, "json_schemas")
    keys = {"feature_key": TEXT, "instance_key": TEXT}
    geometries = {"geos": object_of({"name": TEXT, "type": {"type": "integer"}})} if container.zarr_format == 2 else {}
    row_order = {"row_order": object_of({"column": {"type": ["string", "null"]}})}
    schemas = {
        "container": _container(container),
        "images": _raster(Kind.IMAGE, container),
        "labels": _raster(Kind.LABELS, container),
        "points": _flat(Kind.POINTS, container, "ngff:points", own=keys),
        "shapes": _flat(Kind.SHAPES, container, "ngff:shapes", own=geometries, optional=row_order),
        "tables": _table(container),
    }
    whose = {name: "a store" if name == "container" else f"an element of {name}" for name in schemas}
    return {
        name: {
            "$schema": _DRAFT,
            "title": f"Attributes of {whose[name]} in container {version}",
            **schema,
            **_definitions(name, container),
        }
        for name, schema in schemas.items()
    }
