"""The type of spatial elements, for isinstance and annotations."""

from __future__ import annotations

from typing import TypeAlias

from dask.dataframe import DataFrame as DaskDataFrame
from geopandas import GeoDataFrame
from xarray import DataArray, DataTree

__all__ = ["SpatialElement"]

SpatialElement: TypeAlias = DataArray | DataTree | GeoDataFrame | DaskDataFrame
