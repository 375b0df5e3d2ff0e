"""Bringing files to an address, copying and removing them there.

At an address no folder can be put in place in one step. New data are brought beside the old ones, and only when they
are complete there do they take their place; the documents that make them visible come last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spatialdata.errors import StoreError
from spatialdata.store.documents import DOCUMENTS_OF_ROOT, is_node
from spatialdata.store.files import connection_errors, stage_elsewhere

__all__ = [
    "check_writable",
    "copy_tree",
    "files_below",
    "finish_switch",
    "reaching",
    "remove_tree",
    "switch",
    "upload",
    "upload_tree",
]

_BATCH = 64


@contextmanager
def reaching(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong at a place into one StoreError that names it."""
    try:
        yield
    except StoreError:
        raise
    except connection_errors(OSError, ImportError, ValueError, NotImplementedError) as error:
        raise StoreError(f"{path} cannot be written to: {type(error).__name__}: {error}.") from error


def check_writable(path: Path) -> None:
    """Raise a StoreError if nothing can be written to an address."""
    if str(getattr(path, "protocol", "")).startswith("http"):
        raise StoreError(f"{path} cannot be written to: web servers are read only. Give a folder or a bucket.")


def _address(path: Any, *inner: str) -> str:
    return "/".join([path.path.rstrip("/"), *inner])


def files_below(root: Path) -> list[Path]:
    """The files of a folder of this machine, its own documents last."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return sorted(files, key=lambda path: path.parent == root and path.name in DOCUMENTS_OF_ROOT)


def _in_batches(names: Sequence[str], label: str) -> Iterator[Sequence[str]]:
    """The names in small groups; the documents of the top, which come last, on their own."""
    inner = [name for name in names if name not in DOCUMENTS_OF_ROOT]
    with tqdm(total=len(names), desc=label, unit="file", disable=None, leave=False) as bar:
        for start in range(0, len(inner), _BATCH):
            batch = inner[start : start + _BATCH]
            yield batch
            bar.update(len(batch))
        for name in names[len(inner) :]:
            yield [name]
            bar.update()


def upload(root: Path, target: Any, names: Sequence[str]) -> None:
    """Bring files of a folder of this machine to an address, in that order, documents of its top last."""
    ordered = sorted(names, key=lambda name: name in DOCUMENTS_OF_ROOT)
    for batch in _in_batches(ordered, "Uploading"):
        target.fs.put([str(root / name) for name in batch], [_address(target, name) for name in batch])
    target.fs.invalidate_cache()


def upload_tree(root: Path, target: Any) -> None:
    """Bring a folder of this machine to an address where nothing is left from before."""
    remove_tree(target)
    upload(root, target, [file.relative_to(root).as_posix() for file in files_below(root)])


def remove_tree(path: Any) -> None:
    """Remove all that is at an address; the documents of its top first, so that it is gone at once."""
    path.fs.invalidate_cache()
    for name in DOCUMENTS_OF_ROOT:
        if path.fs.exists(_address(path, name)):
            path.fs.rm_file(_address(path, name))
    path.fs.invalidate_cache()
    if path.exists():
        path.fs.rm(_address(path), recursive=True)
        path.fs.invalidate_cache()


def copy_tree(source: Any, target: Any, *, label: str = "Copying") -> None:
    """Copy all that is at an address to another one, where nothing is left from before."""
    remove_tree(target)
    prefix = _address(source).lstrip("/") + "/"
    found = [str(name).lstrip("/").removeprefix(prefix) for name in source.fs.find(_address(source))]
    names = sorted(found, key=lambda name: (name in DOCUMENTS_OF_ROOT, name))
    for batch in _in_batches(names, label):
        for name in batch:
            target.fs.makedirs(_address(target, name).rpartition("/")[0], exist_ok=True)
            target.fs.cp_file(_address(source, name), _address(target, name))
    target.fs.invalidate_cache()


def switch(stage: Any, target: Any) -> None:
    """Put what is complete at a stage in the place of another. Until that is done, readers find it at the stage."""
    copy_tree(stage, target, label="Putting in place")
    remove_tree(stage)


def finish_switch(target: Any) -> None:
    """Finish what an interrupted writer has left: the new is complete at the stage, the old is gone."""
    stage: Any = stage_elsewhere(target)
    if not is_node(target) and is_node(stage):
        switch(stage, target)
