"""What the consolidated metadata of a store behind an address said when it was opened."""

from __future__ import annotations

import time
from typing import Any

from spatialdata.store.objects.objects import Stamp, objects_of

__all__ = ["Snapshot", "forget_snapshots"]

# So long after it was looked at, a store counts as unchanged by others.
_SECONDS = 2.0


class _Changes:
    """How often this process has changed stores behind addresses."""

    count = 0


def forget_snapshots() -> None:
    """Have all stores behind addresses looked at again before what they said is trusted, since one was changed."""
    _Changes.count += 1


class Snapshot:
    """Whether the root of a store is still the one that was read.

    Parameters
    ----------
    document
        The path of the document of the root.
    stamp
        Its stamp when it was read; without one, nothing can be told and all counts as unchanged.
    """

    def __init__(self, document: Any, stamp: Stamp | None) -> None:
        self._document = document
        self._stamp = stamp
        self._looked = self._now()
        self._is_current = True

    @staticmethod
    def _now() -> tuple[int, float]:
        return _Changes.count, time.monotonic()

    def is_current(self) -> bool:
        """Whether the documents that were read are still those of the store; the server is asked now and then."""
        count, moment = self._now()
        is_fresh = count == self._looked[0] and moment - self._looked[1] < _SECONDS
        if self._is_current and self._stamp is not None and not is_fresh:
            self._is_current = objects_of(self._document).stamp(self._document) == self._stamp
            self._looked = count, moment
        return self._is_current
