"""Objects cut by expressions over their tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.container import new_container, require_container
from spatialdata._core.elements import is_tree, lazy_levels_of
from spatialdata.errors import ElementNotFoundError, unknown_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.pyramid import tree_of
from spatialdata.models.table import get_table_keys
from spatialdata.relations.filter import annotates, part_of, with_regions_in_use
from spatialdata.relations.ids import as_ids, rows_of_region
from spatialdata.relations.labels import ids_like, only
from spatialdata.relations.match import match_sdata_to_table
from spatialdata.relations.table_query import rows_and_variables

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata.relations.join import How
    from spatialdata.sdata import SpatialData

__all__ = ["filter_by_table_query", "filter_object"]


def filter_by_table_query(
    sdata: SpatialData,
    table_name: str,
    filter_tables: bool = True,
    element_names: list[str] | None = None,
    obs_expr: Any = None,
    var_expr: Any = None,
    x_expr: Any = None,
    obs_names_expr: Any = None,
    var_names_expr: Any = None,
    layer: str | None = None,
    how: How = "right",
    filter_label_pixels: bool | None = None,
) -> SpatialData:
    """Filter a table by expressions, and join it with the elements that it annotates.

    Only the table and these elements remain; :meth:`spatialdata.SpatialData.filter` keeps the rest too.

    Parameters
    ----------
    sdata
        The object.
    table_name
        The name of the table.
    filter_tables
        With ``element_names``, take only the rows of the table that annotate these elements.
    element_names
        The elements to take; all that the table annotates if not given.
    obs_expr, var_expr
        Expressions over the columns of ``obs`` and ``var``. An expression is one of :func:`spatialdata.col`, of
        narwhals or of annsel; a string that :meth:`pandas.DataFrame.eval` understands; a function of the frame; or an
        array of booleans. Of several, all must hold.
    x_expr
        Expressions over the values of the variables, each a column.
    obs_names_expr, var_names_expr
        Expressions over the names, as a column ``obs_names`` or ``var_names``.
    layer
        The layer that values are taken from, instead of ``X``.
    how, filter_label_pixels
        The join; see :func:`spatialdata.join_spatialelement_table`.

    Returns
    -------
    A new object with the elements as far as the join leaves them, the filtered table, and the same attributes.

    Raises
    ------
    KeyError
        There is no such table or layer.
    ValueError
        A column does not exist, or an expression does not give one boolean for each row.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> from spatialdata import SpatialData, col
    >>> from spatialdata.models import ShapesModel, TableModel
    >>> cells = ShapesModel.parse(np.zeros((3, 2)), geometry=0, radius=1.0)
    >>> obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 3), "id": range(3), "size": [5, 9, 7]})
    >>> obs.index = ["a", "b", "c"]
    >>> table = TableModel.parse(anndata.AnnData(np.ones((3, 1)), obs=obs), "cells", "region", "id")
    >>> sdata = SpatialData(shapes={"cells": cells}, tables={"table": table})
    >>> filter_by_table_query(sdata, "table", obs_expr=col("size") > 6)["cells"].index.tolist()
    [1, 2]
    """
    require_container(sdata, "filter_by_table_query")
    _table(sdata, table_name)
    if element_names is not None:
        sdata = sdata.subset(element_names, filter_tables=filter_tables)
    table = _table(sdata, table_name)
    rows, variables = rows_and_variables(
        table, obs=obs_expr, var=var_expr, x=x_expr, obs_names=obs_names_expr, var_names=var_names_expr, layer=layer
    )
    kept = part_of(table, rows, variables)
    return match_sdata_to_table(sdata, table_name, kept, how, filter_label_pixels)


def _table(sdata: SpatialData, name: str) -> AnnData:
    if name not in sdata.tables:
        raise ElementNotFoundError(unknown_name("table", name, sdata.tables))
    return sdata.tables[name]


def filter_object(
    sdata: SpatialData,
    table_name: str = "table",
    *,
    obs: Any = None,
    var: Any = None,
    x: Any = None,
    obs_names: Any = None,
    var_names: Any = None,
    layer: str | None = None,
) -> SpatialData:
    """Drop the instances whose rows in a table do not meet expressions, and keep all else.

    Parameters
    ----------
    sdata
        The object.
    table_name, obs, var, x, obs_names, var_names, layer
        The table and the expressions, as :func:`filter_by_table_query` takes them.

    Returns
    -------
    A new object. Of the elements that the table annotates, the instances whose row is dropped are dropped: rows of
    shapes and points, and the pixels of labels, which become background. Instances without a row, and elements that
    the table does not annotate, are kept as they are. Other tables lose the rows of instances that are dropped.

    Raises
    ------
    KeyError
        There is no such table or layer.
    ValueError
        A column does not exist, or an expression does not give one boolean for each row.
    """
    table = _table(sdata, table_name)
    rows, variables = rows_and_variables(
        table, obs=obs, var=var, x=x, obs_names=obs_names, var_names=var_names, layer=layer
    )
    dropped = _dropped(table, rows)
    elements = {name: element for _, name, element in sdata.gen_spatial_elements()}
    for name in dropped.keys() & elements.keys():
        elements[name] = DROP[kind_of(elements[name])](elements[name], dropped[name])
    kept = {name: element for name, element in elements.items() if element is not None}
    tables = {name: _others(other, dropped) for name, other in sdata.tables.items() if name != table_name}
    chosen = part_of(table, rows, variables)
    if annotates(chosen) and chosen.n_obs:
        chosen = with_regions_in_use(chosen)
    order = {name: chosen if name == table_name else tables[name] for name in sdata.tables}
    return new_container({**kept, **{name: found for name, found in order.items() if found.n_obs}}, sdata.attrs)


def _dropped(table: AnnData, rows: NDArray[np.bool_]) -> dict[str, pd.Index]:
    """The ids of the instances whose row is dropped, by element."""
    if not annotates(table):
        return {}
    region, region_key, instance_key = get_table_keys(table)
    found = {}
    for name in [region] if isinstance(region, str) else region:
        own = rows_of_region(table, name, region_key)
        found[name] = as_ids(table.obs[instance_key].iloc[own[~rows[own]]])
    return found


def _others(table: AnnData, dropped: dict[str, pd.Index]) -> AnnData:
    """Another table without the rows of instances that are dropped."""
    if not annotates(table):
        return table
    _, region_key, instance_key = get_table_keys(table)
    keep = np.ones(table.n_obs, dtype=bool)
    for name, ids in dropped.items():
        own = rows_of_region(table, name, region_key)
        keep[own] = ~as_ids(table.obs[instance_key].iloc[own]).isin(ids)
    if keep.all():
        return table
    part = table[keep].copy()
    return with_regions_in_use(part) if part.n_obs else part


def _from_shapes(shapes: Any, ids: pd.Index) -> Any:
    kept = shapes[~as_ids(shapes.index).isin(ids)]
    kept.attrs = {key: dict(value) if isinstance(value, dict) else value for key, value in shapes.attrs.items()}
    return kept if len(kept) else None


def _from_points(points: Any, ids: pd.Index) -> Any:
    return points.map_partitions(lambda part: part[~as_ids(part.index).isin(ids)], meta=points._meta)  # noqa: SLF001


def _from_labels(labels: Any, ids: pd.Index) -> Any:
    levels = []
    for level in lazy_levels_of(labels):
        blank = level.copy(
            data=level.data.map_blocks(_without, ids_like(ids.to_numpy(), level.dtype), dtype=level.dtype)
        )
        blank.attrs = {key: dict(value) if isinstance(value, dict) else value for key, value in level.attrs.items()}
        levels.append(blank)
    return tree_of(levels) if is_tree(labels) else levels[0]


def _without(block: NDArray[Any], ids: NDArray[Any]) -> NDArray[Any]:
    return np.where(only(block, ids), np.zeros((), block.dtype), block)


def _unchanged(element: Any, ids: pd.Index) -> Any:  # noqa: ARG001
    return element


DROP: dict[Kind, Callable[[Any, Any], Any]] = {
    Kind.IMAGE: _unchanged,
    Kind.LABELS: _from_labels,
    Kind.POINTS: _from_points,
    Kind.SHAPES: _from_shapes,
    Kind.TABLE: _unchanged,
}
