"""The place on this machine that stands for a store behind an address or in an archive: for its lock, and for work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from spatialdata.errors import StoreBusyError
from spatialdata.store.files import archive_of, is_local
from spatialdata.store.lock import exclusive

__all__ = ["alone_at", "building_folder"]


def _stand_in(path: Any) -> Path:
    """A path on this machine that means an address to this user; where there is nothing, and nothing comes to be.

    The options are part of it as far as they say which server is meant; credentials are not.
    """
    options = path.storage_options
    server = [
        options.get("endpoint_url"),
        options.get("client_kwargs", {}).get("endpoint_url"),
        options.get("account_name"),
        os.getpid() if path.protocol == "memory" else 0,
    ]
    digest = sha256(f"{Path.home()} {path} {server}".encode()).hexdigest()[:16]
    return Path(gettempdir()) / f"spatialdata-{digest}"


def building_folder(path: Any) -> Path:
    """Where elements of a store are built before they are brought to it: in the store itself, if it is a folder."""
    if is_local(path):
        return Path(path) / ".building"
    archive = archive_of(path)
    if archive is not None:
        return archive.with_name(f".{archive.name}.building")
    place = _stand_in(path)
    return place.with_name(f"{place.name}.building")


@contextmanager
def alone_at(path: Any) -> Iterator[None]:
    """Keep other processes of this user on this machine away from an address. Other machines know nothing of it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(_stand_in(path)))
        except StoreBusyError as error:
            raise StoreBusyError(
                f"{path} is being written to by another process or thread. Wait until that is done, then try again."
            ) from error
        yield
