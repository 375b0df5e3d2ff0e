"""A store of zarr whose documents are known, so that only data are fetched."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from zarr.storage import StorePath, WrapperStore

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest, Store
    from zarr.core.buffer import Buffer, BufferPrototype

__all__ = ["KnownDocuments", "with_documents"]

_DOCUMENTS = ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")


class KnownDocuments(WrapperStore["Store"]):
    """A store that answers from memory what is asked about its documents.

    Parameters
    ----------
    store
        Where the data lie.
    documents
        The documents of all nodes by their names in the store, such as ``"s0/zarr.json"`` or ``"s0/.zarray"``.
    """

    def __init__(self, store: Store, documents: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(store)
        self._documents = documents

    def _with_store(self, store: Store) -> KnownDocuments:
        return type(self)(store, self._documents)

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and self._documents == other._documents  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]

    async def get(  # noqa: D102
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        if key.rpartition("/")[2] not in _DOCUMENTS:
            return await super().get(key, prototype, byte_range)
        document = self._documents.get(key)
        return None if document is None else prototype.buffer.from_bytes(json.dumps(document).encode())

    async def exists(self, key: str) -> bool:  # noqa: D102
        return key in self._documents if key.rpartition("/")[2] in _DOCUMENTS else await super().exists(key)

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:  # noqa: D102
        start = f"{prefix.rstrip('/')}/" if prefix else ""
        below = {name[len(start) :] for name in self._documents if name.startswith(start)}
        for name in sorted({name.partition("/")[0] for name in below}):
            yield name


def with_documents(location: Any, documents: Mapping[str, Mapping[str, Any]]) -> StorePath:
    """A node as zarr takes it, whose documents are known.

    Parameters
    ----------
    location
        A store of zarr, or a place in one, where the node lies.
    documents
        The documents of the node and of those in it, by their names from there.
    """
    store, start = (location.store, location.path) if isinstance(location, StorePath) else (location, "")
    placed = {f"{start}/{name}".lstrip("/"): document for name, document in documents.items()}
    return StorePath(KnownDocuments(store, placed), start)
