"""The link between one element and the rows of a table that annotate it: the one merge that all joins are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.table import get_table_keys
from spatialdata.relations.ids import as_ids, check_same_type, check_unique, rows_of_region
from spatialdata.relations.instances import instance_ids
from spatialdata.relations.point_ids import find_points

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["Link", "link"]


@dataclass(frozen=True, slots=True)
class Link:
    """Rows of a table and the instances of an element that they annotate.

    Attributes
    ----------
    rows
        Positions of the rows of the table that name the element, in the order of the table.
    positions
        For each of these rows the position of its instance in the element; -1 if the element has no such instance.
    sizes
        The number of instances of the element; of points in each partition.
    ids
        The ids of the instances of the element. Those of points stay where they are read: None.
    """

    rows: NDArray[np.intp]
    positions: NDArray[np.intp]
    sizes: NDArray[np.int64]
    ids: pd.Index | None

    def matched(self, *, element_order: bool) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows of the table that have an instance, and its position; in the order of the table or of the element."""
        found = self.positions >= 0
        rows, positions = self.rows[found], self.positions[found]
        if element_order:
            order = np.argsort(positions, kind="stable")
            return rows[order], positions[order]
        return rows, positions

    def rows_without_instance(self) -> NDArray[np.intp]:
        """Rows of the table that name the element, but no instance of it."""
        return self.rows[self.positions < 0]

    def instances_without_row(self) -> NDArray[np.intp]:
        """Positions of the instances that no row annotates, in the order of the element."""
        return np.setdiff1d(np.arange(self.sizes.sum()), self.positions)


def link(element: Any, name: str, table: AnnData) -> Link:
    """Match the instances of an element with the rows of a table.

    Raises
    ------
    IdTypeError
        The ids of the element and of the table are of different types.
    ValueError
        An id occurs twice, in the element or among the rows that annotate it.
    """
    _, region_key, instance_key = get_table_keys(table)
    rows = rows_of_region(table, name, region_key)
    ids = as_ids(table.obs[instance_key].iloc[rows])
    of_points = find_points(element, ids) if kind_of(element) is Kind.POINTS else None
    present = as_ids(instance_ids(element)) if of_points is None else of_points.first
    check_same_type(present, ids, name, instance_key)
    check_unique(present if of_points is None else of_points.twice.repeat(2), f"The ids of {name!r}")
    check_unique(ids, f"The ids in obs[{instance_key!r}] of the rows that annotate {name!r}")
    if of_points is not None:
        return Link(rows, of_points.positions, of_points.sizes, None)
    # Ids in the same order need not be looked for.
    positions = np.arange(len(ids)) if ids.equals(present) else present.get_indexer(ids)
    return Link(rows, positions, np.array([len(present)]), present)
