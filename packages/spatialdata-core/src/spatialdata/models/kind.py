"""The five kinds of elements, and how an object is told to be of one."""

from __future__ import annotations

from enum import Enum
from typing import Any

from spatialdata._core.elements import finest_of, is_points, is_raster, is_shapes, is_table, type_name
from spatialdata.errors import UnsupportedElementError

__all__ = ["SPATIAL_KINDS", "Kind", "kind_of"]


class Kind(Enum):
    """A kind of element; its value is the name of the container that holds it.

    Examples
    --------
    >>> Kind("labels")
    <Kind.LABELS: 'labels'>
    """

    IMAGE = "images"
    LABELS = "labels"
    POINTS = "points"
    SHAPES = "shapes"
    TABLE = "tables"

    @property
    def container(self) -> str:
        """The attribute of SpatialData, and the group in a store, that holds elements of this kind."""
        return str(self.value)


SPATIAL_KINDS = (Kind.IMAGE, Kind.LABELS, Kind.POINTS, Kind.SHAPES)


def kind_of(element: Any) -> Kind:
    """The kind of an element.

    Raises
    ------
    UnsupportedElementError
        The object is no element.

    Examples
    --------
    >>> import geopandas, shapely
    >>> kind_of(geopandas.GeoDataFrame(geometry=[shapely.Point(0, 0)]))
    <Kind.SHAPES: 'shapes'>
    """
    if is_raster(element):
        return Kind.IMAGE if "c" in finest_of(element).dims else Kind.LABELS
    if is_shapes(element):
        return Kind.SHAPES
    if is_points(element):
        return Kind.POINTS
    if is_table(element):
        return Kind.TABLE
    raise UnsupportedElementError(
        f"{type_name(element)} is no element. Elements are xarray.DataArray and xarray.DataTree (images, labels), "
        "dask.dataframe.DataFrame (points), geopandas.GeoDataFrame (shapes) and anndata.AnnData (tables); "
        "the parse method of the models makes them."
    )
