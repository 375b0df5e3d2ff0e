"""Stores in Zip archives, which are replaced as a whole."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

from spatialdata.errors import StoreError
from spatialdata.store.lock import exclusive
from spatialdata.store.replacing import put_in_place
from spatialdata.store.transfer import files_below, reaching

__all__ = ["replacing_archive", "unpack"]

# The dates of the entries of an archive: the same input makes the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@contextmanager
def replacing_archive(archive: Path) -> Iterator[Path]:
    """A folder, all of which is put into the archive in the end; until then the old archive stays as it is.

    Raises
    ------
    StoreBusyError
        Another process is writing the archive.
    StoreError
        It cannot be written.
    """
    with exclusive(archive), TemporaryDirectory(dir=archive.parent, prefix=f".{archive.name}.") as folder:
        content = Path(folder) / "store.zarr"
        yield content
        with reaching(archive):
            packed = _pack(content, Path(folder) / "store.zip")
        _replace(archive, packed)


def _replace(archive: Path, packed: Path) -> None:
    try:
        put_in_place(packed, archive)
    except PermissionError as error:
        raise StoreError(
            f"{archive} cannot be replaced and stays as it was: it is write-protected or, on Windows, open ({error}). "
            "Objects that read it lazily keep it open, also those of this process: write to another archive."
        ) from error
    except OSError as error:
        raise StoreError(f"{archive} cannot be replaced, and stays as it was: {error}.") from error


def _pack(root: Path, archive: Path) -> Path:
    """Put all files of a folder into an archive; they are compressed already."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for file in tqdm(files_below(root), desc="Packing", unit="file", disable=None, leave=False):
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


def unpack(archive: Path, folder: Path) -> None:
    """Put all files of an archive into a folder."""
    with reaching(archive), zipfile.ZipFile(archive) as packed:
        for entry in tqdm(packed.infolist(), desc="Unpacking", unit="file", disable=None, leave=False):
            packed.extract(entry, folder)
