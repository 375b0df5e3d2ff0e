"""How values are aggregated: what is kept of a part of them, how parts are merged, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.ops.accumulate import CategoryPairs, Moments
from spatialdata.ops.accumulate_samples import Samples
from spatialdata.ops.accumulate_weights import weighed_moments
from spatialdata.ops.accumulate_wholes import EXACT, Wholes, are_wholes
from spatialdata.ops.aggregate_categories import CATEGORY_FUNCS, CategoryTotals
from spatialdata.ops.aggregate_values import ONES, as_numbers, category_codes, is_categorical, known_categories

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Part", "Plan", "table_of"]

# Those that take whole numbers of 64 bits as they are, beside those in EXACT.
_COMPARED = ("nunique", "mode")
# Those that weights below 0 make sense for.
_ADDED = ("sum", "mean", "count")


@dataclass(frozen=True, slots=True)
class Part:
    """What is kept of a part of the values; None for what is not needed.

    ``pairs`` are those of each column of categories, and ``counts`` the same without what each counts.
    """

    pairs: tuple[CategoryPairs, ...] | None = None
    counts: tuple[CategoryPairs, ...] | None = None
    moments: Moments | None = None
    samples: Samples | None = None
    wholes: Wholes | None = None


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
        For each column the categories that are known beforehand; None for numbers.
    fractions, weighted
        Whether values are multiplied by parts of areas, and whether they have weights of their own.
    """

    funcs: tuple[AggFunc, ...]
    regions: int
    names: tuple[str, ...]
    dtype: np.dtype[Any]
    categories: tuple[tuple[Any, ...], ...] | None
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
        # pandas takes a part of an index with duplicates for one that has some.
        if len(set(columns.columns)) < len(columns.columns):
            raise ValueError(f"value_key names a column twice: {listing(columns.columns)}.")
        categorical = is_categorical(columns)
        plan = cls(
            funcs,
            regions,
            tuple(str(name) for name in columns.columns),
            _common_dtype(columns) if not categorical else np.dtype(np.float64),
            tuple(known_categories(columns[name]) for name in columns.columns) if categorical else None,
            fractions,
            weighted,
        )
        plan.check()
        return plan

    def check(self) -> None:
        """Raise a ValueError if the functions do not fit the values."""
        names = [func.name for func in self.funcs]
        if self.categories is not None and not set(names) <= set(CATEGORY_FUNCS):
            raise ValueError(
                f"{listing(self.names)} hold categories, which have no order and no size: agg_func must be some of "
                f"{listing(CATEGORY_FUNCS)}, not {listing(names)}."
            )
        single = [func.name for func in self.funcs if self.weighted and not func.takes_weights]
        if single:
            raise ValueError(
                f"With weights, functions of your own need a parameter weights, or two parameters: the values and "
                f"their weights. {listing(single)} have neither. Give one, or leave weights out."
            )

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
        if factor is None and self.exact:
            known = np.stack([values[name].notna().to_numpy(bool) for name in values], axis=1)[row]
            numbers = [values[name].to_numpy(self.dtype, na_value=0) for name in values]
            return self.wholes(region, np.stack(numbers, axis=1)[row], None if known.all() else known)
        columns = as_numbers(values)[row].T
        if self.weighted and factor is not None:
            return self.weighed(region, list(columns), factor)
        return self.numbers(region, columns if factor is None else columns * factor)

    def weighed(self, region: NDArray[Any], columns: Sequence[NDArray[Any]], weights: FloatArray) -> Part:
        """What is kept of numbers, given for each column, with their weights.

        Raises
        ------
        ValueError
            Weights are below 0 where they say how often values are there.
        """
        others = [func.name for func in self.funcs if func.name not in _ADDED]
        if others and (weights < 0).any():
            raise ValueError(
                f"Weights say how often a value is there, so they are not below 0 for {listing(others)}. Found "
                f"{float(np.nanmin(weights))}. Only {listing(_ADDED)} take such weights."
            )
        moments, samples = None, None
        if not all(func.needs_sample for func in self.funcs):
            moments = weighed_moments(region, columns, weights, spread=self.needs_spread)
        if any(func.needs_sample for func in self.funcs):
            samples = Samples(region, tuple(columns), weights)
        return Part(moments=moments, samples=samples)

    def numbers(self, region: NDArray[Any], columns: Sequence[NDArray[Any]]) -> Part:
        """What is kept of numbers, given for each column."""
        moments, samples = None, None
        if not all(func.needs_sample for func in self.funcs):
            moments = Moments.of(region, columns, spread=self.needs_spread)
        if any(func.needs_sample for func in self.funcs):
            samples = Samples(region, tuple(columns))
        return Part(moments=moments, samples=samples)

    @property
    def exact(self) -> bool:
        """Whether values are whole numbers that would be rounded as others, and come out as whole numbers."""
        exact = {*EXACT, *_COMPARED}
        # That every row counts 1 needs no such care.
        plain = self.categories is None and not (self.fractions or self.weighted) and self.names != (ONES,)
        named = all(func.name in exact and func.function is None for func in self.funcs)
        return plain and named and are_wholes(self.dtype)

    def wholes(self, region: NDArray[Any], values: NDArray[Any], known: NDArray[np.bool_] | None = None) -> Part:
        """What is kept of whole numbers of shape ``(rows, columns)``; ``known`` says which of them count."""
        # Samples of all parts have it, since one may miss values.
        present = tuple((np.ones(values.shape, dtype=bool) if known is None else known).T)
        return Part(
            wholes=Wholes.of(region, values, known) if self.needs_wholes else None,
            samples=Samples(region, tuple(values.T), known=present) if self.needs_compared else None,
        )

    @property
    def needs_wholes(self) -> bool:
        """Whether sums and bounds of whole numbers are wanted."""
        return any(func.name in EXACT for func in self.funcs)

    @property
    def needs_compared(self) -> bool:
        """Whether whole numbers are compared with each other."""
        return any(func.name in _COMPARED for func in self.funcs)

    @property
    def needs_spread(self) -> bool:
        """Whether deviations from the mean are wanted."""
        return any(func.name in ("var", "std") for func in self.funcs)

    @property
    def needs_bounds(self) -> bool:
        """Whether the least or greatest values are wanted."""
        return any(func.name in ("min", "max") for func in self.funcs)

    @property
    def needs_only_sums(self) -> bool:
        """Whether sums and numbers of values tell all that is wanted."""
        return not self.weighted and all(func.name in _ADDED and not func.needs_sample for func in self.funcs)

    def _pairs(
        self, region: NDArray[np.int32], row: NDArray[Any], values: pd.DataFrame, factor: FloatArray | None
    ) -> Part:
        pairs = tuple(_category_pairs(region, row, values[name], factor) for name in values.columns)
        if factor is None or not self._needs_counts:
            return Part(pairs=pairs)
        return Part(pairs=pairs, counts=tuple(replace(one, weight=np.zeros(0)) for one in pairs))

    @property
    def _needs_counts(self) -> bool:
        """Whether it matters how many values there are, beside what they count."""
        return not self.weighted and any(func.name in ("count", "nunique", "mean") for func in self.funcs)

    def merged(self, parts: Sequence[Part]) -> Part:
        """What is kept of all values."""
        pairs = [part.pairs for part in parts if part.pairs is not None]
        moments = [part.moments for part in parts if part.moments is not None]
        samples = [part.samples for part in parts if part.samples is not None]
        counts = [part.counts for part in parts if part.counts is not None]
        wholes = [part.wholes for part in parts if part.wholes is not None]
        return Part(
            self._merged_pairs(pairs) if self.categories is not None else None,
            self._merged_pairs(counts) if counts else None,
            Moments.merged(moments) if moments else None,
            Samples.merged(samples) if samples else None,
            Wholes.merged(wholes) if wholes else None,
        )

    def _merged_pairs(self, parts: Sequence[tuple[CategoryPairs, ...]]) -> tuple[CategoryPairs, ...]:
        return tuple(
            CategoryPairs.merged([part[number] for part in parts], self.regions, known)
            for number, known in enumerate(self.categories or ())
        )

    def result(self, part: Part) -> tuple[csr_matrix, list[str]]:
        """The matrix of shape ``(regions, variables)`` without stored zeros, and the names of the variables."""
        if part.pairs is not None:
            return self._of_categories(part.pairs, part.counts or part.pairs)
        matrix, names = table_of(self.statistics(part), self.funcs, self.names)
        return matrix.astype(self.result_dtype), names

    def statistics(self, part: Part) -> list[NDArray[Any]]:
        """For each function the statistics of shape ``(regions, values)``."""
        sampled = [func for func in self.funcs if func.needs_sample]
        dtype = self.dtype if self.exact else np.dtype(np.float64)
        from_samples = iter(part.samples.results(sampled, self.regions, dtype) if part.samples is not None else ())
        empty = np.zeros((self.regions, len(self.names)), dtype=dtype)
        added = part.wholes if self.exact else part.moments
        found = []
        for func in self.funcs:
            if func.needs_sample:
                found.append(next(from_samples, empty))
            else:
                found.append(empty if added is None else added.result(func, self.regions))
        return found

    def _of_categories(
        self, pairs: Sequence[CategoryPairs], counts: Sequence[CategoryPairs]
    ) -> tuple[csr_matrix, list[str]]:
        """The variables of each column after those of another."""
        from scipy.sparse import csr_matrix, hstack

        columns = zip(self.names, self.categories or (), pairs, counts, strict=True)
        tables = [self._totals(*column).table(self.funcs) for column in columns]
        if len(tables) == 1:
            return tables[0]
        matrix = csr_matrix(hstack([matrix for matrix, _ in tables], format="csr"))
        return matrix, [name for _, names in tables for name in names]

    def _totals(self, key: str, known: tuple[Any, ...], pairs: CategoryPairs, counts: CategoryPairs) -> CategoryTotals:
        whole = not (self.fractions or self.weighted)
        totals = pairs.matrix(self.regions, np.int64 if whole else np.float64)
        number = totals if counts is pairs else counts.matrix(self.regions, np.int64)
        names = [str(name) for name in pairs.names]
        if not known:
            order = np.argsort(np.array(names, dtype=object), kind="stable")
            names = [names[index] for index in order]
            totals, number = (matrix[:, order].tocsr() for matrix in (totals, number))
            for matrix in (totals, number):
                matrix.sort_indices()
        several = len(self.names) > 1
        return CategoryTotals(key, [f"{key}_{name}" for name in names] if several else names, totals, number)

    @property
    def result_dtype(self) -> np.dtype[Any]:
        """The dtype of numbers in the end."""
        names = {func.name for func in self.funcs}
        if self.weighted or any(func.function is not None for func in self.funcs):
            return np.dtype(np.float64)
        if names <= {"count", "nunique"}:
            return np.dtype(np.int64)
        if np.issubdtype(self.dtype, np.floating):
            return self.dtype
        if self.exact:
            return self.dtype
        whole = names <= {*EXACT, *_COMPARED} and not self.fractions
        return np.dtype(np.int64 if whole else np.float64)


def _category_pairs(
    region: NDArray[np.int32], row: NDArray[Any], column: pd.Series, factor: FloatArray | None
) -> CategoryPairs:
    """Pairs of a region and the category of a row, where there are both a category and what it counts."""
    names, codes = category_codes(column)
    category = codes[row]
    known = category >= 0
    if factor is not None:
        known &= ~np.isnan(factor)
    if not known.all():
        region, category = region[known], category[known]
        factor = factor[known] if factor is not None else None
    return CategoryPairs(names, region, category, np.zeros(0) if factor is None else factor)


def table_of(
    found: Sequence[NDArray[Any]], funcs: Sequence[AggFunc], names: Sequence[str], *, always_named: bool = False
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
    if len(plain) != len(dtypes) or not plain:
        return np.dtype(np.float64)
    common = np.dtype(np.result_type(*plain))
    may_miss = any(hasattr(dtype, "numpy_dtype") for dtype in values.dtypes)
    return np.dtype(np.float64) if may_miss and not are_wholes(common) else common
