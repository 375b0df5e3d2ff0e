"""An opened store: which elements it has, and where each is loaded from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import ElementNotFoundError, StoreError, StoreNotFoundError, unknown_name
from spatialdata.models.kind import Kind
from spatialdata.store.codec import SOURCES
from spatialdata.store.consolidated import Root, consolidate
from spatialdata.store.documents import child_names, contents, is_node, names_in
from spatialdata.store.files import connection_errors, is_local, path_of, said, stage_elsewhere
from spatialdata.store.linked import LINKED_KEY, linked_source, read_linked
from spatialdata.store.lock import exclusive
from spatialdata.store.objects.objects import objects_of
from spatialdata.store.objects.snapshot import Snapshot
from spatialdata.store.scene import OME, ngff_of, without_scene
from spatialdata.store.transaction import finish_swap, finish_swaps_below
from spatialdata.store.versions import ContainerVersion, container_version

if TYPE_CHECKING:
    import zarr
    from zarr.abc.store import Store as ZarrStore

    from spatialdata.store.linked import Link
    from spatialdata.store.source import ElementSource

__all__ = ["ATTRS_KEY", "Entry", "Store", "local_path"]

ATTRS_KEY = "spatialdata_attrs"
_OLDEST = "0.1"
# What the root of a store says, and an element does not.
_SOFTWARE = "spatialdata_software_version"


@dataclass(frozen=True, slots=True)
class Entry:
    """An element of a store, by kind and name."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.container}/{self.name}"


def local_path(location: str | os.PathLike[str] | zarr.Group) -> Path:
    """The folder on this machine that a location means, for writing.

    Raises
    ------
    StoreError
        The location is elsewhere, or in an archive.
    TypeError
        It is no location.
    """
    path = path_of(location)
    if not is_local(path):
        raise StoreError(
            f"{location} lies in no folder of this machine, as is needed here. Write the object to "
            "a new location with write(path)."
        )
    return path


class Store:
    """One opened store.

    Parameters
    ----------
    path
        The folder; see :meth:`open`.
    root
        Its root, if it was read already.

    Notes
    -----
    Opening reads the documents of the root only. The metadata of an element are read when its source is first asked,
    its data when it is loaded.
    """

    def __init__(self, path: Path, root: Root | None = None) -> None:
        self.path = path
        self.root = root or Root(path)
        self._check_is_group()
        node = self.root.node
        if node.node_type != "group":
            raise StoreNotFoundError(f"{path} is a Zarr array, not a SpatialData store, which is a group.")
        self._attributes = node.attributes
        own = node.attributes.get(ATTRS_KEY)
        self._check_is_no_image(own)
        # Stores older than the versioning of the container have no such attribute.
        version = own.get("version") if isinstance(own, Mapping) else _OLDEST
        self.container: ContainerVersion = container_version(version, str(path))
        self._check_is_store(own)

    @classmethod
    def open(cls, location: str | os.PathLike[str] | zarr.Group | ZarrStore) -> Store:
        """Open the store at a location.

        Parameters
        ----------
        location
            The path of the store, its address, the path of a ``.zarr.zip``, an ``UPath``, or a group or store of
            zarr.

        Returns
        -------
        The store. A swap that was interrupted by a crash is finished first.

        Raises
        ------
        StoreNotFoundError
            There is nothing, or no SpatialData store; the message says what is there.
        StoreError
            The store has a version that is not known.
        """
        path = path_of(location)
        if not is_local(path):
            return cls._open_elsewhere(path)
        finish_swap(path, path)
        if not path.exists():
            parent = next(parent for parent in path.parents if parent.exists())
            raise StoreNotFoundError(f"There is no store at {path}: {contents(path)}. {contents(parent)}.")
        return cls(path)

    @classmethod
    def _open_elsewhere(cls, path: Path) -> Store:
        """Open a store behind an address or in an archive."""
        try:
            root = Root(path)
            if root.zarr_format is None and str(getattr(path, "protocol", "")) == "zip":
                root = Root(_folder_in_archive(path))
            elif root.zarr_format is None and is_node(stage_elsewhere(path)):
                # A writer was interrupted while it put this new store in the place of an old one.
                root = Root(stage_elsewhere(path))
            return cls(root.path, root)
        except StoreError:
            raise
        except connection_errors(OSError, ImportError, ValueError) as error:
            raise StoreError(f"{path} cannot be opened: {said(error)}") from error

    def _check_is_group(self) -> None:
        if self.root.zarr_format is None:
            raise StoreNotFoundError(
                f"{self.path} is no SpatialData store: no zarr.json or .zgroup was found, and {contents(self.path)}. "
                "Give the folder that holds images, labels, points, shapes and tables."
            )

    def _check_is_no_image(self, own: object) -> None:
        """Raise a StoreNotFoundError for an image, also one of a store, and for a scene that is no store."""
        if isinstance(own, Mapping) and _SOFTWARE in own:
            return
        keys = {*self._attributes, *(self._attributes.get(OME) or {})}
        if "multiscales" in keys or (own is None and "scene" in keys):
            raise StoreNotFoundError(f"{self.path} is plain OME-Zarr, not a SpatialData store. read_zarr opens it.")

    def _check_is_store(self, own: object) -> None:
        if own is not None or {kind.container for kind in Kind} & set(child_names(self.path)):
            return
        raise StoreNotFoundError(
            f"{self.path} is a Zarr group, but no SpatialData store: it has no attribute {ATTRS_KEY!r} and none of "
            "the groups "
            f"images, labels, points, shapes and tables; {contents(self.path)}."
        )

    @property
    def version(self) -> str:
        """The version of the container."""
        return self.container.version

    @property
    def attrs(self) -> dict[str, Any]:
        """The user's attributes, a copy; empty for stores that are older than the versioning of the container."""
        if ATTRS_KEY not in self._attributes:
            return {}
        return {key: value for key, value in without_scene(self._attributes).items() if key != ATTRS_KEY}

    @property
    def ngff(self) -> str | None:
        """The version of OME-Zarr that the root says, in which further rasters are written; None if it says none."""
        return ngff_of(self._attributes)

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        names = self._listed() if is_local(self.path) else self._consolidated()
        linked = {kind: {entry.name for entry in self.links if entry.kind is kind} for kind in Kind}
        return tuple(Entry(kind, name) for kind in Kind for name in sorted({*names[kind], *linked[kind]}))

    @cached_property
    def links(self) -> dict[Entry, Link]:
        """The elements that lie in other stores."""
        own = self._attributes.get(ATTRS_KEY)
        said = read_linked(own.get(LINKED_KEY) if isinstance(own, Mapping) else None, str(self.path))
        kinds = {kind.container: kind for kind in Kind}
        places = {place: place.partition("/") for place in said}
        return {Entry(kinds[kind], name): said[place] for place, (kind, _, name) in places.items() if kind in kinds}

    def _listed(self) -> dict[Kind, list[str]]:
        """The names of the folders that are Zarr nodes, and of all elements that the consolidated metadata know."""
        known = self._names_known()
        found = {}
        for kind in Kind:
            group = self.path / kind.container
            finish_swaps_below(group, self.path)
            names = child_names(group)
            if known is not None:
                found_in = known[kind]
                names = sorted({*(name for name in names if name in found_in or is_node(group / name)), *found_in})
            found[kind] = names
        return found

    def _consolidated(self) -> dict[Kind, list[str]]:
        """The names in the consolidated metadata; behind an address, listing is slow or impossible."""
        known = self._names_known()
        if known is None:
            found = {kind: _names_elsewhere(self.path / kind.container) for kind in Kind}
            if not any(found.values()) and str(getattr(self.path, "protocol", "")).startswith("http"):
                raise StoreError(
                    f"{self.path} has no consolidated metadata, and its web server does not list what it has. Write "
                    "them into the store with write_consolidated_metadata, or with spatialdata repair."
                )
            return found
        return {kind: sorted(names) for kind, names in known.items()}

    def _names_known(self) -> dict[Kind, set[str]] | None:
        """The names in the consolidated metadata by kind."""
        known = self.root.elements()
        if known is None:
            return None
        by_container: dict[str, set[str]] = {}
        for path in known:
            container, _, name = path.partition("/")
            if name and not name.startswith("."):
                by_container.setdefault(container, set()).add(name)
        return {kind: by_container.get(kind.container, set()) for kind in Kind}

    def entries(self) -> list[Entry]:
        """The elements, sorted by kind and name; broken ones are listed too.

        On this machine they are found by listing folders, and in the consolidated metadata too, so that one that has
        gone is noticed; behind an address, in the consolidated metadata, if there are any.
        """
        return list(self._entries)

    @cached_property
    def _on_disk(self) -> dict[Kind, list[str]]:
        """The names of whatever lies in the folders of this machine that hold the elements."""
        groups = {kind: self.path / kind.container for kind in Kind}
        if self.may_hold_swaps:
            for group in groups.values():
                finish_swaps_below(group, self.path)
        return {kind: names_in(group) for kind, group in groups.items()}

    @property
    def may_hold_swaps(self) -> bool:
        """Whether a writer may have died between setting old data aside and putting new ones in their place.

        While it does that, the consolidated metadata are away.
        """
        return self.root.lines is None

    def has(self, entry: Entry) -> bool:
        """Whether there is an element, also a broken one; nothing is made of the others."""
        if not is_local(self.path):
            return entry in self._entries
        # A file system may know a folder by other names, too.
        return self._says(entry) or (entry.name in self._on_disk[entry.kind] and is_node(self.path / str(entry)))

    def _says(self, entry: Entry) -> bool:
        """Whether the root itself names an element, so that no folder has to be listed."""
        return entry in self.links or self.root.lists(str(entry))

    def named(self, name: str) -> Entry | None:
        """The element of a name, or None if there is none; nothing is made of the others."""
        entries = [Entry(kind, name) for kind in Kind]
        said = (entry for entry in entries if self._says(entry))
        return next(said, None) or next((entry for entry in entries if self.has(entry)), None)

    def namesakes(self, name: str) -> list[Entry]:
        """The elements that have a name, without regard to upper and lower case.

        On this machine all names are looked at, but nothing is made of the others.
        """
        folded = name.casefold()
        if not is_local(self.path):
            return [entry for entry in self._entries if entry.name.casefold() == folded]
        found = {entry for entry in self.links if entry.name.casefold() == folded}
        kinds = {kind.container: kind for kind in Kind}
        for path in self.root.namesakes(name):
            container, _, other = path.partition("/")
            if container in kinds:
                found.add(Entry(kinds[container], other))
        for kind, names in self._on_disk.items():
            # Thousands of names are folded faster in one piece.
            listed = names if folded in "/".join(names).casefold() else ()
            near = [Entry(kind, other) for other in listed if other.casefold() == folded]
            found.update(entry for entry in near if is_node(self.path / str(entry)))
        return sorted(found, key=str)

    def find(self, name: str) -> Entry:
        """The element of that name.

        Raises
        ------
        ElementNotFoundError
            There is none; the message lists all.
        """
        for entry in self._entries:
            if entry.name == name:
                return entry
        raise ElementNotFoundError(
            f"{self.path}: " + unknown_name("element", name, [entry.name for entry in self._entries])
        )

    def source(self, entry: Entry) -> ElementSource:
        """Where an element is loaded from."""
        if entry in self.links:
            link = self.links[entry]
            source: Any = linked_source(link.target(self.path), link, f"The element {entry} of {self.path}")
            return source  # type: ignore[no-any-return]
        stored = SOURCES[entry.kind](self.path, entry.kind, entry.name, self.container)
        if not is_local(self.path):
            stored.take_documents(self._snapshot)
        return stored

    @cached_property
    def _snapshot(self) -> Snapshot:
        """What the root says of elements, and whether it is still the one that was read."""
        return Snapshot(self.root)

    def has_consolidated_metadata(self) -> bool:
        """Whether the root holds the metadata of all elements."""
        return Root(self.path).elements() is not None

    def consolidate(self) -> None:
        """Write the metadata of all elements into the root.

        Raises
        ------
        StoreBusyError
            Another process is writing to the store.
        """
        root = local_path(self.path)
        with exclusive(root):
            consolidate(root)
        self.__dict__.pop("_entries", None)


def _names_elsewhere(group: Path) -> list[str]:
    """The names of the elements in a group; what has no document is being written or removed."""
    found = [child.name for child in objects_of(group).children(group)]
    # The new data of an element wait at its stage until they have taken the place of the old ones.
    staged = [name.removeprefix(".").removesuffix(".stage") for name in found if name.endswith(".stage")]
    names = {*(name for name in found if not name.startswith(".")), *staged}
    return sorted(name for name in names if is_node(group / name) or is_node(stage_elsewhere(group / name)))


def _folder_in_archive(path: Path) -> Path:
    """The one folder that an archive holds, where the store itself is not at its top."""
    folders = child_names(path)
    return path / folders[0] if len(folders) == 1 else path
