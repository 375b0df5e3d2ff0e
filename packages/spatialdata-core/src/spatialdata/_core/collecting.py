"""Making very many objects at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["making_many"]


@contextmanager
def making_many() -> Iterator[None]:
    """While many objects are made that stay, Python does not look for those that nobody can reach any more.

    It would do so after every few hundred, and look at everything in memory again and again, which takes several times
    as long as making geometries. Other threads make do without meanwhile. Who finds it off leaves it alone, so that it
    is on again however threads come and go.

    Examples
    --------
    >>> with making_many():
    ...     gc.isenabled()
    False
    """
    if not gc.isenabled():
        yield
        return
    try:
        gc.disable()
        yield
    finally:
        gc.enable()
