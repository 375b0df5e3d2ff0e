"""The methods of the SpatialData object that filter by tables, measure instances and carry annotation over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from spatialdata._sdata.holder import ElementHolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from spatialdata.relations.join import How

__all__ = ["InstanceMethods"]


class InstanceMethods(ElementHolder):
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

    def measure(
        self,
        regions: str,
        images: str | Sequence[str] | None = None,
        target_coordinate_system: str = "global",
        statistics: str | Sequence[str] = "mean",
        quantiles: Sequence[float] = (),
        region_key: str = "region",
        instance_key: str = "instance_id",
        outlines: bool = False,
    ) -> AnnData:
        """Measure the instances of labels or shapes, and images on them.

        Parameters
        ----------
        regions
            The name of labels or shapes.
        images
            The names of images whose pixels are measured; they may have other pixels than labels have.
        target_coordinate_system
            The coordinate system that all measures are in.
        statistics, quantiles
            Statistics of the pixels; see :func:`spatialdata.get_region_properties`.
        region_key, instance_key
            The names of the columns that name the element and the instance.
        outlines
            Measure the outlines too; see :func:`spatialdata.get_region_properties`.

        Returns
        -------
        A new table that annotates the regions: ``X`` holds one column for each channel and statistic, named
        ``<channel>_<statistic>`` (preceded by the name of the image if there are several), ``obs`` the area, the
        centre, the bounds and more, and ``obsm["spatial"]`` the centres. The object is not changed.

        Raises
        ------
        KeyError
            There is no element of a name.
        ValueError
            A statistic is unknown, an element is not in the coordinate system, or its axes do not fit.

        Examples
        --------
        >>> from spatialdata.datasets import blobs
        >>> table = blobs().measure("blobs_labels", "blobs_image", statistics=["mean", "max"])
        >>> table.var_names.tolist()[:2], "area" in table.obs
        (['0_mean', '0_max'], True)
        """
        from spatialdata.ops.measure import measure

        return measure(
            cast("Any", self),
            regions,
            images,
            target_coordinate_system,
            statistics,
            quantiles,
            region_key,
            instance_key,
            outlines,
        )

    def annotate(
        self,
        target: str,
        by: str,
        column: str | None = None,
        target_coordinate_system: str = "global",
        table_name: str | None = None,
        by_table_name: str | None = None,
        new_column: str | None = None,
    ) -> Self:
        """Give points, shapes or labels the annotation of the regions that they lie in.

        A point, and the centre of a shape or label, lies in a region if it is inside or on its border; in labels, if
        the pixel under it belongs to one. What has no depth lies at all depths of labels that have one. Of several
        regions the first one counts.

        Parameters
        ----------
        target
            The name of the points, shapes or labels to annotate.
        by
            The name of the shapes or labels that are the regions.
        column
            What to carry over: a column of the regions, or of their table. Their ids if not given.
        target_coordinate_system
            The coordinate system in which the two are brought together.
        table_name
            The table whose ``obs`` takes the column. If not given, the one that annotates the target; points, and
            shapes that no table annotates, take it themselves.
        by_table_name
            The table that holds the column of the regions; the one that annotates them and has it if not given.
        new_column
            The name of the new column; ``column`` if not given, or the name of the regions for their ids.

        Returns
        -------
        A new object in which the target or its table has the column, missing where there is no region; all else is
        shared. Points stay lazy.

        Raises
        ------
        KeyError
            There is no element of a name.
        ValueError
            The column is not found, several tables annotate the target, or an element is not in the coordinate
            system.

        Warns
        -----
        UserWarning
            Centres lie in several regions.

        Examples
        --------
        >>> import geopandas, numpy as np, shapely
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import PointsModel, ShapesModel
        >>> boxes = geopandas.GeoDataFrame({"tissue": ["tumour"]}, geometry=[shapely.box(0, 0, 2, 2)])
        >>> points = PointsModel.parse(np.array([[1.0, 1.0], [5.0, 5.0]]))
        >>> sdata = SpatialData(points={"molecules": points}, shapes={"regions": ShapesModel.parse(boxes)})
        >>> sdata.annotate("molecules", by="regions", column="tissue")["molecules"].compute().tissue.tolist()
        ['tumour', nan]
        """
        from spatialdata.ops.annotate_by import annotate

        found = annotate(
            cast("Any", self), target, by, column, target_coordinate_system, table_name, by_table_name, new_column
        )
        return cast("Self", found)
