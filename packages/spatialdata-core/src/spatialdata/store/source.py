"""What the sources of all kinds of elements in a store share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
from spatialdata.store.dialects.edges import units_of_edges
from spatialdata.store.dialects.multiscale import EDGES
from spatialdata.store.documents import (
    Node,
    array_shape,
    contents,
    document_stamp,
    is_node,
    known_node,
    known_shape,
    read_node,
)
from spatialdata.store.files import connection_errors, is_local, said, stage_elsewhere, zarr_location

if TYPE_CHECKING:
    from spatialdata._core.sources import Window
    from spatialdata.models.kind import Kind
    from spatialdata.store.objects.snapshot import Snapshot
    from spatialdata.store.versions import ContainerVersion

__all__ = ["ElementSource", "reading"]


@contextmanager
def reading(where: str, folder: Path) -> Iterator[None]:
    """Turn whatever goes wrong while an element is read into one StoreError that names it and says what is there."""
    try:
        yield
    except StoreError as error:
        if where in str(error):
            raise
        raise StoreError(f"{where} cannot be read. {error}") from error
    except connection_errors(OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise StoreError(f"{where} cannot be read: {said(error)} There, {contents(folder)}.") from error


class ElementSource(ABC):
    """An element in a store; nothing of it is read before it is asked for.

    Parameters
    ----------
    root
        The store.
    kind, name
        The element.
    container
        The version of the container.
    """

    def __init__(self, root: Path, kind: Kind, name: str, container: ContainerVersion) -> None:
        self.root = root
        self.kind = kind
        self.name = name
        self.container = container
        self._cached: tuple[object, Node] | None = None
        # Of a store behind an address: the documents of the element as its consolidated metadata say, while they do.
        self._snapshot: Snapshot | None = None
        self._documents: Mapping[str, Mapping[str, Any]] | None = None

    def take_documents(self, snapshot: Snapshot | None) -> None:
        """Learn from the root what the documents of the element and of the nodes in it say.

        Parameters
        ----------
        snapshot
            The root of the store, and whether it is as it was when it was read; None where all has to be fetched.
        """
        self._snapshot = snapshot
        self._documents = None if snapshot is None else snapshot.below(f"{self.kind.container}/{self.name}")

    def _renew(self) -> None:
        """Read the root again if the store has changed since it was opened; asked before data are loaded."""
        if self._snapshot is None or self._documents is None:
            return
        with reading(self.where, self.folder):
            latest = self._snapshot.latest()
            if latest is not self._snapshot:
                self._cached = None
                self.take_documents(latest)

    def documents(self, path: str = "") -> dict[str, Mapping[str, Any]] | None:
        """The documents of a node of the element and of those in it, by their names from there.

        None where they are not known, so that they have to be fetched.
        """
        start = f"{path}/" if path else ""
        known = self._documents or {}
        return {name[len(start) :]: found for name, found in known.items() if name.startswith(start)} or None

    def node_at(self, path: str = "") -> Node:
        """A node of the element."""
        known = self.documents(path)
        place = self.folder / path if path else self.folder
        return read_node(place) if known is None else known_node(known, place)

    def shape_at(self, path: str) -> tuple[int, ...]:
        """The shape of an array in the element."""
        known = self.documents(path)
        return array_shape(self.folder / path) if known is None else known_shape(known, self.folder / path)

    def zarr_location(self, path: str = "") -> Any:
        """A node of the element as zarr takes it."""
        return zarr_location(self.folder / path if path else self.folder, self.documents(path))

    @property
    def folder(self) -> Path:
        """The folder of the element."""
        if is_local(self.root):
            return self._place
        return self._place if self._documents is not None else self._elsewhere

    @cached_property
    def _place(self) -> Path:
        """The folder, where the element is as soon as its writer is done."""
        return self.root / self.kind.container / self.name

    @cached_property
    def _elsewhere(self) -> Path:
        """The folder behind an address; the stage, if a writer was interrupted after the new element was complete."""
        folder = self._place
        stage = stage_elsewhere(folder)
        with reading(self.where, folder):
            return stage if not is_node(folder) and is_node(stage) else folder

    @property
    def where(self) -> str:
        """The element as error messages name it."""
        return f"The element {self.kind.container}/{self.name} of {self.root}"

    @property
    def location(self) -> str | None:
        """The path of the element."""
        return str(self.folder)

    @property
    def node(self) -> Node:
        """The attributes on disk; read again only when their document was replaced."""
        with reading(self.where, self.folder):
            stamp = document_stamp(self.folder)
            if self._cached is None or self._cached[0] != stamp:
                self._cached = (stamp, self.node_at())
            return self._cached[1]

    @property
    def version(self) -> str:
        """The version of the element; a StoreError if it may not lie in this container."""
        attributes = self.node.attributes.get("spatialdata_attrs", {})
        version = attributes.get("version") if isinstance(attributes, dict) else None
        return self.container.check_element(self.kind, version, self.where)

    @property
    @abstractmethod
    def attrs(self) -> Mapping[str, Any]:
        """The attributes of the element, known without loading it."""

    @property
    def units(self) -> dict[str, dict[str, str]]:
        """The units of coordinate systems that the metadata of the element say, by coordinate system and axis."""
        return units_of_edges(self.node.attributes.get(EDGES))

    @abstractmethod
    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> Any:
        """Load the element, or the given columns of the rows that may lie inside the window."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """The type and the shape of the element as JSON, from metadata only."""

    @abstractmethod
    def summary(self) -> str:
        """The same in a few words."""

    @abstractmethod
    def check(self) -> None:
        """Raise a StoreError unless the metadata are readable and the files are present; no data are read."""
