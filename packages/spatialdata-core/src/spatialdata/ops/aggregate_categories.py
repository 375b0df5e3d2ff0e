"""Categories aggregated: each stands for a variable that is 1 where a value is of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.ops.aggregate_funcs import AggFunc

__all__ = ["CATEGORY_FUNCS", "CategoryTotals"]

CATEGORY_FUNCS = ("sum", "count", "mean", "mode", "nunique")


@dataclass(frozen=True, slots=True)
class CategoryTotals:
    """What the values of each category amount to in each region.

    Attributes
    ----------
    key
        The name of the values.
    names
        The names of the categories.
    totals
        Their totals, of shape ``(regions, categories)`` without stored zeros.
    counts
        The numbers of values, likewise, or their weights; the same as the totals where nothing else counts.
    """

    key: str
    names: list[str]
    totals: csr_matrix
    counts: csr_matrix

    def table(self, funcs: Sequence[AggFunc]) -> tuple[csr_matrix, list[str]]:
        """The variables of one function after those of another, and their names.

        They are named by the category, or by the key where there is one for all; and by the function if there are
        several.
        """
        from scipy.sparse import csr_matrix, hstack

        made: dict[str, Callable[[], csr_matrix]] = {
            "sum": lambda: self.totals, "count": lambda: self.counts, "mean": self._shares, "mode": self._mode,
            "nunique": self._distinct,
        }  # fmt: skip
        parts, names = [], []
        for func in funcs:
            parts.append(made[func.name]())
            own = [self.key] if func.name == "nunique" else self.names
            names += own if len(funcs) == 1 else [f"{name}_{func.name}" for name in own]
        stacked = parts[0] if len(parts) == 1 else csr_matrix(hstack(parts, format="csr"))
        stacked.sort_indices()
        return stacked, names

    def _shares(self) -> csr_matrix:
        """The part of each category in all values, or in all weights."""
        from scipy.sparse import csr_matrix

        everything = np.asarray(self.counts.sum(axis=1), dtype=np.float64).ravel()
        with np.errstate(divide="ignore"):
            shares = self.totals.data / everything[self._rows(self.totals)]
        return csr_matrix((shares, self.totals.indices, self.totals.indptr), shape=self.totals.shape)

    def _mode(self) -> csr_matrix:
        """1 for the category with the largest total; of several the first."""
        from scipy.sparse import csr_matrix

        row = self._rows(self.totals)
        order = np.lexsort((self.totals.indices, -self.totals.data, row))
        _, first = np.unique(row[order], return_index=True)
        best = order[first]
        ones = np.ones(len(best), dtype=np.int64)
        return csr_matrix((ones, (row[best], self.totals.indices[best])), shape=self.totals.shape)

    def _distinct(self) -> csr_matrix:
        from scipy.sparse import csr_matrix

        return csr_matrix(np.diff(self.counts.indptr).astype(np.int64)[:, None])

    @staticmethod
    def _rows(matrix: Any) -> NDArray[np.intp]:
        return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
