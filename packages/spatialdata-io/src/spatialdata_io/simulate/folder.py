"""Folders that appear whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def new_folder(path: str | Path, *, marker: str, overwrite: bool) -> Iterator[Path]:
    """Yield an empty hidden folder beside ``path`` that takes its place when the block ends well.

    Parameters
    ----------
    path
        The folder to make; missing parents are made too.
    marker
        A file that every such folder holds: only a folder with it (or an empty one) is ever replaced.
    overwrite
        Whether an existing folder may be replaced.

    Raises
    ------
    FileExistsError
        If the path exists and may not be replaced; nothing is changed.
    """
    target = Path(path).absolute()
    check_target(target, marker=marker, overwrite=overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    token = uuid.uuid4().hex[:8]
    partial = target.parent / f".{target.name}.{token}.partial"
    partial.mkdir()
    try:
        yield partial
        if target.exists():
            old = target.parent / f".{target.name}.{token}.old"
            target.rename(old)
            partial.rename(target)
            shutil.rmtree(old)
        else:
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_target(path: Path, *, marker: str, overwrite: bool) -> None:
    """Raise FileExistsError if a folder may not be written here."""
    if not path.exists():
        return
    if not overwrite:
        raise FileExistsError(f"{path} exists already; give another path, or overwrite=True to replace it.")
    if not path.is_dir() or (any(path.iterdir()) and not (path / marker).exists()):
        raise FileExistsError(
            f"{path} exists and holds no {marker}, so it is not one of the folders written here and is not "
            "replaced, even with overwrite=True; give another path."
        )
