"""The Zarr documents of a store: which nodes there are, and their attributes.

Groups are described by small JSON documents (``zarr.json``, or ``.zgroup`` and ``.zattrs`` in Zarr v2). They are read
and written here without touching any data; every document is replaced in one step, so that a reader never sees half
of one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spatialdata.errors import StoreError, listing
from spatialdata.store.files import connection_errors, exists, is_local, local_stamp, read_if_there, said
from spatialdata.store.objects.objects import objects_of
from spatialdata.store.replacing import put_in_place

__all__ = [
    "ARRAY_V2",
    "CONSOLIDATED_V2",
    "DOCUMENT",
    "DOCUMENTS_OF_ROOT",
    "GROUP_V2",
    "Node",
    "array_document",
    "array_shape",
    "child_names",
    "contents",
    "document_stamp",
    "documents_of",
    "encoded",
    "is_empty_folder",
    "is_node",
    "known_array",
    "known_node",
    "known_shape",
    "names_in",
    "node_of",
    "opened_stamp",
    "parsed",
    "read_node",
    "replace_attributes",
    "write_document",
    "write_group",
    "zarr_format_of",
]

DOCUMENT = "zarr.json"
GROUP_V2, ARRAY_V2, _ATTRS_V2, CONSOLIDATED_V2 = ".zgroup", ".zarray", ".zattrs", ".zmetadata"
_INDENTED_UP_TO = 16_384
# A folder or address with one of these is a store; whoever brings a store somewhere brings these last.
DOCUMENTS_OF_ROOT = (_ATTRS_V2, CONSOLIDATED_V2, GROUP_V2, DOCUMENT)


@dataclass(frozen=True, slots=True)
class Node:
    """A group or an array, with its attributes."""

    node_type: Literal["group", "array"]
    attributes: dict[str, Any]


def contents(folder: Path) -> str:
    """Say what lies in a folder, for error messages."""
    try:
        if not is_local(folder):
            found = [child.name for child in objects_of(folder).children(folder)]
            return f"{folder} holds {listing(found)}" if found else f"{folder} does not exist or cannot be listed"
        if not folder.exists():
            return f"{folder} does not exist"
        if not folder.is_dir():
            return f"{folder} is a file"
        names = sorted(entry.name for entry in folder.iterdir())
        return f"{folder} holds {listing(names)}" if names else f"{folder} is empty"
    except connection_errors(OSError) as error:
        return f"{folder} cannot be listed ({said(error).rstrip('.')})"


def is_empty_folder(path: Path) -> bool:
    """Whether there is a folder with nothing in it."""
    return path.is_dir() and next(path.iterdir(), None) is None


def zarr_format_of(folder: Path) -> int | None:
    """2 or 3 if the folder is a Zarr node, else None."""
    if exists(folder / DOCUMENT):
        return 3
    return 2 if exists(folder / GROUP_V2) or exists(folder / ARRAY_V2) else None


def is_node(folder: Path) -> bool:
    """Whether the folder is a Zarr group or array."""
    return zarr_format_of(folder) is not None


def parsed(data: bytes, path: Path) -> dict[str, Any]:
    """The JSON object in what was read from a path."""
    try:
        document = json.loads(data)
    except ValueError as error:
        raise StoreError(f"{path} is no valid JSON document: {error}.") from error
    if not isinstance(document, dict):
        raise StoreError(f"{path} must hold a JSON object, not {type(document).__name__}.")
    return document


def _read_json(path: Path) -> dict[str, Any]:
    return parsed(path.read_bytes() if is_local(path) else objects_of(path).read(path), path)


def _json_if_there(path: Path) -> dict[str, Any] | None:
    data = read_if_there(path)
    return None if data is None else parsed(data, path)


def encoded(value: Any, *, indent: int | None = None) -> bytes:
    """A value as JSON; compact, unless it is to be indented."""
    separators = (",", ":") if indent is None else None
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=False, allow_nan=False).encode()


def write_document(path: Path, *data: bytes | memoryview) -> None:
    """Replace a document in one step, and make sure that it is on disk.

    Raises
    ------
    StoreError
        It cannot be written; the old one is as it was.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(fresh, path)
    except BaseException as error:
        # Nobody needs half of a document; what cannot be removed now is swept by a repair.
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StoreError(f"{path} cannot be written: {type(error).__name__}: {error}.") from error
        raise


def _write_json(path: Path, document: dict[str, Any]) -> None:
    compact = encoded(document)
    # Nobody reads thousands of names line by line, and indenting them takes many times as long.
    write_document(path, compact if len(compact) > _INDENTED_UP_TO else encoded(document, indent=2))


def read_node(folder: Path) -> Node:
    """The node in a folder.

    Raises
    ------
    StoreError
        The folder holds no Zarr document, or an unreadable one; the message says what is there.
    """
    document = _json_if_there(folder / DOCUMENT)
    if document is not None:
        return node_of(document, folder / DOCUMENT)
    is_group = exists(folder / GROUP_V2)
    if not is_group and not exists(folder / ARRAY_V2):
        raise StoreError(f"No Zarr document ({DOCUMENT}, or {GROUP_V2} for Zarr v2) was found: {contents(folder)}.")
    return Node("group" if is_group else "array", _json_if_there(folder / _ATTRS_V2) or {})


def node_of(document: dict[str, Any], path: Path) -> Node:
    """The node that a document of Zarr v3, read from a path, describes."""
    node_type = document.get("node_type")
    if node_type not in ("group", "array"):
        raise StoreError(f"{path} has the node_type {node_type!r}. Valid: 'group', 'array'.")
    attributes = document.get("attributes", {})
    if not isinstance(attributes, dict):
        raise StoreError(f"The attributes in {path} must be an object, not {type(attributes).__name__}.")
    return Node(node_type, attributes)


def known_node(documents: Mapping[str, Mapping[str, Any]], folder: Path) -> Node:
    """The node in a folder, whose documents by their names, and perhaps those of others in it, were read before."""
    if DOCUMENT in documents:
        return node_of(dict(documents[DOCUMENT]), folder / DOCUMENT)
    if GROUP_V2 not in documents and ARRAY_V2 not in documents:
        raise StoreError(f"The consolidated metadata list no Zarr document of {folder}.")
    return Node("group" if GROUP_V2 in documents else "array", dict(documents.get(_ATTRS_V2, {})))


def known_array(documents: Mapping[str, Mapping[str, Any]], folder: Path) -> Mapping[str, Any]:
    """The document of the array in a folder, whose documents by their names were read before."""
    found = documents.get(DOCUMENT) or documents.get(ARRAY_V2)
    if found is None:
        raise StoreError(f"The consolidated metadata list no array in {folder}.")
    return found


def known_shape(documents: Mapping[str, Mapping[str, Any]], folder: Path) -> tuple[int, ...]:
    """The shape of that array."""
    return tuple(known_array(documents, folder)["shape"])


def documents_of(folder: Path, zarr_format: int | None) -> dict[str, dict[str, Any]]:
    """The documents of a node by their file names; empty where there is no node of that version of Zarr."""
    names = (ARRAY_V2, _ATTRS_V2, GROUP_V2) if zarr_format == 2 else (DOCUMENT,)
    read = {name: _json_if_there(folder / name) for name in names}
    found = {name: document for name, document in read.items() if document is not None}
    return {} if set(found) == {_ATTRS_V2} else found


def array_shape(folder: Path) -> tuple[int, ...]:
    """The shape of an array, by its document."""
    return tuple(array_document(folder)["shape"])


def array_document(folder: Path) -> dict[str, Any]:
    """The document of an array, as it is on disk."""
    found = _json_if_there(folder / DOCUMENT)
    return _read_json(folder / ARRAY_V2) if found is None else found


def document_stamp(folder: Path) -> object:
    """What changes when the document of a node is replaced; nothing behind an address, where it is not looked at."""
    if not is_local(folder):
        return None
    return tuple([local_stamp(os.path.join(folder, name)) for name in (DOCUMENT, ARRAY_V2, _ATTRS_V2)])  # noqa: PTH118


def opened_stamp(folder: Path) -> object:
    """What changes when an array has to be opened again: its document, or, behind an address, the process.

    Connections do not outlive a fork.
    """
    return document_stamp(folder) if is_local(folder) else os.getpid()


def write_group(folder: Path, attributes: dict[str, Any] | None = None, zarr_format: int = 3) -> None:
    """Make a folder a Zarr group."""
    folder.mkdir(parents=True, exist_ok=True)
    if zarr_format == 2:
        _write_json(folder / GROUP_V2, {"zarr_format": 2})
        _write_json(folder / _ATTRS_V2, attributes or {})
        return
    document = {"attributes": attributes or {}, "zarr_format": 3, "node_type": "group"}
    _write_json(folder / DOCUMENT, document)


def replace_attributes(folder: Path, attributes: dict[str, Any]) -> None:
    """Replace the attributes of a group or array, in Zarr v2 or v3."""
    if zarr_format_of(folder) == 2:
        _write_json(folder / _ATTRS_V2, attributes)
        return
    document = _read_json(folder / DOCUMENT)
    _write_json(folder / DOCUMENT, {**document, "attributes": attributes})


def names_in(folder: Path) -> list[str]:
    """Names of whatever lies in a folder of this machine; none where there is no such folder."""
    try:
        return os.listdir(folder)  # noqa: PTH208  # of thousands of names, no paths are made
    except (FileNotFoundError, NotADirectoryError):
        return []


def child_names(folder: Path) -> list[str]:
    """Names of the folders below a group, sorted; hidden ones left out."""
    if not is_local(folder):
        found = objects_of(folder).children(folder)
        return [child.name for child in found if child.is_folder and not child.name.startswith(".")]
    if not folder.is_dir():
        return []
    # An entry of scandir knows whether it is a folder; a path would ask again.
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
