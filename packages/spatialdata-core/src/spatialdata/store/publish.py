"""Writing whole stores to any place: a folder, a Zip archive, or an address.

A store for an archive or an address is written into a folder of this machine first. An archive then replaces the old
one in one step. At an address nothing can be moved in one step: the new store is brought beside the old one, and only
when it is complete there does it take its place. A reader that comes in between finds the old or the new one.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from spatialdata.errors import StoreError, StoreExistsError
from spatialdata.store.documents import DOCUMENTS_OF_ROOT, contents, is_node
from spatialdata.store.files import is_archive, is_local, path_of, stage_elsewhere
from spatialdata.store.lock import exclusive
from spatialdata.store.write import write_store

if TYPE_CHECKING:
    from spatialdata.models.kind import Kind
    from spatialdata.store.options import WriteOptions

__all__ = ["write_anywhere"]

_BATCH = 64
# The dates of the entries of an archive: the same input makes the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_anywhere(
    location: Any,
    elements: Mapping[Kind, Mapping[str, Any]],
    attrs: Mapping[str, Any],
    *,
    overwrite: bool,
    consolidate: bool,
    options: WriteOptions,
) -> Path:
    """Write a store to a folder, to an archive (a path that ends in ``.zip``) or to an address.

    Parameters
    ----------
    location
        Where to write.
    elements, attrs, overwrite, consolidate, options
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
    if is_archive(location):
        target = Path(location).expanduser()
        _check_archive(target, overwrite=overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(target), TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            root = Path(folder) / "store.zarr"
            write_store(root, elements, attrs, consolidate=consolidate, options=options)
            with _reaching(target):
                _pack(root, Path(folder) / "store.zip").replace(target)
        return target
    path = path_of(location)
    if is_local(path):
        write_store(path, elements, attrs, overwrite=overwrite, consolidate=consolidate, options=options)
        return path
    with _reaching(path):
        _check_elsewhere(path, overwrite=overwrite)
    with TemporaryDirectory() as folder:
        root = Path(folder) / "store.zarr"
        write_store(root, elements, attrs, consolidate=consolidate, options=options)
        with _reaching(path):
            stage: Any = stage_elsewhere(path)
            _remove(stage)
            _upload(root, stage)
            _switch(stage, path)
    return path


@contextmanager
def _reaching(path: Path) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except (OSError, ImportError, ValueError, NotImplementedError) as error:
        raise StoreError(f"{path} cannot be written to: {type(error).__name__}: {error}.") from error


def _check_archive(target: Path, *, overwrite: bool) -> None:
    if not target.exists():
        return
    if not overwrite:
        raise StoreExistsError(f"There is something at {target} already. Pass overwrite=True to replace it.")
    if not zipfile.is_zipfile(target):
        raise StoreExistsError(f"{target} is no Zip archive and is not overwritten. Choose another path.")


def _files_below(root: Path) -> list[Path]:
    """The files of a store, documents of the root last."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return sorted(files, key=lambda path: path.parent == root and path.name in DOCUMENTS_OF_ROOT)


def _pack(root: Path, archive: Path) -> Path:
    """Put all files of a store into an archive; they are compressed already."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for file in tqdm(_files_below(root), desc="Packing", unit="file", disable=None, leave=False):
            entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), _EPOCH)
            entry.external_attr = 0o644 << 16
            # With its size known, an entry needs no extra field, which not every reader skips safely on many threads.
            entry.file_size = file.stat().st_size
            with file.open("rb") as source, packed.open(entry, "w") as sink:
                while block := source.read(2**20):
                    sink.write(block)
    with archive.open("rb+") as written:
        os.fsync(written.fileno())
    return archive


def _check_elsewhere(path: Path, *, overwrite: bool) -> None:
    if str(getattr(path, "protocol", "")).startswith("http"):
        raise StoreError(f"{path} cannot be written to: web servers are read only. Give a folder or a bucket.")
    _finish_switch(path)
    if not path.exists():
        return
    if not overwrite:
        raise StoreExistsError(f"There is something at {path} already. Pass overwrite=True to replace it.")
    if not is_node(path):
        raise StoreExistsError(
            f"{path} is no Zarr store and is not overwritten: {contents(path)}. Choose another address."
        )


def _address(path: Any, *inner: str) -> str:
    return "/".join([path.path.rstrip("/"), *inner])


def _remove(path: Any) -> None:
    path.fs.invalidate_cache()
    if path.exists():
        path.fs.rm(_address(path), recursive=True)
        path.fs.invalidate_cache()


def _in_batches(names: Sequence[str], label: str) -> Iterator[Sequence[str]]:
    """The names in small groups; the documents of the root, which come last, on their own."""
    inner = [name for name in names if name not in DOCUMENTS_OF_ROOT]
    with tqdm(total=len(names), desc=label, unit="file", disable=None, leave=False) as bar:
        for start in range(0, len(inner), _BATCH):
            batch = inner[start : start + _BATCH]
            yield batch
            bar.update(len(batch))
        for name in names[len(inner) :]:
            yield [name]
            bar.update()


def _upload(root: Path, target: Any) -> None:
    names = [file.relative_to(root).as_posix() for file in _files_below(root)]
    for batch in _in_batches(names, "Uploading"):
        target.fs.put([str(root / name) for name in batch], [_address(target, name) for name in batch])
    target.fs.invalidate_cache()


def _switch(stage: Any, target: Any) -> None:
    """Put a complete store in the place of another. From the first step to the last, readers find it at the stage."""
    for name in DOCUMENTS_OF_ROOT:
        if target.fs.exists(_address(target, name)):
            target.fs.rm_file(_address(target, name))
    _remove(target)
    prefix = _address(stage).lstrip("/") + "/"
    found = [str(name).lstrip("/").removeprefix(prefix) for name in stage.fs.find(_address(stage))]
    names = sorted(found, key=lambda name: (name in DOCUMENTS_OF_ROOT, name))
    for batch in _in_batches(names, "Putting in place"):
        for name in batch:
            target.fs.makedirs(_address(target, name).rpartition("/")[0], exist_ok=True)
            target.fs.cp_file(_address(stage, name), _address(target, name))
    _remove(stage)
    target.fs.invalidate_cache()


def _finish_switch(target: Any) -> None:
    """Finish what an interrupted writer has left: its store is complete at the stage, the old one is gone."""
    stage: Any = stage_elsewhere(target)
    if not is_node(target) and is_node(stage):
        _switch(stage, target)
