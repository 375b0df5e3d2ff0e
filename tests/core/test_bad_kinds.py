"""Every public callable, given something of the wrong kind, says so itself: no error comes out of a library below."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import spatialdata as sd
from spatialdata import SpatialData
from spatialdata.datasets import blobs
from spatialdata.models import (
    Image2DModel,
    Labels2DModel,
    PointsModel,
    ShapesModel,
    TableModel,
    force_2d,
    get_axes_names,
    get_channel_names,
    get_model,
    get_table_keys,
    points_dask_dataframe_to_geopandas,
    points_geopandas_to_dask_dataframe,
    set_channel_names,
    validate_element,
)
from spatialdata.transformations import (
    Identity,
    get_transformation,
    get_transformation_between_coordinate_systems,
    get_transformation_between_landmarks,
    remove_transformation,
    set_transformation,
)

PACKAGE = str(Path(sd.__file__).parent)
OBJECT = blobs(length=48)
BOX: dict[str, Any] = {"axes": ("x", "y"), "min_coordinate": [0, 0], "max_coordinate": [5, 5]}
SQUARE = shapely.box(0, 0, 5, 5)

THINGS: dict[str, Callable[[], Any]] = {
    "image": lambda: OBJECT["blobs_image"],
    "labels of several scales": lambda: OBJECT["blobs_multiscale_labels"],
    "points": lambda: OBJECT["blobs_points"],
    "circles": lambda: OBJECT["blobs_circles"],
    "polygons": lambda: OBJECT["blobs_polygons"],
    "table": lambda: OBJECT["table"],
    "object": lambda: OBJECT,
    "labels with time": lambda: Labels2DModel.parse(np.ones((3, 8, 8), int), dims=("t", "y", "x")),
    "no points": lambda: PointsModel.parse(np.zeros((0, 2))),
    "points nowhere": lambda: PointsModel.parse(pd.DataFrame({"x": [np.nan, 1.0], "y": [1.0, 2.0]})),
    "circles without radius": lambda: geopandas.GeoDataFrame(geometry=[shapely.Point(0, 0)]),
    "no shapes": lambda: geopandas.GeoDataFrame(geometry=[]),
    "None": lambda: None,
    "number": lambda: 3,
    "text": lambda: "x",
    "list": list,
    "frame": pd.DataFrame,
    "array": lambda: np.zeros((3, 3)),
}

CALLS: dict[str, Callable[[Any], Any]] = {
    "bounding_box_query": lambda e: sd.bounding_box_query(e, **BOX, target_coordinate_system="global"),
    "bounding_box_query elsewhere": lambda e: sd.bounding_box_query(e, **BOX, target_coordinate_system="nowhere"),
    "bounding box": lambda e: sd.get_bounding_box_corners(("x", "y"), e, e),
    "polygon_query": lambda e: sd.polygon_query(e, SQUARE, "global", clip=True),
    "polygon": lambda e: sd.polygon_query(OBJECT["blobs_points"], e, "global"),
    "select_time": lambda e: sd.select_time(e, 0),
    "get_extent": sd.get_extent,
    "get_extent elsewhere": lambda e: sd.get_extent(e, "nowhere"),
    "are_extents_equal": lambda e: sd.are_extents_equal(e, e),
    "get_centroids": sd.get_centroids,
    "to_circles": sd.to_circles,
    "to_polygons": sd.to_polygons,
    "region_of_labels": sd.region_of_labels,
    "transform": lambda e: sd.transform(e, to_coordinate_system="global"),
    "transform elsewhere": lambda e: sd.transform(e, to_coordinate_system="nowhere"),
    "rasterize": lambda e: sd.rasterize(e, **BOX, target_coordinate_system="global", target_width=5),
    "rasterize_bins": lambda e: sd.rasterize_bins(e, "blobs_circles", "table", "a", "b"),
    "map_raster": lambda e: sd.map_raster(e, lambda block: block),
    "mask": lambda e: sd.mask(e, SQUARE),
    "mask by": lambda e: sd.mask(OBJECT["blobs_image"], e),
    "relabel_sequential": sd.relabel_sequential,
    "unpad_raster": sd.unpad_raster,
    "get_pyramid_levels": lambda e: list(sd.get_pyramid_levels(e)),
    "get_region_properties": sd.get_region_properties,
    "nearest": lambda e: sd.nearest(e, OBJECT["blobs_points"]),
    "within_distance": lambda e: sd.within_distance(OBJECT["blobs_points"], e, 2.0),
    "aggregate values": lambda e: sd.aggregate(e, OBJECT["blobs_polygons"]),
    "aggregate by": lambda e: sd.aggregate(OBJECT["blobs_points"], e),
    "concatenate": sd.concatenate,
    "concatenate one": lambda e: sd.concatenate([e]),
    "deepcopy": sd.deepcopy,
    "SpatialDataCollection": sd.SpatialDataCollection,
    "get_dask_backing_files": sd.get_dask_backing_files,
    "sanitize_name": sd.sanitize_name,
    "sanitize_table": lambda e: sd.sanitize_table(e, inplace=False),
    "get_element_instances": sd.get_element_instances,
    "get_element_annotators": lambda e: sd.get_element_annotators(e, "blobs_labels"),
    "get_values": lambda e: sd.get_values("instance_id", element=e),
    "get_values of": lambda e: sd.get_values("x", sdata=e, element_name="blobs_labels", table_name="table"),
    "match_table_to_element": lambda e: sd.match_table_to_element(e, "blobs_labels"),
    "match_element_to_table": lambda e: sd.match_element_to_table(e, "blobs_circles", "table"),
    "match_sdata_to_table": lambda e: sd.match_sdata_to_table(e, "table"),
    "filter_by_table_query": lambda e: sd.filter_by_table_query(e, "table"),
    "join of": lambda e: sd.join_spatialelement_table(sdata=e, spatial_element_names="a", table_name="table"),
    "join element": lambda e: sd.join_spatialelement_table(
        spatial_elements=e, spatial_element_names=["a"], table=OBJECT["table"]
    ),
    "join table": lambda e: sd.join_spatialelement_table(sdata=OBJECT, spatial_element_names=["blobs_labels"], table=e),
    "get_model": get_model,
    "validate_element": validate_element,
    "get_axes_names": get_axes_names,
    "get_channel_names": get_channel_names,
    "set_channel_names": lambda e: set_channel_names(e, ["a", "b", "c"]),
    "get_table_keys": get_table_keys,
    "force_2d": lambda e: force_2d(e.copy() if isinstance(e, geopandas.GeoDataFrame) else e),
    "points to frame": points_dask_dataframe_to_geopandas,
    "frame to points": points_geopandas_to_dask_dataframe,
    **{f"{model.__name__}.parse": model.parse for model in (Image2DModel, Labels2DModel, PointsModel, ShapesModel)},
    "TableModel.parse": TableModel.parse,
    **{f"{model.__name__}.validate": model.validate for model in (Image2DModel, PointsModel, ShapesModel, TableModel)},
    "get_transformation": get_transformation,
    "set_transformation": lambda e: set_transformation(e, e, "new"),
    "set_transformation on": lambda e: set_transformation(None if isinstance(e, SpatialData) else e, Identity(), "w"),
    "remove_transformation": lambda e: remove_transformation(e, "nowhere"),
    "between": lambda e: get_transformation_between_coordinate_systems(OBJECT, e, "global"),
    "landmarks": lambda e: get_transformation_between_landmarks(e, e),
    "SpatialData(images)": lambda e: SpatialData(images=e),
    "SpatialData(image)": lambda e: SpatialData(images={"a": e}),
    "SpatialData(table)": lambda e: SpatialData(tables={"a": e}),
    "init_from_elements": SpatialData.init_from_elements,
    "init_from_elements of": lambda e: SpatialData.init_from_elements({"a": e}),
    "[]": lambda e: OBJECT[e],
    "[]=": lambda e: SpatialData().__setitem__("a", e),
    "subset": OBJECT.subset,
    "filter_by_coordinate_system": OBJECT.filter_by_coordinate_system,
    "rename_coordinate_systems": OBJECT.rename_coordinate_systems,
    "locate_element": OBJECT.locate_element,
    "transform_to_coordinate_system": OBJECT.transform_to_coordinate_system,
    "transform_element": lambda e: OBJECT.transform_element_to_coordinate_system(e, "global"),
    "get_attrs": OBJECT.get_attrs,
    "write_element": OBJECT.write_element,
    "delete_element_from_disk": OBJECT.delete_element_from_disk,
    "groupby": OBJECT.groupby,
    "measure": OBJECT.measure,
    "annotate": lambda e: OBJECT.annotate(e, "blobs_polygons"),
    "set_units": lambda e: OBJECT.set_units("global", e) if not isinstance(e, str) else None,
    "pixel_size": OBJECT.pixel_size,
    "update_annotated_regions_metadata": SpatialData.update_annotated_regions_metadata,
    "get_annotated_regions": SpatialData.get_annotated_regions,
    "validate_table_in_spatialdata": OBJECT.validate_table_in_spatialdata,
    "set_table_annotates": lambda e: OBJECT.set_table_annotates_spatialelement("table", e),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS)
def test_errors_are_our_own(call: str) -> None:
    wrong = []
    for name, make in THINGS.items():
        thing = OBJECT["table"].copy() if name == "table" else make()
        try:
            CALLS[call](thing)
        except (TypeError, ValueError, KeyError, RuntimeError, OSError, NotImplementedError) as error:
            innermost = traceback.extract_tb(error.__traceback__)[-1]
            if not innermost.filename.startswith(PACKAGE) or not str(error):
                wrong.append(f"{name}: {type(error).__name__}: {error} ({innermost.filename}:{innermost.lineno})")
    assert not wrong, "\n".join(wrong)
