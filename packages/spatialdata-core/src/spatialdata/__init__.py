"""SpatialData: images, labels, points, shapes and tables of spatial omics in one object and one store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata._compat import install as _serve_old_modules
from spatialdata._core.lazy import lazy_names

if TYPE_CHECKING:
    from spatialdata import dataloader, datasets, models, regions, transformations
    from spatialdata._core.accessors import register_accessor
    from spatialdata._core.names import sanitize_name
    from spatialdata.collection import SpatialDataCollection
    from spatialdata.config import disable_dask_tune_optimization, settings
    from spatialdata.models.table_names import sanitize_table
    from spatialdata.ops.aggregate import aggregate
    from spatialdata.ops.centroids import get_centroids
    from spatialdata.ops.concatenate import concatenate
    from spatialdata.ops.deepcopy import deepcopy
    from spatialdata.ops.extent import are_extents_equal, get_extent
    from spatialdata.ops.grid_over import grid_over
    from spatialdata.ops.map_raster import map_raster
    from spatialdata.ops.mask import mask
    from spatialdata.ops.neighbours import nearest, within_distance
    from spatialdata.ops.pyramid_levels import get_pyramid_levels
    from spatialdata.ops.rasterize import rasterize
    from spatialdata.ops.rasterize_bins import rasterize_bins, rasterize_bins_link_table_to_labels
    from spatialdata.ops.region_properties import get_region_properties
    from spatialdata.ops.relabel import relabel_sequential
    from spatialdata.ops.select import bounding_box_query, get_bounding_box_corners, polygon_query, select
    from spatialdata.ops.select_labels import region_of_labels
    from spatialdata.ops.select_time import select_time
    from spatialdata.ops.to_vector import to_circles, to_polygons
    from spatialdata.ops.transform import transform
    from spatialdata.ops.unpad_raster import unpad_raster
    from spatialdata.relations.annotate import get_element_annotators
    from spatialdata.relations.expression import col
    from spatialdata.relations.filter_object import filter_by_table_query
    from spatialdata.relations.instances import get_element_instances
    from spatialdata.relations.join import join_spatialelement_table
    from spatialdata.relations.match import match_element_to_table, match_sdata_to_table, match_table_to_element
    from spatialdata.relations.values import get_values
    from spatialdata.sdata import SpatialData, read_zarr
    from spatialdata.store.backing import get_dask_backing_files
    from spatialdata.store.formats import SpatialDataFormatType

__version__ = "0.9.0"

_HOMES = {
    "SpatialData": "spatialdata.sdata",
    "SpatialDataCollection": "spatialdata.collection",
    "SpatialDataFormatType": "spatialdata.store.formats",
    "aggregate": "spatialdata.ops.aggregate",
    "are_extents_equal": "spatialdata.ops.extent",
    "bounding_box_query": "spatialdata.ops.select",
    "col": "spatialdata.relations.expression",
    "concatenate": "spatialdata.ops.concatenate",
    "dataloader": "spatialdata.dataloader",
    "datasets": "spatialdata.datasets",
    "deepcopy": "spatialdata.ops.deepcopy",
    "disable_dask_tune_optimization": "spatialdata.config",
    "filter_by_table_query": "spatialdata.relations.filter_object",
    "get_bounding_box_corners": "spatialdata.ops.select",
    "get_centroids": "spatialdata.ops.centroids",
    "get_dask_backing_files": "spatialdata.store.backing",
    "get_element_annotators": "spatialdata.relations.annotate",
    "get_element_instances": "spatialdata.relations.instances",
    "get_extent": "spatialdata.ops.extent",
    "get_pyramid_levels": "spatialdata.ops.pyramid_levels",
    "get_region_properties": "spatialdata.ops.region_properties",
    "get_values": "spatialdata.relations.values",
    "grid_over": "spatialdata.ops.grid_over",
    "join_spatialelement_table": "spatialdata.relations.join",
    "map_raster": "spatialdata.ops.map_raster",
    "mask": "spatialdata.ops.mask",
    "match_element_to_table": "spatialdata.relations.match",
    "match_sdata_to_table": "spatialdata.relations.match",
    "match_table_to_element": "spatialdata.relations.match",
    "models": "spatialdata.models",
    "nearest": "spatialdata.ops.neighbours",
    "polygon_query": "spatialdata.ops.select",
    "rasterize": "spatialdata.ops.rasterize",
    "rasterize_bins": "spatialdata.ops.rasterize_bins",
    "rasterize_bins_link_table_to_labels": "spatialdata.ops.rasterize_bins",
    "read_zarr": "spatialdata.sdata",
    "region_of_labels": "spatialdata.ops.select_labels",
    "regions": "spatialdata.regions",
    "register_accessor": "spatialdata._core.accessors",
    "relabel_sequential": "spatialdata.ops.relabel",
    "sanitize_name": "spatialdata._core.names",
    "sanitize_table": "spatialdata.models.table_names",
    "select": "spatialdata.ops.select",
    "select_time": "spatialdata.ops.select_time",
    "settings": "spatialdata.config",
    "to_circles": "spatialdata.ops.to_vector",
    "to_polygons": "spatialdata.ops.to_vector",
    "transform": "spatialdata.ops.transform",
    "transformations": "spatialdata.transformations",
    "within_distance": "spatialdata.ops.neighbours",
    "unpad_raster": "spatialdata.ops.unpad_raster",
}

__all__ = [
    "SpatialData",
    "SpatialDataCollection",
    "SpatialDataFormatType",
    "__version__",
    "aggregate",
    "are_extents_equal",
    "bounding_box_query",
    "col",
    "concatenate",
    "dataloader",
    "datasets",
    "deepcopy",
    "disable_dask_tune_optimization",
    "filter_by_table_query",
    "get_bounding_box_corners",
    "get_centroids",
    "get_dask_backing_files",
    "get_element_annotators",
    "get_element_instances",
    "get_extent",
    "get_pyramid_levels",
    "get_region_properties",
    "get_values",
    "grid_over",
    "join_spatialelement_table",
    "map_raster",
    "mask",
    "match_element_to_table",
    "match_sdata_to_table",
    "match_table_to_element",
    "models",
    "nearest",
    "polygon_query",
    "rasterize",
    "rasterize_bins",
    "rasterize_bins_link_table_to_labels",
    "read_zarr",
    "region_of_labels",
    "regions",
    "register_accessor",
    "relabel_sequential",
    "sanitize_name",
    "sanitize_table",
    "select",
    "select_time",
    "settings",
    "to_circles",
    "to_polygons",
    "transform",
    "transformations",
    "unpad_raster",
    "within_distance",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES, __all__)
_serve_old_modules()
