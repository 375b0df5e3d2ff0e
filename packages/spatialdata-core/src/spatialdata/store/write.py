"""Writing: a whole store, one element, or metadata only; always completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from spatialdata.errors import (
    ElementNotFoundError,
    SpatialDataError,
    StoreError,
    StoreExistsError,
    unknown_name,
)
from spatialdata.models.kind import Kind
from spatialdata.store.archive import replacing_archive, unpack
from spatialdata.store.checks import check_attrs, check_element, check_elements, is_pending
from spatialdata.store.codec import write_into
from spatialdata.store.consolidated import Root, replace_root_attributes, without_consolidated
from spatialdata.store.consolidated import consolidate as _consolidate
from spatialdata.store.dialects import v06_spatialdata
from spatialdata.store.dialects.choice import dialect_of
from spatialdata.store.dialects.v06_write import FIELDS
from spatialdata.store.documents import (
    child_names,
    contents,
    is_empty_folder,
    is_node,
    read_node,
    replace_attributes,
    write_group,
    zarr_format_of,
)
from spatialdata.store.files import archive_of, is_local, path_of
from spatialdata.store.linked import LINKED_KEY
from spatialdata.store.lock import exclusive
from spatialdata.store.mirror import mirrored
from spatialdata.store.options import WriteOptions
from spatialdata.store.progress import TaskBar
from spatialdata.store.scene import OME, write_scene
from spatialdata.store.store import ATTRS_KEY, Entry, Store, local_path
from spatialdata.store.transaction import Transaction, finish_swap, finish_swaps_below, remove_folder
from spatialdata.store.versions import CURRENT

if TYPE_CHECKING:
    from spatialdata.store.linked import Link
    from spatialdata.store.versions import ContainerVersion

__all__ = [
    "brought_here",
    "check_free",
    "consolidate_store",
    "delete_element",
    "existing_folder",
    "list_labels",
    "opened_for_writing",
    "put_element",
    "set_links",
    "with_links",
    "write_element",
    "write_store",
]


def _own_attributes(container: ContainerVersion) -> dict[str, str]:
    return {"version": container.version, "spatialdata_software_version": distribution_version("spatialdata")}


def _resolved(path: str | os.PathLike[str]) -> Path:
    """The folder itself, where the path is a link to it."""
    return local_path(path).resolve()


def write_store(
    path: str | os.PathLike[str],
    elements: Mapping[Kind, Mapping[str, Any]],
    attrs: Mapping[str, Any],
    *,
    overwrite: bool = False,
    consolidate: bool = True,
    options: WriteOptions | None = None,
    links: Mapping[Entry, Link] | None = None,
) -> None:
    """Write a store.

    Everything is checked first, then written into a hidden folder beside the target, then put in place in one step.
    Whatever happens before that, an old store at the target stays as it was. Elements that are read lazily from that
    old store can be written over it.

    Parameters
    ----------
    path
        Where to write.
    elements
        The elements by kind and name.
    attrs
        The user's attributes; what JSON can hold.
    overwrite
        Replace a store that is there already.
    consolidate
        Gather the metadata of all elements in the root.
    options
        Versions, encodings, codecs and layouts; the usual ones if not given.
    links
        Where further elements lie, which are not written.

    Raises
    ------
    ValidationError
        Something cannot be written; nothing was.
    StoreExistsError
        There is something at the path, and ``overwrite`` was not given or it is no Zarr store. Also a ``ValueError``.
    StoreBusyError
        Another process is writing there.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> labels = Labels2DModel.parse(np.eye(4, dtype=np.int32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_store(f"{folder}/cells.zarr", {Kind.LABELS: {"cells": labels}}, {"project": "demo"})
    ...     store = Store.open(f"{folder}/cells.zarr")
    ...     print(store.attrs, [str(entry) for entry in store.entries()])
    {'project': 'demo'} ['labels/cells']
    """
    target = _resolved(path)
    chosen = options or WriteOptions.of()
    container = chosen.formats.container
    check_elements(elements, chosen.ngff)
    plain = check_attrs(attrs)
    if chosen.ngff == v06_spatialdata.NGFF_VERSION and OME in plain:
        raise ValueError(
            f"The attribute {OME!r} of the object cannot be written in OME-Zarr 0.6, which keeps the scene of a store "
            "there. Give it another name."
        )
    finish_swap(target, target)
    _check_target(target, overwrite=overwrite)
    _make_room(target)
    with exclusive(target):
        _check_target(target, overwrite=overwrite)
        with Transaction(target) as transaction:
            root_attributes = {ATTRS_KEY: {**_own_attributes(container), **_said(links or {})}, **plain}
            write_group(transaction.stage, root_attributes, container.zarr_format)
            _write_elements(transaction.stage, elements, chosen)
            if chosen.ngff == v06_spatialdata.NGFF_VERSION:
                write_scene(transaction.stage)
            if consolidate:
                _consolidate(transaction.stage)
            transaction.commit()


def _make_room(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written, since the folder {target.parent} cannot be made "
            f"({type(error).__name__}: {error}). Choose another path."
        ) from error


def _check_target(target: Path, *, overwrite: bool) -> None:
    if not target.exists():
        return
    if not (is_node(target) or is_empty_folder(target)):
        raise StoreExistsError(
            f"{target} is no Zarr store and is not overwritten: {contents(target)}. Choose another path, or remove "
            "it yourself."
        )
    if not overwrite:
        raise StoreExistsError(
            f"There is something at {target} already. Pass overwrite=True to replace it, or choose another path."
        )


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
        store = Store.open(root)
        for kind in Kind:
            finish_swaps_below(store.path / kind.container, store.path)
        with exclusive(root):
            yield Store.open(root)


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
        _consolidate(store.path)


def _write_elements(root: Path, elements: Mapping[Kind, Mapping[str, Any]], options: WriteOptions) -> None:
    entries = [Entry(kind, name) for kind in Kind for name in elements.get(kind, {})]
    for entry in tqdm(entries, desc="Writing", unit="element", disable=None, leave=False):
        group = root / entry.kind.container
        if not group.exists():
            _write_container(group, entry.kind, list(elements[entry.kind]), options)
        of_kind = elements[entry.kind]
        element = of_kind[entry.name]
        if is_pending(of_kind, entry.name):
            check_element(entry.kind, entry.name, element, options.ngff)
        with _named(entry), TaskBar(str(entry)):
            write_into(group / entry.name, entry.kind, entry.name, element, options)


def _write_container(group: Path, kind: Kind, names: Sequence[str], options: WriteOptions) -> None:
    attributes: dict[str, Any] = {}
    if kind is Kind.LABELS:
        zarr_format = options.formats.container.zarr_format
        attributes = dialect_of(zarr_format, {"ome": {"version": options.ngff}}).labels_listing(names)
    write_group(group, attributes, options.formats.container.zarr_format)


@contextmanager
def _named(entry: Entry) -> Iterator[None]:
    """Say which element it was that could not be written."""
    try:
        yield
    except SpatialDataError:
        raise
    except (OSError, KeyError, ValueError, TypeError, NotImplementedError) as error:
        why = f"{type(error).__name__}: {error}".rstrip(".")
        raise StoreError(f"{entry} cannot be written: {why}. Nothing was changed.") from error


def write_element(
    store_path: str | os.PathLike[str],
    kind: Kind,
    name: str,
    element: Any,
    *,
    overwrite: bool = False,
    options: WriteOptions | None = None,
) -> None:
    """Write one element into a store that exists; completely or not at all.

    Parameters
    ----------
    store_path
        The store.
    kind, name, element
        The element.
    overwrite
        Replace an element of that kind and name.
    options
        Encodings, codecs and layouts; the usual ones if not given.

    Raises
    ------
    ValidationError
        The element cannot be written; nothing was.
    StoreExistsError
        There is an element of that name, of another kind or without ``overwrite``.
    ValueError
        The versions that the options ask for do not fit the store.
    """
    check_element(kind, name, element, None if options is None else options.ngff)

    def write(folder: Path, chosen: WriteOptions) -> None:
        write_into(folder, kind, name, element, chosen)

    put_element(store_path, Entry(kind, name), write, overwrite=overwrite, options=options)


def put_element(
    store_path: str | os.PathLike[str],
    entry: Entry,
    write: Callable[[Path, WriteOptions], None],
    *,
    overwrite: bool,
    options: WriteOptions | None = None,
) -> None:
    """Put an element that a function writes into a folder into a store; completely or not at all.

    Parameters
    ----------
    store_path, overwrite, options
        As for :func:`write_element`.
    entry
        Kind and name of the element.
    write
        Writes the element, which was checked.
    """
    kind, name = entry.kind, entry.name
    with opened_for_writing(store_path) as store:
        root = store.path
        chosen = options or WriteOptions.of(container=store.container, ngff=store.ngff)
        if chosen.formats.container is not store.container:
            raise ValueError(
                f"{root} has the container version {store.version}; elements for {chosen.formats.container.version} "
                "cannot be written into it. Write the whole object to a new store."
            )
        check_free(store, entry, overwrite=overwrite)
        group = root / kind.container
        if not group.exists():
            _write_container(group, kind, [], chosen)
        with Transaction(group / name) as transaction:
            with _named(entry), TaskBar(str(entry)):
                write(transaction.stage, chosen)
            transaction.sync()
            with without_consolidated(store.root, f"{kind.container}/{name}", FIELDS):
                transaction.commit()
                list_labels(root, kind)
                if entry in store.links:
                    replace_attributes(root, with_links(store, {entry: None}))
                if chosen.ngff == v06_spatialdata.NGFF_VERSION or store.ngff is not None:
                    write_scene(root)


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


def list_labels(root: Path, kind: Kind) -> None:
    """Bring the list of labels in the attributes of their group up to date."""
    group = root / kind.container
    if kind is not Kind.LABELS or not is_node(group):
        return
    attributes = read_node(group).attributes
    dialect = dialect_of(zarr_format_of(root) or CURRENT.zarr_format, attributes)
    listed = {**attributes, **dialect.labels_listing(child_names(group))}
    if listed != attributes:
        replace_attributes(group, listed)


def set_links(store_path: str | os.PathLike[str], links: Mapping[Entry, Link | None]) -> None:
    """Say where elements lie that are not in the store itself; None for those that are linked no longer.

    Raises
    ------
    StoreExistsError
        An element of that name is there.
    """
    with opened_for_writing(store_path) as store:
        for entry, link in links.items():
            if link is not None:
                check_free(store, entry, overwrite=False)
        replace_root_attributes(store.root, with_links(store, links))


def with_links(store: Store, links: Mapping[Entry, Link | None]) -> dict[str, Any]:
    """The attributes of the root with other links."""
    attributes = Root(store.path).node.attributes
    own = {key: value for key, value in attributes.get(ATTRS_KEY, {}).items() if key != LINKED_KEY}
    kept = {entry: link for entry, link in {**store.links, **links}.items() if link is not None}
    return {**attributes, ATTRS_KEY: {**own, **_said(kept)}}


def _said(links: Mapping[Entry, Link]) -> dict[str, Any]:
    """Links as the attributes of the root say them."""
    return {LINKED_KEY: {str(entry): link.to_json() for entry, link in links.items()}} if links else {}


def delete_element(store_path: str | os.PathLike[str], kind: Kind, name: str) -> None:
    """Delete an element from a store.

    Raises
    ------
    ElementNotFoundError
        The store has no such element.
    """
    with opened_for_writing(store_path) as store:
        root = store.path
        folder = existing_folder(store, kind, name)
        with without_consolidated(store.root, f"{kind.container}/{name}", FIELDS):
            remove_folder(folder)
            list_labels(root, kind)
            if store.ngff is not None:
                write_scene(root)


def existing_folder(store: Store, kind: Kind, name: str) -> Path:
    """The folder of an element, or an ElementNotFoundError that lists those of its kind."""
    entry = Entry(kind, name)
    folder = store.path / kind.container / name
    if entry not in store.namesakes(name) or not folder.exists():
        names = [other.name for other in store.entries() if other.kind is kind]
        raise ElementNotFoundError(
            f"{store.path}: " + unknown_name(f"element of the kind {kind.container}", name, names)
        )
    return folder
