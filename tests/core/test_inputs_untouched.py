"""Operations never change their inputs: every published function is called, and its arguments are as before."""

from __future__ import annotations

import importlib
import inspect
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
from spatialdata import models, regions, transformations
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
REGION = regions.Circle(target_coordinate_system="global", centre=np.array([20.0, 20.0]), radius=9.0)

# Functions that are there to change what they are given, or that take no elements.
EXEMPT = {
    "spatialdata.col",
    "spatialdata.register_accessor",
    "spatialdata.select_time",  # needs a raster with times; its tests have one
    "spatialdata.regions.tiles_of",
    "spatialdata.transformations.fit_landmarks",
    "spatialdata.transformations.read_alignment",
    "spatialdata.transformations.read_landmarks",
    "spatialdata.transformations.unit_scale",
    "spatialdata.disable_dask_tune_optimization",
    "spatialdata.get_bounding_box_corners",
    "spatialdata.models.force_2d",
    "spatialdata.models.get_spatial_axes",
    "spatialdata.models.validate_axes",
    "spatialdata.models.validate_axis_name",
    "spatialdata.rasterize_bins",  # needs bins; its tests have them
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
    "spatialdata.get_region_properties": [
        lambda s: sd.get_region_properties(s["blobs_labels"], s["blobs_image"], quantiles=[0.5]),
        lambda s: sd.get_region_properties(s["blobs_circles"], s["blobs_multiscale_image"]),
    ],
    "spatialdata.grid_over": [
        lambda s: sd.grid_over(s, 10.0),
        lambda s: sd.grid_over(s["blobs_points"], 5, "hexagons"),
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
    "spatialdata.mask": [
        lambda s: sd.mask(s["blobs_image"], s["blobs_labels"]),
        lambda s: sd.mask(s["blobs_multiscale_labels"], s["blobs_circles"], invert=True),
    ],
    "spatialdata.match_element_to_table": [lambda s: sd.match_element_to_table(s, "blobs_labels", "table")],
    "spatialdata.match_sdata_to_table": [lambda s: sd.match_sdata_to_table(s, "table")],
    "spatialdata.match_table_to_element": [lambda s: sd.match_table_to_element(s, "blobs_labels")],
    "spatialdata.nearest": [
        lambda s: sd.nearest(s["blobs_points"], s["blobs_circles"], k=2),
        lambda s: sd.nearest(s["blobs_labels"], s["blobs_labels"]),
    ],
    "spatialdata.polygon_query": [
        lambda s: sd.polygon_query(s, shapely.box(4, 4, 30, 30), "global"),
        lambda s: sd.polygon_query(s["blobs_polygons"], shapely.box(4, 4, 30, 30), "global", clip=True),
    ],
    "spatialdata.rasterize": [lambda s: sd.rasterize(s, **BOX, target_width=10)],
    "spatialdata.region_of_labels": [lambda s: sd.region_of_labels(s["blobs_labels"], [1, 2])],
    "spatialdata.sanitize_table": [lambda s: sd.sanitize_table(s["table"], inplace=False)],
    "spatialdata.select": [
        lambda s: [sd.select(element, REGION) for _, _, element in s.gen_spatial_elements()],
        lambda s: sd.select(s, [REGION, REGION]),
    ],
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
    "spatialdata.within_distance": [lambda s: sd.within_distance(s["blobs_circles"], s["blobs_points"], 4.0)],
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
    "spatialdata.models.validate_element": [
        lambda s: [models.validate_element(element) for _, _, element in s.gen_elements()]
    ],
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


def test_every_public_function_is_called() -> None:
    named = {name for name, fact in FACTS.items() if "call" in fact and name.rpartition(".")[0] in MODULES}
    for module in map(importlib.import_module, MODULES):
        named |= {f"{module.__name__}.{name}" for name in module.__all__ if inspect.isfunction(getattr(module, name))}
    assert named - set(CALLS) - EXEMPT == set()


MODULES = (
    "spatialdata", "spatialdata.dataloader", "spatialdata.models", "spatialdata.regions", "spatialdata.transformations",
)  # fmt: skip
METHODS: dict[str, Call] = {
    "filter_by_coordinate_system": lambda s: s.filter_by_coordinate_system("um"),
    "filter_by_table_query": lambda s: s.filter_by_table_query("table", obs_expr=sd.col("instance_id") > 2),
    "filter": lambda s: s.filter("table", obs=sd.col("instance_id") > 2),
    "subset": lambda s: s.subset(["blobs_labels"]),
    "transform_to_coordinate_system": lambda s: s.transform_to_coordinate_system("um"),
    "transform_element_to_coordinate_system": lambda s: s.transform_element_to_coordinate_system("blobs_labels", "um"),
    "groupby": lambda s: list(s.groupby("instance_id").values()),
    "match": lambda s: s.match("table"),
    "query": lambda s: s.query.bounding_box(**BOX),
    "aggregate": lambda s: s.aggregate(values="blobs_points", by="blobs_circles"),
    "annotate": lambda s: s.annotate("blobs_labels", by="blobs_circles", table_name="table"),
    "measure": lambda s: s.measure("blobs_labels", "blobs_image"),
    "info": lambda s: s.info(),
    "html": lambda s: s._repr_html_(),
    "text": repr,
    "get": lambda s: [s.get("blobs_labels"), s.get("nothing")],
    "get_attrs": lambda s: s.get_attrs("nested"),
    "get_annotated_regions": lambda s: s.get_annotated_regions(s["table"]),
    "get_instance_key_column": lambda s: s.get_instance_key_column(s["table"]),
    "get_region_key_column": lambda s: s.get_region_key_column(s["table"]),
    "gen_elements": lambda s: list(s.gen_elements()),
    "gen_spatial_elements": lambda s: list(s.gen_spatial_elements()),
    "gen_spatial_names": lambda s: list(s.gen_spatial_names()),
    "gen_transformations": lambda s: list(s.gen_transformations()),
    "is_backed": lambda s: [s.is_backed(), s.elements_paths_in_memory(), s.has_consolidated_metadata()],
    "init_from_elements": lambda s: sd.SpatialData.init_from_elements({"image": s["blobs_image"], "t": s["table"]}),
    "locate_element": lambda s: s.locate_element(s["blobs_image"]),
    "is_self_contained": lambda s: [s.is_self_contained(), s.elements_are_self_contained()],
    "pixel_size": lambda s: s.pixel_size("blobs_image"),
    "units": lambda s: s.units("global"),
    "validate_table_in_spatialdata": lambda s: s.validate_table_in_spatialdata(s["table"]),
    "write": lambda s: None,
}
CALLED_BESIDE = {
    "elements_are_self_contained", "elements_paths_in_memory", "elements_paths_on_disk", "has_consolidated_metadata",
}  # fmt: skip
# Methods that are there to change the object, its store or what they are given.
CHANGING = {
    "align", "create_image", "create_labels", "create_points", "create_shapes", "create_table",
    "delete_element_from_disk", "link", "link_element", "read", "rename_coordinate_systems", "rename_element",
    "set_channel_names", "set_table_annotates_spatialelement", "set_units", "unlink",
    "update_annotated_regions_metadata", "write_attrs", "write_channel_names", "write_consolidated_metadata",
    "write_element", "write_metadata", "write_transformations",
}  # fmt: skip


def test_every_public_method_is_called_or_changes_something() -> None:
    public = {name for name, value in inspect.getmembers(sd.SpatialData, callable) if not name.startswith("_")}
    assert public - set(METHODS) - CALLED_BESIDE - CHANGING == set()


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


def late(values: Any) -> Any:
    """Raises when it is given values, which is after everything has been looked at."""
    if np.size(values):
        raise RuntimeError("late")
    return values


FAILING: dict[str, Call] = {
    "aggregate by a function": lambda s: sd.aggregate(s["blobs_circles"], s["blobs_polygons"], agg_func=late),
    "aggregate in a space": lambda s: sd.aggregate(s["blobs_points"], s["blobs_labels"], None, None, "genes", "median"),
    "aggregate": lambda s: s.aggregate(values="blobs_points", by="blobs_circles", value_key="nothing"),
    "aggregate by points": lambda s: sd.aggregate(s["blobs_image"], s["blobs_points"]),
    "annotate": lambda s: s.annotate("blobs_labels", by="blobs_circles", column="nothing", table_name="table"),
    "box": lambda s: sd.bounding_box_query(s, **{**BOX, "target_coordinate_system": "nowhere"}),
    "boxes": lambda s: sd.bounding_box_query(s["blobs_circles"], **{**BOX, "max_coordinate": [1.0, 1.0]}),
    "circles": lambda s: sd.to_circles(s["blobs_points"]),
    "circles of negative radius": lambda s: sd.to_circles(s["blobs_points"], radius=-1.0),
    "concatenate": lambda s: sd.concatenate([s, s]),
    "filter": lambda s: s.filter("table", obs=sd.col("nothing") > 2),
    "groupby": lambda s: list(s.groupby("nothing").values()),
    "join": lambda s: sd.join_spatialelement_table(s, **JOIN, how="outer"),
    "map": lambda s: sd.map_raster(s["blobs_image"], late, dims=("y", "c", "x")).compute(),
    "map blocks": lambda s: sd.map_raster(s["blobs_multiscale_image"], late, meta=np.zeros(0)).compute(),
    "mask": lambda s: sd.mask(s["blobs_image"], s["blobs_image"]),
    "measure": lambda s: s.measure("blobs_labels", "blobs_image", statistics="nothing"),
    "match": lambda s: sd.match_table_to_element(s, "blobs_circles", "nothing"),
    "nearest": lambda s: sd.nearest(s["blobs_circles"], s["blobs_image"]),
    "polygons": lambda s: sd.to_polygons(s["blobs_image"]),
    "polygon": lambda s: sd.polygon_query(s["blobs_labels"], shapely.Point(0, 0), "global"),
    "properties": lambda s: sd.get_region_properties(s["blobs_labels"], s["blobs_points"]),
    "rasterize": lambda s: sd.rasterize(s["blobs_circles"], **BOX, target_width=10, value_key="nothing"),
    "rename": lambda s: s.rename_coordinate_systems({"nowhere": "um"}),
    "set channels": lambda s: s.set_channel_names("blobs_image", ["a"]),
    "store": lambda s: s.elements_paths_on_disk(),
    "transform": lambda s: sd.transform(s["table"], ROTATION),
    "transform to": lambda s: sd.transform(s["blobs_image"], to_coordinate_system="nowhere"),
    "values": lambda s: sd.get_values("nothing", sdata=s, element_name="blobs_labels", table_name="table"),
    "within": lambda s: sd.within_distance(s["blobs_circles"], s["blobs_points"], -1.0),
}


@pytest.mark.parametrize("name", FAILING)
def test_arguments_are_as_before_after_an_error(name: str) -> None:
    sdata, twin = example(), example()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises((ValueError, KeyError, TypeError, RuntimeError, NotImplementedError)):
            FAILING[name](sdata)
    assert_spatial_data_objects_are_identical(sdata, twin)
