"""Values of instances, looked up by instance id in the columns of an element or in the tables that annotate it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from napari_spatialdata.model.dataset import Dataset

__all__ = ["ValueKey", "palette_of", "value_keys", "values_of"]


@dataclass(frozen=True, slots=True)
class ValueKey:
    """Where values are found.

    Attributes
    ----------
    name
        A column of the element or of ``table.obs``, or a variable of the table.
    table
        Name of the table, or None for a column of the element itself.
    """

    name: str
    table: str | None = None

    def __str__(self) -> str:
        return self.name if self.table is None else f"{self.name} ({self.table})"


def value_keys(dataset: Dataset, element_name: str) -> list[ValueKey]:
    """List what can colour an element: own columns (the gene of points first), then obs and var of its tables."""
    from spatialdata import get_element_annotators
    from spatialdata.models import get_table_keys

    element = dataset.element(element_name)
    columns = [] if not hasattr(element, "columns") else list(element.columns)
    feature = getattr(element, "attrs", {}).get("spatialdata_attrs", {}).get("feature_key")
    columns.sort(key=lambda column: column != feature)
    own = [ValueKey(str(column)) for column in columns if column not in ("geometry", "x", "y", "z")]
    found = []
    for table_name in sorted(get_element_annotators(dataset.sdata, element_name)):
        table = dataset.sdata.tables[table_name]
        *_, region_key, instance_key = get_table_keys(table)
        columns = [column for column in table.obs.columns if column not in (region_key, instance_key)]
        names = [*columns, *table.var_names]
        found += [ValueKey(str(name), table_name) for name in names]
    return own + found


def values_of(dataset: Dataset, element_name: str, key: ValueKey) -> pd.Series[Any]:
    """Look values up.

    Returns
    -------
    pandas.Series
        One value per instance that has one, indexed by instance id, named like the key.

    Raises
    ------
    ValueError
        There is no such column or variable.
    """
    from spatialdata import get_values

    if key.table is None:
        frame = get_values(key.name, element=dataset.element(element_name))
    else:
        frame = get_values(key.name, sdata=dataset.sdata, element_name=element_name, table_name=key.table)
    series: pd.Series[Any] = frame[key.name]
    return series


def palette_of(dataset: Dataset, key: ValueKey) -> dict[str, str]:
    """The colours that a table stores for the categories of a column, as hex strings without alpha; empty if none.

    They are in ``uns["<column>_colors"]``: a mapping, or a list in the order of the categories.

    Raises
    ------
    ValueError
        What is stored there is no colour.
    """
    if key.table is None:
        return {}
    table = dataset.sdata.tables[key.table]
    stored = table.uns.get(f"{key.name}_colors")
    if stored is None or key.name not in table.obs.columns:
        return {}
    if not isinstance(stored, Mapping):
        categories = table.obs[key.name].astype("category").cat.categories
        stored = dict(zip(categories, [stored] if isinstance(stored, str) else stored, strict=False))
    return {str(name): _hex(color, key) for name, color in stored.items()}


def _hex(color: Any, key: ValueKey) -> str:
    from napari.utils.colormaps.standardize_color import rgb_to_hex, transform_color

    try:
        return str(rgb_to_hex(transform_color(color))[0])[:7]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"uns[{key.name + '_colors'!r}] of table {key.table!r} holds {color!r}, which is no colour. Correct it."
        ) from error
