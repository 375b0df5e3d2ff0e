"""Changing single elements of a store behind an address.

The documents of the store are brought into a folder of this machine, which is then changed like any other store. What
has become different is brought to the address: new elements first, the document of the root, which makes them visible,
after them, and what is no longer needed is removed last.

Each element of the mirror holds a note where it comes from. An element that was written anew has none, and one that
was renamed has the note of its old place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spatialdata.errors import StoreExistsError, listing
from spatialdata.models.kind import Kind
from spatialdata.store.consolidated import Root, documents_in
from spatialdata.store.documents import (
    CONSOLIDATED_V2,
    DOCUMENT,
    DOCUMENTS_OF_ROOT,
    child_names,
    encoded,
    is_node,
    write_group,
    zarr_format_of,
)
from spatialdata.store.files import read_if_there, stage_elsewhere
from spatialdata.store.objects.objects import objects_of
from spatialdata.store.stand_in import alone_at
from spatialdata.store.transfer import (
    check_writable,
    copy_tree,
    finish_switch,
    reaching,
    remove_tree,
    switch,
    upload,
    upload_tree,
)
from spatialdata.store.versions import CURRENT

__all__ = ["mirrored"]

_ORIGIN = ".origin"


@contextmanager
def mirrored(path: Path, *, afresh: bool = False, repairs: list[str] | None = None) -> Iterator[Path]:
    """The documents of a store behind an address, in a folder; changes in it are made at the address in the end.

    Parameters
    ----------
    path
        The store.
    afresh
        Read the document of each node, even if there are consolidated ones.
    repairs
        If given, what a writer of the whole store has left beside it is put in order too, and the list gets a line for
        each thing that was.

    Raises
    ------
    StoreError
        The address cannot be reached or written to. What was done there until then leaves each element as it was, or
        new.
    StoreBusyError
        Another process of this user on this machine is writing there.
    """
    check_writable(path)
    place: Any = path
    with alone_at(place), TemporaryDirectory() as folder:
        root = (Path(folder) / "store.zarr").resolve()
        with reaching(path):
            if repairs is not None:
                repairs += _finish_store(place)
            found = _finish_switches(place)
            if repairs is not None:
                repairs += [*found, *_finish_containers(place)]
            mirror = _Mirror(place, root, documents_in(place, afresh=afresh))
        yield root
        with reaching(path):
            mirror.publish()


def _finish_store(path: Any) -> list[str]:
    """Sweep what a writer has left that was interrupted while it brought a whole new store, or finish it."""
    stage = stage_elsewhere(path)
    if not objects_of(stage).children(stage):
        return []
    is_complete = finish_switch(path)
    remove_tree(stage)
    return [_line(stage, path if is_complete else None)]


def _line(stage: Any, target: Any) -> str:
    if target is not None:
        return f"put {stage}, which an interrupted writer had completed, in the place of {target}"
    return f"removed {stage}, which an interrupted writer had left"


def _finish_switches(path: Any) -> list[str]:
    """Finish or sweep what interrupted writers have left beside elements; a line for each."""
    done = []
    for kind in Kind:
        group = path / kind.container
        for name in [child.name for child in objects_of(path).children(group)]:
            if name.startswith(".") and name.endswith(".stage"):
                target = group / name.removeprefix(".").removesuffix(".stage")
                stage = stage_elsewhere(target)
                done.append(_line(stage, target if finish_switch(target) else None))
                remove_tree(stage)
    return done


def _finish_containers(path: Any) -> list[str]:
    """Describe groups whose first element was brought, but not yet their own document; a line for each."""
    done = []
    for kind in Kind:
        group = path / kind.container
        names = [] if is_node(group) else [name for name in child_names(group) if is_node(group / name)]
        if names:
            with TemporaryDirectory() as folder:
                write_group(Path(folder), {}, zarr_format_of(path) or CURRENT.zarr_format)
                upload(Path(folder), group, [file.name for file in Path(folder).iterdir()])
            done.append(f"wrote the document of {group}, without which {listing(names)} could not be found")
    return done


class _Mirror:
    def __init__(self, path: Any, root: Path, documents: Mapping[str, Any]) -> None:
        self.path = path
        self.root = root
        root.mkdir()
        for name, document in documents.items():
            # In Zarr v2, the last part is the name of a document.
            place = root / name if name.rpartition("/")[2].startswith(".z") else root / name / DOCUMENT
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(encoded(document, indent=2))
        for name in DOCUMENTS_OF_ROOT:
            content = read_if_there(path / name)
            if content is not None:
                (root / name).write_bytes(content)
        self._before = {name: (root / name).read_bytes() for name in self._files()}
        self._elements = set(self._origins())
        for name in self._elements:
            (root / name / _ORIGIN).write_text(name, encoding="utf-8")

    def _files(self) -> list[str]:
        return [
            path.relative_to(self.root).as_posix()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and path.name != _ORIGIN
        ]

    def _origins(self) -> dict[str, str | None]:
        """The elements of the mirror, and which element each was in the beginning; None for new ones."""
        found: dict[str, str | None] = {}
        for kind in Kind:
            for name in child_names(self.root / kind.container):
                note = self.root / kind.container / name / _ORIGIN
                origin = note.read_text(encoding="utf-8") if note.is_file() else None
                found[f"{kind.container}/{name}"] = origin
        return found

    def publish(self) -> None:
        """Make at the address what was made here."""
        origins = self._origins()
        fresh = [name for name, origin in origins.items() if origin is None]
        replaced = [name for name in fresh if name in self._elements]
        moved = {name: origin for name, origin in origins.items() if origin is not None and origin != name}
        for name in fresh:
            place = self.path / name
            if name not in replaced and is_node(place):
                raise StoreExistsError(
                    f"There is something at {place} that the consolidated metadata of the store do not list; an "
                    "interrupted writer may have left it. Remove it, or have it listed by spatialdata repair or "
                    "write_consolidated_metadata."
                )
            upload_tree(self.root / name, stage_elsewhere(place) if name in replaced else place)
        for name, origin in moved.items():
            copy_tree(self.path / origin, self.path / name)
        changed, removed = self._differences(fresh, moved)
        inner = [name for name in changed if name not in DOCUMENTS_OF_ROOT]
        touched = [*replaced, *removed, *(name for name in inner if _element_of(name) in self._elements)]
        if touched:
            self._hide_consolidated()
        upload(self.root, self.path, inner)
        for name in replaced:
            switch(stage_elsewhere(self.path / name), self.path / name)
        for name in removed:
            remove_tree(self.path / name)
        tops = [name for name in DOCUMENTS_OF_ROOT if (self.root / name).is_file()]
        upload(self.root, self.path, tops if touched else [name for name in tops if name in changed])
        for name in sorted(self._elements - set(origins)):
            remove_tree(self.path / name)

    def _differences(self, fresh: list[str], moved: dict[str, str]) -> tuple[list[str], list[str]]:
        """The files that are new or different, documents last; and the nodes that are gone from what stays."""
        now: set[str] = set()
        changed = []
        for name in self._files():
            element = _element_of(name)
            if element in fresh:
                continue
            before = name.replace(element, moved[element], 1) if element in moved else name
            now.add(before)
            if (self.root / name).read_bytes() != self._before.get(before):
                changed.append(name)
        others = (self._elements - set(self._origins())) | set(fresh) | set(moved.values())
        gone = [name for name in self._before if name not in now and _element_of(name) not in others]
        removed = {name.rpartition("/")[0] for name in gone if "/" in name}
        return sorted(changed, key=lambda name: (name.rpartition("/")[2] in DOCUMENTS_OF_ROOT, name)), sorted(removed)

    def _hide_consolidated(self) -> None:
        """Take the consolidated metadata away while what they say is changed."""
        root = Root(self.path)
        if root.elements() is None:
            return
        if root.is_v2:
            objects_of(self.path).remove(self.path, [CONSOLIDATED_V2])
            return
        bare = self.root.with_name("bare.json")
        bare.write_bytes(root.bare())
        objects_of(self.path).put({DOCUMENT: bare}, self.path)


def _element_of(name: str) -> str:
    return "/".join(name.split("/")[:2])
