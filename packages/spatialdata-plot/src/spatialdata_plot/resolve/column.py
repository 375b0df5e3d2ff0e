"""From the name of a column or gene to one value per instance of an element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot._logging import logger
from spatialdata_plot.errors import AmbiguousKeyError, KeyNotFoundError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata import SpatialData
    from spatialdata_plot.spec.base import ColoredSpec

__all__ = ["Column", "Location", "fetch", "locate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where the values of a key are found.

    Attributes
    ----------
    key
        The name of the column or, for a gene, its name in ``var_names``.
    source
        ``"element"``, ``"obs"`` or ``"var"``.
    table
        The name of the table, None for a column of the element.
    layer
        The layer of the table, None for ``X``.
    """

    key: str
    source: str
    table: str | None = None
    layer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One value per instance.

    Attributes
    ----------
    key
        The name under which the user asked for it.
    values
        The values; the index are the instances. Missing where the table has no row for an instance.
    stored_colors
        The colors that the table stores for the categories, by category.
    unmatched_rows
        How many rows of the table annotate an instance that the element does not have.
    """

    key: str
    values: pd.Series[Any]
    stored_colors: Mapping[str, Any] | None = None
    unmatched_rows: int = 0


def annotating_tables(sdata: SpatialData, element: str) -> list[str]:
    """The names of the tables with rows about an element, in the order of the tables."""
    from spatialdata import get_element_annotators

    annotators = get_element_annotators(sdata, element)
    return [name for name in sdata.tables if name in annotators]


def element_columns(element: Any) -> list[str]:
    """The columns of points or shapes that can be drawn as colors."""
    columns = getattr(element, "columns", ())
    return [str(column) for column in columns if column != "geometry"]


def locate(sdata: SpatialData, spec: ColoredSpec, key: str) -> Location:
    """Find where the values of a key are.

    A column of the element comes first; otherwise the key is looked up in the tables that annotate the element,
    among the columns of ``obs`` and the genes.

    Raises
    ------
    spatialdata_plot.errors.KeyNotFoundError
        No such column or gene, or the table named does not annotate the element.
    spatialdata_plot.errors.AmbiguousKeyError
        The key is found in several places.
    """
    element = getattr(sdata, spec.container)[spec.element]
    in_element = spec.table_name is None and key in element_columns(element)
    candidates = _tables_to_search(sdata, spec)
    found = [hit for name in candidates if (hit := _in_table(sdata.tables[name], name, spec, key)) is not None]
    if in_element and found:
        raise AmbiguousKeyError(
            f"{key!r} is found in multiple locations: a column of {spec.element!r} and table {found[0].table!r}. "
            f"Give `table_name={found[0].table!r}` for the one in the table, or rename one of them."
        )
    if in_element:
        return Location(key=key, source="element")
    if not found:
        raise KeyNotFoundError(_not_found(sdata, spec, key, element, candidates))
    if len(found) > 1:
        tables = ", ".join(repr(hit.table) for hit in found)
        logger.warning(
            "%r is found in the tables %s; %r is used. Choose with `table_name`.", key, tables, found[0].table
        )
    return found[0]


def _tables_to_search(sdata: SpatialData, spec: ColoredSpec) -> list[str]:
    from spatialdata.errors import unknown_name

    annotating = annotating_tables(sdata, spec.element)
    if spec.table_name is None:
        return annotating
    if spec.table_name not in sdata.tables:
        raise KeyNotFoundError(unknown_name("table", spec.table_name, sdata.tables))
    if spec.table_name not in annotating:
        raise KeyNotFoundError(
            f"The table {spec.table_name!r} does not annotate {spec.element!r}. "
            f"Tables that do: {', '.join(map(repr, annotating)) or 'none'}."
        )
    return [spec.table_name]


def _in_table(table: AnnData, name: str, spec: ColoredSpec, key: str) -> Location | None:
    in_obs = key in table.obs.columns
    gene = _gene_of(table, spec.gene_symbols, key)
    if in_obs and gene is not None:
        raise AmbiguousKeyError(
            f"{key!r} is both a column of obs and a gene of table {name!r}. Rename the column, "
            "or give `gene_symbols` under which only the gene is found."
        )
    if in_obs:
        return Location(key=key, source="obs", table=name)
    if gene is None:
        return None
    if spec.table_layer is not None and spec.table_layer not in table.layers:
        from spatialdata.errors import unknown_name

        raise ValueError(unknown_name(f"layer of table {name!r} named", spec.table_layer, table.layers))
    return Location(key=gene, source="var", table=name, layer=spec.table_layer)


def _gene_of(table: AnnData, symbols: str | None, key: str) -> str | None:
    if symbols is None:
        return key if key in table.var_names else None
    if symbols not in table.var.columns:
        from spatialdata.errors import unknown_name

        raise KeyNotFoundError(unknown_name("column of var named", symbols, table.var.columns))
    hits = table.var_names[(table.var[symbols] == key).to_numpy()]
    if len(hits) > 1:
        logger.warning("%d genes have the symbol %r; the first, %r, is used.", len(hits), key, hits[0])
    return str(hits[0]) if len(hits) else None


def _not_found(sdata: SpatialData, spec: ColoredSpec, key: str, element: Any, tables: Sequence[str]) -> str:
    from spatialdata.errors import unknown_name

    columns = element_columns(element) if spec.table_name is None else []
    obs = [str(column) for name in tables for column in sdata.tables[name].obs.columns]
    genes = [str(gene) for name in tables for gene in sdata.tables[name].var_names]
    message = unknown_name(f"color, column or gene for {spec.element!r} named", key, [*columns, *obs, *genes])
    if not tables:
        message += f" No table annotates {spec.element!r}."
    return message


def fetch(sdata: SpatialData, spec: ColoredSpec, key: str, index: pd.Index[Any] | None) -> Column:
    """Read the values of a key, in the order of the instances.

    Parameters
    ----------
    sdata
        The object with the element and its tables.
    spec
        The layer.
    key
        The name of a column or gene.
    index
        The instances of the element. None takes the instances of the table, as they come.

    Raises
    ------
    ValueError
        The table annotates an instance twice, or none of the instances of the element.
    """
    where = locate(sdata, spec, key)
    if where.table is None:
        raise TypeError(f"{key!r} is a column of {spec.element!r}, and its values come with the element.")
    table = sdata.tables[where.table]
    attrs = table.uns["spatialdata_attrs"]
    rows = np.flatnonzero((table.obs[attrs["region_key"]] == spec.element).to_numpy())
    instances = table.obs[attrs["instance_key"]].iloc[rows]
    duplicated = instances.duplicated()
    if duplicated.any():
        raise ValueError(
            f"Table {where.table!r} has {int(duplicated.sum())} rows that annotate an instance of {spec.element!r} "
            f"a second time, for example {instances[duplicated].tolist()[0]!r}. Keep one row per instance."
        )
    values = _values(table, where, rows)
    values.index = instances.to_numpy()
    unmatched = 0
    if index is not None:
        values, unmatched = _aligned(values, index, spec.element, where)
    stored = _stored_colors(table, where) if spec.palette is None and spec.cmap is None else None
    return Column(key=key, values=values, stored_colors=stored, unmatched_rows=unmatched)


def _values(table: AnnData, where: Location, rows: NDArray[np.intp]) -> pd.Series[Any]:
    import pandas as pd

    if where.source == "obs":
        column_of_obs: pd.Series[Any] = table.obs[where.key].iloc[rows].copy()
        return column_of_obs
    matrix = table.X if where.layer is None else table.layers[where.layer]
    if matrix is None:
        raise ValueError(
            f"Table {where.table!r} has no X, so {where.key!r} has no values there. "
            f"Give `table_layer`, one of: {', '.join(map(repr, table.layers)) or 'none'}."
        )
    column: Any = matrix[:, table.var_names.get_loc(where.key)]
    column = column.compute() if hasattr(column, "compute") else column
    column = column.toarray() if hasattr(column, "toarray") else column
    return pd.Series(np.asarray(column).ravel()[rows])


def _aligned(values: pd.Series[Any], index: pd.Index[Any], element: str, where: Location) -> tuple[pd.Series[Any], int]:
    if not index.is_unique:
        raise ValueError(
            f"The index of {element!r} repeats {int(index.duplicated().sum())} values, so rows of table "
            f"{where.table!r} cannot be matched to it. Give the element a unique index."
        )
    matched = values.index.isin(index)
    if len(values) and len(index) and not matched.any():
        raise ValueError(
            f"None of the {len(values)} rows of table {where.table!r} about {element!r} matches its instances. "
            f"The table names them {values.index.tolist()[0]!r} ({values.index.dtype}), "
            f"the element {index.tolist()[0]!r} ({index.dtype})."
        )
    return values.reindex(index), int((~matched).sum())


def _stored_colors(table: AnnData, where: Location) -> Mapping[str, Any] | None:
    from matplotlib.colors import is_color_like

    if where.source != "obs":
        return None
    stored = table.uns.get(f"{where.key}_colors")
    if stored is None:
        return None
    colors = list(stored.values() if isinstance(stored, Mapping) else [stored] if isinstance(stored, str) else stored)
    wrong = [color for color in colors if not is_color_like(color)]
    if wrong:
        raise ValueError(
            f"uns[{where.key + '_colors'!r}] of table {where.table!r} holds {wrong[0]!r}, which is no color. "
            "Correct it, or give the colors as `palette`."
        )
    if isinstance(stored, Mapping):
        return {str(name): color for name, color in stored.items()}
    column = table.obs[where.key]
    categories = column.cat.categories if hasattr(column, "cat") else sorted(column.dropna().astype(str).unique())
    if len(colors) < len(categories):
        logger.warning(
            "%r stores %d colors for %d categories; the others are drawn in the color of missing values.",
            f"{where.key}_colors",
            len(colors),
            len(categories),
        )
    return dict(zip(map(str, categories), colors, strict=False))
