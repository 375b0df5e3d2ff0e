"""The footers of the Parquet files of points, which say what row groups hold before they are read."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import StoreError
from spatialdata.store.files import is_local, opened_parquet, stamp_of
from spatialdata.store.objects.ranged import RangedFile, tail_of
from spatialdata.store.objects.spans import spans_of_groups

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from spatialdata._core.sources import Window
    from spatialdata.store.objects.objects import Stamp, Tail

__all__ = ["NOTE_KEY", "Footer", "PartFile", "footer_of", "footer_seen", "look_again", "opened", "part_stamp"]

NOTE_KEY = b"spatialdata"
_FOOTERS_KEPT = 1024
_AT_ONCE = 16


@dataclass(frozen=True)
class Footer:
    """What a file says of itself.

    Attributes
    ----------
    metadata
        The metadata as pyarrow reads them.
    schema
        The columns, among them those of the index.
    tail
        Of a file behind an address, its size and stamp.
    """

    metadata: pq.FileMetaData
    schema: pa.Schema
    tail: Tail | None = None

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The number of rows of each row group."""
        groups = range(self.metadata.num_row_groups)
        return np.array([self.metadata.row_group(group).num_rows for group in groups], dtype=np.int64)

    @cached_property
    def index_columns(self) -> list[Any]:
        """What pandas noted of the index: names of columns, or the description of a range."""
        return list((self.schema.pandas_metadata or {}).get("index_columns", []))

    @property
    def stored_index(self) -> list[str]:
        """The columns that hold the index; none where it is a range."""
        return [name for name in self.index_columns if isinstance(name, str)]

    @cached_property
    def note(self) -> dict[str, Any]:
        """What the writer of these files noted about categories; empty for files of others."""
        found = json.loads((self.schema.metadata or {}).get(NOTE_KEY, b"{}"))
        return found if isinstance(found, dict) else {}

    @property
    def own_columns(self) -> list[str] | None:
        """The columns of the points in their order, where the file has others beside them; None if it has not."""
        columns: list[str] | None = self.note.get("columns")
        return columns

    @cached_property
    def _ranges(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        return {}

    def range_of(self, axis: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest value of a column in each row group; nan where that is not said."""
        if axis not in self._ranges:
            found = list(self._statistics(axis))
            self._ranges[axis] = (
                np.array([np.nan if one is None else one.min for one in found], dtype=np.float64),
                np.array([np.nan if one is None else one.max for one in found], dtype=np.float64),
            )
        return self._ranges[axis]

    def _statistics(self, column: str) -> Iterator[Any]:
        for number in range(self.metadata.num_row_groups):
            group = self.metadata.row_group(number)
            names = self._positions
            found = group.column(names[column]).statistics if column in names else None
            yield found if found is not None and found.has_min_max else None

    @cached_property
    def _positions(self) -> dict[str, int]:
        schema = self.metadata.schema
        return {schema.column(position).path: position for position in range(len(schema))}

    def bounds(self, axes: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The least and the greatest coordinate along each axis; None if the file does not say them."""
        found = [self.range_of(axis) for axis in axes]
        if not all(np.isfinite(side).all() for sides in found for side in sides):
            return None
        return (
            np.array([lower.min(initial=np.inf) for lower, _ in found]),
            np.array([upper.max(initial=-np.inf) for _, upper in found]),
        )

    def groups_in(self, window: Window | None) -> NDArray[np.intp]:
        """The row groups that may hold points inside a window."""
        meets = np.ones(self.metadata.num_row_groups, dtype=bool)
        for axis in () if window is None else window.axes:
            (lower, upper), (least, greatest) = self.range_of(axis), window.bounds(axis)  # type: ignore[union-attr]
            meets &= ~((lower > greatest) | (upper < least))
        return np.flatnonzero(meets)

    def covered(self, window: Window, groups: NDArray[np.intp]) -> NDArray[np.float64]:
        """Which part of the box of each of some row groups lies inside a window; 0 where that is not said."""
        part = np.ones(len(groups))
        for axis in window.axes:
            (lower, upper), (least, greatest) = self.range_of(axis), window.bounds(axis)
            low, high = lower[groups], upper[groups]
            inside = np.minimum(high, greatest) - np.maximum(low, least)
            part *= np.where(high > low, inside / np.where(high > low, high - low, 1.0), 1.0)
        return np.nan_to_num(part)


class _Far:
    """The footers of files behind addresses, by the stamps that the files had when they were last looked at."""

    def __init__(self) -> None:
        self._stamps: dict[Path, Stamp] = {}
        self._footers: OrderedDict[tuple[Path, Stamp], Footer] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, part: Path) -> Footer:
        """The footer of a file as it is now."""
        footer = _read_elsewhere(part)
        stamp = None if footer.tail is None else footer.tail.stamp
        with self._lock:
            self._stamps.pop(part, None)
            if stamp is not None:
                self._stamps[part] = stamp
                self._footers[part, stamp] = footer
                while len(self._footers) > _FOOTERS_KEPT:
                    (old, seen), _ = self._footers.popitem(last=False)
                    if self._stamps.get(old) == seen:
                        del self._stamps[old]
        return footer

    def stamp(self, part: Path) -> Stamp | None:
        """The stamp of a file when it was last looked at."""
        with self._lock:
            return self._stamps.get(part)

    def footer(self, part: Path, stamp: Stamp | None) -> Footer:
        """The footer that a file had when it had a stamp, or when it was last looked at.

        Raises
        ------
        StoreError
            It is not known, and the file has another stamp now.
        """
        wanted = self.stamp(part) if stamp is None else stamp
        with self._lock:
            known = None if wanted is None else self._footers.get((part, wanted))
        if known is not None:
            return known
        found = self.look(part)
        if stamp is not None and self.stamp(part) != stamp:
            raise StoreError(f"{part} was rewritten after the points had been opened. Read the store again.")
        return found


_FAR = _Far()


def part_stamp(part: Path) -> Stamp | None:
    """What changes when a file is replaced; of one behind an address, what it was when it was last looked at."""
    return stamp_of(part) if is_local(part) else _FAR.stamp(part)


def look_again(parts: Sequence[Path]) -> None:
    """Read the footers of files behind an address, several at once, as they are now."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_FAR.look, parts))


def footer_of(part: Path, stamp: Stamp | None = None) -> Footer:
    """The footer of a file; it is kept for as long as the file stays as it is.

    Parameters
    ----------
    part
        The file.
    stamp
        Of a file behind an address: what it must still have.
    """
    if not is_local(part):
        return _FAR.footer(part, stamp)
    now = stamp_of(part)
    return _read(part) if now is None else _kept(part, now)


def footer_seen(part: Path, stamp: Stamp | None) -> Footer:
    """The footer of a file whose stamp was just looked at, so that it need not be looked at again."""
    return _kept(part, stamp) if stamp is not None and is_local(part) else footer_of(part, stamp)


@lru_cache(maxsize=_FOOTERS_KEPT)
def _kept(part: Path, stamp: Stamp) -> Footer:  # noqa: ARG001
    return _read(part)


def _read(part: Path) -> Footer:
    with opened_parquet(part, pre_buffer=False, buffer_size=65_536) as file:
        return Footer(file.metadata, file.schema_arrow)


def _read_elsewhere(part: Path) -> Footer:
    tail = tail_of(part)
    with opened_parquet(part, tail=tail) as file:
        return Footer(file.metadata, file.schema_arrow, replace(tail, data=b""))


@dataclass(frozen=True)
class PartFile:
    """An opened file.

    Attributes
    ----------
    file
        What pyarrow reads from.
    footer
        Its footer.
    stream
        Of a file behind an address, what fetches its bytes.
    """

    file: pq.ParquetFile
    footer: Footer
    stream: RangedFile | None = None

    def fetch(self, groups: Sequence[int] | None, columns: Sequence[str] | None, *, indexed: bool) -> None:
        """Fetch at once, from behind an address, what is going to be read; all groups or columns if not given."""
        if self.stream is None:
            return
        index = self.footer.stored_index if indexed else []
        numbers = range(self.footer.metadata.num_row_groups) if groups is None else groups
        wanted = None if columns is None else [*columns, *index]
        self.stream.fetch(spans_of_groups(self.footer.metadata, numbers, wanted))


@contextmanager
def opened(part: Path, footer: Footer) -> Iterator[PartFile]:
    """A file whose footer is known already."""
    import pyarrow.parquet as pq

    if footer.tail is None:
        with opened_parquet(part, metadata=footer.metadata, pre_buffer=False, buffer_size=65_536) as file:
            yield PartFile(file, footer)
        return
    stream = RangedFile(part, footer.tail)
    with pq.ParquetFile(stream, metadata=footer.metadata, pre_buffer=False) as file:
        yield PartFile(file, footer, stream)
