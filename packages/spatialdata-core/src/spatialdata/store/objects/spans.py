"""Parts of a file that are fetched together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError

if TYPE_CHECKING:
    from spatialdata.store.objects.objects import Span

__all__ = ["cut", "merged_spans", "spans_of_groups"]

# A gap that costs less to fetch than another request.
_GAP = 256 * 1024
# More than that in one request is not faster than several at once.
_LONGEST = 16 * 1024 * 1024


def merged_spans(spans: Iterable[Span]) -> list[Span]:
    """Spans in their order, those that are near one another as one.

    Examples
    --------
    >>> merged_spans([(5_000_000, 5_000_010), (0, 10), (20, 30)])
    [(0, 30), (5000000, 5000010)]
    """
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start - merged[-1][1] <= _GAP and stop - merged[-1][0] <= _LONGEST:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        elif merged and stop <= merged[-1][1]:
            continue
        else:
            merged.append((start, stop))
    return merged


def cut(fetched: Iterable[tuple[int, bytes]], span: Span) -> bytes:
    """One span out of larger parts, each of which is given with the place of its first byte."""
    start, stop = span
    for first, data in fetched:
        if first <= start and stop <= first + len(data):
            return data[start - first : stop - first]
    raise StoreError(f"The bytes {start} to {stop} were asked for, but the server has not sent them.")


def spans_of_groups(metadata: Any, groups: Sequence[int], columns: Sequence[str] | None) -> list[Span]:
    """Where some columns of some row groups lie in a Parquet file.

    Parameters
    ----------
    metadata
        What pyarrow read from the footer.
    groups
        The numbers of the row groups.
    columns
        The names of the columns, of which all nested ones are meant; None for all.
    """
    wanted = None if columns is None else set(columns)
    spans: list[Span] = []
    for number in groups:
        group = metadata.row_group(number)
        for position in range(group.num_columns):
            chunk = group.column(position)
            if wanted is not None and chunk.path_in_schema.partition(".")[0] not in wanted:
                continue
            dictionary = chunk.dictionary_page_offset
            start = chunk.data_page_offset if dictionary is None else min(dictionary, chunk.data_page_offset)
            spans.append((start, start + chunk.total_compressed_size))
    return spans
