"""Statistics by region, gathered batch by batch in memory that does not grow with the number of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["AGG_FUNCS", "CategoryCounts", "Statistics"]

AGG_FUNCS = ("sum", "mean", "count", "min", "max", "std", "var", "median")

_KEYS_AT_ONCE = 8_000_000


class CategoryCounts:
    """Counts, or sums of weights, by region and category.

    Parameters
    ----------
    regions
        The number of regions.
    """

    def __init__(self, regions: int) -> None:
        self._regions = regions
        self._pending: list[tuple[NDArray[np.int64], FloatArray]] = []
        self._waiting = 0

    def add(self, region: NDArray[np.intp], category: NDArray[np.intp], weight: FloatArray | None = None) -> None:
        """Count pairs of a region and a category."""
        keys = category.astype(np.int64) * self._regions + region
        unique, inverse = np.unique(keys, return_inverse=True)
        self._pending.append((unique, np.bincount(inverse, weights=weight, minlength=len(unique)).astype(np.float64)))
        self._waiting += len(unique)
        if self._waiting > _KEYS_AT_ONCE:
            self._merge()

    def _merge(self) -> None:
        """Add up the batches that wait; afterwards none waits, however many pairs there are."""
        if len(self._pending) > 1:
            unique, inverse = np.unique(np.concatenate([keys for keys, _ in self._pending]), return_inverse=True)
            totals = np.bincount(inverse, weights=np.concatenate([sums for _, sums in self._pending]))
            self._pending = [(unique, totals.astype(np.float64))]
        self._waiting = 0

    def matrix(self, categories: int, dtype: Any) -> csr_matrix:
        """The counts as a sparse matrix of shape ``(regions, categories)`` without stored zeros."""
        from scipy.sparse import csr_matrix

        self._merge()
        keys, totals = self._pending[0] if self._pending else (np.zeros(0, dtype=np.int64), np.zeros(0))
        category, region = np.divmod(keys, max(self._regions, 1))
        matrix = csr_matrix((totals.astype(dtype), (region, category)), shape=(self._regions, categories))
        matrix.eliminate_zeros()
        matrix.sort_indices()
        return matrix


class Statistics:
    """One statistic of several columns of numbers, by region; values that are nan do not count.

    Parameters
    ----------
    func
        One of ``AGG_FUNCS``. Deviations are those of a sample (divided by n - 1), as in pandas.
    regions, columns
        The shape of the result.
    """

    def __init__(self, func: str, regions: int, columns: int) -> None:
        self._func = func
        shape = (regions, columns)
        self._count = np.zeros(shape, dtype=np.int64)
        self._mean = np.zeros(shape)
        self._squares = np.zeros(shape)
        self._sum = np.zeros(shape)
        self._least = np.full(shape, np.inf)
        self._greatest = np.full(shape, -np.inf)
        self._values: list[tuple[NDArray[np.intp], FloatArray]] = []

    def add(self, region: NDArray[np.intp], values: FloatArray) -> None:
        """Take in one batch: the region of each row, and rows of shape ``(n, columns)``."""
        if self._func == "median":
            self._values.append((region, values))
            return
        for column in range(values.shape[1]):
            valid = ~np.isnan(values[:, column])
            self._add_column(column, region[valid], values[valid, column])

    def _add_column(self, column: int, region: NDArray[np.intp], values: FloatArray) -> None:
        size = len(self._count)
        count = np.bincount(region, minlength=size)
        total = np.bincount(region, weights=values, minlength=size).astype(np.float64)
        if self._func in ("std", "var"):
            self._add_squares(column, region, values, count, total)
        self._sum[:, column] += total
        self._count[:, column] += count
        if self._func == "min":
            np.minimum.at(self._least[:, column], region, values)
        elif self._func == "max":
            np.maximum.at(self._greatest[:, column], region, values)

    def _add_squares(
        self, column: int, region: NDArray[np.intp], values: FloatArray, count: NDArray[np.int64], total: FloatArray
    ) -> None:
        """Merge the mean and the sum of squared deviations of a batch into those so far, without cancellation."""
        mean = total / np.maximum(count, 1)
        squares = np.bincount(region, weights=(values - mean[region]) ** 2, minlength=len(count))
        before = self._count[:, column]
        both = np.maximum(before + count, 1)
        difference = mean - self._mean[:, column]
        self._squares[:, column] += squares + difference**2 * before * count / both
        self._mean[:, column] += difference * count / both

    def result(self) -> FloatArray:
        """The statistic, of shape ``(regions, columns)``; 0 where a region has no value, nan where it has too few."""
        empty = self._count == 0
        with np.errstate(divide="ignore", invalid="ignore"):
            found = {
                "sum": lambda: self._sum,
                "count": lambda: self._count.astype(np.float64),
                "mean": lambda: self._sum / self._count,
                "min": lambda: self._least,
                "max": lambda: self._greatest,
                "var": lambda: self._squares / (self._count - 1),
                "std": lambda: np.sqrt(self._squares / (self._count - 1)),
                "median": self._median,
            }[self._func]()
        if self._func == "median":
            return found
        if self._func in ("var", "std"):
            found = np.where(self._count == 1, np.nan, found)
        return np.where(empty, 0.0, found)

    def _median(self) -> FloatArray:
        import pandas as pd

        medians = np.zeros(self._count.shape)
        if not self._values:
            return medians
        region = np.concatenate([numbers for numbers, _ in self._values])
        frame = pd.DataFrame(np.concatenate([values for _, values in self._values]))
        found = frame.groupby(region, sort=True).median()
        medians[found.index.to_numpy()] = np.nan_to_num(found.to_numpy(), nan=0.0)
        return medians
