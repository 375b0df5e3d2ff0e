"""Points in the order of a space-filling curve, so that each part of a file covers a small piece of space.

Partitions are sorted one by one, then merged in pieces of bounded size. Rows of equal position keep their order, so
that the same points always make the same files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Bounds", "SortedTable", "bounds_of", "merged", "morton_codes", "order_of", "sort_table"]

_CELLS = 2**16
_SPREAD = (
    (8, 0x00FF00FF),
    (4, 0x0F0F0F0F),
    (2, 0x33333333),
    (1, 0x55555555),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The box that points cover, and how many they are.

    Attributes
    ----------
    rows
        The number of points.
    lower, upper
        The least and the greatest x and y; not finite where no point is.
    """

    rows: int
    lower: tuple[float, float]
    upper: tuple[float, float]

    @classmethod
    def over(cls, parts: Sequence[Bounds]) -> Bounds:
        """The bounds of all parts together."""
        return cls(
            sum(part.rows for part in parts),
            (min(part.lower[0] for part in parts), min(part.lower[1] for part in parts)),
            (max(part.upper[0] for part in parts), max(part.upper[1] for part in parts)),
        )


def bounds_of(frame: pd.DataFrame) -> Bounds:
    """The bounds of one partition; points that are not finite count as rows only."""
    lower, upper = [], []
    for axis in ("x", "y"):
        values = frame[axis].to_numpy()
        finite = values[np.isfinite(values)]
        lower.append(float(finite.min()) if finite.size else np.inf)
        upper.append(float(finite.max()) if finite.size else -np.inf)
    return Bounds(len(frame), (lower[0], lower[1]), (upper[0], upper[1]))


def _cells(values: NDArray[Any], lower: float, upper: float) -> NDArray[np.uint32]:
    """Each value as a whole number of 16 bits over the range; NaN counts as its lower end."""
    extent = upper - lower
    if not np.isfinite(extent) or extent <= 0:
        return np.zeros(len(values), dtype=np.uint32)
    place = (np.nan_to_num(values.astype(np.float64), nan=lower, posinf=upper, neginf=lower) - lower) / extent
    return np.clip(place * (_CELLS - 1), 0, _CELLS - 1).astype(np.uint32)


def morton_codes(x: NDArray[Any], y: NDArray[Any], bounds: Bounds) -> NDArray[np.uint32]:
    """The place of points along the Z-order curve over their bounds, with 16 bits for each axis.

    Examples
    --------
    >>> corners = np.array([0.0, 1.0])
    >>> morton_codes(corners, corners, Bounds(2, (0.0, 0.0), (1.0, 1.0))).tolist()
    [0, 4294967295]
    """
    codes = np.zeros(len(x), dtype=np.uint32)
    for shift, values, axis in ((0, x, 0), (1, y, 1)):
        spread = _cells(values, bounds.lower[axis], bounds.upper[axis])
        for step, mask in _SPREAD:
            spread = (spread | (spread << np.uint32(step))) & np.uint32(mask)
        codes |= spread << np.uint32(shift)
    return codes


@dataclass(frozen=True, slots=True)
class SortedTable:
    """A partition in the order of its codes.

    Attributes
    ----------
    codes
        The codes, rising.
    table
        The rows.
    """

    codes: NDArray[np.uint32]
    table: pa.Table


def order_of(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The stable order of codes. Code and row make one number, whose order is the same on every machine."""
    keys = (codes.astype(np.uint64) << np.uint64(32)) | np.arange(len(codes), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def sort_table(table: pa.Table, bounds: Bounds) -> SortedTable:
    """Sort the rows of one partition."""
    codes = morton_codes(table.column("x").to_numpy(), table.column("y").to_numpy(), bounds)
    order = order_of(codes)
    return SortedTable(codes[order], table.take(order))


def merged(parts: Sequence[SortedTable], rows: int) -> Iterator[pa.Table]:
    """Merge sorted partitions into tables of about ``rows`` rows, which follow each other along the curve."""
    total = sum(len(part.codes) for part in parts)
    limits = _limits(parts, max(round(total / rows), 1))
    for first, last in pairwise(limits):
        slices = []
        for part in parts:
            start, stop = np.searchsorted(part.codes, [first, last])
            slices.append(SortedTable(part.codes[start:stop], part.table.slice(start, stop - start)))
        if any(len(piece.codes) for piece in slices):
            # No name is bound to the table, which would keep it while the next one is made.
            yield _joined(slices)


def _joined(slices: Sequence[SortedTable]) -> pa.Table:
    """The rows of sorted tables in one order."""
    import pyarrow as pa

    table = pa.concat_tables([piece.table for piece in slices]).combine_chunks()
    if len(slices) == 1:
        return table
    return table.take(order_of(np.concatenate([piece.codes for piece in slices])))


def _limits(parts: Sequence[SortedTable], count: int) -> list[int]:
    """Codes that cut all rows into pieces of about equal size."""
    coarse = np.zeros(_CELLS, dtype=np.int64)
    for part in parts:
        coarse += np.bincount(part.codes >> np.uint32(16), minlength=_CELLS)
    reached = np.cumsum(coarse)
    wanted = reached[-1] * np.arange(1, count) / count
    inner = sorted({int(cell + 1) << 16 for cell in np.searchsorted(reached, wanted)} - {1 << 32})
    return [0, *inner, 1 << 32]
