"""How values are aggregated: what is kept of a part of them, how parts are merged, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.ops.accumulate import CategoryPairs, Moments
from spatialdata.ops.accumulate_samples import Samples
from spatialdata.ops.aggregate_categories import CATEGORY_FUNCS, CategoryTotals
from spatialdata.ops.aggregate_funcs import AggFunc
from spatialdata.ops.aggregate_values import as_numbers, category_codes, is_categorical, known_categories

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Part", "Plan", "check_weighted", "table_of", "weighted_means"]


@dataclass(frozen=True, slots=True)
class Part:
    """What is kept of a part of the values; None for what is not needed.

    ``counts`` are the pairs of categories without what each counts.
    """

    pairs: CategoryPairs | None = None
    counts: CategoryPairs | None = None
    moments: Moments | None = None
    samples: Samples | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One aggregation.

    Attributes
    ----------
    funcs
        The functions.
    regions
        The number of regions.
    names
        The names of the values.
    dtype
        The dtype that numbers have together.
    categories
        The categories that are known beforehand; None for numbers.
    fractions, weighted
        Whether values are multiplied by parts of areas, and whether they have weights of their own.
    """

    funcs: tuple[AggFunc, ...]
    regions: int
    names: tuple[str, ...]
    dtype: np.dtype[Any]
    categories: tuple[Any, ...] | None
    fractions: bool = False
    weighted: bool = False

    @classmethod
    def of(
        cls, funcs: tuple[AggFunc, ...], regions: int, values: pd.DataFrame, *, fractions: bool, weighted: bool
    ) -> Plan:
        """The plan for values like those of a frame, whose last column are the weights if there are any.

        Raises
        ------
        ValueError
            The functions do not fit the values.
        """
        columns = values.iloc[:, :-1] if weighted else values
        categorical = is_categorical(columns)
        plan = cls(
            funcs,
            regions,
            tuple(str(name) for name in columns.columns),
            _common_dtype(columns) if not categorical else np.dtype(np.float64),
            known_categories(columns.iloc[:, 0]) if categorical else None,
            fractions,
            weighted,
        )
        plan._check()
        return plan

    def _check(self) -> None:
        names = [func.name for func in self.funcs]
        if self.categories is not None and not set(names) <= set(CATEGORY_FUNCS):
            raise ValueError(
                f"{self.names[0]!r} holds categories, which have no order and no size: agg_func must be some of "
                f"{listing(CATEGORY_FUNCS)}, not {listing(names)}."
            )
        if self.weighted:
            check_weighted(self.funcs, ("sum", "mean") if self.categories is None else ("sum", "mean", "mode"))

    def part(
        self, region: NDArray[np.int32], row: NDArray[Any], values: pd.DataFrame, factor: FloatArray | None = None
    ) -> Part:
        """What is kept of pairs of a region and a row of values.

        Parameters
        ----------
        region, row
            The pairs.
        values
            The values, and in the last column their weights if there are any.
        factor
            What each pair counts; 1 if None.
        """
        if self.weighted:
            weight = as_numbers(values.iloc[:, -1:])[:, 0][row]
            factor = weight if factor is None else weight * factor
            values = values.iloc[:, :-1]
        if self.categories is not None:
            return self._pairs(region, row, values, factor)
        numbers = as_numbers(values)[row].T
        if self.weighted and factor is not None:
            scaled = numbers * factor
            shares = np.where(np.isnan(scaled), np.nan, factor)
            return Part(moments=Moments.of(region, [*scaled, *shares], spread=False))
        return self.numbers(region, numbers if factor is None else numbers * factor)

    def numbers(self, region: NDArray[Any], columns: Sequence[NDArray[Any]]) -> Part:
        """What is kept of numbers, given for each column."""
        moments, samples = None, None
        if not all(func.needs_sample for func in self.funcs):
            moments = Moments.of(region, columns, spread=self.needs_spread)
        if any(func.needs_sample for func in self.funcs):
            samples = Samples(region, tuple(columns))
        return Part(moments=moments, samples=samples)

    @property
    def needs_spread(self) -> bool:
        """Whether deviations from the mean are wanted."""
        return any(func.name in ("var", "std") for func in self.funcs)

    @property
    def needs_bounds(self) -> bool:
        """Whether the least or greatest values are wanted."""
        return any(func.name in ("min", "max") for func in self.funcs)

    def _pairs(
        self, region: NDArray[np.int32], row: NDArray[Any], values: pd.DataFrame, factor: FloatArray | None
    ) -> Part:
        names, codes = category_codes(values.iloc[:, 0])
        category = codes[row]
        known = category >= 0
        if factor is not None:
            known &= ~np.isnan(factor)
        if not known.all():
            region, category = region[known], category[known]
            factor = factor[known] if factor is not None else None
        counts = CategoryPairs(names, region, category, np.zeros(0))
        if factor is None:
            return Part(pairs=counts)
        return Part(pairs=replace(counts, weight=factor), counts=counts if self._needs_counts else None)

    @property
    def _needs_counts(self) -> bool:
        """Whether it matters how many values there are, beside what they count."""
        funcs = {func.name for func in self.funcs}
        return bool(funcs & {"count", "nunique"}) or ("mean" in funcs and not self.weighted)

    def merged(self, parts: Sequence[Part]) -> Part:
        """What is kept of all values."""
        pairs = [part.pairs for part in parts if part.pairs is not None]
        moments = [part.moments for part in parts if part.moments is not None]
        samples = [part.samples for part in parts if part.samples is not None]
        counts = [part.counts for part in parts if part.counts is not None]
        return Part(
            self._merged_pairs(pairs) if self.categories is not None else None,
            self._merged_pairs(counts) if counts else None,
            Moments.merged(moments) if moments else None,
            Samples.merged(samples) if samples else None,
        )

    def _merged_pairs(self, pairs: Sequence[CategoryPairs]) -> CategoryPairs:
        return CategoryPairs.merged(pairs, self.regions, self.categories or ())

    def result(self, part: Part) -> tuple[csr_matrix, list[str]]:
        """The matrix of shape ``(regions, variables)`` without stored zeros, and the names of the variables."""
        if part.pairs is not None:
            return self._totals(part.pairs, part.counts).table(self.funcs)
        if self.weighted:
            return self._weighted(part)
        found = self.statistics(part)
        matrix, names = table_of(found, self.funcs, self.names)
        return matrix.astype(self._result_dtype()), names

    def statistics(self, part: Part) -> list[FloatArray]:
        """For each function the statistics of shape ``(regions, values)``."""
        sampled = [func for func in self.funcs if func.needs_sample]
        from_samples = iter(part.samples.results(sampled, self.regions) if part.samples is not None else ())
        empty = np.zeros((self.regions, len(self.names)))
        found = []
        for func in self.funcs:
            if func.needs_sample:
                found.append(next(from_samples, empty))
            else:
                found.append(empty if part.moments is None else part.moments.result(func, self.regions))
        return found

    def _totals(self, pairs: CategoryPairs, counts: CategoryPairs | None) -> CategoryTotals:
        whole = not (self.fractions or self.weighted)
        totals = pairs.matrix(self.regions, np.int64 if whole else np.float64)
        number = totals if counts is None else counts.matrix(self.regions, np.int64)
        names = [str(name) for name in pairs.names]
        if not self.categories:
            order = np.argsort(np.array(names, dtype=object), kind="stable")
            names = [names[index] for index in order]
            totals, number = (matrix[:, order].tocsr() for matrix in (totals, number))
            for matrix in (totals, number):
                matrix.sort_indices()
        return CategoryTotals(self.names[0], names, totals, number, self.weighted)

    def _weighted(self, part: Part) -> tuple[csr_matrix, list[str]]:
        size = len(self.names)
        both = np.zeros((self.regions, 2 * size))
        if part.moments is not None:
            both = part.moments.result(AggFunc("sum"), self.regions)
        sums, weights = both[:, :size], both[:, size:]
        means = weighted_means(sums, weights)
        return table_of([sums if func.name == "sum" else means for func in self.funcs], self.funcs, self.names)

    def _result_dtype(self) -> np.dtype[Any]:
        names = {func.name for func in self.funcs}
        if any(func.function is not None for func in self.funcs):
            return np.dtype(np.float64)
        if names <= {"count", "nunique"}:
            return np.dtype(np.int64)
        if np.issubdtype(self.dtype, np.floating):
            return self.dtype
        whole = names <= {"sum", "min", "max", "count", "nunique", "mode"} and not self.fractions
        return np.dtype(np.int64 if whole else np.float64)


def check_weighted(funcs: Sequence[AggFunc], valid: Sequence[str] = ("sum", "mean")) -> None:
    """Raise a ValueError if one of the functions does not take weights."""
    unweighted = [func.name for func in funcs if func.name not in valid]
    if unweighted:
        raise ValueError(
            f"Values with weights can be aggregated by {listing(valid)}, but not by {listing(unweighted)}."
        )


def weighted_means(sums: FloatArray, weights: FloatArray) -> FloatArray:
    """Sums of weighted values by the sums of their weights; 0 where the sum is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sums == 0, 0.0, sums / weights)


def table_of(
    found: Sequence[FloatArray], funcs: Sequence[AggFunc], names: Sequence[str], *, always_named: bool = False
) -> tuple[csr_matrix, list[str]]:
    """Statistics side by side: all functions of the first value, then those of the next.

    Parameters
    ----------
    found
        For each function an array of shape ``(regions, values)``.
    funcs, names
        The functions and the names of the values.
    always_named
        Whether variables are named by the function even where there is only one.
    """
    from scipy.sparse import csr_matrix

    columns = [one[:, number] for number in range(len(names)) for one in found]
    plain = len(funcs) == 1 and not always_named
    variables = [name if plain else f"{name}_{func.name}" for name in names for func in funcs]
    return csr_matrix(np.stack(columns, axis=1)), variables


def _common_dtype(values: pd.DataFrame) -> np.dtype[Any]:
    dtypes = [getattr(dtype, "numpy_dtype", dtype) for dtype in values.dtypes]
    plain = [np.dtype(dtype) for dtype in dtypes if isinstance(dtype, np.dtype) and dtype.kind in "biuf"]
    whole_frame = len(plain) == len(dtypes) and not any(hasattr(dtype, "numpy_dtype") for dtype in values.dtypes)
    return np.result_type(*plain) if whole_frame and plain else np.dtype(np.float64)
