"""The files of a store: on this machine, in an archive, or behind an address.

A local file is a :class:`pathlib.Path`; anything else is an ``UPath``, which has the same methods and carries its
credentials along. The functions here hide what differs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from spatialdata.errors import StoreError

if TYPE_CHECKING:
    import pyarrow.parquet as pq
    import zarr
    from zarr.abc.store import Store as ZarrStore

    from spatialdata.store.objects.objects import Tail

__all__ = [
    "archive_of",
    "connection_errors",
    "exists",
    "is_archive",
    "is_local",
    "local_stamp",
    "opened_parquet",
    "opened_stream",
    "path_of",
    "read_if_there",
    "said",
    "stage_elsewhere",
    "stamp_of",
    "zarr_location",
]

_LOCAL = ("", "file", "local")
_SLASHES = "://"
_ZIP = ".zip"


def is_local(path: object) -> bool:
    """Whether a path lies in a folder of this machine.

    Examples
    --------
    >>> is_local(Path("cells.zarr")), is_local(path_of("memory://cells.zarr"))
    (True, False)
    """
    return isinstance(path, Path) and getattr(path, "protocol", "") in _LOCAL


def connection_errors(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """The given errors, and what clients of web servers and buckets raise when a connection fails, as far as in use."""
    named = (
        ("aiohttp", "ClientError"),
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
        ("obstore.exceptions", "BaseError"),
    )
    return (*others, *(getattr(sys.modules[module], name) for module, name in named if module in sys.modules))


def said(error: Exception) -> str:
    """What a failed connection means, and what to do about it.

    Examples
    --------
    >>> said(PermissionError("Access Denied"))
    'access is denied; give credentials with UPath(address, key=…, secret=…) (Access Denied).'
    """
    text = str(error).rstrip(".")
    if isinstance(error, PermissionError) or getattr(error, "status", None) in (401, 403):
        return f"access is denied; give credentials with UPath(address, key=…, secret=…) ({text})."
    if any(word in text for word in ("configured region", "AuthorizationHeaderMalformed", "Moved Permanently")):
        return f"the bucket lies in another region; give client_kwargs={{'region_name': …}} ({text})."
    return f"{type(error).__name__}: {text}."


def archive_of(location: object) -> Path | None:
    """The Zip file of this machine that a location means, by its name, or in which a path lies; else None."""
    if str(getattr(location, "protocol", "")) == "zip":
        file = str(getattr(location, "storage_options", {}).get("fo", ""))
        return archive_of(file)
    if isinstance(location, str | Path) and str(location).endswith(_ZIP) and _SLASHES not in str(location):
        return Path(location).expanduser()
    return None


def is_archive(location: object) -> bool:
    """Whether a location is a Zip file of this machine, by its name, or lies in one."""
    return archive_of(location) is not None


def path_of(location: str | os.PathLike[str] | zarr.Group | ZarrStore) -> Path:
    """The path that a location means.

    Parameters
    ----------
    location
        A path, an address such as ``"s3://bucket/cells.zarr"``, an ``UPath`` (with credentials, if need be), the path
        of a ``.zarr.zip``, a group or store of zarr, or a store of obstore.

    Returns
    -------
    A local path, or an ``UPath`` for what is elsewhere.

    Raises
    ------
    StoreError
        Nothing knows how to open the address.
    TypeError
        It is no location.
    """
    if isinstance(location, str):
        return _of_string(location)
    if isinstance(location, Path) and is_local(location):
        plain = Path(os.fspath(location)).expanduser()
        return _inside_archive(plain) if is_archive(plain) and plain.is_file() else plain
    elsewhere: Any = location
    archive = archive_of(location)
    if archive is not None and not isinstance(location, Path) and archive.is_file():
        # A path in an archive reads from it as it was when the path was made.
        return _inside_archive(archive) / elsewhere.path if elsewhere.path.strip("/") else _inside_archive(archive)
    # To ask for the file system of a path itself would make one.
    if hasattr(elsewhere, "protocol") and hasattr(type(elsewhere), "fs"):
        return Path(elsewhere.path) if elsewhere.protocol in _LOCAL else cast("Path", elsewhere)
    if isinstance(location, os.PathLike):
        return path_of(Path(os.fspath(location)))
    return _of_zarr(location)


def _of_string(location: str) -> Path:
    if location.startswith("file://"):
        return path_of(Path(location.removeprefix("file://")))
    if _SLASHES not in location:
        return path_of(Path(location))
    from upath import UPath

    try:
        return cast("Path", UPath(location))
    except (ValueError, ImportError, NotImplementedError) as error:
        raise StoreError(
            f"{location!r} cannot be opened: {error}. Known are paths and the addresses of fsspec (s3://, gs://, "
            "az://, https://, memory://), each of which may need a package of its own."
        ) from error


def _inside_archive(path: Path) -> Path:
    import zipfile

    from upath import UPath

    if not zipfile.is_zipfile(path):
        raise StoreError(f"{path} is no Zip archive, as its name says.")
    return cast("Path", UPath("zip://", fo=str(path)))


def _of_zarr(location: Any) -> Path:
    """The path of a group or a store of zarr."""
    from upath import UPath

    from spatialdata.store.objects.places import is_of_obstore, place_of_store

    is_node = hasattr(location, "store") and not is_of_obstore(location.store)
    store = location.store if is_node else location
    inner = str(getattr(location, "path", "") or "") if is_node else ""
    objects = getattr(store, "store", store)
    if is_of_obstore(objects):
        place = place_of_store(objects)
        return place / inner if inner else place
    root = getattr(store, "root", None)
    if isinstance(root, str | os.PathLike):
        return Path(root) / inner if inner else Path(root)
    archive = getattr(store, "path", None)
    system = getattr(store, "fs", None)
    if system is not None:
        system = getattr(system, "sync_fs", system)
        protocol = system.protocol if isinstance(system.protocol, str) else system.protocol[0]
        if protocol in _LOCAL:
            return Path(str(archive)) / inner
        options = {key: value for key, value in system.storage_options.items() if key != "asynchronous"}
        found = UPath(f"{protocol}://{str(archive).lstrip('/')}", **options)
        return cast("Path", found / inner if inner else found)
    if isinstance(archive, Path) and archive.suffix == _ZIP:
        found = _inside_archive(archive)
        return found / inner if inner else found
    raise TypeError(
        "A store is opened by its path, its address, an UPath, or a group or store of zarr with files behind it, not "
        f"by {type(location).__name__}: {location!r}."
    )


def stage_elsewhere(path: Path) -> Path:
    """Where a new store waits until it takes the place of the one at an address."""
    name = path.name or "store"
    return path.parent / f".{name}.stage"


def zarr_location(path: Path, documents: Mapping[str, Mapping[str, Any]] | None = None) -> Any:
    """The path as zarr takes it.

    Parameters
    ----------
    path
        The folder of a node.
    documents
        The documents of the node and of those in it, by their names from there, which are then not fetched.
    """
    if is_local(path):
        return path
    from spatialdata.store.objects.objects import objects_of

    location = objects_of(path).zarr_store(path, lists=documents is None)
    if documents is None:
        return location
    from spatialdata.store.objects.known_documents import with_documents

    return with_documents(location, documents)


def exists(path: Path) -> bool:
    """Whether there is a file."""
    if is_local(path):
        return path.is_file()
    from spatialdata.store.objects.objects import objects_of

    return objects_of(path).exists(path)


def read_if_there(path: Path) -> bytes | None:
    """The content of a file, or None if there is none."""
    if is_local(path):
        return path.read_bytes() if path.is_file() else None
    from spatialdata.store.objects.objects import objects_of

    try:
        return objects_of(path).read(path)
    except (FileNotFoundError, IsADirectoryError):
        return None


def stamp_of(path: Path) -> tuple[object, int] | None:
    """What changes when a file is replaced; None where there is no file, and for what is elsewhere."""
    if not is_local(path):
        return None
    return local_stamp(os.fspath(path))


def local_stamp(path: str) -> tuple[object, int] | None:
    """The same for a file of this machine."""
    try:
        found = os.stat(path)  # noqa: PTH116  # making a path takes longer
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_mtime_ns), found.st_size


@contextmanager
def opened_parquet(path: Path, *, tail: Tail | None = None, **options: Any) -> Iterator[pq.ParquetFile]:
    """A Parquet file; of one that is elsewhere, whose last bytes may be known, only what is needed is fetched."""
    import pyarrow.parquet as pq

    if is_local(path):
        with pq.ParquetFile(path, **options) as file:
            yield file
        return
    with opened_stream(path, tail=tail) as stream, pq.ParquetFile(stream) as file:
        yield file


@contextmanager
def opened_stream(path: Path, *, tail: Tail | None = None) -> Iterator[IO[bytes]]:
    """A file for reading in any order."""
    if is_local(path):
        with path.open("rb") as stream:
            yield stream
        return
    from spatialdata.store.objects.ranged import RangedFile, tail_of

    yield cast("IO[bytes]", RangedFile(path, tail_of(path) if tail is None else tail))
