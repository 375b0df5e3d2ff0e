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
from spatialdata.store.files import connection_errors, said, stage_elsewhere
from spatialdata.store.objects.objects import objects_of
from spatialdata.store.objects.snapshot import forget_snapshots

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
        raise StoreError(f"{path} cannot be written to: {said(error)}") from error


def check_writable(path: Path) -> None:
    """Raise a StoreError if nothing can be written to an address."""
    if str(getattr(path, "protocol", "")).startswith("http"):
        raise StoreError(f"{path} cannot be written to: web servers are read only. Give a folder or a bucket.")


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
    objects = objects_of(target)
    forget_snapshots()
    for batch in _in_batches(ordered, "Uploading"):
        objects.put({name: root / name for name in batch}, target)


def upload_tree(root: Path, target: Any) -> None:
    """Bring a folder of this machine to an address where nothing is left from before."""
    remove_tree(target)
    upload(root, target, [file.relative_to(root).as_posix() for file in files_below(root)])


def remove_tree(path: Any) -> None:
    """Remove all that is at an address; the documents of its top first, so that it is gone at once."""
    objects = objects_of(path)
    forget_snapshots()
    found = objects.below(path)
    tops = [name for name in DOCUMENTS_OF_ROOT if name in found]
    for name in tops:
        objects.remove(path, [name])
    objects.remove(path, [name for name in found if name not in tops])
    objects.remove_folder(path)


def copy_tree(source: Any, target: Any, *, label: str = "Copying") -> None:
    """Copy all that is at an address to another one, where nothing is left from before."""
    remove_tree(target)
    objects = objects_of(target)
    sizes = objects.below(source)
    names = sorted(sizes, key=lambda name: (name in DOCUMENTS_OF_ROOT, name))
    for batch in _in_batches(names, label):
        objects.copy(source, target, {name: sizes[name] for name in batch})


def switch(stage: Any, target: Any) -> None:
    """Put what is complete at a stage in the place of another. Until that is done, readers find it at the stage."""
    copy_tree(stage, target, label="Putting in place")
    remove_tree(stage)


def finish_switch(target: Any) -> bool:
    """Finish what an interrupted writer has left: the new is complete at the stage, the old is gone.

    Returns
    -------
    Whether there was something to finish.
    """
    stage: Any = stage_elsewhere(target)
    if is_node(target) or not is_node(stage):
        return False
    switch(stage, target)
    return True
