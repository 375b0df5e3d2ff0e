"""The space that elements take where they are stored."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from spatialdata.store.files import is_local

__all__ = ["bytes_in"]


def bytes_in(folder: Path) -> int | None:
    """How many bytes all files in a folder have, by listing them; None on web servers, which list nothing.

    Parameters
    ----------
    folder
        A folder of this machine, of an archive, or behind an address.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = (Path(place) / "chunk").write_bytes(b"12345")
    ...     bytes_in(Path(place))
    5
    """
    if is_local(folder):
        return sum(Path(place, name).stat().st_size for place, _, names in os.walk(folder) for name in names)
    elsewhere: Any = folder
    if str(elsewhere.protocol) in ("http", "https"):
        return None
    return int(elsewhere.fs.du(elsewhere.path))
