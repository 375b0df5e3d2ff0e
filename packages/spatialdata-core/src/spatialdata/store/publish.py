"""Writing whole stores to any place: a folder, a Zip archive, or an address.

A store for an archive or an address is written into a folder of this machine first. An archive then replaces the old
one in one step. At an address nothing can be moved in one step: the new store is brought beside the old one, and only
when it is complete there does it take its place. A reader that comes in between finds the old or the new one.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreExistsError
from spatialdata.store.archive import replacing_archive
from spatialdata.store.documents import contents, is_node
from spatialdata.store.files import archive_of, exists, is_local, path_of, stage_elsewhere
from spatialdata.store.objects.objects import objects_of
from spatialdata.store.stand_in import alone_at
from spatialdata.store.transfer import check_writable, finish_switch, reaching, switch, upload_tree
from spatialdata.store.write import write_store

if TYPE_CHECKING:
    from spatialdata.models.kind import Kind
    from spatialdata.store.linked import Link
    from spatialdata.store.options import WriteOptions
    from spatialdata.store.store import Entry

__all__ = ["write_anywhere"]


def write_anywhere(
    location: Any,
    elements: Mapping[Kind, Mapping[str, Any]],
    attrs: Mapping[str, Any],
    *,
    overwrite: bool,
    consolidate: bool,
    options: WriteOptions,
    links: Mapping[Entry, Link] | None = None,
) -> Path:
    """Write a store to a folder, to an archive (a path that ends in ``.zip``) or to an address.

    Parameters
    ----------
    location
        Where to write.
    elements, attrs, overwrite, consolidate, options, links
        As for :func:`~spatialdata.store.write.write_store`.

    Returns
    -------
    The path of what was written.

    Raises
    ------
    StoreExistsError
        There is something already, and ``overwrite`` was not given or it is no store.
    StoreError
        The place cannot be written to.
    """
    target = archive_of(location)
    if target is not None:
        _check_archive(target, overwrite=overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing_archive(target) as root:
            write_store(root, elements, attrs, consolidate=consolidate, options=options, links=links)
        return target
    path = path_of(location)
    if is_local(path):
        write_store(path, elements, attrs, overwrite=overwrite, consolidate=consolidate, options=options, links=links)
        return path
    check_writable(path)
    with alone_at(path), TemporaryDirectory() as folder:
        with reaching(path):
            _check_elsewhere(path, overwrite=overwrite)
        root = Path(folder) / "store.zarr"
        write_store(root, elements, attrs, consolidate=consolidate, options=options, links=links)
        with reaching(path):
            stage: Any = stage_elsewhere(path)
            upload_tree(root, stage)
            switch(stage, path)
    return path


def _check_archive(target: Path, *, overwrite: bool) -> None:
    if not target.exists():
        return
    if not overwrite:
        raise StoreExistsError(f"There is something at {target} already. Pass overwrite=True to replace it.")
    if not zipfile.is_zipfile(target):
        raise StoreExistsError(f"{target} is no Zip archive and is not overwritten. Choose another path.")


def _check_elsewhere(path: Path, *, overwrite: bool) -> None:
    finish_switch(path)
    if not is_node(path) and not exists(path) and not objects_of(path).children(path):
        return
    if not overwrite:
        raise StoreExistsError(f"There is something at {path} already. Pass overwrite=True to replace it.")
    if not is_node(path):
        raise StoreExistsError(
            f"{path} is no Zarr store and is not overwritten: {contents(path)}. Choose another address."
        )
