"""Which elements of a store lie in other stores, and where: said anew."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spatialdata.store.changing import check_free, opened_for_writing
from spatialdata.store.consolidated import Root, replace_root_attributes
from spatialdata.store.linked import LINKED_KEY
from spatialdata.store.store import ATTRS_KEY, Entry, Store

if TYPE_CHECKING:
    from spatialdata.store.linked import Link

__all__ = ["said_links", "set_links", "with_links"]


def set_links(store_path: str | os.PathLike[str], links: Mapping[Entry, Link | None]) -> None:
    """Say where elements lie that are not in the store itself; None for those that are linked no longer.

    Raises
    ------
    StoreExistsError
        An element of that name is there.
    """
    with opened_for_writing(store_path) as store:
        for entry, link in links.items():
            if link is not None:
                check_free(store, entry, overwrite=False)
        replace_root_attributes(store.root, with_links(store, links))


def with_links(store: Store, links: Mapping[Entry, Link | None]) -> dict[str, Any]:
    """The attributes of the root with other links."""
    attributes = Root(store.path).node.attributes
    own = {key: value for key, value in attributes.get(ATTRS_KEY, {}).items() if key != LINKED_KEY}
    kept = {entry: link for entry, link in {**store.links, **links}.items() if link is not None}
    return {**attributes, ATTRS_KEY: {**own, **said_links(kept)}}


def said_links(links: Mapping[Entry, Link]) -> dict[str, Any]:
    """Links as the attribute :data:`ATTRS_KEY` of the root says them."""
    return {LINKED_KEY: {str(entry): link.to_json() for entry, link in links.items()}} if links else {}
