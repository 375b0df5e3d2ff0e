"""Values in a sparse matrix, such as the counts of genes of cells, and their sums by region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.matrices import is_lazy
from spatialdata.relations.values import matrix_of_values

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.ops.aggregate_plan import Plan
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["SparseTable", "sums_of_sparse"]

_NUMBERS = "biuf"


@dataclass(frozen=True, slots=True)
class SparseTable:
    """Values by instance, in a sparse matrix.

    Attributes
    ----------
    matrix
        The values of the rows of a table, a column for each key.
    rows
        For each instance its row of the matrix.
    index
        The ids of the instances.
    keys
        The names of the values.
    """

    matrix: csr_matrix
    rows: NDArray[np.intp]
    index: pd.Index
    keys: list[str]

    @classmethod
    def of(cls, sdata: Any, name: str, table_name: str, keys: list[str]) -> SparseTable | None:
        """The values of variables of a table; None unless they are numbers of a sparse matrix in memory."""
        found = matrix_of_values(keys, sdata, name, table_name)
        if found is None or is_lazy(found.matrix) or not hasattr(found.matrix, "tocsr"):
            return None
        if found.matrix.dtype.kind not in _NUMBERS:
            return None
        whole = np.array_equal(found.columns, np.arange(found.matrix.shape[1]))
        matrix = found.matrix if whole else found.matrix[:, found.columns]
        return cls(matrix.tocsr(), found.rows, found.ids, keys)

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, position: NDArray[np.intp]) -> pd.DataFrame:
        """The values of some instances, by their positions, as a frame."""
        import pandas as pd

        return pd.DataFrame(self.matrix[self.rows[position]].toarray(), columns=self.keys)


def sums_of_sparse(
    plan: Plan, table: SparseTable, region: NDArray[np.int32], instance: NDArray[np.intp], factor: FloatArray | None
) -> tuple[csr_matrix, list[str]] | None:
    """The matrix of shape ``(regions, variables)`` of sums, means or numbers of values, and the names of variables.

    The values that are 0 are not looked at.

    Parameters
    ----------
    plan
        What is wanted.
    table
        The values.
    region, instance
        Pairs of a region and the position of an instance in the table.
    factor
        What each pair counts; 1 if None.

    Returns
    -------
    None where other functions are wanted, values are missing, or whole numbers would be rounded.
    """
    from scipy.sparse import csr_matrix, hstack

    from spatialdata.kernels.sparse_sums import sums_of_rows

    if not plan.needs_only_sums or plan.exact:
        return None
    order = np.argsort(region, kind="stable")
    count = np.bincount(region, minlength=plan.regions)
    start = np.concatenate([[0], np.cumsum(count)])
    weight = np.zeros(0) if factor is None else factor[order]
    given, shape = table.matrix, (plan.regions, len(plan.names))
    indptr, indices, data, missing = sums_of_rows(
        (given.indptr, given.indices, given.data), shape[1], start, table.rows[instance[order]], weight
    )
    if missing:
        return None
    total = csr_matrix((data, indices, indptr), shape=shape)
    found = [_statistic(func.name, total, count) for func in plan.funcs]
    several = len(found) > 1
    # All functions of the first value, then those of the next.
    order = np.arange(len(found) * len(plan.names)).reshape(len(found), -1).T.ravel()
    matrix = csr_matrix(hstack(found, format="csc")[:, order]) if several else found[0]
    names = [f"{name}_{func.name}" if several else name for name in plan.names for func in plan.funcs]
    matrix.sort_indices()
    # As kept, small numbers may be 0.
    matrix = csr_matrix((matrix.data.astype(plan.result_dtype), matrix.indices, matrix.indptr), shape=matrix.shape)
    matrix.eliminate_zeros()
    return matrix, names


def _statistic(name: str, total: csr_matrix, count: NDArray[np.int64]) -> csr_matrix:
    from scipy.sparse import csr_matrix

    if name == "sum":
        return total
    if name == "count":
        return csr_matrix(np.repeat(count[:, None], total.shape[1], axis=1))
    by_row = np.repeat(np.maximum(count, 1), np.diff(total.indptr))
    return csr_matrix((total.data / by_row, total.indices, total.indptr), shape=total.shape)
