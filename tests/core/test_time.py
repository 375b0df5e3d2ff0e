"""Rasters, points and shapes with times; what is expected is cut out of numpy arrays and written as JSON by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
import zarr
from anndata import AnnData

import spatialdata
from spatialdata import SpatialData, bounding_box_query, get_extent, read_zarr, select_time
from spatialdata.errors import (
    SeveralTimesError,
    StoreError,
    TransformationError,
    UnknownTimeError,
    UnsupportedElementError,
    ValidationError,
)
from spatialdata.models import (
    Image2DModel,
    Image3DModel,
    Labels2DModel,
    Labels3DModel,
    PointsModel,
    ShapesModel,
    TableModel,
    get_axes_names,
    get_channel_names,
    get_model,
)
from spatialdata.testing import assert_elements_are_identical
from spatialdata.transformations import Affine, Scale, get_transformation

TIMES = [0.0, 1.5, 10.0]
SERIES = np.arange(3 * 2 * 6 * 8, dtype=np.uint16).reshape(3, 2, 6, 8)


def series(**kwargs: Any) -> Any:
    return Image2DModel.parse(
        SERIES, dims=("t", "c", "y", "x"), c_coords=["a", "b"], t_coords=TIMES, t_unit="second", **kwargs
    )


@pytest.mark.parametrize(
    ("model", "dims"),
    [(Image2DModel, "tcyx"), (Image3DModel, "tczyx"), (Labels2DModel, "tyx"), (Labels3DModel, "tzyx")],
)
def test_each_raster_model_takes_a_time_axis_in_any_place(model: Any, dims: str, tmp_path: Path) -> None:
    sizes = {"t": 3, "c": 2, "z": 4, "y": 6, "x": 8}
    shape = tuple(sizes[dim] for dim in dims)
    pixels = np.random.default_rng(0).integers(0, 9, shape)
    turned = tuple(reversed(dims))
    element = model.parse(pixels.transpose(), dims=turned, t_coords=TIMES, t_unit="minute", scale_factors=[2])
    finest = element["scale0"]["image"]
    assert finest.dims == tuple(dims)
    assert get_axes_names(element) == tuple(dims)
    assert get_model(element) is model
    np.testing.assert_array_equal(finest.data.compute(), pixels)
    coarse = element["scale1"]["image"]
    assert coarse.sizes["t"] == 3
    assert {dim: coarse.sizes[dim] for dim in dims if dim in "yx"} == {"y": 3, "x": 4}
    for level in (finest, coarse):
        assert level.coords["t"].values.tolist() == TIMES
        assert level.coords["t"].attrs["units"] == "minute"
    container = "images" if "c" in dims else "labels"
    SpatialData(**{container: {"movie": element}}).write(tmp_path / "store.zarr")
    back = read_zarr(tmp_path / "store.zarr")
    assert_elements_are_identical(back["movie"], element)
    assert back["movie"]["scale1"]["image"].coords["t"].attrs == {"units": "minute"}
    assert f"[{dims}]" in repr(back)
    assert f"[{dims}]" in back._repr_html_()


@pytest.mark.parametrize("container", [1, 2])
@pytest.mark.parametrize(
    ("times", "scale", "start", "points"),
    [
        ([0, 1, 2], 1, 0, None),
        ([5, 8, 11], 3, 5, None),
        ([0.0, 0.5, 1.0], 0.5, 0.0, None),
        ([0.0, 1.5, 10.0], 1, 0, [0.0, 1.5, 10.0]),
    ],
)
def test_times_are_stored_as_ome_zarr_says_them(
    tmp_path: Path, container: int, times: list[float], scale: float, start: float, points: list[float] | None
) -> None:
    from spatialdata._io.format import SpatialDataContainerFormatV01, SpatialDataContainerFormatV02

    movie = Labels2DModel.parse(
        np.ones((3, 4, 4), int), dims=("t", "y", "x"), t_coords=times, t_unit="second", scale_factors=[2]
    )
    formats = (SpatialDataContainerFormatV01, SpatialDataContainerFormatV02)[container - 1]()
    SpatialData(labels={"movie": movie}).write(tmp_path / "s.zarr", sdata_formats=formats)
    folder = tmp_path / "s.zarr" / "labels" / "movie"
    if container == 2:
        multiscale = json.loads((folder / "zarr.json").read_text())["attributes"]["ome"]["multiscales"][0]
    else:
        multiscale = json.loads((folder / ".zattrs").read_text())["multiscales"][0]
    axis = {"name": "t", "type": "time", "unit": "second"}
    assert multiscale["axes"][0] == (axis if points is None else {**axis, "points": points})
    for dataset, step in zip(multiscale["datasets"], (1, 2), strict=True):
        steps = {entry["type"]: entry[entry["type"]] for entry in dataset["coordinateTransformations"]}
        assert steps["scale"] == [scale, step, step]
        shift = (step - 1) / 2
        assert steps.get("translation", [0, 0, 0]) == [start, shift, shift]
    back = read_zarr(tmp_path / "s.zarr")["movie"]["scale0"]["image"].coords["t"]
    assert back.values.tolist() == times
    assert back.dtype == np.array(times).dtype


def test_a_dataarray_brings_its_times() -> None:
    parsed = Image2DModel.parse(series())
    assert parsed.coords["t"].values.tolist() == TIMES
    assert parsed.coords["t"].attrs == {"units": "second"}
    assert get_channel_names(parsed) == ["a", "b"]
    counted = Image2DModel.parse(SERIES, dims=("t", "c", "y", "x"))
    assert counted.coords["t"].values.tolist() == [0, 1, 2]


@pytest.mark.parametrize("times", [[0.0, 1.0, 1.0], [2.0, 1.0, 0.0], [0.0, np.nan, 1.0], ["a", "b", "c"]])
def test_times_that_do_not_rise_are_refused(times: list[Any]) -> None:
    with pytest.raises(ValidationError, match="coords/t: times"):
        Image2DModel.parse(SERIES, dims=("t", "c", "y", "x"), t_coords=times)


def test_times_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="3 points in time, but t_coords has the shape"):
        Image2DModel.parse(SERIES, dims=("t", "c", "y", "x"), t_coords=[1, 2])
    with pytest.raises(ValueError, match="rasters with an axis t"):
        Image2DModel.parse(SERIES[0], t_coords=[1])
    with pytest.raises(ValueError, match="or those and 't'"):
        Image2DModel.parse(SERIES)
    with pytest.raises(ValueError, match="names the axis 't'"):
        series(scale_factors=[{"t": 2, "y": 2, "x": 2}])


@pytest.mark.parametrize("factors", [None, [2]])
def test_a_box_in_space_and_time(factors: list[int] | None) -> None:
    image = series(scale_factors=factors)
    found = bounding_box_query(image, ("t", "y", "x"), [1, 2, 2], [10, 6, 4], "global")
    level = found["scale0"]["image"] if factors else found
    np.testing.assert_array_equal(level.data.compute(), SERIES[1:, :, 2:6, 2:4])
    assert level.coords["t"].values.tolist() == [1.5, 10.0]
    assert level.coords["t"].attrs == {"units": "second"}
    assert level.coords["c"].values.tolist() == ["a", "b"]
    assert get_extent(found) == {"y": (2.0, 6.0), "x": (2.0, 4.0)}
    assert bounding_box_query(image, ("t",), [2], [9], "global") is None
    still = Image2DModel.parse(SERIES[0])
    assert bounding_box_query(still, ("t",), [2], [9], "global").shape == (2, 6, 8)
    request = bounding_box_query(image, ("t", "x"), [1, 2], [10, 4], "global", return_request_only=True)
    assert request == {"t": slice(1.0, 10.0), "x": slice(2.0, 4.0)}


@pytest.mark.parametrize(
    ("closed", "kept"), [(None, [0, 1]), ("both", [0, 1]), ("left", [0]), ("right", [1]), ("neither", [])]
)
def test_bounds_in_time_belong_to_the_box_unless_said_otherwise(closed: Any, kept: list[int]) -> None:
    found = bounding_box_query(series(), ("t",), [0], [1.5], "global", closed=closed)
    assert ([] if found is None else found.data.compute().tolist()) == SERIES[kept].tolist()
    frame = pd.DataFrame({"x": [0.0, 1, 2], "y": [0.0, 1, 2], "t": TIMES})
    points = bounding_box_query(PointsModel.parse(frame), ("t",), [0], [1.5], "global", closed=closed)
    assert ([] if points is None else points.compute().index.tolist()) == kept


def test_points_and_shapes_at_times(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    frame = pd.DataFrame({axis: generator.random(100) for axis in "xy"} | {"frame": generator.integers(0, 5, 100)})
    points = PointsModel.parse(frame, coordinates={"x": "x", "y": "y", "t": "frame"})
    assert get_axes_names(points) == ("x", "y")
    discs = geopandas.GeoDataFrame(
        {"t": frame["frame"], "radius": 0.1}, geometry=shapely.points(frame[["x", "y"]].to_numpy())
    )
    SpatialData(points={"p": points}, shapes={"s": ShapesModel.parse(discs)}).write(tmp_path / "s.zarr")
    sdata = read_zarr(tmp_path / "s.zarr")
    expected = frame.index[(frame["frame"].between(2, 3)) & (frame["x"] > 0.25) & (frame["x"] < 0.75)].tolist()
    found = bounding_box_query(sdata, ("t", "x"), [2, 0.25], [3, 0.75], "global")
    assert sorted(found["p"].compute().index) == expected
    assert sorted(found["s"].index) == expected
    assert sorted(select_time(sdata["p"], 4).compute().index) == frame.index[frame["frame"] == 4].tolist()
    assert select_time(sdata["p"], 9) is None
    with pytest.raises(ValueError, match="the column 't' is of the type"):
        bounding_box_query(PointsModel.parse(frame.assign(t="now")), ("t",), [0], [1], "global")


def test_only_row_groups_of_the_time_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spatialdata.store import parquet, portions

    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 10)
    frame = pd.DataFrame({"x": np.arange(40.0) % 7, "y": 0.0, "t": np.repeat([0, 1, 2, 3], 10)})
    SpatialData(points={"p": PointsModel.parse(frame)}).write(tmp_path / "s.zarr", points_layout="kept")
    read: list[Any] = []
    original = portions.read_portion
    monkeypatch.setattr(
        "spatialdata.store.point_files.read_portion",
        lambda found, **more: read.extend(found) or original(found, **more),
    )
    found = bounding_box_query(read_zarr(tmp_path / "s.zarr")["p"], ("t",), [2], [2], "global")
    assert found.compute().index.tolist() == list(range(20, 30))
    assert [piece.groups for piece in read] == [(2,)]


def test_one_time_of_a_raster() -> None:
    one = select_time(series(scale_factors=[2]), 1.5)
    np.testing.assert_array_equal(one["scale0"]["image"].data.compute(), SERIES[1])
    assert one["scale0"]["image"].dims == ("c", "y", "x")
    assert "t" not in one["scale0"]["image"].coords
    assert get_model(one) is Image2DModel
    with pytest.raises(UnknownTimeError, match=r"no point in time 2\. It has 0\.0, 1\.5, 10\.0"):
        select_time(series(), 2)
    with pytest.raises(UnsupportedElementError, match="have no time"):
        select_time(one, 0)


def test_one_time_of_an_object_takes_its_tables_along() -> None:
    cells = np.zeros((2, 4, 4), dtype=int)
    cells[0, 0, 0], cells[1, 1, 1], cells[1, 2, 2] = 1, 2, 3
    obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 3), "id": [1, 2, 3]}, index=list("abc"))
    sdata = SpatialData(
        images={"still": Image2DModel.parse(np.zeros((1, 4, 4)))},
        labels={"cells": Labels2DModel.parse(cells, dims=("t", "y", "x"))},
        tables={"table": TableModel.parse(AnnData(obs=obs), region="cells", region_key="region", instance_key="id")},
    )
    later = select_time(sdata, 1)
    assert later["table"].obs["id"].tolist() == [2, 3]
    assert "still" in later
    with pytest.raises(UnknownTimeError, match="Elements with times: 'cells'"):
        select_time(sdata, 7)


SQUARES = geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 3, 3), shapely.box(3, 3, 6, 6)])


@pytest.mark.parametrize(
    "call",
    [
        lambda image, labels: spatialdata.aggregate(image, ShapesModel.parse(SQUARES)),
        lambda image, labels: spatialdata.aggregate(ShapesModel.parse(SQUARES), labels),
        lambda image, labels: spatialdata.rasterize(image, ("x", "y"), [0, 0], [4, 4], "global", target_width=4),
        lambda image, labels: spatialdata.to_polygons(labels),
        lambda image, labels: spatialdata.to_circles(labels),
        lambda image, labels: spatialdata.get_centroids(labels),
        lambda image, labels: spatialdata.get_region_properties(labels),
        lambda image, labels: spatialdata.get_region_properties(ShapesModel.parse(SQUARES), image),
    ],
)
def test_what_works_on_one_time_says_how_to_select_it(call: Any) -> None:
    labels = Labels2DModel.parse((SERIES[:, 0] % 3).astype(int), dims=("t", "y", "x"))
    with pytest.raises(SeveralTimesError, match=r"has 3: .*select_time\(element, 0"):
        call(series(), labels)
    call(*(bounding_box_query(element, ("t",), [0], [0], "global") for element in (series(), labels)))


def test_a_single_time_is_aggregated_as_it_is() -> None:
    image = bounding_box_query(series(), ("t",), [10], [10], "global")
    table = spatialdata.aggregate(image, ShapesModel.parse(SQUARES), agg_func="sum")["table"]
    expected = [[SERIES[2, c, 0:3, 0:3].sum() for c in (0, 1)], [SERIES[2, c, 3:6, 3:6].sum() for c in (0, 1)]]
    np.testing.assert_allclose(table.X.toarray(), expected)


def test_transform_moves_each_time_alike() -> None:
    image = series(transformations={"global": Affine([[0, 1, 0], [1, 0, 0], [0, 0, 1]], ("x", "y"), ("x", "y"))})
    moved = spatialdata.transform(image, to_coordinate_system="global")
    np.testing.assert_array_equal(moved.data.compute(), SERIES.swapaxes(2, 3))
    assert moved.coords["t"].values.tolist() == TIMES
    assert moved.coords["t"].attrs == {"units": "second"}


def test_a_transformation_of_times_is_refused() -> None:
    image = series(transformations={"global": Scale([2.0, 2.0], axes=("t", "x"))})
    with pytest.raises(TransformationError, match="Times are the coordinate t"):
        bounding_box_query(image, ("x",), [0], [1], "global")


def test_tools_for_rasters_work_on_every_time() -> None:
    doubled = spatialdata.map_raster(series(), lambda block: 2 * block)
    np.testing.assert_array_equal(doubled.data.compute(), 2 * SERIES)
    assert doubled.coords["t"].values.tolist() == TIMES
    assert doubled.coords["t"].attrs == {"units": "second"}
    masked = spatialdata.mask(series(), shapely.box(0, 0, 2, 2)).data.compute()
    expected = np.zeros_like(SERIES)
    expected[..., :2, :2] = SERIES[..., :2, :2]
    np.testing.assert_array_equal(masked, expected)
    padded = np.zeros((2, 5, 5), dtype=int)
    padded[0, 1, 2], padded[1, 3, 3] = 1, 2
    cut = spatialdata.unpad_raster(Labels2DModel.parse(padded, dims=("t", "y", "x")))
    np.testing.assert_array_equal(cut.data.compute(), padded[:, 1:4, 2:4])


def plain(path: Path, version: str, scale: float = 30.0) -> None:
    zarr_format = 2 if version == "0.4" else 3
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)  # type: ignore[arg-type]
    group.create_array("0", data=SERIES)
    axes = [{"name": "t", "type": "time", "unit": "second"}, {"name": "c", "type": "channel"}]
    axes += [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "yx"]
    steps = [{"type": "scale", "scale": [1.0, 1.0, 0.5, 0.25]}, {"type": "translation", "translation": [2.0, 0, 0, 0]}]
    described = {
        "axes": axes,
        "datasets": [{"path": "0", "coordinateTransformations": steps}],
        "coordinateTransformations": [{"type": "scale", "scale": [scale, 1.0, 1.0, 1.0]}],
    }
    if version == "0.4":
        group.attrs["multiscales"] = [{**described, "version": version}]
    else:
        group.attrs["ome"] = {"version": version, "multiscales": [described]}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_series_of_other_tools_open(tmp_path: Path, version: str) -> None:
    plain(tmp_path / "movie.ome.zarr", version)
    sdata = read_zarr(tmp_path / "movie.ome.zarr")
    movie = sdata["movie"]
    assert movie.dims == ("t", "c", "y", "x")
    assert movie.coords["t"].values.tolist() == [60.0, 90.0, 120.0]
    assert movie.coords["t"].attrs == {"units": "second"}
    np.testing.assert_array_equal(movie.data.compute(), SERIES)
    matrix = get_transformation(movie).to_affine_matrix(("t", "x", "y"), ("t", "x", "y"))
    np.testing.assert_allclose(np.diag(matrix), [1, 0.25, 0.5, 1])
    sdata.write(tmp_path / "store.zarr")
    assert_elements_are_identical(read_zarr(tmp_path / "store.zarr")["movie"], movie)


def test_times_of_a_file_that_do_not_rise_are_an_error(tmp_path: Path) -> None:
    plain(tmp_path / "movie.zarr", "0.5", scale=0.0)
    with pytest.raises(StoreError, match="do not rise"):
        read_zarr(tmp_path / "movie.zarr")["movie"]
