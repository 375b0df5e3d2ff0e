"""The Zarr documents of a store: which nodes there are, and their attributes.

Groups are described by small JSON documents (``zarr.json``, or ``.zgroup`` and ``.zattrs`` in Zarr v2). They are read
and written here without touching any data; every document is replaced in one step, so that a reader never sees half
of one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spatialdata.errors import StoreError, listing
from spatialdata.store.files import stamp_of

__all__ = [
    "DOCUMENTS_OF_ROOT",
    "Node",
    "array_shape",
    "child_names",
    "consolidate",
    "consolidated_paths",
    "contents",
    "document_stamp",
    "is_node",
    "read_node",
    "replace_attributes",
    "stale_paths",
    "without_consolidated",
    "write_group",
    "zarr_format_of",
]

DOCUMENT = "zarr.json"
_GROUP_V2, _ARRAY_V2, _ATTRS_V2, _CONSOLIDATED_V2 = ".zgroup", ".zarray", ".zattrs", ".zmetadata"
_CONSOLIDATED = "consolidated_metadata"
# A folder or address with one of these is a store; whoever brings a store somewhere brings these last.
DOCUMENTS_OF_ROOT = (_ATTRS_V2, _CONSOLIDATED_V2, _GROUP_V2, DOCUMENT)


@dataclass(frozen=True, slots=True)
class Node:
    """A group or an array, with its attributes."""

    node_type: Literal["group", "array"]
    attributes: dict[str, Any]


def contents(folder: Path) -> str:
    """Say what lies in a folder, for error messages."""
    if not folder.exists():
        return f"{folder} does not exist"
    if not folder.is_dir():
        return f"{folder} is a file"
    return f"{folder} holds {listing(sorted(entry.name for entry in folder.iterdir()))}"


def zarr_format_of(folder: Path) -> int | None:
    """2 or 3 if the folder is a Zarr node, else None."""
    if (folder / DOCUMENT).is_file():
        return 3
    return 2 if (folder / _GROUP_V2).is_file() or (folder / _ARRAY_V2).is_file() else None


def is_node(folder: Path) -> bool:
    """Whether the folder is a Zarr group or array."""
    return zarr_format_of(folder) is not None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise StoreError(f"{path} is no valid JSON document: {error}.") from error
    if not isinstance(document, dict):
        raise StoreError(f"{path} must hold a JSON object, not {type(document).__name__}.")
    return document


def _write_json(path: Path, document: dict[str, Any], *, indent: int | None = 2) -> None:
    """Replace a document in one step, and make sure that it is on disk."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(document, indent=indent, ensure_ascii=False, allow_nan=False))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_node(folder: Path) -> Node:
    """The node in a folder.

    Raises
    ------
    StoreError
        The folder holds no Zarr document, or an unreadable one; the message says what is there.
    """
    found = zarr_format_of(folder)
    if found is None:
        raise StoreError(f"No Zarr document ({DOCUMENT}, or {_GROUP_V2} for Zarr v2) was found: {contents(folder)}.")
    if found == 2:
        attributes = _read_json(folder / _ATTRS_V2) if (folder / _ATTRS_V2).is_file() else {}
        return Node("group" if (folder / _GROUP_V2).is_file() else "array", attributes)
    document = _read_json(folder / DOCUMENT)
    node_type = document.get("node_type")
    if node_type not in ("group", "array"):
        raise StoreError(f"{folder / DOCUMENT} has the node_type {node_type!r}. Valid: 'group', 'array'.")
    attributes = document.get("attributes", {})
    if not isinstance(attributes, dict):
        raise StoreError(f"The attributes in {folder / DOCUMENT} must be an object, not {type(attributes).__name__}.")
    return Node(node_type, attributes)


def array_shape(folder: Path) -> tuple[int, ...]:
    """The shape of an array, by its document."""
    document = _read_json(folder / (DOCUMENT if zarr_format_of(folder) == 3 else _ARRAY_V2))
    return tuple(document["shape"])


def document_stamp(folder: Path) -> object:
    """What changes when the document of a node is replaced."""
    return tuple(stamp_of(folder / name) for name in (DOCUMENT, _ARRAY_V2, _ATTRS_V2))


def write_group(folder: Path, attributes: dict[str, Any] | None = None, zarr_format: int = 3) -> None:
    """Make a folder a Zarr group."""
    folder.mkdir(parents=True, exist_ok=True)
    if zarr_format == 2:
        _write_json(folder / _GROUP_V2, {"zarr_format": 2})
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


def child_names(folder: Path) -> list[str]:
    """Names of the folders below a group, sorted; hidden ones left out."""
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith(".") and entry.is_dir())


def consolidated_paths(root: Path) -> set[str] | None:
    """Paths of all nodes that the consolidated metadata of a store list, or None if it has none."""
    if zarr_format_of(root) == 2:
        document = root / _CONSOLIDATED_V2
        if not document.is_file():
            return None
        keys = _read_json(document).get("metadata", {})
        return {key.rpartition("/")[0] for key in keys if key.rpartition("/")[2] in (_GROUP_V2, _ARRAY_V2)}
    found = _read_json(root / DOCUMENT).get(_CONSOLIDATED)
    return set(found.get("metadata", {})) if isinstance(found, dict) else None


def _inline(metadata: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "inline", "must_understand": False, "metadata": metadata}


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """All nodes below a group, depth first, in the order of their names."""
    for name in child_names(folder):
        child = folder / name
        if not is_node(child):
            continue
        path = f"{prefix}{name}"
        yield path, child
        is_array = (child / _ARRAY_V2).is_file() or (
            (child / DOCUMENT).is_file() and _read_json(child / DOCUMENT).get("node_type") == "array"
        )
        if not is_array:
            yield from _walk(child, f"{path}/")


def consolidate(root: Path) -> None:
    """Gather the documents of all nodes in the document of the root, so that one read finds every element."""
    if zarr_format_of(root) == 2:
        _consolidate_v2(root)
        return
    _write_consolidated(root, dict(_gathered(_walk(root, ""))))


def _gathered(nodes: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, folder in nodes:
        document = _read_json(folder / DOCUMENT)
        if document.get("node_type") == "group":
            document[_CONSOLIDATED] = _inline({})
        yield path, document


def _write_consolidated(root: Path, metadata: dict[str, Any]) -> None:
    document = _read_json(root / DOCUMENT)
    document.pop(_CONSOLIDATED, None)
    node_type = document.pop("node_type")
    # Of thousands of nodes, an indented document would be slow to write.
    _write_json(root / DOCUMENT, {**document, _CONSOLIDATED: _inline(metadata), "node_type": node_type}, indent=None)


def _consolidate_again(root: Path, known: dict[str, Any], changed: Sequence[str]) -> None:
    """Gather only what has changed, in the order of a full walk."""
    metadata = {
        path: document
        for path, document in known.items()
        if not any(path == other or path.startswith(f"{other}/") for other in changed)
    }
    for path in changed:
        parent = path.rpartition("/")[0]
        nodes = [(node, root / node) for node in (parent, path) if node and is_node(root / node)]
        if is_node(root / path):
            nodes.extend(_walk(root / path, f"{path}/"))
        metadata.update(_gathered(nodes))
    _write_consolidated(root, dict(sorted(metadata.items(), key=lambda item: item[0].split("/"))))


def _consolidate_v2(root: Path) -> None:
    metadata = {}
    for prefix, folder in (("", root), *((f"{path}/", folder) for path, folder in _walk(root, ""))):
        for name in (_ARRAY_V2, _ATTRS_V2, _GROUP_V2):
            if (folder / name).is_file():
                metadata[f"{prefix}{name}"] = _read_json(folder / name)
    _write_json(root / _CONSOLIDATED_V2, {"zarr_consolidated_format": 1, "metadata": metadata})


def _drop_consolidated(root: Path) -> None:
    if zarr_format_of(root) == 2:
        (root / _CONSOLIDATED_V2).unlink(missing_ok=True)
        return
    document = _read_json(root / DOCUMENT)
    if document.pop(_CONSOLIDATED, None) is not None:
        _write_json(root / DOCUMENT, document)


@contextmanager
def without_consolidated(root: Path, *changed: str) -> Iterator[None]:
    """Take the consolidated metadata away while a store is changed, and gather them again afterwards if it had any.

    A crash in between leaves a store without consolidated metadata, never one with wrong ones.

    Parameters
    ----------
    root
        The store.
    *changed
        The paths of the nodes that change, such as ``"images/dapi"``; the documents of all others are not read.
    """
    if zarr_format_of(root) == 2:
        had = consolidated_paths(root) is not None
        known = None
    else:
        known = _read_json(root / DOCUMENT).get(_CONSOLIDATED)
        had = isinstance(known, dict)
    if had:
        _drop_consolidated(root)
    try:
        yield
    finally:
        if had and isinstance(known, dict):
            _consolidate_again(root, known.get("metadata", {}), changed)
        elif had:
            consolidate(root)


def stale_paths(root: Path) -> list[str]:
    """The nodes whose document is not the one in the consolidated metadata; empty if a store has none."""
    if zarr_format_of(root) == 2 or consolidated_paths(root) is None:
        return []
    known = _read_json(root / DOCUMENT)[_CONSOLIDATED]["metadata"]
    current = dict(_gathered(_walk(root, "")))
    return sorted(path for path in {*known, *current} if _plain(known.get(path)) != _plain(current.get(path)))


def _plain(document: Any) -> Any:
    """A document without the consolidated part, which writers spell differently."""
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if key != _CONSOLIDATED}
