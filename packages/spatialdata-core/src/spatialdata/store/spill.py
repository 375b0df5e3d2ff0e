"""Sorted partitions that wait on disk until they are merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from spatialdata.store.sorting import SortedTable

__all__ = ["opened_spills", "spill_sorted"]

_CODES = "__codes__"


def spill_sorted(part: SortedTable, path: Path) -> None:
    """Write a sorted partition into a file of the Arrow format."""
    import pyarrow as pa

    table = part.table.combine_chunks().append_column(_CODES, pa.array(part.codes))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


@contextmanager
def opened_spills(paths: Sequence[Path]) -> Iterator[list[SortedTable]]:
    """Sorted partitions as views of their files: nothing is read before it is used.

    The list is empty in the end, so that the files can be removed.
    """
    import pyarrow as pa

    with ExitStack() as stack:
        parts: list[SortedTable] = []
        for path in paths:
            file = stack.enter_context(pa.memory_map(str(path)))
            table = pa.ipc.open_file(file).read_all()
            # Combining chunks, even of one, would copy them into memory.
            codes = table.column(_CODES).chunk(0).to_numpy(zero_copy_only=True)
            parts.append(SortedTable(np.asarray(codes), table.drop_columns([_CODES])))
        del table, codes
        try:
            yield parts
        finally:
            # Windows removes no file that is mapped into memory, as it is while anybody has a view of it.
            parts.clear()
