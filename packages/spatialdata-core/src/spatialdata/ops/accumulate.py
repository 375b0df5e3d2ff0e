"""What is known of the values of regions after a part of the data; parts are made anywhere and merged in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.label_ids import united_ids
from spatialdata.models.label_runs import native, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.models.scanlines import Scanlines
    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["CategoryPairs", "Moments"]

_PAIRS_AT_ONCE = 32_000_000


@dataclass(frozen=True, slots=True)
class CategoryPairs:
    """Pairs of a region and a category, each with what it counts.

    Attributes
    ----------
    names
        The categories.
    region, category
        The pairs; categories by their number in ``names``.
    weight
        What each pair counts; of length 0 if each counts 1.
    """

    names: tuple[Any, ...]
    region: NDArray[np.int32]
    category: NDArray[np.int32]
    weight: FloatArray

    @classmethod
    def merged(cls, parts: Sequence[CategoryPairs], regions: int, known: Sequence[Any] = ()) -> CategoryPairs:
        """All pairs of several parts, in their order.

        Parameters
        ----------
        parts
            The parts.
        regions
            The number of regions.
        known
            Categories that come first.
        """
        import pandas as pd

        names = list(dict.fromkeys([*known, *(name for part in parts for name in part.names)]))
        index = pd.Index(names)
        ready: CategoryPairs | None = None
        waiting: list[CategoryPairs] = []
        for part in parts:
            code = index.get_indexer(pd.Index(part.names)).astype(np.int32)
            category = part.category if (code == np.arange(len(code))).all() else code[part.category]
            waiting.append(cls(tuple(names), part.region, category, part.weight))
            if sum(len(one.region) for one in waiting) > _PAIRS_AT_ONCE:
                ready = _joined([ready, *waiting]).summed(regions)
                waiting = []
        return _joined([ready, *waiting]) if ready or waiting else cls(tuple(names), *_NOTHING)

    def _csr(self, regions: int) -> tuple[Any, Any, NDArray[Any]]:
        from spatialdata.kernels.counts import count_pairs, sum_pairs

        if not len(self.weight):
            return count_pairs(self.region, self.category, regions)
        return sum_pairs(self.region, self.category, self.weight, regions, max(len(self.names), 1))

    def summed(self, regions: int) -> CategoryPairs:
        """Each pair once, with what all of its kind count."""
        indptr, category, weight = self._csr(regions)
        region = np.repeat(np.arange(regions, dtype=np.int32), np.diff(indptr))
        return CategoryPairs(self.names, region, category, weight.astype(np.float64, copy=False))

    def matrix(self, regions: int, dtype: Any) -> csr_matrix:
        """What the pairs count, as a matrix of shape ``(regions, categories)`` without stored zeros."""
        from scipy.sparse import csr_matrix

        indptr, category, weight = self._csr(regions)
        matrix = csr_matrix((weight.astype(dtype, copy=False), category, indptr), shape=(regions, len(self.names)))
        matrix.eliminate_zeros()
        return matrix


_NOTHING = (np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros(0))


def _joined(parts: Sequence[CategoryPairs | None]) -> CategoryPairs:
    present = [part for part in parts if part is not None]
    if len(present) == 1:
        return present[0]
    weighted = any(len(part.weight) for part in present)
    weights = [part.weight if len(part.weight) else np.ones(len(part.region) if weighted else 0) for part in present]
    return CategoryPairs(
        present[0].names,
        np.concatenate([part.region for part in present]),
        np.concatenate([part.category for part in present]),
        np.concatenate(weights),
    )


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, spread, sum and range of several columns of numbers by region; nan does not count.

    Of values with weights, counts are the sums of these.

    Attributes
    ----------
    regions
        The regions with a value, ascending.
    count, total, mean, squares, least, greatest
        Arrays of shape ``(regions, columns)``; squares are those of the deviations from the mean.
    """

    regions: NDArray[Any]
    count: NDArray[Any]
    total: FloatArray
    mean: FloatArray
    squares: FloatArray
    least: FloatArray
    greatest: FloatArray

    @classmethod
    def of(cls, region: NDArray[Any], columns: Sequence[NDArray[Any]], *, spread: bool = True) -> Moments:
        """The moments of some values.

        Parameters
        ----------
        region
            The region of each row.
        columns
            For each column its values.
        spread
            Whether deviations are wanted; they need a second look at the values.
        """
        from spatialdata.kernels.moments import squares_by_slot, totals_by_slot

        regions, inverse = np.unique(region, return_inverse=True)
        slots = inverse.astype(np.int32)
        found = []
        for values in columns:
            totals = totals_by_slot(slots, values, len(regions))
            found.append((totals, squares_by_slot(slots, values, _mean(totals)) if spread else None))
        return cls._of(regions, found)

    @classmethod
    def of_runs(
        cls, regions: NDArray[Any], runs: Scanlines, pixels: NDArray[Any], *, spread: bool, bounds: bool
    ) -> Moments:
        """The moments of the pixels of a block that lie in runs.

        Parameters
        ----------
        regions
            The regions, ascending; the figures of the runs are positions among them.
        runs
            The runs.
        pixels
            Array of shape ``(columns, …, width)`` of a dtype that kernels know.
        spread, bounds
            Whether deviations, and the least and greatest values, are wanted; each needs another look at the values.
        """
        from spatialdata.kernels.moments import bounds_of_runs, squares_of_runs, sums_of_runs

        size = len(regions)
        unknown = np.full(size, np.inf), np.full(size, -np.inf)
        found = []
        for values in pixels.reshape(len(pixels), -1, pixels.shape[-1]):
            sums = sums_of_runs(*runs.fields, values, size)
            totals = (*sums, *(bounds_of_runs(*runs.fields, values, size) if bounds else unknown))
            found.append((totals, squares_of_runs(*runs.fields, values, _mean(totals)) if spread else None))
        return cls._of(regions, found)

    @classmethod
    def of_labels(cls, labels: NDArray[Any], pixels: NDArray[Any]) -> Moments:
        """Counts, sums and means of the pixels of a block by their labels, without the background.

        Parameters
        ----------
        labels
            Array of shape ``(…, width)``.
        pixels
            Array of shape ``(columns, …, width)``.
        """
        from spatialdata.kernels.label_sums import row_runs_of_labels, sums_of_row_runs

        rows = rows_of(labels)
        ids, runs = row_runs_of_labels(rows)
        order = np.argsort(ids)
        planes = native(pixels).reshape(len(pixels), *rows.shape)
        sums = [sums_of_row_runs(plane, runs, len(ids)) for plane in planes]
        count, total = np.zeros((len(ids), len(sums)), np.int64), np.zeros((len(ids), len(sums)))
        for column, (number, together) in enumerate(sums):
            count[:, column], total[:, column] = number[order], together[order]
        nothing = np.zeros(total.shape)
        mean = total / np.maximum(count, 1)
        return cls(ids[order], count, total, mean, nothing, nothing + np.inf, nothing - np.inf)

    @classmethod
    def _of(cls, regions: NDArray[Any], found: Sequence[tuple[Any, FloatArray | None]]) -> Moments:
        if not found:
            return cls(regions, *[np.zeros((len(regions), 0))] * 6)
        count, total, least, greatest = (np.stack([totals[k] for totals, _ in found], axis=1) for k in range(4))
        squares = np.stack([np.zeros(len(regions)) if one is None else one for _, one in found], axis=1)
        return cls(regions, count, total, total / np.maximum(count, 1), squares, least, greatest)

    @classmethod
    def merged(cls, parts: Sequence[Moments]) -> Moments:
        """The moments of all values together; deviations are merged without cancellation."""
        from spatialdata.kernels.moments import merge_moments

        if len(parts) == 1:
            return parts[0]
        regions, place = united_ids([part.regions for part in parts])
        shape = (len(regions), parts[0].count.shape[1])
        fields = (
            np.zeros(shape, dtype=parts[0].count.dtype), np.zeros(shape), np.zeros(shape), np.zeros(shape),
            np.full(shape, np.inf), np.full(shape, -np.inf),
        )  # fmt: skip
        first = 0
        for part in parts:
            stop = first + len(part.regions)
            merge_moments(fields, part._fields, place[first:stop])
            first = stop
        return cls(regions, *fields)

    @property
    def _fields(self) -> tuple[NDArray[Any], FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        return self.count, self.total, self.mean, self.squares, self.least, self.greatest

    def result(self, func: AggFunc, regions: int) -> FloatArray:
        """One statistic of shape ``(regions, columns)``: 0 where a region has no value, nan where it has too few.

        Deviations are those of a sample, divided by n - 1.
        """
        known = self.count > 1
        variance = np.where(known, self.squares / np.where(known, self.count - 1, 1), np.nan)
        statistics: dict[str, Callable[[], FloatArray]] = {
            "sum": lambda: self.total,
            "count": lambda: self.count.astype(np.float64),
            "mean": lambda: self.total / _or_one(self.count),
            "min": lambda: self.least,
            "max": lambda: self.greatest,
            "var": lambda: variance,
            "std": lambda: np.sqrt(variance),
        }
        found = statistics[func.name]()
        all_regions = np.zeros((regions, found.shape[1]))
        # Weights may cancel each other out, though products do not.
        all_regions[self.regions] = found if func.name == "sum" else np.where(self.count == 0, 0.0, found)
        return all_regions


def _or_one(counts: NDArray[Any]) -> NDArray[Any]:
    """What may be divided by: 1 instead of 0."""
    return np.where(counts == 0, 1, counts)


def _mean(totals: tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray]) -> FloatArray:
    count, total, _, _ = totals
    return total / np.maximum(count, 1)
