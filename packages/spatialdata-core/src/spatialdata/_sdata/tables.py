"""What the tables of a SpatialData object annotate."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import is_table, require_table
from spatialdata.errors import ElementNotFoundError, unknown_name
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind
from spatialdata.models.table import TableModel, check_target_region_column_symmetry, get_table_keys
from spatialdata.relations.ids import as_ids, id_type, rows_of_region

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from spatialdata._sdata.holder import ElementHolder

__all__ = [
    "get_annotated_regions",
    "get_instance_key_column",
    "get_region_key_column",
    "id_type_faults",
    "set_table_annotates_spatialelement",
    "update_annotated_regions_metadata",
    "warn_missing_targets",
]


def get_region_key_column(table: AnnData) -> pd.Series:
    """The column of ``obs`` that names the element of each row."""
    return _column(table, get_table_keys(table)[1])


def get_instance_key_column(table: AnnData) -> pd.Series:
    """The column of ``obs`` with the id of the instance of each row."""
    return _column(table, get_table_keys(table)[2])


def _column(table: AnnData, key: str) -> pd.Series:
    if key not in table.obs.columns:
        raise ElementNotFoundError(unknown_name("column of obs", key, table.obs.columns))
    column: pd.Series = table.obs[key]
    return column


def get_annotated_regions(table: AnnData) -> list[str]:
    """The elements that rows of a table annotate."""
    column = get_region_key_column(table)
    if column.dtype != "category":
        warnings.warn(f"The column {column.name!r} of regions is not categorical.", UserWarning, stacklevel=2)
        return [str(value) for value in column.unique()]
    return [str(value) for value in column.cat.remove_unused_categories().cat.categories]


def update_annotated_regions_metadata(table: AnnData, region_key: str | None = None) -> AnnData:
    """Set the regions of a table to those that its rows name, in place."""
    require_table(table, "update_annotated_regions_metadata")
    attrs = table.uns.get(ATTRS_KEY)
    if attrs is None:
        raise ValueError(
            "The table annotates no element: uns['spatialdata_attrs'] is missing. Use TableModel.parse with "
            "region, region_key "
            "and instance_key."
        )
    key = attrs[TableModel.REGION_KEY_KEY] if region_key is None else region_key
    regions = _column(table, key).unique().tolist()
    table.uns[ATTRS_KEY] = {**attrs, TableModel.REGION_KEY_KEY: key, TableModel.REGION_KEY: regions}
    return table


def set_table_annotates_spatialelement(
    sdata: ElementHolder,
    table_name: str,
    region: str | pd.Series | list[str],
    region_key: str | None = None,
    instance_key: str | None = None,
) -> None:
    """Say what a table of the object annotates, in place."""
    table = sdata.tables[table_name]
    regions = [region] if isinstance(region, str) else sorted({str(item) for item in region})
    names = [name for _, name in sdata.gen_spatial_names()]
    for name in regions:
        if name not in names:
            raise ValueError(unknown_name("spatial element", name, names))
    before: dict[str, Any] = table.uns.get(ATTRS_KEY) or {}
    key = region_key or before.get(TableModel.REGION_KEY_KEY)
    instance = instance_key or before.get(TableModel.INSTANCE_KEY)
    if key is None or instance is None:
        raise TypeError("The table annotates nothing so far; region_key and instance_key are needed.")
    for column in (key, instance):
        if column not in table.obs.columns:
            raise ValueError(unknown_name("column of obs", column, table.obs.columns))
    check_target_region_column_symmetry(table, key, regions)  # type: ignore[arg-type]
    if table.obs[key].dtype != "category":
        table.obs[key] = table.obs[key].astype("category")
    table.uns[ATTRS_KEY] = {
        TableModel.REGION_KEY: region if isinstance(region, str) else regions,
        TableModel.REGION_KEY_KEY: key,
        TableModel.INSTANCE_KEY: instance,
    }


def id_type_faults(sdata: ElementHolder, table: AnnData) -> list[str]:
    """For each element whose ids are of another type than those of its rows, what is wrong; nothing is loaded."""
    region, region_key, instance_key = get_table_keys(table)
    faults = []
    for name in [region] if isinstance(region, str) else region:
        elements = sdata.shelf.find(name)
        if elements is None or not elements.is_loaded(name) or elements.kind in (Kind.IMAGE, Kind.TABLE):
            continue
        element = elements[name]
        present = _index_type(element) if elements.kind is not Kind.LABELS else "whole numbers"
        # All rows of a column have ids of the same type.
        ids = id_type(as_ids(table.obs[instance_key].iloc[rows_of_region(table, name, region_key)[:1]]))
        if "no" not in (present, ids) and present != ids:
            faults.append(
                f"The table annotates {name!r} with {ids} in obs[{instance_key!r}], but the ids of {name!r} are "
                f"{present}: no row can match. Cast one of them to the type of the other."
            )
    return faults


def _index_type(element: Any) -> str:
    index = getattr(element, "_meta", element).index
    return "whole numbers" if index.dtype.kind in "iuf" else "strings"


def warn_missing_targets(sdata: ElementHolder, table: AnnData) -> None:
    """Warn of elements that a table annotates and that the object does not have, or whose ids cannot match."""
    if not is_table(table) or ATTRS_KEY not in table.uns or table.uns[ATTRS_KEY].get(TableModel.REGION_KEY) is None:
        return
    region = get_table_keys(table)[0]
    names = {name for _, name in sdata.gen_spatial_names()}
    for fault in id_type_faults(sdata, table):
        warnings.warn(fault, UserWarning, stacklevel=4)
    for name in [region] if isinstance(region, str) else region:
        if name not in names:
            warnings.warn(
                f"The table annotates {name!r}, which is not among the elements of the object.",
                UserWarning,
                stacklevel=4,
            )
