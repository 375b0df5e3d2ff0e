"""A file behind an address that is read in any order, a few large parts at a time."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spatialdata.store.objects.objects import TAIL_BYTES, objects_of
from spatialdata.store.objects.spans import merged_spans

if TYPE_CHECKING:
    from spatialdata.store.objects.objects import Span, Stamp, Tail

__all__ = ["RangedFile", "tail_of"]

# What was not fetched beforehand comes with its surroundings.
_LEAST = 256 * 1024


def tail_of(path: Any) -> Tail:
    """The last bytes of a file, as a :class:`RangedFile` takes them."""
    return objects_of(path).tail(path, TAIL_BYTES)


class RangedFile(io.RawIOBase):
    """A file for reading, of which only the parts that are needed are fetched.

    Parameters
    ----------
    path
        The file, behind an address.
    tail
        Its last bytes. If it is replaced afterwards, reading raises a StoreError where the server tells.
    """

    def __init__(self, path: Any, tail: Tail) -> None:
        self._path = path
        self._size = tail.size
        self._position = 0
        self.stamp: Stamp | None = tail.stamp
        # Parts that were fetched, by the place of their first byte.
        self._parts: list[tuple[int, bytes]] = [(tail.size - len(tail.data), tail.data)]

    def readable(self) -> bool:  # noqa: D102
        return True

    def seekable(self) -> bool:  # noqa: D102
        return True

    def tell(self) -> int:  # noqa: D102
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:  # noqa: D102
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:  # noqa: D102
        stop = self._size if size < 0 else min(self._size, self._position + size)
        if stop <= self._position:
            return b""
        data = self._between(self._position, stop)
        self._position = stop
        return data

    def readall(self) -> bytes:  # noqa: D102
        return self.read()

    def readinto(self, buffer: Any) -> int:  # noqa: D102
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def fetch(self, spans: Iterable[Span]) -> None:
        """Fetch parts that are going to be read, in as few requests as make sense."""
        missing = merged_spans(span for span in spans if self._held(*span) is None)
        fetched = objects_of(self._path).parts(self._path, missing, self.stamp) if missing else []
        self._parts += [(start, data) for (start, _), data in zip(missing, fetched, strict=True)]

    def _held(self, start: int, stop: int) -> bytes | None:
        for first, data in self._parts:
            if first <= start and stop <= first + len(data):
                return data[start - first : stop - first]
        return None

    def _between(self, start: int, stop: int) -> bytes:
        found = self._held(start, stop)
        if found is None:
            end = min(self._size, max(stop, start + _LEAST))
            self._parts += [(start, objects_of(self._path).parts(self._path, [(start, end)], self.stamp)[0])]
            found = self._held(start, stop)
        return found or b""
