"""What can go wrong while an instrument's output is found and read."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from spatialdata.errors import SpatialDataError

__all__ = [
    "AmbiguousFormatError",
    "BrokenFileError",
    "InconsistentFilesError",
    "MissingFileError",
    "OptionError",
    "ReaderError",
    "UnknownFormatError",
    "UnknownReaderError",
    "folder_contents",
    "reading",
]

# What the libraries under the readers raise for a damaged file; a damaged PNG or XML is a SyntaxError.
_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    IndexError,
    EOFError,
    SyntaxError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


class ReaderError(SpatialDataError):
    """Base of everything that the readers raise on purpose."""


class UnknownFormatError(ReaderError, ValueError):
    """A folder is the output of no instrument that has a reader."""


class AmbiguousFormatError(ReaderError, ValueError):
    """A folder, or a file in it, can be taken in more than one way."""


class UnknownReaderError(ReaderError, KeyError):
    """A reader was asked for by a name that no reader has."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class MissingFileError(ReaderError, FileNotFoundError):
    """A file that is needed for what was asked is not there."""


class BrokenFileError(ReaderError, ValueError):
    """A file is there and cannot be read: it is truncated, or not what its name says."""


class InconsistentFilesError(ReaderError, ValueError):
    """Two files of one folder contradict each other."""


class OptionError(ReaderError, TypeError):
    """A reader was given an option that it does not have, or a value that the option does not take."""


def folder_contents(path: Path, *, limit: int = 25) -> str:
    """Say what lies in a folder, sub-folders with a slash, shortened after ``limit`` names."""
    if not path.is_dir():
        return "nothing (there is no such folder)"
    names = sorted(entry.name + "/" * entry.is_dir() for entry in path.iterdir())
    if not names:
        return "nothing (the folder is empty)"
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def missing_file(reader: str, what: str, folder: Path, patterns: Sequence[str], hint: str = "") -> MissingFileError:
    """Build the error for a part of an output folder that is not there."""
    return MissingFileError(
        f"{reader}: no {what} in {folder}. "
        f"Looked for: {', '.join(patterns)}. The folder has: {folder_contents(folder)}." + (f" {hint}" if hint else "")
    )


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a library raises for a damaged file into one error that names the file.

    Parameters
    ----------
    path
        The file that is read in the block.
    what
        What was looked for in it, in words.

    Raises
    ------
    BrokenFileError
        If the block raises one of the errors that damaged files give rise to.
    """
    try:
        yield
    except ReaderError:
        raise
    except _DAMAGE as error:
        size = f"{path.stat().st_size} bytes" if path.is_file() else "not a file"
        detail = str(error) or type(error).__name__
        message = (
            f"{path} ({size}) cannot be read: looked for {what}, found {type(error).__name__}: {detail}. "
            "The file is truncated or not what its name says; copy it again."
        )
        raise BrokenFileError(message) from error
