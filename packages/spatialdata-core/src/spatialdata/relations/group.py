"""Objects cut to some rows of a table, and grouped by a column of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.container import new_container
from spatialdata.errors import ElementNotFoundError, listing, unknown_name
from spatialdata.models.table import get_table_keys
from spatialdata.relations.filter import annotates, tables_of, with_regions_in_use
from spatialdata.relations.join import join_spatialelement_table
from spatialdata.transformations.attach import transformations_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData

__all__ = ["Groups", "cut_to_rows", "table_with_column"]


def cut_to_rows(sdata: SpatialData, table_name: str, rows: NDArray[np.bool_], *, context: bool = True) -> SpatialData:
    """An object with some rows of a table and the instances that they annotate.

    Parameters
    ----------
    sdata
        The object; it is not changed.
    table_name
        The name of a table that annotates elements.
    rows
        Which of its rows are kept.
    context
        Keep also what the table does not annotate, whole, if it shares a coordinate system with what is kept.

    Returns
    -------
    A new object. Pixels of labels that belong to other instances become background, lazily. Other tables are cut to
    the instances that are left.
    """
    table = sdata.tables[table_name]
    part = with_regions_in_use(table[rows].copy())
    annotated = _regions(table)
    wanted = [name for name in _regions(part) if name in sdata]
    found: dict[str, Any] = {}
    if wanted:
        found, _ = join_spatialelement_table(
            sdata=sdata,
            spatial_element_names=wanted,
            table=part,
            how="right",
            match_rows="right",
            filter_label_pixels=True,
        )
    kept = {name: element for name, element in found.items() if element is not None}
    if context:
        systems = {system for element in kept.values() for system in transformations_of(element)}
        for name, transformations in list(sdata.gen_transformations()):
            if name not in annotated and systems & set(transformations):
                kept[name] = sdata[name]
    others = {name: other for name, other in sdata.tables.items() if name != table_name}
    return new_container({**kept, **tables_of(kept, others), table_name: part}, sdata.attrs)


def _regions(table: Any) -> list[str]:
    region = get_table_keys(table)[0]
    return [region] if isinstance(region, str) else list(region)


def table_with_column(sdata: SpatialData, by: str, table_name: str | None) -> str:
    """The name of the table that has a column, if there is one only or if it was named.

    Raises
    ------
    KeyError
        There is no such table, or no such column.
    ValueError
        Several tables have the column, or the table annotates nothing.
    """
    if not isinstance(by, str):
        raise TypeError(f"by must be the name of a column, not {type(by).__name__}.")
    if table_name is not None and table_name not in sdata.tables:
        raise ElementNotFoundError(unknown_name("table", table_name, sdata.tables))
    names = list(sdata.tables) if table_name is None else [table_name]
    having = [name for name in names if by in sdata.tables[name].obs.columns]
    if not having:
        columns = sorted({str(column) for name in names for column in sdata.tables[name].obs.columns})
        raise ElementNotFoundError(unknown_name("column of obs", by, columns))
    annotating = [name for name in having if annotates(sdata.tables[name])]
    if not annotating:
        raise ValueError(f"The column {by!r} is in {listing(having)}, which annotates no element.")
    if len(annotating) > 1:
        raise ValueError(f"The column {by!r} is in several tables: {listing(annotating)}. Give table_name.")
    return annotating[0]


class Groups(Mapping[Any, "SpatialData"]):
    """Objects by the value of a column; each is made when it is asked for.

    Parameters
    ----------
    column
        The values.
    cut
        Makes the object of the rows of one value.

    Examples
    --------
    >>> import pandas as pd
    >>> groups = Groups(pd.Series(["a", "b", "a"]), lambda rows: int(rows.sum()))
    >>> dict(groups)
    {'a': 2, 'b': 1}
    """

    def __init__(self, column: pd.Series, cut: Any) -> None:
        self._column = column
        self._cut = cut
        missing = int(column.isna().sum())
        if missing:
            warnings.warn(
                f"{missing} of {len(column)} rows have no value in {column.name!r} and are in no group.",
                UserWarning,
                stacklevel=4,
            )
        present = column.dropna().unique()
        self._values = sorted(present.tolist(), key=lambda value: (str(type(value)), value))

    def __getitem__(self, value: Any) -> SpatialData:
        if value not in self._values:
            raise ElementNotFoundError(unknown_name(f"value of {self._column.name!r}", str(value), map(str, self)))
        made: SpatialData = self._cut(np.asarray(self._column == value, dtype=bool))
        return made

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Groups by {self._column.name!r}: {listing(self._values)}"

    def sizes(self) -> pd.Series:
        """The number of rows of each group."""
        counts: pd.Series = self._column.value_counts().reindex(self._values)
        return counts
