"""Putting a file or a folder in the place of another."""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["put_in_place"]

# Windows does not move what somebody has open: a reader for a moment, or a program that looks through new files.
_WAITS = os.name == "nt"
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def put_in_place(source: Path, target: Path) -> None:
    """Rename a file or a folder in one step; a file takes the place of one that is there.

    Raises
    ------
    OSError
        It cannot be done, on Windows also after it was tried for two seconds.
    """
    for pause in _PAUSES if _WAITS else ():
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(pause)
        else:
            return
    source.replace(target)
