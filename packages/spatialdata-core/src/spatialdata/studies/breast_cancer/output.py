"""The output folder of the study, which appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from spatialdata.errors import listing
from spatialdata.studies.errors import OutputExistsError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FIGURES", "REPORT", "RESULTS", "STORE", "check_output", "new_output"]

STORE = "study.zarr"
RESULTS = "results.json"
REPORT = "report.html"
FIGURES = "figures"

_MARKERS = (STORE, RESULTS)


def check_output(path: Path, *, overwrite: bool) -> None:
    """Raise an error if the output folder must not be written.

    Parameters
    ----------
    path
        The output folder.
    overwrite
        Whether the output of an earlier run may be replaced.

    Raises
    ------
    OutputExistsError
        There is something else at the path, or the output of an earlier run, and ``overwrite`` is False.
    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if path.is_dir() and all((path / marker).exists() for marker in _MARKERS):
        if overwrite:
            return
        raise OutputExistsError(
            f"{path} holds the output of an earlier run. Choose another folder, or replace it with --overwrite."
        )
    found = listing(sorted(entry.name for entry in path.iterdir()), limit=8) if path.is_dir() else "a file"
    raise OutputExistsError(
        f"{path} exists and is not the output of a study, so it is not replaced. It has: {found}. Choose "
        "another folder."
    )


@contextmanager
def new_output(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A hidden folder beside the output folder, which takes its place when the block ends without an error.

    Parameters
    ----------
    path
        The output folder.
    overwrite
        Whether the output of an earlier run may be replaced; it stays until the new one is whole.
    """
    check_output(path, overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    building.chmod(0o755)
    try:
        yield building
        check_output(path, overwrite=overwrite)
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
            path.rename(old / path.name)
            building.rename(path)
            shutil.rmtree(old)
        else:
            building.rename(path)
    finally:
        shutil.rmtree(building, ignore_errors=True)
