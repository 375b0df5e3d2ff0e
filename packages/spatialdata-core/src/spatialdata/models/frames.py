"""Points as geometries and back."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from spatialdata._core.elements import element_attrs, is_points, require_shapes, type_name
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.base import ATTRS_KEY
from spatialdata.transformations.attach import TRANSFORM_KEY, transformations_of

if TYPE_CHECKING:
    from dask.dataframe import DataFrame as DaskDataFrame
    from geopandas import GeoDataFrame

    from spatialdata.models.points_frame import PointsFrame

__all__ = ["points_dask_dataframe_to_geopandas", "points_geopandas_to_dask_dataframe"]


def points_dask_dataframe_to_geopandas(points: DaskDataFrame, suppress_z_warning: bool = False) -> GeoDataFrame:
    """Points as a GeoDataFrame of shapely points; all rows are read.

    Parameters
    ----------
    points
        A points element.
    suppress_z_warning
        Do not warn that z stays a column.

    Returns
    -------
    Frame with the column ``geometry`` instead of x and y, the index counted from 0, and the same transformations.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import PointsModel
    >>> points_dask_dataframe_to_geopandas(PointsModel.parse(np.array([[1.0, 2.0]]))).geometry[0].wkt
    'POINT (1 2)'
    """
    import geopandas

    if not is_points(points):
        raise UnsupportedElementError(f"Points are a dask.dataframe.DataFrame. Found {type_name(points)}.")
    _warn_z("z" in points.columns, suppress_z_warning)
    frame = points.compute().reset_index(drop=True)
    geometry = geopandas.points_from_xy(frame["x"], frame["y"])
    result = geopandas.GeoDataFrame(frame.drop(columns=["x", "y"]), geometry=geometry)
    result.attrs = {**element_attrs(points), TRANSFORM_KEY: dict(transformations_of(points))}
    return result


def points_geopandas_to_dask_dataframe(gdf: GeoDataFrame, suppress_z_warning: bool = False) -> PointsFrame:
    """Shapely points as a points element.

    Parameters
    ----------
    gdf
        Frame whose geometries are points.
    suppress_z_warning
        Do not warn that z is taken from the column of that name.

    Returns
    -------
    The points element with the columns x, y and those of the frame, and the same transformations.

    Examples
    --------
    >>> import geopandas, shapely
    >>> frame = geopandas.GeoDataFrame(geometry=[shapely.Point(1, 2)])
    >>> points_geopandas_to_dask_dataframe(frame).compute().y.tolist()
    [2.0]
    """
    import pandas as pd

    from spatialdata.models.points import PointsModel

    require_shapes(gdf, "points_geopandas_to_dask_dataframe")
    kinds = sorted(set(gdf.geom_type.dropna()))
    if kinds not in ([], ["Point"]):
        raise UnsupportedElementError(f"Points are made of shapely points. Found {', '.join(kinds)}.")
    _warn_z("z" in gdf.columns, suppress_z_warning)
    coordinates = pd.DataFrame({"x": gdf.geometry.x, "y": gdf.geometry.y}, index=gdf.index)
    frame = pd.concat([coordinates, pd.DataFrame(gdf.drop(columns="geometry"))], axis=1)
    frame.attrs = {}
    keys = gdf.attrs.get(ATTRS_KEY, {})
    return PointsModel.parse(
        frame,
        feature_key=keys.get(PointsModel.FEATURE_KEY),
        instance_key=keys.get(PointsModel.INSTANCE_KEY),
        transformations=gdf.attrs.get(TRANSFORM_KEY),
    )


def _warn_z(has_z: bool, suppress: bool) -> None:
    if has_z and not suppress:
        warnings.warn("The geometries have x and y only; z stays a column.", UserWarning, stacklevel=3)
