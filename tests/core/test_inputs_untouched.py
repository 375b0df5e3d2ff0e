"""Operations never change their inputs: every published function is called, and its arguments are as before."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import spatialdata as sd
from spatialdata import models, transformations
from spatialdata.datasets import blobs
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Affine, Scale

FACTS = json.loads((Path(__file__).parent / "facts" / "signatures.json").read_text())
BOX: dict[str, Any] = {
    "axes": ("x", "y"),
    "min_coordinate": [4.0, 4.0],
    "max_coordinate": [30.0, 30.0],
    "target_coordinate_system": "global",
}
JOIN: dict[str, Any] = {"spatial_element_names": "blobs_labels", "table_name": "table"}
ROTATION = Affine([[0.0, -1.0, 3.0], [1.0, 0.0, 2.0], [0.0, 0.0, 1.0]], input_axes=("x", "y"), output_axes=("x", "y"))

# Functions that are there to change what they are given, or that take no elements.
EXEMPT = {
    "spatialdata.disable_dask_tune_optimization",
    "spatialdata.get_bounding_box_corners",
    "spatialdata.models.force_2d",
    "spatialdata.models.get_spatial_axes",
    "spatialdata.models.validate_axes",
    "spatialdata.models.validate_axis_name",
    "spatialdata.rasterize_bins",  # needs an object of its own, see below
    "spatialdata.rasterize_bins_link_table_to_labels",
    "spatialdata.read_zarr",
    "spatialdata.relabel_sequential",
    "spatialdata.sanitize_name",
    "spatialdata.transformations.remove_transformation",
    "spatialdata.transformations.remove_transformations_to_coordinate_system",
    "spatialdata.transformations.set_transformation",
}

Call = Callable[[sd.SpatialData], Any]
CALLS: dict[str, list[Call]] = {
    "spatialdata.aggregate": [
        lambda s: sd.aggregate(s["blobs_points"], s["blobs_circles"]),
        lambda s: sd.aggregate("blobs_points", "blobs_circles", s, s, value_key="genes", agg_func="count"),
        lambda s: sd.aggregate(s["blobs_image"], s["blobs_labels"]),
        lambda s: sd.aggregate(s["blobs_circles"], s["blobs_polygons"], value_key="radius", fractions=True),
    ],
    "spatialdata.are_extents_equal": [lambda s: sd.are_extents_equal(sd.get_extent(s), sd.get_extent(s))],
    "spatialdata.bounding_box_query": [
        lambda s: sd.bounding_box_query(s, **BOX),
        *(lambda s, n=name: sd.bounding_box_query(s[n], **BOX) for name in ("blobs_points", "blobs_circles")),
        lambda s: sd.bounding_box_query(s["blobs_multiscale_labels"], **BOX),
    ],
    "spatialdata.concatenate": [
        lambda s: sd.concatenate([s]),
        lambda s: sd.concatenate({"a": s, "b": blobs(length=48)}, concatenate_tables=True, attrs_merge="first"),
    ],
    "spatialdata.deepcopy": [lambda s: sd.deepcopy(s)],
    "spatialdata.filter_by_table_query": [
        lambda s: sd.filter_by_table_query(s, "table", obs_expr=sd.col("instance_id") > 2)
    ],
    "spatialdata.get_centroids": [
        *(lambda s, n=name: sd.get_centroids(s[n]) for name in ("blobs_labels", "blobs_circles", "blobs_polygons")),
        lambda s: sd.get_centroids(s["blobs_points"]),
    ],
    "spatialdata.get_dask_backing_files": [lambda s: sd.get_dask_backing_files(s)],
    "spatialdata.get_element_annotators": [lambda s: sd.get_element_annotators(s, "blobs_labels")],
    "spatialdata.get_element_instances": [
        lambda s: sd.get_element_instances(s["blobs_labels"]),
        lambda s: sd.get_element_instances(s["blobs_circles"]),
    ],
    "spatialdata.get_extent": [lambda s: sd.get_extent(s), lambda s: sd.get_extent(s, exact=False)],
    "spatialdata.get_pyramid_levels": [lambda s: sd.get_pyramid_levels(s["blobs_multiscale_image"])],
    "spatialdata.get_values": [
        lambda s: sd.get_values("radius", element=s["blobs_circles"]),
        lambda s: sd.get_values("channel_0_sum", sdata=s, element_name="blobs_labels", table_name="table"),
    ],
    "spatialdata.join_spatialelement_table": [
        *(
            lambda s, h=how, m=rows: sd.join_spatialelement_table(s, **JOIN, how=h, match_rows=m)
            for how in ("left", "left_exclusive", "inner", "right", "right_exclusive")
            for rows in ("no", "left", "right")
        ),
        lambda s: sd.join_spatialelement_table(s, **JOIN, how="inner", filter_label_pixels=True),
    ],
    "spatialdata.map_raster": [lambda s: sd.map_raster(s["blobs_image"], lambda block: block + 1)],
    "spatialdata.match_element_to_table": [lambda s: sd.match_element_to_table(s, "blobs_labels", "table")],
    "spatialdata.match_sdata_to_table": [lambda s: sd.match_sdata_to_table(s, "table")],
    "spatialdata.match_table_to_element": [lambda s: sd.match_table_to_element(s, "blobs_labels")],
    "spatialdata.polygon_query": [
        lambda s: sd.polygon_query(s, shapely.box(4, 4, 30, 30), "global"),
        lambda s: sd.polygon_query(s["blobs_polygons"], shapely.box(4, 4, 30, 30), "global", clip=True),
    ],
    "spatialdata.rasterize": [lambda s: sd.rasterize(s, **BOX, target_width=10)],
    "spatialdata.sanitize_table": [lambda s: sd.sanitize_table(s["table"], inplace=False)],
    "spatialdata.to_circles": [
        lambda s: sd.to_circles(s["blobs_labels"]),
        lambda s: sd.to_circles(s["blobs_polygons"]),
        lambda s: sd.to_circles(s["blobs_points"], radius=1.0),
    ],
    "spatialdata.to_polygons": [
        lambda s: sd.to_polygons(s["blobs_labels"]),
        lambda s: sd.to_polygons(s["blobs_circles"]),
    ],
    "spatialdata.transform": [
        lambda s: sd.transform(s, to_coordinate_system="global"),
        *(
            lambda s, n=name: sd.transform(s[n], ROTATION, maintain_positioning=True)
            for name in ("blobs_image", "blobs_multiscale_labels", "blobs_points", "blobs_circles", "blobs_polygons")
        ),
    ],
    "spatialdata.unpad_raster": [lambda s: sd.unpad_raster(s["blobs_labels"])],
    "spatialdata.models.check_target_region_column_symmetry": [
        lambda s: models.check_target_region_column_symmetry(s["table"], "region", "blobs_labels")
    ],
    "spatialdata.models.get_axes_names": [lambda s: models.get_axes_names(s["blobs_points"])],
    "spatialdata.models.get_channel_names": [lambda s: models.get_channel_names(s["blobs_image"])],
    "spatialdata.models.get_model": [lambda s: [models.get_model(element) for _, _, element in s.gen_elements()]],
    "spatialdata.models.get_table_keys": [lambda s: models.get_table_keys(s["table"])],
    "spatialdata.models.points_dask_dataframe_to_geopandas": [
        lambda s: models.points_dask_dataframe_to_geopandas(s["blobs_points"])
    ],
    "spatialdata.models.points_geopandas_to_dask_dataframe": [
        lambda s: models.points_geopandas_to_dask_dataframe(s["blobs_circles"])
    ],
    "spatialdata.models.set_channel_names": [lambda s: models.set_channel_names(s["blobs_image"], ["a", "b", "c"])],
    "spatialdata.transformations.align_elements_using_landmarks": [
        lambda s: transformations.align_elements_using_landmarks(
            s["blobs_circles"], s["blobs_circles"], s["blobs_image"], s["blobs_labels"]
        )
    ],
    "spatialdata.transformations.get_transformation": [
        lambda s: transformations.get_transformation(s["blobs_image"], "um")
    ],
    "spatialdata.transformations.get_transformation_between_coordinate_systems": [
        lambda s: transformations.get_transformation_between_coordinate_systems(s, "global", "um")
    ],
    "spatialdata.transformations.get_transformation_between_landmarks": [
        lambda s: transformations.get_transformation_between_landmarks(s["blobs_circles"], s["blobs_circles"])
    ],
}


def example() -> sd.SpatialData:
    sdata = blobs(length=48)
    transformations.set_transformation(sdata["blobs_image"], Scale([2.0, 2.0], ("x", "y")), "um")
    sdata.attrs["nested"] = {"key": [1, 2]}
    return sdata


@pytest.mark.parametrize("name", CALLS)
def test_arguments_are_as_before(name: str) -> None:
    sdata, twin = example(), example()
    for call in CALLS[name]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            call(sdata)
        assert_spatial_data_objects_are_identical(sdata, twin)


def test_every_published_function_is_called() -> None:
    published = {
        name
        for name, fact in FACTS.items()
        if "call" in fact
        and name.rpartition(".")[0] in ("spatialdata", "spatialdata.models", "spatialdata.transformations")
    }
    assert published - set(CALLS) - EXEMPT == set()


METHODS: dict[str, Call] = {
    "filter_by_coordinate_system": lambda s: s.filter_by_coordinate_system("um"),
    "subset": lambda s: s.subset(["blobs_labels"]),
    "transform_to_coordinate_system": lambda s: s.transform_to_coordinate_system("um"),
    "transform_element_to_coordinate_system": lambda s: s.transform_element_to_coordinate_system("blobs_labels", "um"),
    "groupby": lambda s: list(s.groupby("instance_id").values()),
    "match": lambda s: s.match("table"),
    "query": lambda s: s.query.bounding_box(**BOX),
    "aggregate": lambda s: s.aggregate(values="blobs_points", by="blobs_circles"),
    "info": lambda s: s.info(),
    "html": lambda s: s._repr_html_(),
    "text": repr,
    "get_attrs": lambda s: s.get_attrs("nested"),
    "write": lambda s: None,
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_leave_the_object_as_it_was(name: str, tmp_path: Path) -> None:
    sdata, twin = example(), example()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        METHODS[name](sdata)
        if name == "write":
            sdata.write(tmp_path / "s.zarr", update_sdata_path=False)
    assert_spatial_data_objects_are_identical(sdata, twin)


def test_parsers_leave_their_input_as_it_was() -> None:
    array = np.arange(12.0).reshape(3, 2, 2)
    systems = {"um": Scale([2.0, 2.0], ("x", "y"))}
    before = dict(systems)
    image = models.Image2DModel.parse(array, transformations=systems)
    image.attrs["transform"]["other"] = Scale([1.0], ("x",))
    frame = pd.DataFrame({"px": [1.0, 2.0], "py": [3.0, 4.0], "gene": ["a", "b"]}, index=[5, 3])
    copy = frame.copy()
    points = models.PointsModel.parse(
        frame, coordinates={"x": "px", "y": "py"}, feature_key="gene", transformations=systems
    )
    points.attrs["transform"]["other"] = Scale([1.0], ("x",))
    pd.testing.assert_frame_equal(frame, copy)
    assert frame.attrs == {}
    circles = models.ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=1.0)
    again = models.ShapesModel.parse(circles.drop(columns=[]))
    again.attrs["transform"]["other"] = Scale([1.0], ("x",))
    again["new"] = 1
    assert set(circles.attrs["transform"]) == {"global"}
    assert list(circles.columns) == ["geometry", "radius"]
    assert systems == before
