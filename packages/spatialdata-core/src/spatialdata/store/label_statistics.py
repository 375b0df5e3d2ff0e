"""The instances of labels, stored beside their pixels.

The folder of labels may hold one more file, ``instances.parquet``: a row for each id, with the number of its pixels,
their centre, their bounds, and the sums of products of their deviations from the centre. Other readers pass it by. It
counts only as long as the chunks of the finest level are those that it was made of: their names and sizes are in its
metadata, and none may be younger than it.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.label_runs import BlockShapes
from spatialdata.models.label_statistics import LabelStatistics
from spatialdata.store.files import is_local
from spatialdata.store.stored_array import StoredArray

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["FILE_NAME", "StatisticsOfBlocks", "StoredLabels", "write_statistics"]

FILE_NAME = "instances.parquet"
_KEY = b"spatialdata_label_statistics"
_VERSION = "0.1"


class StatisticsOfBlocks:
    """Statistics gathered block by block, by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: list[LabelStatistics] = []

    def __call__(self, start: tuple[int, ...], block: NDArray[Any]) -> None:
        """Take a block."""
        part = LabelStatistics.of_block(block, start)
        with self._lock:
            self._parts.append(part)

    def merged(self) -> LabelStatistics | None:
        """The statistics of all blocks, in an order that does not depend on the threads; None if there were none."""
        if not self._parts:
            return None
        return LabelStatistics.merged(sorted(self._parts, key=lambda part: part.shapes.lower.min(axis=0).tolist()))


class StoredLabels(StoredArray):
    """The finest level of stored labels, which may have statistics."""

    def __init__(self, path: Path, documents: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        super().__init__(path, documents)
        self._read: tuple[object, LabelStatistics] | None = None
        # Pixels that were loaded stay what they are when the labels are written anew with other statistics.
        self._written = self._stamp()

    def _stamp(self) -> tuple[int, int] | None:
        """What changes when the statistics are written anew; None where there are none."""
        file = self.path.parent / FILE_NAME
        if not is_local(file) or not file.is_file():
            return None
        found = file.stat()
        return found.st_ino, found.st_mtime_ns

    def statistics(self) -> LabelStatistics | None:
        """See :class:`spatialdata.models.label_statistics.StatisticsSource`."""
        if self._written is None or self._stamp() != self._written:
            return None
        stamp = _fingerprint(self.path)
        if self._read is None or self._read[0] != stamp:
            found = _read(self.path.parent / FILE_NAME, self.path)
            if found is None:
                return None
            self._read = (stamp, found)
        return self._read[1]


def write_statistics(array: Path, statistics: LabelStatistics, axes: tuple[str, ...]) -> None:
    """Write the statistics of labels whose finest level is the array, when all of that is on disk.

    Parameters
    ----------
    array
        The folder of the finest level.
    statistics
        The statistics.
    axes
        The axes of the labels.
    """
    import pyarrow.parquet as pq

    table = _table(statistics, axes)
    described = {"version": _VERSION, "axes": list(axes), "array": array.name, "chunks": _fingerprint(array)[0]}
    table = table.replace_schema_metadata({_KEY: json.dumps(described).encode()})
    pq.write_table(table, array.parent / FILE_NAME, compression="zstd")


def _table(statistics: LabelStatistics, axes: tuple[str, ...]) -> pa.Table:
    import pyarrow as pa

    shapes = statistics.shapes
    columns: dict[str, Any] = {"id": statistics.ids, "count": shapes.count.astype(np.int64)}
    for name in ("centre", "lower", "upper"):
        columns |= {f"{name}_{axis}": getattr(shapes, name)[:, k] for k, axis in enumerate(axes)}
    for name, row, column in _pairs(axes):
        columns[name] = shapes.scatter[:, row, column]
    return pa.table(columns)


def _pairs(axes: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """The columns of the symmetric matrix of products."""
    for row, first in enumerate(axes):
        for column in range(row, len(axes)):
            yield f"scatter_{first}{axes[column]}", row, column


def _read(file: Path, array: Path) -> LabelStatistics | None:
    """The statistics in a file, if they are of the array as it is now."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
        described = json.loads((table.schema.metadata or {})[_KEY])
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None
    chunks, youngest = _fingerprint(array)
    is_current = described.get("array") == array.name and described.get("chunks") == chunks
    if described.get("version") != _VERSION or not is_current or youngest > file.stat().st_mtime_ns:
        return None
    return _statistics(table, tuple(described["axes"]))


def _statistics(table: pa.Table, axes: tuple[str, ...]) -> LabelStatistics:
    values = {name: table.column(name).to_numpy() for name in table.column_names}
    sides = [np.stack([values[f"{name}_{axis}"] for axis in axes], axis=1) for name in ("centre", "lower", "upper")]
    scatter = np.empty((len(table), len(axes), len(axes)))
    for name, row, column in _pairs(axes):
        scatter[:, row, column] = scatter[:, column, row] = values[name]
    centre, lower, upper = sides
    return LabelStatistics(values["id"], BlockShapes(values["count"].astype(np.float64), centre, scatter, lower, upper))


def _fingerprint(array: Path) -> tuple[str, int]:
    """The names and sizes of all files of an array in one number, and when the youngest was written."""
    found = sorted((name, size, written) for name, size, written in _files_below(str(array), ""))
    text = "\n".join(f"{name} {size}" for name, size, _ in found)
    return hashlib.sha256(text.encode()).hexdigest(), max((written for _, _, written in found), default=0)


def _files_below(folder: str, prefix: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files_below(entry.path, f"{prefix}{entry.name}/")
            else:
                stat = entry.stat()
                yield prefix + entry.name, stat.st_size, stat.st_mtime_ns
