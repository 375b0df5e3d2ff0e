"""The methods of the SpatialData object about what its tables annotate."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from spatialdata._core.elements import require_table
from spatialdata._sdata import tables as _tables
from spatialdata._sdata.holder import ElementHolder
from spatialdata.errors import IdTypeError
from spatialdata.relations.filter import annotates

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from spatialdata.relations.group import Groups
    from spatialdata.relations.join import How
    from spatialdata.sdata import SpatialData

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

    def groupby(self, by: str, table_name: str | None = None, *, context: bool = True) -> Groups:
        """New objects by a column of a table, for example one for each cell type or donor.

        Parameters
        ----------
        by
            The column of ``obs``.
        table_name
            The table; not needed if one table only has the column.
        context
            Keep also images and other elements that the table does not annotate, if they share a coordinate system
            with what is kept.

        Returns
        -------
        A mapping from values to objects. Each is made when it is asked for: with the rows of that value, the instances
        that they annotate (of labels, the other pixels become background), and other tables cut to these. Rows without
        a value are counted in a warning.

        Raises
        ------
        KeyError
            There is no such column or table.
        ValueError
            Several tables have the column.

        Examples
        --------
        >>> from spatialdata.datasets import blobs
        >>> sdata = blobs(length=32)
        >>> sdata["table"].obs["size"] = ["small"] + ["large"] * (sdata["table"].n_obs - 1)
        >>> sdata.groupby("size")["small"]["table"].n_obs
        1
        """
        from spatialdata.relations.group import Groups, cut_to_rows, table_with_column

        sdata = cast("SpatialData", self)
        name = table_with_column(sdata, by, table_name)
        return Groups(self.tables[name].obs[by], lambda rows: cut_to_rows(sdata, name, rows, context=context))

    def match(self, table_name: str, how: How = "right", filter_label_pixels: bool | None = None) -> SpatialData:
        """The elements that a table annotates, joined with it; see :func:`spatialdata.match_sdata_to_table`.

        Parameters
        ----------
        table_name
            The name of the table.
        how, filter_label_pixels
            The join, and what becomes of labels; see :func:`spatialdata.join_spatialelement_table`.
        """
        from spatialdata.relations.match import match_sdata_to_table

        sdata = cast("SpatialData", self)
        return match_sdata_to_table(sdata, table_name, how=how, filter_label_pixels=filter_label_pixels)

    def validate_table_in_spatialdata(self, table: AnnData) -> None:
        """Check that a table can annotate the elements of the object.

        Parameters
        ----------
        table
            A table; one that annotates nothing is always fine.

        Raises
        ------
        IdTypeError
            The ids of its rows are strings and those of an element numbers, or the other way around. Elements that are
            not loaded are not looked at.

        Warns
        -----
        UserWarning
            The table annotates an element that the object does not have.
        """
        require_table(table, "validate_table_in_spatialdata")
        faults = _tables.id_type_faults(self, table) if annotates(table) else []
        if faults:
            raise IdTypeError(" ".join(faults))
        _tables.warn_missing_targets(self, table)
