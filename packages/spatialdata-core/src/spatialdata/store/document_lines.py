"""The documents of many elements, each a line of text, of which a change replaces a few and does not touch the others.

Of thousands of lines, nothing is made but their paths and where they start: text and numbers, which do not set off the
collection of garbage as other objects do.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import KeysView, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

__all__ = ["Lines", "element_of"]

Pieces: TypeAlias = Sequence[bytes | memoryview]

_SEPARATOR = b",\n"


class Lines:
    """Lines of JSON, each of which begins with the path of an element in quotes.

    Parameters
    ----------
    text
        The lines, separated by a comma and a line break.
    start, stop
        Where they start and stop in the text.
    """

    def __init__(self, text: bytes, start: int, stop: int) -> None:
        self._text = text
        self._start = start
        self._stop = stop

    @classmethod
    def of(cls, lines: Mapping[str, bytes]) -> Lines:
        """The lines of elements by their paths, put in order."""
        text = _SEPARATOR.join(lines[path] for path in sorted(lines, key=_place))
        return cls(text, 0, len(text))

    @cached_property
    def _starts(self) -> dict[str, int]:
        """Where the line of each element starts, in the order of the lines."""
        text, start, stop = self._text, self._start, self._stop
        found: dict[str, int] = {}
        while start < stop:
            name = text[start + 1 : text.index(b'"', start + 1)]
            path = name.decode() if b"\\" not in name else self._unescaped(start)
            found[element_of(path)] = start
            start = text.find(b"\n", start, stop) + 1 or stop
        return found

    def _unescaped(self, start: int) -> str:
        path: str = json.JSONDecoder().raw_decode(self._text[start : self._stop].decode())[0]
        return path

    def paths(self) -> KeysView[str]:
        """The paths of the elements, such as ``"images/dapi"``, and of their containers, such as ``"images"``."""
        return self._starts.keys()

    def line(self, path: str) -> bytes | None:
        """The line of one element; None if there is none."""
        start = self._starts.get(path)
        if start is None:
            return None
        end = self._text.find(b"\n", start, self._stop)
        return self._text[start : self._stop] if end < 0 else self._text[start : end - 1]

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
        order = list(self._starts)
        inside = tuple(f"{path}/" for path in gone)
        near = (path for path in order if path.startswith(tuple(gone)))
        left_out = {order.index(path) for path in {*near} if f"{path}/".startswith(inside)}
        left_out.update(order.index(path) for path in fresh if path in self._starts)
        added: dict[int, list[bytes]] = {}
        for path in sorted(fresh, key=_place):
            added.setdefault(bisect_left(order, _place(path), key=_place), []).append(fresh[path])
        pieces: list[bytes | memoryview] = []
        first = 0
        for number in sorted({*left_out, *added}):
            pieces += [*self._between(first, number, order), *added.get(number, ())]
            first = number + (number in left_out)
        pieces += self._between(first, len(order), order)
        return [part for piece in pieces for part in (_SEPARATOR, piece)][1:]

    def _between(self, first: int, last: int, order: Sequence[str]) -> Pieces:
        """The lines from one number to another as one piece; none if there are none."""
        if first >= last:
            return []
        stop = self._stop if last == len(order) else self._starts[order[last]] - len(_SEPARATOR)
        return [memoryview(self._text)[self._starts[order[first]] : stop]]


def _place(path: str) -> str:
    """What paths are sorted by: what lies in a folder comes before a folder whose name goes on."""
    return path.replace("/", "\0")


def element_of(path: str) -> str:
    """The element that a node belongs to; of nodes that belong to none, such as ``"images"``, the node itself."""
    container, _, inner = path.partition("/")
    name = inner.partition("/")[0]
    # In Zarr v2, the last part is the name of a document.
    return f"{container}/{name}" if name and not name.startswith(".z") else container
