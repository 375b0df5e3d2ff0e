"""Writing of metadata only: transformations, attributes, names of channels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import levels_of
from spatialdata.models.kind import Kind
from spatialdata.store.checks import check_attrs
from spatialdata.store.dialects import v04, v05_spatialdata
from spatialdata.store.dialects.edges import edges_of
from spatialdata.store.documents import consolidate, read_node, replace_attributes, without_consolidated
from spatialdata.store.raster import RasterSource
from spatialdata.store.store import ATTRS_KEY, Entry
from spatialdata.store.versions import CURRENT
from spatialdata.store.write import existing_folder, opened_for_writing
from spatialdata.transformations.attach import check_transformations

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["write_attrs", "write_channel_names", "write_transformations"]


def write_transformations(
    store_path: str | os.PathLike[str], kind: Kind, name: str, transformations: Mapping[str, BaseTransformation]
) -> None:
    """Replace the transformations of an element in a store; its data are not touched.

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
        root = store.path
        folder = existing_folder(store, kind, name)
        source = store.source(Entry(kind, name))
        attributes = dict(source.node.attributes)
        if isinstance(source, RasterSource):
            dialect = v05_spatialdata if store.container is CURRENT else v04
            edges = edges_of(checked, source.description.axes)
            attributes = dialect.with_edges(attributes, edges, source.where)
        else:
            attributes["coordinateTransformations"] = edges_of(checked, attributes["axes"])
        with without_consolidated(root, f"{kind.container}/{name}"):
            replace_attributes(folder, attributes)


def write_attrs(store_path: str | os.PathLike[str], attrs: Mapping[str, Any]) -> None:
    """Replace the user's attributes of a store.

    Raises
    ------
    InvalidAttributeError
        A value is no JSON; nothing was changed.
    """
    plain = check_attrs(attrs)
    with opened_for_writing(store_path) as store:
        root = store.path
        own = read_node(root).attributes.get(ATTRS_KEY, {"version": store.version})
        replace_attributes(root, {ATTRS_KEY: own, **plain})
        if store.container is not CURRENT and store.has_consolidated_metadata():
            consolidate(root)


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
        root = store.path
        folder = existing_folder(store, Kind.IMAGE, name)
        source = store.source(Entry(Kind.IMAGE, name))
        count = levels_of(source.load())[0].sizes["c"]
        if len(names) != count:
            raise ValueError(
                f"The image {name!r} has {count} channels, but {len(names)} names were given: {list(names)}."
            )
        dialect = v05_spatialdata if store.container is CURRENT else v04
        with without_consolidated(root, f"{Kind.IMAGE.container}/{name}"):
            replace_attributes(folder, dialect.with_channels(source.node.attributes, list(names), source.where))
