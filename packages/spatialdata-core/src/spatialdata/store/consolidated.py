"""The consolidated metadata of a store: the documents of all nodes in one file, so that one read finds every element.

They may be large, while a change touches one element. The documents of each element are therefore a line of their own;
the file is still one JSON object, as every reader of Zarr expects it. Opening a store looks at the beginnings of the
lines, and a change replaces the line of its element, so that neither parses what is said of the others. Files that
others wrote are parsed as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
from spatialdata.store.document_lines import Lines, element_of
from spatialdata.store.documents import (
    ARRAY_V2,
    CONSOLIDATED_V2,
    DOCUMENT,
    GROUP_V2,
    child_names,
    documents_of,
    encoded,
    node_of,
    parsed,
    read_node,
    replace_attributes,
    write_document,
    zarr_format_of,
)
from spatialdata.store.files import exists, is_local, read_if_there
from spatialdata.store.objects.objects import objects_of

if TYPE_CHECKING:
    from spatialdata.store.document_lines import Pieces
    from spatialdata.store.documents import Node
    from spatialdata.store.objects.objects import Stamp

__all__ = ["Root", "consolidate", "documents_in", "replace_root_attributes", "stale_paths", "without_consolidated"]

_KEY = "consolidated_metadata"
_OPENING, _CLOSING = b'"metadata":{', {DOCUMENT: b"}}}", CONSOLIDATED_V2: b"}}"}


class Root:
    """The root of a store, with its consolidated metadata.

    Parameters
    ----------
    path
        The store, which must be a Zarr node.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # What changes when the root of a store behind an address is replaced.
        self.stamp: Stamp | None = None
        self.zarr_format = zarr_format_of(path) if is_local(path) else self._fetch()
        self.is_v2 = self.zarr_format == 2
        self._file = path / (CONSOLIDATED_V2 if self.is_v2 else DOCUMENT)

    def _fetch(self) -> int | None:
        """The version of Zarr; the document of the root is read on the way, if it is the third."""
        try:
            self._data, self.stamp = objects_of(self.path).read_stamped(self.path / DOCUMENT)
        except (FileNotFoundError, IsADirectoryError):
            return 2 if exists(self.path / GROUP_V2) or exists(self.path / ARRAY_V2) else None
        return 3

    @cached_property
    def node(self) -> Node:
        """The root itself."""
        if self.is_v2:
            return read_node(self.path)
        document = self._own if "_data" in self.__dict__ or not is_local(self.path) else self._from_first_line()
        return node_of(document, self._file)

    def _from_first_line(self) -> dict[str, Any]:
        """The document without the others in it, which are not read if we wrote them."""
        with self._file.open("rb") as file:
            first = file.readline().rstrip(b"\n")
        return parsed(first + _CLOSING[DOCUMENT], self._file) if first.endswith(_OPENING) else self._own

    @cached_property
    def _data(self) -> bytes | None:
        if not self.is_v2:
            return self._file.read_bytes()
        if is_local(self.path):
            return read_if_there(self._file)
        try:
            data, self.stamp = objects_of(self.path).read_stamped(self._file)
        except (FileNotFoundError, IsADirectoryError):
            return None
        return data

    @cached_property
    def _in_lines(self) -> bool:
        """Whether the file is one that we wrote, or at least looks like one."""
        data = self._data or b""
        first, last = data.find(b"\n"), data.rfind(b"\n")
        is_ours = data.endswith(b"\n" + _CLOSING[self._file.name]) and data.endswith(_OPENING, 0, first)
        return is_ours and (last == first or data.startswith(b'"', first + 1))

    @cached_property
    def _own(self) -> dict[str, Any]:
        """The document without what it says of other nodes."""
        data = self._data or b"{}"
        if self._in_lines:
            data = data[: data.index(b"\n")] + _CLOSING[self._file.name]
        document = parsed(data, self._file)
        document.pop(_KEY, None)
        return document

    @cached_property
    def lines(self) -> Lines | None:
        """The lines of the elements; None without consolidation."""
        if not self._in_lines:
            documents = self.documents()
            return None if documents is None else Lines.of(_lines_of(documents))
        data = self._data or b""
        first = data.index(b"\n") + 1
        return Lines(data, first, max(data.rindex(b"\n"), first))

    def elements(self) -> set[str] | None:
        """The paths of the elements that the consolidated metadata list, or None if there are none."""
        if self._in_lines and self.lines is not None:
            return set(self.lines.paths())
        documents = self.documents()
        return None if documents is None else {element_of(path) for path in documents}

    def namesakes(self, name: str) -> set[str]:
        """The paths of the elements of a name, without regard to case, that the consolidated metadata list."""
        return set() if self.lines is None else set(self.lines.namesakes(name))

    def lists(self, element: str) -> bool:
        """Whether the consolidated metadata list an element."""
        return self.lines is not None and self.lines.line(element) is not None

    def documents(self) -> dict[str, Any] | None:
        """The documents of all nodes by their paths, or None if there are none."""
        if self._data is None:
            return None
        document = parsed(self._data, self._file)
        found = document if self.is_v2 else document.get(_KEY)
        if not isinstance(found, dict):
            return None
        metadata = found.get("metadata", {})
        if not isinstance(metadata, dict):
            raise StoreError(
                f"The consolidated metadata in {self._file} must be an object, not {type(metadata).__name__}."
            )
        return metadata

    def below(self, element: str) -> dict[str, dict[str, Any]] | None:
        """The documents of an element (``"images/dapi"``) and of all nodes in it, by their names from there.

        Such as ``"s0/zarr.json"``, or ``"s0/.zarray"`` in Zarr v2; None where they are not listed.
        """
        line = None if self.lines is None else self.lines.line(element)
        if line is None:
            return None
        listed = parsed(b"{" + line + b"}", self._file)
        end = "" if self.is_v2 else f"/{DOCUMENT}"
        return {f"{path}{end}".removeprefix(f"{element}/"): _plain(document) for path, document in listed.items()}

    def write(self, lines: Pieces, attributes: Mapping[str, Any] | None = None) -> None:
        """Write consolidated metadata; in Zarr v3 with the document of the root, whose attributes may be replaced."""
        whole: dict[str, Any] = {"zarr_consolidated_format": 1, "metadata": {}}
        if not self.is_v2:
            whole = {**self._own, **({} if attributes is None else {"attributes": attributes}), _KEY: _inline()}
        closing = _CLOSING[self._file.name]
        write_document(self._file, encoded(whole).removesuffix(closing), b"\n", *lines, b"\n", closing)

    def bare(self) -> bytes:
        """The document of the root without consolidated metadata; in Zarr v2 these are a file of their own."""
        return encoded(self._own, indent=2)

    def drop(self) -> None:
        """Take the consolidated metadata away."""
        if self.is_v2:
            self._file.unlink(missing_ok=True)
        else:
            write_document(self._file, self.bare())


def _lines_of(documents: Mapping[str, Any]) -> dict[str, bytes]:
    """The documents as lines, in the order of their paths."""
    lines: dict[str, list[bytes]] = {}
    for path, document in sorted(documents.items(), key=lambda item: item[0].split("/")):
        lines.setdefault(element_of(path), []).append(encoded(path) + b":" + encoded(document))
    return {path: b",".join(parts) for path, parts in lines.items()}


def _inline() -> dict[str, Any]:
    return {"kind": "inline", "must_understand": False, "metadata": {}}


def _documents(root: Path, path: str, zarr_format: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of a node as the consolidated metadata hold them."""
    for name, document in documents_of(root / path, zarr_format).items():
        if name == DOCUMENT:
            yield path, {**document, _KEY: _inline()} if document.get("node_type") == "group" else document
        else:
            yield f"{path}/{name}".lstrip("/"), document


def _below(root: Path, path: str, zarr_format: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of a node and of all nodes in it."""
    found = dict(_documents(root, path, zarr_format))
    yield from found.items()
    if any(key.endswith(GROUP_V2) or document.get("node_type") == "group" for key, document in found.items()):
        for name in child_names(root / path):
            yield from _below(root, f"{path}/{name}".lstrip("/"), zarr_format)


def _all(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of all nodes. In Zarr v3, that of the root holds the others and is none of them."""
    return ((path, document) for path, document in _below(root, "", zarr_format_of(root) or 3) if path)


def documents_in(root: Path, *, afresh: bool = False) -> dict[str, dict[str, Any]]:
    """The documents of all nodes by their paths: the consolidated ones if there are any, else all are read."""
    found = None if afresh else Root(root).documents()
    documents = dict(_all(root)) if found is None else found
    return {path: _plain(document) for path, document in documents.items()}


def consolidate(root: Path) -> None:
    """Gather the documents of all nodes, each of which is read."""
    Root(root).write(Lines.of(_lines_of(dict(_all(root)))).pieces())


@contextmanager
def without_consolidated(root: Path | Root, *changed: str) -> Iterator[None]:
    """Take the consolidated metadata away while a store is changed, and gather them again afterwards if it had any.

    A crash in between leaves a store without consolidated metadata, never one with wrong ones.

    Parameters
    ----------
    root
        The store, or its root as it was read since the lock is held.
    *changed
        The paths of the elements that change, such as ``"images/dapi"``; the documents of all others are not read. An
        empty one means the documents of the root.
    """
    known = root if isinstance(root, Root) else Root(root)
    if known.lines is None:
        yield
        return
    known.drop()
    try:
        yield
    except BaseException:
        # The store is complete without them, and what went wrong first is what the caller has to know.
        with suppress(StoreError):
            _gather_again(known, changed)
        raise
    try:
        _gather_again(known, changed)
    except StoreError as error:
        raise StoreError(
            f"{known.path} was changed as asked, but its consolidated metadata could not be written anew. It opens "
            f"without them; spatialdata repair writes them. {error}"
        ) from error


def _gather_again(known: Root, changed: tuple[str, ...]) -> None:
    """Write what was known, with the documents of what has changed as they are now."""
    fresh = dict(document for path in changed for document in _changed(known.path, path))
    lines = known.lines or Lines.of({})
    # The attributes of the root may have changed too.
    Root(known.path).write(lines.edited([path for path in changed if path], _lines_of(fresh)))


def _changed(root: Path, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of an element and of its container."""
    zarr_format = zarr_format_of(root) or 3
    parent = path.rpartition("/")[0]
    if parent or zarr_format == 2:
        yield from _documents(root, parent, zarr_format)
    if path:
        yield from _below(root, path, zarr_format)


def replace_root_attributes(root: Root, attributes: dict[str, Any]) -> None:
    """Replace the attributes of a store, also in its consolidated metadata if it has any."""
    if root.lines is not None and not root.is_v2:
        root.write(root.lines.pieces(), attributes)
        return
    with without_consolidated(root, ""):
        replace_attributes(root.path, attributes)


def stale_paths(root: Path) -> list[str]:
    """The nodes whose document is not the one in the consolidated metadata; empty if a store has none."""
    known = Root(root).documents()
    if known is None:
        return []
    current = dict(_all(root))
    return sorted(path for path in {*known, *current} if _plain(known.get(path)) != _plain(current.get(path)))


def _plain(document: Any) -> Any:
    """A document without the consolidated part, which writers spell differently."""
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if key != _KEY}
