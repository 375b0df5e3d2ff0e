"""What can be done with the objects behind an address, whichever library does it."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["TAIL_BYTES", "Child", "Objects", "Span", "Stamp", "Tail", "objects_of"]

# What changes when an object is replaced, and its size.
Stamp: TypeAlias = tuple[object, int]
# The first byte, and the one behind the last.
Span: TypeAlias = tuple[int, int]

# Footers of Parquet files are mostly smaller.
TAIL_BYTES = 64 * 1024

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Child:
    """A file or a folder in a folder behind an address."""

    name: str
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """The last bytes of an object.

    Attributes
    ----------
    data
        The bytes; all of them, where the server cannot send parts.
    size
        The size of the whole object.
    stamp
        What changes when the object is replaced; None where the server does not say.
    """

    data: bytes
    size: int
    stamp: Stamp | None

    @property
    def is_short(self) -> bool:
        """Whether the bytes are few, and not those of a large object that could only be sent as a whole."""
        return len(self.data) <= TAIL_BYTES


class Objects(ABC):
    """The objects behind one address. Paths are those of :func:`~spatialdata.store.files.path_of`."""

    @abstractmethod
    def read(self, path: Any) -> bytes:
        """All bytes of an object; a FileNotFoundError where there is none."""

    @abstractmethod
    def read_stamped(self, path: Any) -> tuple[bytes, Stamp | None]:
        """All bytes of an object, and its stamp."""

    @abstractmethod
    def stamp(self, path: Any) -> Stamp | None:
        """The stamp of an object; None where there is no object, or the server does not say."""

    @abstractmethod
    def exists(self, path: Any) -> bool:
        """Whether there is an object of exactly that name."""

    @abstractmethod
    def tail(self, path: Any, size: int) -> Tail:
        """The last bytes of an object."""

    @abstractmethod
    def parts(self, path: Any, spans: Sequence[Span], stamp: Stamp | None) -> list[bytes]:
        """Parts of an object, fetched at once; a StoreError if it was replaced since its stamp was taken."""

    @abstractmethod
    def children(self, path: Any) -> list[Child]:
        """What lies in a folder, sorted by name; nothing, where there is no folder."""

    @abstractmethod
    def below(self, path: Any) -> dict[str, int]:
        """The names, from a folder on, of all objects in it, and their sizes."""

    @abstractmethod
    def put(self, files: Mapping[str, Path], path: Any) -> None:
        """Bring files of this machine into a folder, by the names that they get there."""

    @abstractmethod
    def copy(self, source: Any, target: Any, sizes: Mapping[str, int]) -> None:
        """Copy objects from one folder to another behind the same address."""

    @abstractmethod
    def remove(self, path: Any, names: Iterable[str]) -> None:
        """Remove objects of a folder."""

    def remove_folder(self, path: Any) -> None:  # noqa: B027  # a bucket has no folders, only names
        """Remove a folder in which no objects are left."""

    @abstractmethod
    def zarr_store(self, path: Any, *, lists: bool = True) -> Any:
        """The folder as zarr takes it, for reading; whether it has to be able to list what lies there."""


def objects_of(path: Any) -> Objects:
    """The objects behind an address: by obstore if it is installed and knows the address, else by fsspec.

    Parameters
    ----------
    path
        A path that is not on this machine.
    """
    from spatialdata.store.objects.by_fsspec import FsspecObjects
    from spatialdata.store.objects.by_obstore import bucket_of
    from spatialdata.store.objects.credentials import NotTranslatedError

    try:
        return bucket_of(path)
    except ImportError:
        return FsspecObjects()
    except NotTranslatedError as reason:
        # Options may hold secrets; only their names are said.
        _LOG.debug("fsspec opens what lies at %s://: %s", path.protocol, reason)
        return FsspecObjects()
