"""Which table annotates which element, by metadata only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata.models.base import ATTRS_KEY

if TYPE_CHECKING:
    from spatialdata._sdata.holder import ElementHolder

__all__ = ["annotated_by", "regions_of"]


def regions_of(sdata: ElementHolder, table_name: str) -> list[str]:
    """The elements that a table annotates, which is not loaded for that; an empty list if it annotates nothing."""
    tables = sdata.tables
    attrs: Any = tables[table_name].uns if tables.is_loaded(table_name) else tables.source(table_name).attrs
    region = (attrs.get(ATTRS_KEY) or {}).get("region")
    if region is None:
        return []
    return [region] if isinstance(region, str) else [str(name) for name in region]


def annotated_by(sdata: ElementHolder) -> dict[str, list[str]]:
    """The names of the tables of each element that has some."""
    found: dict[str, list[str]] = {}
    for table_name in sdata.tables:
        for element_name in regions_of(sdata, table_name):
            found.setdefault(element_name, []).append(table_name)
    return found
