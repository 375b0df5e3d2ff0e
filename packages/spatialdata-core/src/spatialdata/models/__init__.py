"""Models of elements: what an element must be, and how one is made."""

from __future__ import annotations

from spatialdata._core.axes import C, T, X, Y, Z, get_spatial_axes, validate_axes, validate_axis_name
from spatialdata._core.lazy import lazy_names
from spatialdata.models.channels import get_channel_names, set_channel_names
from spatialdata.models.frames import points_dask_dataframe_to_geopandas, points_geopandas_to_dask_dataframe
from spatialdata.models.model import force_2d, get_axes_names, get_model, validate_element
from spatialdata.models.points import PointsModel
from spatialdata.models.raster import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel
from spatialdata.models.shapes import ShapesModel
from spatialdata.models.table import TableModel, check_target_region_column_symmetry, get_table_keys

__all__ = [
    "C",
    "Image2DModel",
    "Image3DModel",
    "Labels2DModel",
    "Labels3DModel",
    "PointsModel",
    "ShapesModel",
    "SpatialElement",
    "T",
    "TableModel",
    "X",
    "Y",
    "Z",
    "check_target_region_column_symmetry",
    "force_2d",
    "get_axes_names",
    "get_channel_names",
    "get_model",
    "get_spatial_axes",
    "get_table_keys",
    "points_dask_dataframe_to_geopandas",
    "points_geopandas_to_dask_dataframe",
    "set_channel_names",
    "validate_axes",
    "validate_axis_name",
    "validate_element",
]

__getattr__, __dir__ = lazy_names(__name__, {"SpatialElement": "spatialdata.models.types"}, __all__)
