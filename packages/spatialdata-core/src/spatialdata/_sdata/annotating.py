"""The methods of the SpatialData object about what its tables annotate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata._sdata import tables as _tables
from spatialdata._sdata.holder import ElementHolder

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


__all__ = ["AnnotatingMethods"]


class AnnotatingMethods(ElementHolder):
    """What tables annotate."""

    get_annotated_regions = staticmethod(_tables.get_annotated_regions)
    get_region_key_column = staticmethod(_tables.get_region_key_column)
    get_instance_key_column = staticmethod(_tables.get_instance_key_column)
    update_annotated_regions_metadata = staticmethod(_tables.update_annotated_regions_metadata)

    def set_table_annotates_spatialelement(
        self,
        table_name: str,
        region: str | pd.Series | list[str],
        region_key: str | None = None,
        instance_key: str | None = None,
    ) -> None:
        """Say what a table annotates.

        Parameters
        ----------
        table_name
            The name of the table.
        region
            The element or elements; ``obs[region_key]`` must name exactly these.
        region_key, instance_key
            The columns of ``obs`` with the element and with the id of each row; those that the table has if not given.

        Raises
        ------
        ValueError
            A region is no element, or the column names others.
        TypeError
            The table annotates nothing so far, and a key is missing.
        """
        _tables.set_table_annotates_spatialelement(self, table_name, region, region_key, instance_key)

    def validate_table_in_spatialdata(self, table: AnnData) -> None:
        """Warn of elements that a table annotates and that the object does not have.

        Parameters
        ----------
        table
            A table.
        """
        _tables.warn_missing_targets(self, table)
