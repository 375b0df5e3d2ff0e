"""Elements of an object that lie in other stores, when the object is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.models.kind import Kind

if TYPE_CHECKING:
    from spatialdata._sdata.holder import ElementHolder
    from spatialdata.store.linked import Link
    from spatialdata.store.store import Entry

__all__ = ["is_linked", "kept_links"]

_CHOICES = ("copy", "keep")


def is_linked(elements: Any, name: str) -> bool:
    """Whether an element of a mapping comes from another store by a link."""
    from spatialdata.store.linked import LinkedSource

    return isinstance(elements.source(name), LinkedSource)


def kept_links(sdata: ElementHolder, location: Any, links: str) -> dict[Entry, Link]:
    """The links that a new store at a location says; none with ``"copy"``.

    Raises
    ------
    ValueError
        ``links`` is neither ``"copy"`` nor ``"keep"``.
    """
    from spatialdata.store.files import archive_of, is_local, path_of
    from spatialdata.store.store import Entry

    if links not in _CHOICES:
        raise ValueError(f"links={links!r} is not known. Valid: 'copy', 'keep'.")
    if links == "copy":
        return {}
    place = archive_of(location) or path_of(location)
    # What a relative path means depends on the folder that the store lies in, which an archive does not say.
    root = place.resolve() if archive_of(location) is None and is_local(place) else place
    return {
        Entry(elements.kind, name): _link(elements, name, root)
        for elements in sdata.shelf
        for name in elements
        if is_linked(elements, name)
    }


def _link(elements: Any, name: str, root: Path) -> Link:
    may_differ = elements.is_loaded(name) and elements.kind is not Kind.TABLE
    placed = elements.transformations(name) if may_differ else None
    link: Link = elements.source(name).link_from(root, placed)
    return link
