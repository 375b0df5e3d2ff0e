"""From a path to the reader that understands it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import listing, unknown_name
from spatialdata_io._shared.options import check_flags
from spatialdata_io.errors import (
    AmbiguousFormatError,
    MissingFileError,
    OptionError,
    UnknownFormatError,
    folder_contents,
)
from spatialdata_io.registry import Match, Reader, get_reader, list_readers

if TYPE_CHECKING:
    from spatialdata import SpatialData
    from spatialdata_io.plan import Plan

__all__ = ["describe", "detect", "read", "scan"]


def _candidates(path: Path) -> list[Match]:
    matches = [match for reader in list_readers().values() if (match := reader.match(path)) is not None]
    best = max((match.confidence for match in matches), default=None)
    return [match for match in matches if match.confidence == best]


def detect(path: str | Path) -> Match:
    """Find out which instrument wrote a folder, by the files in it.

    Parameters
    ----------
    path
        The output folder, or the folder that holds its ``outs`` folder.

    Returns
    -------
    The reader that recognised the folder, and the files of every part.

    Raises
    ------
    MissingFileError
        If there is no folder at ``path``.
    UnknownFormatError
        If the folder is no instrument's; says what was looked for per instrument and what is there.
    AmbiguousFormatError
        If several readers recognise it equally well; ``reader=`` has to choose.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "experiment.xenium").write_text('{"pixel_size": 0.2125}')
    >>> detect(folder).reader.name
    'xenium'
    """
    folder = Path(path)
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        parent = f" {folder.parent} has: {folder_contents(folder.parent)}." if folder.parent.is_dir() else ""
        raise MissingFileError(f"Looked for an instrument's output folder at {folder}, found {found}.{parent}")
    matches = _candidates(folder)
    if not matches:
        wanted = "; ".join(f"{name} needs {' and '.join(one.anchors())}" for name, one in list_readers().items())
        msg = f"{folder} is no output folder that a reader knows. {wanted}. The folder has: {folder_contents(folder)}."
        raise UnknownFormatError(msg)
    if len(matches) > 1:
        names = listing(match.reader.name for match in matches)
        msg = f"{folder} can be read by several readers: {names}. Choose one with reader=..."
        raise AmbiguousFormatError(msg)
    return matches[0]


def scan(path: str | Path) -> list[Match]:
    """Find all output folders under a folder.

    Parameters
    ----------
    path
        Where to begin.  Recognised folders are not searched further, hidden folders and Zarr stores not at all.

    Returns
    -------
    One match per recognised folder, sorted by folder.

    Raises
    ------
    MissingFileError
        If there is no folder at ``path``.
    """
    top = Path(path)
    if not top.is_dir():
        raise MissingFileError(f"Looked for a folder to search at {top}, found none.")
    found: list[Match] = []
    for folder, subfolders, _ in os.walk(top):
        matches = _candidates(Path(folder))
        found.extend(matches)
        subfolders[:] = (
            [] if matches else sorted(name for name in subfolders if not name.startswith(".") and ".zarr" not in name)
        )
    return found


def _open(path: str | Path, reader: str | None) -> Match:
    return detect(path) if reader is None else get_reader(reader).open(path)


def _check_options(reader: Reader, options: dict[str, Any]) -> None:
    known = [option.name for option in reader.options()]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise OptionError(unknown_name(f"option of the reader {reader.name!r}", unknown[0], known))
    check_flags(options, {option.name: option.annotation for option in reader.options()})


def read(path: str | Path, reader: str | None = None, **options: Any) -> SpatialData:
    """Read the output folder of an instrument.

    Parameters
    ----------
    path
        The output folder.
    reader
        Name of the reader; by default it is found out from the files.
    options
        Options of that reader, see its own documentation.

    Returns
    -------
    The elements; images, labels and points are lazy.

    Raises
    ------
    UnknownFormatError, AmbiguousFormatError, MissingFileError, BrokenFileError
        If the folder cannot be recognised or read.
    OptionError
        If the reader has no such option, and lists those that it has; or if the value is no value of the option.

    Examples
    --------
    >>> sdata = read("output-XETG00001__0000001__Region_1", transcripts=False)  # doctest: +SKIP
    """
    match = _open(path, reader)
    _check_options(match.reader, options)
    return match.reader.load()(match.root, **options)


def describe(path: str | Path, reader: str | None = None, **options: Any) -> Plan:
    """Say what :func:`read` would give, from the headers of the files alone.

    Parameters
    ----------
    path
        The output folder.
    reader
        Name of the reader; by default it is found out from the files.
    options
        Options of that reader.

    Returns
    -------
    The elements with their shapes.  Parts that are missing or broken are listed as problems and raise nothing.

    Raises
    ------
    UnknownFormatError, AmbiguousFormatError, MissingFileError
        If the folder cannot be recognised.
    OptionError
        If the reader has no such option; lists those that it has.
    """
    from spatialdata_io.plan import Plan

    match = _open(path, reader)
    _check_options(match.reader, options)
    defaults = {option.name: option.default for option in match.reader.options()}
    return Plan(match=match, elements=tuple(match.reader.load_planner()(match, **{**defaults, **options})))
