"""The documents of many elements, each a line of text, of which a change replaces a few and does not touch the others.

The lines are in the order of their paths, so that one of thousands is found by bisection, and none of the others is
looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, KeysView, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

__all__ = ["Lines", "element_of"]

Pieces: TypeAlias = Sequence[bytes | memoryview]

_SEPARATOR = b",\n"
# Comes after whatever lies in a folder, and before a folder whose name goes on.
_AFTER_INNER = "\1"


class Lines:
    """Lines of JSON, each of which begins with the path of an element in quotes.

    Parameters
    ----------
    text
        The lines in order, separated by a comma and a line break. A line break comes before the first, too.
    start, stop
        Where they start and stop in the text.
    """

    def __init__(self, text: bytes, start: int, stop: int) -> None:
        self._text = text
        self._start = start
        self._stop = stop
        # Where a further line would start.
        self._end = stop + len(_SEPARATOR) if start < stop else start

    @classmethod
    def of(cls, lines: Mapping[str, bytes]) -> Lines:
        """The lines of elements by their paths, put in order."""
        text = b"\n" + _SEPARATOR.join(lines[path] for path in sorted(lines, key=_place))
        return cls(text, 1, len(text))

    @cached_property
    def _starts(self) -> dict[str, int]:
        """Where the line of each element starts, in the order of the lines."""
        start = self._start
        found: dict[str, int] = {}
        while start < self._stop:
            found[self._path_at(start)] = start
            start = self._after(start)
        return found

    def _path_at(self, start: int) -> str:
        """The element whose line starts there."""
        name = self._text[start + 1 : self._text.index(b'"', start + 1)]
        return element_of(name.decode() if b"\\" not in name else self._unescaped(start))

    def _unescaped(self, start: int) -> str:
        path: str = json.JSONDecoder().raw_decode(self._text[start : self._stop].decode())[0]
        return path

    def _after(self, start: int) -> int:
        """Where the line after the one that starts there does."""
        return self._text.find(b"\n", start, self._stop) + 1 or self._end

    def _bisected(self, place: str) -> int:
        """Where the first line starts whose path does not come before a place."""
        low, high = self._start, self._end
        while low < high:
            middle = self._text.rfind(b"\n", low, min((low + high) // 2, self._stop)) + 1 or low
            if _place(self._path_at(middle)) < place:
                low = self._after(middle)
            else:
                high = middle
        return low

    def _found(self, path: str) -> int | None:
        """Where the line of an element starts; None if there is none."""
        if "_starts" in self.__dict__:
            return self._starts.get(path)
        start = self._bisected(_place(path))
        return start if start < self._end and self._path_at(start) == path else None

    def paths(self) -> KeysView[str]:
        """The paths of the elements, such as ``"images/dapi"``, and of their containers, such as ``"images"``."""
        return self._starts.keys()

    def namesakes(self, name: str) -> Iterator[str]:
        """The paths of the elements that have a name, without regard to upper and lower case, in no certain order."""
        folded = name.casefold()
        if not (folded.isascii() and self._text.isascii()) or b"\\" in self._text:
            yield from (path for path in self.paths() if path.casefold().endswith(f"/{folded}"))
            return
        looks_like = re.compile(rb'\n"[^"/\n]+/' + re.escape(folded.encode()) + rb'["/]', re.IGNORECASE)
        for match in looks_like.finditer(self._text, max(self._start - 1, 0), self._stop):
            yield self._path_at(match.start() + 1)

    def line(self, path: str) -> bytes | None:
        """The line of one element; None if there is none."""
        start = self._found(path)
        return None if start is None else self._text[start : self._after(start) - len(_SEPARATOR)]

    def pieces(self) -> Pieces:
        """The lines as they are."""
        return [memoryview(self._text)[self._start : self._stop]]

    def edited(self, gone: Sequence[str], fresh: Mapping[str, bytes]) -> Pieces:
        """The lines without those of some elements and of what lies in them, and with others at their places.

        Parameters
        ----------
        gone
            The paths of the elements.
        fresh
            Further lines by the paths of their elements; they replace lines of the same paths.
        """
        added: dict[int, list[bytes]] = {}
        left_out: dict[int, int] = {}
        for path in gone:
            first = self._bisected(_place(path))
            left_out[first] = max(self._bisected(_place(path) + _AFTER_INNER), left_out.get(first, 0))
        for path in sorted(fresh, key=_place):
            first = self._bisected(_place(path))
            added.setdefault(first, []).append(fresh[path])
            if first < self._end and self._path_at(first) == path:
                left_out[first] = max(self._after(first), left_out.get(first, 0))
        pieces: list[bytes | memoryview] = []
        kept = self._start
        for place in sorted({*left_out, *added}):
            pieces += [*self._between(kept, place), *added.get(place, ())]
            kept = max(kept, left_out.get(place, place))
        pieces += self._between(kept, self._end)
        return [part for piece in pieces for part in (_SEPARATOR, piece)][1:]

    def _between(self, first: int, last: int) -> Pieces:
        """The lines that start from one place on and before another as one piece; none if there are none."""
        return [memoryview(self._text)[first : last - len(_SEPARATOR)]] if first < last else []


def _place(path: str) -> str:
    """What paths are sorted by: what lies in a folder comes before a folder whose name goes on."""
    return path.replace("/", "\0")


def element_of(path: str) -> str:
    """The element that a node belongs to; of nodes that belong to none, such as ``"images"``, the node itself."""
    container, _, inner = path.partition("/")
    name = inner.partition("/")[0]
    # In Zarr v2, the last part is the name of a document.
    return f"{container}/{name}" if name and not name.startswith(".z") else container
