"""Everything that the parsers take, against the same values as plain arrays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
import xarray as xr
import zarr

from spatialdata._core.elements import levels_of
from spatialdata.errors import UnsupportedElementError, ValidationError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import Scale, get_transformation

XY = np.array([[1.0, 2.0], [3.5, 4.0], [0.0, 9.0]])
GENES = ["a", "b", "a"]


class ArrowStream:
    """A table that offers nothing but an Arrow stream, as polars frames do."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def pandas_frame() -> pd.DataFrame:
    return pd.DataFrame({"x": XY[:, 0], "y": XY[:, 1], "gene": GENES})


def geo_frame() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"gene": GENES}, geometry=gpd.points_from_xy(XY[:, 0], XY[:, 1]))


POINTS: dict[str, Callable[[Path], Any]] = {
    "pandas": lambda _: pandas_frame(),
    "dask": lambda _: dd.from_pandas(pandas_frame(), npartitions=2),
    "pyarrow": lambda _: pa.Table.from_pandas(pandas_frame()),
    "stream": lambda _: ArrowStream(pa.Table.from_pandas(pandas_frame())),
    "geopandas": lambda _: geo_frame(),
    "parquet": lambda folder: write(folder / "p.parquet", pandas_frame().to_parquet),
    "csv": lambda folder: write(folder / "p.csv", lambda path: pandas_frame().to_csv(path, index=False)),
    "csv.gz": lambda folder: write(folder / "p.csv.gz", lambda path: pandas_frame().to_csv(path, index=False)),
    "tsv": lambda folder: write(folder / "p.tsv", lambda path: pandas_frame().to_csv(path, index=False, sep="\t")),
    "text path": lambda folder: str(write(folder / "p.parquet", pandas_frame().to_parquet)),
}


def write(path: Path, writer: Callable[[Path], Any]) -> Path:
    writer(path)
    return path


@pytest.mark.parametrize("form", POINTS)
def test_points(form: str, tmp_path: Path) -> None:
    systems = {"um": Scale([2.0, 2.0], ("x", "y"))}
    points = PointsModel.parse(POINTS[form](tmp_path), feature_key="gene", transformations=systems)
    got = points.compute()
    np.testing.assert_array_equal(got[["x", "y"]], XY)
    assert got["gene"].astype(str).tolist() == GENES
    assert set(points["gene"].cat.categories) == {"a", "b"}
    assert get_transformation(points, "um") == systems["um"]


def test_points_of_arrays() -> None:
    for array in (XY, da.from_array(XY, chunks=2), XY.astype(np.float32)):
        np.testing.assert_array_equal(PointsModel.parse(array).compute()[["x", "y"]], XY)
    assert len(PointsModel.parse(np.empty((0, 2))).compute()) == 0


def test_points_of_three_dimensional_geometries() -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(1, 2, 3), shapely.Point(4, 5, 6)], index=[7, 3])
    got = PointsModel.parse(frame).compute()
    assert got[["x", "y", "z"]].to_numpy().tolist() == [[1, 2, 3], [4, 5, 6]]
    assert got.index.tolist() == [7, 3]
    assert list(frame.columns) == ["geometry"]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"x": [1]}, UnsupportedElementError, "a pyarrow table"),
        (gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)]), UnsupportedElementError, "all points; found Polygon"),
        (gpd.GeoDataFrame(geometry=[shapely.Point(0, 0), None]), UnsupportedElementError, "1 missing"),
        ("points.xlsx", ValueError, "end in '.parquet'"),
        ("none.parquet", FileNotFoundError, "no file none.parquet"),
    ],
)
def test_what_is_no_points(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PointsModel.parse(data)


BOXES = [shapely.box(0, 0, 2, 1), shapely.box(5, 5, 6, 9)]


def geojson() -> dict[str, Any]:
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(box)}
        for name, box in zip("ab", BOXES, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


SHAPES: dict[str, Callable[[Path], Any]] = {
    "list": lambda _: BOXES,
    "array": lambda _: np.array(BOXES, dtype=object),
    "series": lambda _: gpd.GeoSeries(BOXES),
    "frame": lambda _: gpd.GeoDataFrame(geometry=BOXES),
    "dict": lambda _: geojson(),
    "feature file": lambda folder: write(folder / "f.geojson", lambda path: path.write_text(json.dumps(geojson()))),
    "collection file": lambda folder: write(
        folder / "c.geojson", lambda path: path.write_text(shapely.to_geojson(shapely.GeometryCollection(BOXES)))
    ),
    "parquet": lambda folder: write(folder / "s.parquet", gpd.GeoDataFrame(geometry=BOXES).to_parquet),
}


@pytest.mark.parametrize("form", SHAPES)
def test_shapes(form: str, tmp_path: Path) -> None:
    shapes = ShapesModel.parse(SHAPES[form](tmp_path))
    assert shapely.equals(shapes.geometry.to_numpy(), np.array(BOXES, dtype=object)).all()
    assert shapes.area.tolist() == [2, 4]


def test_properties_of_features_are_kept() -> None:
    assert ShapesModel.parse(geojson())["name"].tolist() == ["a", "b"]


def test_properties_of_a_single_feature_are_kept() -> None:
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(shapely.box(0, 0, 1, 1)), "properties": {"a": 5}}
    assert ShapesModel.parse(feature).a.tolist() == [5]


def test_as_many_radii_as_circles() -> None:
    assert ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=[3.0]).radius.tolist() == [3.0, 3.0]
    with pytest.raises(ValueError, match=r"There are 2 circles, but radius has the shape \(3,\)"):
        ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=[1, 2, 3])


def test_shapes_with_index_and_radius() -> None:
    circles = ShapesModel.parse([shapely.Point(0, 0), shapely.Point(1, 1)], radius=[1.0, 2.0], index=["u", "v"])
    assert circles.index.tolist() == ["u", "v"]
    assert circles.radius.tolist() == [1, 2]
    series = gpd.GeoSeries(BOXES, index=[4, 9])
    assert ShapesModel.parse(series).index.tolist() == [4, 9]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"data": [1, 2]}, UnsupportedElementError, "shapely geometries"),
        ({"data": BOXES, "geometry": 3}, ValueError, "have a type already"),
        ({"data": []}, ValidationError, "no shapes"),
        ({"data": [*BOXES, shapely.Point(0, 0)]}, ValidationError, "found Point, Polygon"),
        ({"data": [*BOXES, None]}, ValidationError, "1 of 3 geometries are missing"),
        ({"data": [shapely.Point(0, 0)]}, ValidationError, "'radius'"),
        ({"data": [shapely.Point(0, 0)], "radius": -1.0}, ValidationError, "not positive"),
        ({"data": {"type": "Cake"}}, ValueError, "no GeoJSON"),
    ],
)
def test_what_is_no_shapes(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ShapesModel.parse(**arguments)


def test_a_radius_that_is_not_a_number_is_counted() -> None:
    with pytest.warns(UserWarning, match="1 of 2 circles have a radius that is not finite"):
        ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=np.array([1.0, np.nan]))


PIXELS = np.arange(2 * 6 * 4, dtype=np.uint8).reshape(2, 6, 4)


@pytest.mark.parametrize(
    "data",
    [
        PIXELS,
        da.from_array(PIXELS, chunks=(1, 2, 4)),
        xr.DataArray(PIXELS, dims=("c", "y", "x")),
        xr.DataArray(PIXELS.transpose(1, 2, 0), dims=("y", "x", "c")),
        zarr.array(PIXELS, chunks=(1, 3, 4)),
    ],
    ids=["numpy", "dask", "xarray", "transposed", "zarr"],
)
def test_rasters(data: Any) -> None:
    image = Image2DModel.parse(data, c_coords=["a", "b"])
    np.testing.assert_array_equal(image, PIXELS)
    assert isinstance(image.data, da.Array)
    assert image.coords["c"].values.tolist() == ["a", "b"]
    assert image.coords["x"].values.tolist() == [0.5, 1.5, 2.5, 3.5]


def test_a_zarr_array_is_read_in_its_chunks() -> None:
    assert Image2DModel.parse(zarr.array(PIXELS, chunks=(1, 3, 4))).chunks == ((1, 1), (3, 3), (4,))


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((1000, 1024), [(1000, 1024)]),
        ((1025, 10), [(1025, 10), (512, 5)]),
        ((3000, 4100), [(3000, 4100), (1500, 2050), (750, 1025), (375, 512)]),
        ((5000, 1), [(5000, 1)]),
    ],
)
def test_automatic_pyramids(shape: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    labels = Labels2DModel.parse(da.zeros(shape, dtype=np.uint8, chunks=1024), scale_factors="auto")
    assert [level.shape for level in levels_of(labels)] == sizes
    with pytest.raises(ValueError, match="'auto' or None"):
        Labels2DModel.parse(da.zeros(shape, dtype=np.uint8), scale_factors="all")


def test_large_arrays_are_cut_into_chunks() -> None:
    image = Image2DModel.parse(np.broadcast_to(np.uint8(1), (2, 5000, 8000)))
    assert image.chunks == ((1, 1), (2048, 2048, 904), (2048, 2048, 2048, 1856))


def test_all_faults_are_reported_at_once() -> None:
    frame = pd.DataFrame({"x": ["a"], "gene": [1]})
    points = PointsModel.parse(XY)
    broken = type(points)(dd.from_pandas(frame, npartitions=1), {"transform": {"um": "no transformation"}})
    with pytest.raises(ValidationError) as caught:
        PointsModel.validate(broken)
    paths = {fault.path for fault in caught.value.faults}
    assert paths == {("x",), (), ("attrs", "transform", "um")}
