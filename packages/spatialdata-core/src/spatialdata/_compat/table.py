"""Where the names of earlier releases live now: ``module: {name: "home"}`` or ``{name: "home:name there"}``."""

from __future__ import annotations

__all__ = ["OLD_MODULES"]

_ATTACH = "spatialdata.transformations.attach"
_BASE = "spatialdata.models.base"
_KEPT = "spatialdata._compat.kept"
_MODELS = "spatialdata.models"
_NAMES = "spatialdata._core.names"
_TOP = "spatialdata"
_TRANSFORMATIONS = "spatialdata.transformations"
_TYPES = "spatialdata.models.types"

OLD_MODULES: dict[str, dict[str, str]] = {
    "spatialdata._core._deepcopy": {"deepcopy": _TOP},
    "spatialdata._core._elements": dict.fromkeys(
        ("Elements", "Images", "Labels", "Points", "Shapes", "Tables"), "spatialdata._sdata.elements:Elements"
    ),
    "spatialdata._core._utils": {"sanitize_name": _TOP, "sanitize_table": _TOP},
    "spatialdata._core.centroids": {"get_centroids": _TOP},
    "spatialdata._core.concatenate": {"concatenate": _TOP},
    "spatialdata._core.data_extent": {"are_extents_equal": _TOP, "get_extent": _TOP},
    "spatialdata._core.operations._utils": {"transform_to_data_extent": "spatialdata._compat.extent"},
    "spatialdata._core.operations.aggregate": {"aggregate": _TOP},
    "spatialdata._core.operations.map": {"map_raster": _TOP, "relabel_sequential": _TOP},
    "spatialdata._core.operations.rasterize": {"rasterize": _TOP},
    "spatialdata._core.operations.rasterize_bins": {
        "rasterize_bins": _TOP,
        "rasterize_bins_link_table_to_labels": _TOP,
    },
    "spatialdata._core.operations.transform": {"transform": _TOP},
    "spatialdata._core.operations.vectorize": {"to_circles": _TOP, "to_polygons": _TOP},
    "spatialdata._core.query._utils": {"get_bounding_box_corners": _TOP},
    "spatialdata._core.query.relational_query": {
        "_left_join_spatialelement_table": _KEPT + ":left_join",
        "_locate_value": _KEPT + ":locate_value",
        "_ValueOrigin": _KEPT + ":ValueOrigin",
        "filter_by_table_query": _TOP,
        "get_element_annotators": _TOP,
        "get_element_instances": _TOP,
        "get_values": _TOP,
        "join_spatialelement_table": _TOP,
        "match_element_to_table": _TOP,
        "match_sdata_to_table": _TOP,
        "match_table_to_element": _TOP,
    },
    "spatialdata._core.query.spatial_query": {
        "BoundingBoxRequest": "spatialdata._sdata.query",
        "bounding_box_query": _TOP,
        "get_bounding_box_corners": _TOP,
        "polygon_query": _TOP,
    },
    "spatialdata._core.spatialdata": {"QueryManager": "spatialdata._sdata.query", "SpatialData": _TOP},
    "spatialdata._core.validation": {
        "ValidationError": "spatialdata.errors",
        "check_target_region_column_symmetry": _MODELS,
        "check_valid_name": f"{_NAMES}:check_name",
    },
    "spatialdata._docs": {"docstring_parameter": _KEPT},
    "spatialdata._io._utils": {"get_dask_backing_files": _TOP},
    "spatialdata._io.format": dict.fromkeys(
        (
            "CurrentPointsFormat",
            "CurrentRasterFormat",
            "CurrentShapesFormat",
            "CurrentSpatialDataContainerFormat",
            "CurrentTablesFormat",
            "PointsFormatV01",
            "PointsFormatV02",
            "RasterFormatV01",
            "RasterFormatV02",
            "RasterFormatV03",
            "ShapesFormatV01",
            "ShapesFormatV02",
            "ShapesFormatV03",
            "SpatialDataContainerFormatV01",
            "SpatialDataContainerFormatV02",
            "SpatialDataFormatType",
            "TablesFormatV01",
            "TablesFormatV02",
        ),
        "spatialdata.store.formats",
    ),
    "spatialdata._io.io_zarr": {"read_zarr": _TOP},
    "spatialdata._logging": {"logger": _KEPT},
    "spatialdata._types": {
        "ArrayLike": _KEPT,
        "ColorLike": _KEPT,
        "DTypeLike": "numpy.typing",
        "IntArrayLike": _KEPT,
        "Raster_T": _KEPT,
    },
    "spatialdata._utils": {
        "_deprecation_alias": _KEPT + ":deprecation_alias",
        "disable_dask_tune_optimization": _TOP,
        "get_pyramid_levels": _TOP,
        "unpad_raster": _TOP,
    },
    "spatialdata.models._utils": {
        "C": _MODELS,
        "DEFAULT_COORDINATE_SYSTEM": _KEPT,
        "MappingToCoordinateSystem_t": _KEPT,
        "SpatialElement": _TYPES,
        "TRANSFORM_KEY": _ATTACH,
        "X": _MODELS,
        "Y": _MODELS,
        "Z": _MODELS,
        "force_2d": _MODELS,
        "get_axes_names": _MODELS,
        "get_channel_names": _MODELS,
        "get_spatial_axes": _MODELS,
        "points_dask_dataframe_to_geopandas": _MODELS,
        "points_geopandas_to_dask_dataframe": _MODELS,
        "set_channel_names": _MODELS,
        "validate_axes": _MODELS,
        "validate_axis_name": _MODELS,
    },
    "spatialdata.models.chunks_utils": {"Chunks_t": _KEPT, "normalize_chunks": _KEPT},
    "spatialdata.models.models": {
        "ATTRS_KEY": _BASE,
        "C": _MODELS,
        "Chunks_t": _KEPT,
        "DEFAULT_COORDINATE_SYSTEM": _KEPT,
        "Image2DModel": _MODELS,
        "Image3DModel": _MODELS,
        "Labels2DModel": _MODELS,
        "Labels3DModel": _MODELS,
        "PointsModel": _MODELS,
        "RasterSchema": "spatialdata.models.raster:RasterModel",
        "ScaleFactors_t": "spatialdata.models.pyramid:ScaleFactors",
        "ShapesModel": _MODELS,
        "TRANSFORM_KEY": _ATTACH,
        "TableModel": _MODELS,
        "X": _MODELS,
        "Y": _MODELS,
        "Z": _MODELS,
        "check_target_region_column_symmetry": _MODELS,
        "get_model": _MODELS,
        "get_table_keys": _MODELS,
    },
    "spatialdata.transformations.operations": dict.fromkeys(
        (
            "align_elements_using_landmarks",
            "get_transformation",
            "get_transformation_between_coordinate_systems",
            "get_transformation_between_landmarks",
            "remove_transformation",
            "remove_transformations_to_coordinate_system",
            "set_transformation",
        ),
        _TRANSFORMATIONS,
    ),
    "spatialdata.transformations.transformations": dict.fromkeys(
        ("Affine", "BaseTransformation", "Identity", "MapAxis", "Scale", "Sequence", "Translation"), _TRANSFORMATIONS
    ),
}
