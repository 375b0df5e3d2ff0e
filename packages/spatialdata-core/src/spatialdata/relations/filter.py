"""Tables cut to the elements that they are kept with."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import IdTypeError
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.table import get_table_keys
from spatialdata.relations.ids import as_ids, check_same_type, rows_of_region
from spatialdata.relations.instances import instance_ids
from spatialdata.relations.point_ids import find_points

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["annotates", "part_of", "rows_annotating", "tables_of", "with_regions_in_use"]

logger = logging.getLogger("spatialdata")


def annotates(table: AnnData) -> bool:
    """Whether a table says which elements its rows annotate."""
    attrs = table.uns.get(ATTRS_KEY)
    return bool(attrs) and attrs.get("region") is not None


def part_of(table: AnnData, rows: NDArray[np.bool_], variables: NDArray[np.bool_]) -> AnnData:
    """A copy of some rows and variables of a table; along an axis that stays whole nothing is selected."""
    if variables.all():
        return table.copy() if rows.all() else table[rows].copy()
    return table[:, variables].copy() if rows.all() else table[rows, variables].copy()


def tables_of(
    elements: Mapping[str, Any], tables: Mapping[str, AnnData], *, include_orphans: bool = False
) -> dict[str, AnnData]:
    """The tables that annotate elements, cut to the rows whose instance is in one of them.

    Parameters
    ----------
    elements
        The elements that are kept, by name.
    tables
        The tables, by name; they are not changed.
    include_orphans
        Keep tables that annotate nothing, whole.

    Returns
    -------
    Copies of the rows, in the order of each table. Tables without such a row are left out. How many rows go is said by
    the logger ``spatialdata`` at the level INFO.
    """
    found: dict[str, AnnData] = {}
    for name, table in tables.items():
        if not annotates(table):
            if include_orphans:
                found[name] = table
            else:
                logger.info("The table %r annotates no element: its %d rows are left out.", name, table.n_obs)
            continue
        rows = rows_annotating(table, elements, name)
        kept = int(rows.sum())
        if kept:
            found[name] = with_regions_in_use(table[rows].copy())
        if kept < table.n_obs:
            logger.info("Of the table %r, %d of %d rows annotate what is kept.", name, kept, table.n_obs)
    return found


def rows_annotating(table: AnnData, elements: Mapping[str, Any], table_name: str) -> NDArray[np.bool_]:
    """Which rows of a table annotate an instance of the elements given.

    Warns if the ids of the table and of an element are of different types, so that none can match.
    """
    region, region_key, instance_key = get_table_keys(table)
    chosen = np.zeros(table.n_obs, dtype=bool)
    for name in [region] if isinstance(region, str) else region:
        if name not in elements or kind_of(elements[name]) is Kind.IMAGE:
            continue
        rows = rows_of_region(table, name, region_key)
        ids = as_ids(table.obs[instance_key].iloc[rows])
        element = elements[name]
        of_points = find_points(element, ids) if kind_of(element) is Kind.POINTS else None
        present = as_ids(instance_ids(element)) if of_points is None else of_points.first
        try:
            check_same_type(present, ids, name, instance_key)
        except IdTypeError as error:
            warnings.warn(f"Table {table_name!r}: {error}", UserWarning, stacklevel=2)
            continue
        chosen[rows] = ids.isin(present) if of_points is None else of_points.present
    return chosen


def with_regions_in_use(table: AnnData) -> AnnData:
    """Let the metadata of a table, which is changed in place, name only the regions that its rows have."""
    _, region_key, _ = get_table_keys(table)
    given = table.obs[region_key]
    column = given.astype("category")
    codes = column.cat.codes.to_numpy()
    if given.dtype != column.dtype or len(np.unique(codes[codes >= 0])) < len(column.cat.categories):
        column = column.cat.remove_unused_categories()
        table.obs[region_key] = column
    regions = [str(value) for value in column.cat.categories]
    table.uns[ATTRS_KEY] = {**table.uns[ATTRS_KEY], "region": regions[0] if len(regions) == 1 else regions}
    return table
