"""What the consolidated metadata of a store behind an address said when it was opened."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from spatialdata.store.consolidated import Root
from spatialdata.store.documents import CONSOLIDATED_V2, DOCUMENT
from spatialdata.store.objects.objects import objects_of

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
    """What the root of a store says of its elements, as long as it is still the one that was read.

    Parameters
    ----------
    root
        The root. If its server does not tell when it changes, all counts as unchanged.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self._document: Any = root.path / (CONSOLIDATED_V2 if root.is_v2 else DOCUMENT)
        self._looked = self._now()
        self._is_current = True
        self._later: Snapshot | None = None

    @staticmethod
    def _now() -> tuple[int, float]:
        return _Changes.count, time.monotonic()

    def below(self, element: str) -> Mapping[str, Mapping[str, Any]] | None:
        """The documents of an element and of all nodes in it by their names from there; None where there are none."""
        return None if self._root.zarr_format is None else self._root.below(element)

    def is_current(self) -> bool:
        """Whether the documents that were read are still those of the store; the server is asked now and then."""
        count, moment = self._now()
        is_fresh = count == self._looked[0] and moment - self._looked[1] < _SECONDS
        stamp = self._root.stamp
        if self._is_current and stamp is not None and not is_fresh:
            self._is_current = objects_of(self._document).stamp(self._document) == stamp
            self._looked = count, moment
        return self._is_current

    def latest(self) -> Snapshot:
        """Itself while it is current, else the next, which is read once for all elements."""
        if self.is_current():
            return self
        if self._later is None:
            self._later = Snapshot(Root(self._root.path))
        return self._later.latest()
