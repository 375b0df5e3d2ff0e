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
from spatialdata.store.documents import Node, contents, document_stamp, is_node, read_node
from spatialdata.store.files import connection_errors, is_local, stage_elsewhere

if TYPE_CHECKING:
    from spatialdata._core.sources import Window
    from spatialdata.models.kind import Kind
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
        raise StoreError(
            f"{where} cannot be read: {type(error).__name__}: {error}. There, {contents(folder)}."
        ) from error


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

    @property
    def folder(self) -> Path:
        """The folder of the element."""
        folder = self.root / self.kind.container / self.name
        return folder if is_local(folder) else self._elsewhere

    @cached_property
    def _elsewhere(self) -> Path:
        """The folder behind an address; the stage, if a writer was interrupted after the new element was complete."""
        folder = self.root / self.kind.container / self.name
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
                self._cached = (stamp, read_node(self.folder))
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
