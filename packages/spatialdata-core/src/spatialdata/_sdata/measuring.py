"""The methods of the SpatialData object that filter by tables, measure instances and carry annotation over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from spatialdata._sdata.holder import ElementHolder

if TYPE_CHECKING:
    from spatialdata.relations.join import How

__all__ = ["MeasuringMethods"]


class MeasuringMethods(ElementHolder):
    """Filters by tables, measures and annotation by regions."""

    def filter_by_table_query(
        self,
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
    ) -> Self:
        """Filter a table and the elements that it annotates; see :func:`spatialdata.filter_by_table_query`."""
        from spatialdata.relations.filter_object import filter_by_table_query

        found = filter_by_table_query(
            cast("Any", self), table_name, filter_tables, element_names,
            obs_expr, var_expr, x_expr, obs_names_expr, var_names_expr, layer, how,
        )  # fmt: skip
        return cast("Self", found)

    def filter(
        self,
        table_name: str = "table",
        *,
        obs: Any = None,
        var: Any = None,
        x: Any = None,
        obs_names: Any = None,
        var_names: Any = None,
        layer: str | None = None,
    ) -> Self:
        """Drop the instances whose rows in a table do not meet expressions, and keep all else.

        Parameters
        ----------
        table_name
            The name of the table.
        obs, var
            Expressions over the columns of ``obs`` and ``var``. An expression is one of :func:`spatialdata.col`, of
            narwhals or of annsel; a string that :meth:`pandas.DataFrame.eval` understands; a function of the frame; or
            an array of booleans. Of several, all must hold.
        x
            Expressions over the values of the variables, each a column.
        obs_names, var_names
            Expressions over the names, as a column ``obs_names`` or ``var_names``.
        layer
            The layer that values are taken from, instead of ``X``.

        Returns
        -------
        A new object. Of the elements that the table annotates, the instances whose row is dropped are dropped: rows of
        shapes and points, and the pixels of labels, which become background. Instances without a row, and elements
        that the table does not annotate, are kept as they are. Other tables lose the rows of instances that are
        dropped.

        Raises
        ------
        KeyError
            There is no such table or layer.
        ValueError
            A column does not exist, or an expression does not give one boolean for each row.

        Examples
        --------
        >>> from spatialdata import col
        >>> from spatialdata.datasets import blobs
        >>> sdata = blobs()
        >>> few = sdata.filter(obs=col("instance_id") < 5)
        >>> few["table"].n_obs, sorted(few.images) == sorted(sdata.images)
        (4, True)
        """
        from spatialdata.relations.filter_object import filter_object

        found = filter_object(
            cast("Any", self), table_name, obs=obs, var=var, x=x, obs_names=obs_names, var_names=var_names, layer=layer
        )
        return cast("Self", found)
