"""Writing of metadata only: transformations, attributes, names of channels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import levels_of
from spatialdata.models.kind import Kind
from spatialdata.store.changing import existing_folder, opened_for_writing
from spatialdata.store.checks import check_attrs
from spatialdata.store.consolidated import replace_root_attributes, without_consolidated
from spatialdata.store.dialects.choice import dialect_of
from spatialdata.store.dialects.edges import edges_of
from spatialdata.store.dialects.v06_write import FIELDS
from spatialdata.store.documents import replace_attributes
from spatialdata.store.field_arrays import remove_other_fields, write_fields
from spatialdata.store.link_changes import with_links
from spatialdata.store.raster import RasterSource, placed_attributes
from spatialdata.store.scene import OME, check_no_scene, write_scene
from spatialdata.store.store import ATTRS_KEY, Entry
from spatialdata.transformations.attach import check_transformations

if TYPE_CHECKING:
    from spatialdata.store.dialects.v06_read import Field
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["write_attrs", "write_channel_names", "write_transformations"]


def write_transformations(
    store_path: str | os.PathLike[str],
    kind: Kind,
    name: str,
    transformations: Mapping[str, BaseTransformation],
    units: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Replace the transformations of an element in a store; its data are not touched.

    Of an element that lies in another store, the transformations that it has here are kept with the link.

    Parameters
    ----------
    store_path
        The store.
    kind, name
        The element.
    transformations
        The transformations by coordinate system.
    units
        The units of coordinate systems, by coordinate system and axis.

    Raises
    ------
    ElementNotFoundError
        The store has no such element.
    TransformationError
        A transformation cannot be expressed over the axes of the element.
    """
    checked = check_transformations(transformations)
    if kind is Kind.TABLE:
        raise ValueError(f"The table {name!r} has no transformations. Those of the element that it annotates apply.")
    if not checked:
        raise ValueError(f"The element {name!r} must keep at least one transformation.")
    with opened_for_writing(store_path) as store:
        entry = Entry(kind, name)
        source: Any = store.source(entry)
        if entry in store.links:
            placed = store.links[entry].placed(checked, source.origin)
            replace_root_attributes(store.root, with_links(store, {entry: placed}))
            return
        folder = existing_folder(store, kind, name)
        fields: dict[str, Field] = {}
        if isinstance(source, RasterSource):
            attributes, fields = placed_attributes(source, checked, units or {})
        else:
            attributes = dict(source.node.attributes)
            attributes["coordinateTransformations"] = edges_of(checked, attributes["axes"], units)
        with without_consolidated(store.root, f"{kind.container}/{name}", FIELDS):
            write_fields(folder, fields)
            replace_attributes(folder, attributes)
            remove_other_fields(folder, fields)
            if store.ngff is not None:
                write_scene(store.path)


def write_attrs(store_path: str | os.PathLike[str], attrs: Mapping[str, Any]) -> None:
    """Replace the user's attributes of a store.

    Raises
    ------
    InvalidAttributeError
        A value is no JSON; nothing was changed.
    ValueError
        The store is in OME-Zarr 0.6, and an attribute lies where that keeps its scene.
    """
    plain = check_attrs(attrs)
    with opened_for_writing(store_path) as store:
        check_no_scene(plain, store.ngff)
        old = store.root.node.attributes
        own = old.get(ATTRS_KEY, {"version": store.version})
        if store.ngff is None:
            replace_root_attributes(store.root, {ATTRS_KEY: own, **plain})
            return
        with without_consolidated(store.root, FIELDS):
            scene = {OME: old[OME]} if OME in old else {}
            replace_attributes(store.path, {ATTRS_KEY: own, **plain, **scene})
            write_scene(store.path)


def write_channel_names(store_path: str | os.PathLike[str], name: str, names: Sequence[Any]) -> None:
    """Replace the names of the channels of an image in a store; its data are not touched.

    Raises
    ------
    ElementNotFoundError
        The store has no such image.
    ValueError
        The number of names is not that of the channels.
    """
    with opened_for_writing(store_path) as store:
        folder = existing_folder(store, Kind.IMAGE, name)
        source = store.source(Entry(Kind.IMAGE, name))
        count = levels_of(source.load())[0].sizes["c"]
        if len(names) != count:
            raise ValueError(
                f"The image {name!r} has {count} channels, but {len(names)} names were given: {list(names)}."
            )
        dialect = dialect_of(store.container.zarr_format, source.node.attributes)
        with without_consolidated(store.root, f"{Kind.IMAGE.container}/{name}"):
            replace_attributes(folder, dialect.with_channels(source.node.attributes, list(names), source.where))
