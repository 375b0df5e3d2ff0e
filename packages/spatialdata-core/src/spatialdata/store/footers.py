"""The footers of the Parquet files of points, which say what row groups hold before they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.store.files import opened_parquet, stamp_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from spatialdata._core.sources import Window

__all__ = ["NOTE_KEY", "Footer", "footer_of", "opened"]

NOTE_KEY = b"spatialdata"
_FOOTERS_KEPT = 1024


@dataclass(frozen=True)
class Footer:
    """What a file says of itself.

    Attributes
    ----------
    metadata
        The metadata as pyarrow reads them.
    schema
        The columns, among them those of the index.
    """

    metadata: pq.FileMetaData
    schema: pa.Schema

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The number of rows of each row group."""
        groups = range(self.metadata.num_row_groups)
        return np.array([self.metadata.row_group(group).num_rows for group in groups], dtype=np.int64)

    @cached_property
    def index_columns(self) -> list[Any]:
        """What pandas noted of the index: names of columns, or the description of a range."""
        return list((self.schema.pandas_metadata or {}).get("index_columns", []))

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


def footer_of(part: Path) -> Footer:
    """The footer of a file; that of a local one is kept for as long as the file stays as it is."""
    stamp = stamp_of(part)
    return _read(part) if stamp is None else _kept(part, stamp)


@lru_cache(maxsize=_FOOTERS_KEPT)
def _kept(part: Path, stamp: tuple[object, int]) -> Footer:  # noqa: ARG001
    return _read(part)


def _read(part: Path) -> Footer:
    with opened_parquet(part, pre_buffer=False, buffer_size=65_536) as file:
        return Footer(file.metadata, file.schema_arrow)


@contextmanager
def opened(part: Path, footer: Footer) -> Iterator[pq.ParquetFile]:
    """A file whose footer is known already."""
    with opened_parquet(part, metadata=footer.metadata, pre_buffer=False, buffer_size=65_536) as file:
        yield file
