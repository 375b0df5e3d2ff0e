"""Sorted partitions that wait on disk until they are merged."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.store.sorting import SortedTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Spills", "opened_spills", "spill_sorted"]

_CODES = "__codes__"


def spill_sorted(part: SortedTable, path: Path) -> None:
    """Write a sorted partition into a file of the Arrow format."""
    import pyarrow as pa

    table = part.table.combine_chunks().append_column(_CODES, pa.array(part.codes))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


class Spills:
    """Sorted partitions as views of their files, of which nothing is read before it is used.

    Parameters
    ----------
    paths
        The files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._maps = [_mapped(path) for path in paths]
        self.parts = [_part(content) for content in self._maps]

    def forgetting(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The same tables; what was read for one leaves the memory before it is used."""
        for table in tables:
            for content in self._maps:
                # Elsewhere the system does so when it needs the memory.
                if hasattr(mmap, "MADV_DONTNEED"):
                    content.madvise(mmap.MADV_DONTNEED)
            yield table
            # A name would keep it while the next one is made.
            del table

    def close(self) -> None:
        """Let go of the files, once nobody has a view of them."""
        # Windows removes no file that is mapped into memory.
        self.parts.clear()
        self._maps.clear()


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _part(content: mmap.mmap) -> SortedTable:
    import pyarrow as pa

    table = pa.ipc.open_file(pa.py_buffer(content)).read_all()
    # Combining chunks, even of one, would copy them into memory.
    codes = table.column(_CODES).chunk(0).to_numpy(zero_copy_only=True)
    return SortedTable(np.asarray(codes), table.drop_columns([_CODES]))


@contextmanager
def opened_spills(paths: Sequence[Path]) -> Iterator[Spills]:
    """Sorted partitions of files, which can be removed in the end."""
    spills = Spills(paths)
    try:
        yield spills
    finally:
        spills.close()
