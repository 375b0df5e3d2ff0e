"""A store that is changed: its folder on this machine, with its lock held, and which names are taken in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spatialdata.errors import ElementNotFoundError, StoreError, StoreExistsError, unknown_name
from spatialdata.models.kind import Kind
from spatialdata.store.archive import replacing_archive, unpack
from spatialdata.store.consolidated import consolidate
from spatialdata.store.files import archive_of, is_local, path_of
from spatialdata.store.lock import exclusive
from spatialdata.store.mirror import mirrored
from spatialdata.store.store import Entry, Store
from spatialdata.store.transaction import finish_own_swap, finish_own_swaps_below

__all__ = ["brought_here", "check_free", "consolidate_store", "existing_folder", "opened_for_writing"]


@contextmanager
def brought_here(path: str | os.PathLike[str], *, afresh: bool = False) -> Iterator[Path]:
    """A folder of this machine in which a store can be changed; a local store itself.

    Of a store in an archive, all that is in it is brought into a folder; of one behind an address, its documents only,
    from the consolidated ones unless they are to be read ``afresh``. What was changed there is brought back in the end,
    and nothing if there was an error.
    """
    place = path_of(path)
    if is_local(place):
        yield place.resolve()
        return
    archive = archive_of(place)
    place = Store.open(place).path
    copied = mirrored(place, afresh=afresh) if archive is None else _unpacked(archive, place)
    with copied as root, _speaking_of(place, root):
        yield root


@contextmanager
def opened_for_writing(path: str | os.PathLike[str], *, afresh: bool = False) -> Iterator[Store]:
    """A store that exists, with its lock held. Whatever a crash has left of it is put in order first."""
    with brought_here(path, afresh=afresh) as root:
        Store.open(root)
        with exclusive(root):
            store = Store.open(root)
            if afresh or store.may_hold_swaps:
                for kind in Kind:
                    finish_own_swaps_below(root / kind.container)
            yield store


@contextmanager
def _unpacked(archive: Path, place: Any) -> Iterator[Path]:
    """The folder of a store that lies in an archive, which is made anew from it in the end."""
    with replacing_archive(archive) as content:
        unpack(archive, content)
        yield (content / place.path).resolve()


@contextmanager
def _speaking_of(place: Path, root: Path) -> Iterator[None]:
    """Name the store in errors, and not its copy."""
    try:
        yield
    except (StoreError, ElementNotFoundError) as error:
        raise type(error)(str(error).replace(str(root), str(place))) from error


def consolidate_store(path: str | os.PathLike[str]) -> None:
    """Write the metadata of all elements of a store into its root.

    Raises
    ------
    StoreBusyError
        Another process is writing to the store.
    """
    with opened_for_writing(path, afresh=True) as store:
        consolidate(store.path)


def check_free(store: Store, entry: Entry, *, overwrite: bool, leaving: Entry | None = None) -> None:
    """Raise a StoreExistsError if an element cannot be written because of another; one that is leaving is none."""
    for other in store.namesakes(entry.name):
        if other == leaving:
            continue
        if other == entry:
            if not overwrite:
                raise StoreExistsError(
                    f"{store.path} has the element {entry} already. Pass overwrite=True to replace it."
                )
        else:
            raise StoreExistsError(
                f"{store.path} has the element {other}, so {entry} cannot be written. Names are unique across kinds, "
                "also without regard to upper and lower case. Delete that element first, or choose another name."
            )


def existing_folder(store: Store, kind: Kind, name: str) -> Path:
    """The folder of an element, or an ElementNotFoundError that lists those of its kind."""
    entry = Entry(kind, name)
    folder = store.path / kind.container / name
    finish_own_swap(folder)
    if not store.has(entry) or not folder.exists():
        names = [other.name for other in store.entries() if other.kind is kind]
        raise ElementNotFoundError(
            f"{store.path}: " + unknown_name(f"element of the kind {kind.container}", name, names)
        )
    return folder
