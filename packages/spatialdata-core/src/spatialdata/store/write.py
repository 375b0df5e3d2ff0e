"""Writing a whole store, or one element; always completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from spatialdata.errors import SpatialDataError, StoreError, StoreExistsError
from spatialdata.models.kind import Kind
from spatialdata.store.changing import check_free, opened_for_writing
from spatialdata.store.checks import check_attrs, check_element, check_elements, is_pending
from spatialdata.store.codec import write_into
from spatialdata.store.consolidated import consolidate as _consolidate
from spatialdata.store.consolidated import without_consolidated
from spatialdata.store.containers import list_labels, write_container
from spatialdata.store.dialects import v06_spatialdata
from spatialdata.store.dialects.v06_write import FIELDS
from spatialdata.store.documents import contents, is_empty_folder, is_node, read_node, replace_attributes, write_group
from spatialdata.store.link_changes import said_links, with_links
from spatialdata.store.lock import exclusive
from spatialdata.store.options import WriteOptions
from spatialdata.store.progress import TaskBar
from spatialdata.store.scene import check_no_scene, said_ngff, write_scene
from spatialdata.store.store import ATTRS_KEY, Entry, local_path
from spatialdata.store.transaction import Transaction, finish_own_swap, finish_swap

if TYPE_CHECKING:
    from spatialdata.store.linked import Link
    from spatialdata.store.versions import ContainerVersion

__all__ = ["put_element", "write_element", "write_store"]


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
    >>> from spatialdata.store.store import Store
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
    check_no_scene(plain, chosen.ngff)
    finish_swap(target, target)
    _check_target(target, overwrite=overwrite)
    _make_room(target)
    with exclusive(target):
        _check_target(target, overwrite=overwrite)
        with Transaction(target) as transaction:
            own = {**_own_attributes(container), **said_ngff(chosen.ngff), **said_links(links or {})}
            write_group(transaction.stage, {ATTRS_KEY: own, **plain}, container.zarr_format)
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
    outer = next((parent for parent in target.absolute().parents if _is_store(parent)), None)
    if outer is not None:
        raise StoreExistsError(f"{target} lies inside of the store {outer}, which it would break. Choose another path.")
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


def _is_store(folder: Path) -> bool:
    """Whether a folder is the root of a store, or an element in one."""
    return is_node(folder) and ATTRS_KEY in read_node(folder).attributes


def _write_elements(root: Path, elements: Mapping[Kind, Mapping[str, Any]], options: WriteOptions) -> None:
    entries = [Entry(kind, name) for kind in Kind for name in elements.get(kind, {})]
    for entry in tqdm(entries, desc="Writing", unit="element", disable=None, leave=False):
        group = root / entry.kind.container
        if not group.exists():
            write_container(group, entry.kind, list(elements[entry.kind]), options)
        of_kind = elements[entry.kind]
        element = of_kind[entry.name]
        if is_pending(of_kind, entry.name):
            check_element(entry.kind, entry.name, element, options.ngff)
        with _named(entry), TaskBar(str(entry)):
            write_into(group / entry.name, entry.kind, entry.name, element, options)


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
        group = root / kind.container
        finish_own_swap(group / name)
        check_free(store, entry, overwrite=overwrite)
        if not group.exists():
            write_container(group, kind, [], chosen)
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
