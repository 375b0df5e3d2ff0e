"""Aggregation by the rows of a table: by the instances that they annotate, of one or several elements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import ElementNotFoundError, listing, unknown_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.table import TableModel, get_table_keys
from spatialdata.ops.aggregate_pairs import gathered
from spatialdata.relations.filter import annotates
from spatialdata.relations.ids import as_ids, check_same_type, check_unique, rows_of_region

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata.ops.aggregate_pairs import Task
    from spatialdata.sdata import SpatialData

__all__ = ["gathered_by_table"]


def gathered_by_table(
    task: Task, sdata: SpatialData | None, region_key: str, instance_key: str
) -> tuple[dict[str, Any], AnnData]:
    """Values by the instances that a table annotates.

    Parameters
    ----------
    task
        The aggregation, whose regions are the table.
    sdata
        The object that holds the table and the elements that it annotates.
    region_key, instance_key
        The names of the columns of the resulting table.

    Returns
    -------
    The elements by name, and a table with the rows and names of the given one.

    Raises
    ------
    ValueError
        There is no object, the table annotates nothing, an element that it annotates is no shapes or labels, or rows
        annotate instances that the element does not have.
    """
    import pandas as pd
    from anndata import AnnData

    table = task.by
    elements = _elements(table, sdata)
    found: dict[str, tuple[NDArray[np.intp], Any, list[str]]] = {}
    regions = {}
    _, key, instances = get_table_keys(table)
    for name, element in elements.items():
        rows = rows_of_region(table, name, key)
        regions[name], matrix, names, ids = gathered(replace(task, by=element))
        found[name] = rows, matrix[_positions(ids, table.obs[instances].iloc[rows], name, instances)], names
    stacked, names = _stacked(list(found.values()), table.n_obs)
    obs = pd.DataFrame(
        {
            instance_key: table.obs[instances].to_numpy(),
            region_key: pd.Categorical(table.obs[key].astype(str), categories=list(elements)),
        },
        index=table.obs_names,
    )
    result = AnnData(stacked, obs=obs, var=pd.DataFrame(index=pd.Index(names, dtype=object)))
    return regions, TableModel.parse(result, region=list(elements), region_key=region_key, instance_key=instance_key)


def _elements(table: AnnData, sdata: SpatialData | None) -> dict[str, Any]:
    """The elements that rows of the table annotate, by name."""
    if sdata is None:
        raise ValueError("by is a table. Give by_sdata, the object that holds the elements that it annotates.")
    if not annotates(table):
        raise ValueError("The table given as by annotates no element, so that its rows are no regions.")
    region, key, _ = get_table_keys(table)
    blank = int(table.obs[key].isna().sum())
    if blank:
        raise ValueError(f"{blank} of {table.n_obs} rows of the table annotate no element. Drop them first.")
    names = [name for name in ([region] if isinstance(region, str) else region) if (table.obs[key] == name).any()]
    elements = {}
    for name in names:
        if name not in sdata:
            raise ElementNotFoundError(unknown_name("element", name, [known for _, known in sdata.gen_spatial_names()]))
        elements[name] = sdata[name]
        if kind_of(elements[name]) not in (Kind.SHAPES, Kind.LABELS):
            raise ValueError(
                f"The table annotates {name!r}, which is one of the {kind_of(elements[name]).value}. "
                "Regions are shapes or labels."
            )
    return elements


def _positions(ids: Any, wanted: pd.Series, name: str, instance_key: str) -> NDArray[np.intp]:
    """Where the instances of rows are among the regions."""
    present, asked = as_ids(ids), as_ids(wanted)
    check_same_type(present, asked, name, instance_key)
    check_unique(present, f"The ids of {name!r}")
    position = present.get_indexer(asked)
    missing = asked[position < 0]
    if len(missing):
        raise ValueError(
            f"{len(missing)} rows of the table annotate instances that {name!r} does not have, for example "
            f"{listing(missing[:5])}. Match the table to the element first (match_table_to_element)."
        )
    return np.asarray(position)


def _stacked(found: list[tuple[NDArray[np.intp], Any, list[str]]], rows: int) -> tuple[Any, list[str]]:
    """The matrices of several elements as one, in the order of the table, over all variables."""
    from scipy.sparse import csr_matrix, vstack

    names = list(dict.fromkeys(name for _, _, own in found for name in own))
    if not found:
        return csr_matrix((rows, 0)), names
    place = {name: number for number, name in enumerate(names)}
    parts = []
    for _, matrix, own in found:
        coo = matrix.tocoo()
        column = np.array([place[name] for name in own], dtype=np.intp)
        parts.append(csr_matrix((coo.data, (coo.row, column[coo.col])), shape=(coo.shape[0], len(names))))
    order = np.argsort(np.concatenate([own for own, _, _ in found]), kind="stable")
    stacked = csr_matrix(vstack(parts))[order]
    stacked.sort_indices()
    return stacked, names
