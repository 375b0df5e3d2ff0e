"""Models of points and shapes, and the frame that keeps its attributes."""

from __future__ import annotations

import pickle

import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata.errors import UnsupportedElementError, ValidationError
from spatialdata.models import (
    PointsModel,
    ShapesModel,
    force_2d,
    get_axes_names,
    get_model,
    points_dask_dataframe_to_geopandas,
    points_geopandas_to_dask_dataframe,
)
from spatialdata.models.points_frame import PointsFrame
from spatialdata.transformations import Identity, Scale, get_transformation


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"gene": ["b", "a", "b", "c"], "px": [1.5, 2, 3, 4], "py": [1, 2, 3, 4], "cell": [1, 1, 2, 2]},
        index=[9, 4, 7, 1],
    )


COORDINATES = {"x": "px", "y": "py"}


@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: dd.from_pandas(f, npartitions=2, sort=False)])
def test_rows_index_and_order_are_kept(wrap) -> None:
    points = PointsModel.parse(wrap(frame()), coordinates=COORDINATES, feature_key="gene", instance_key="cell")
    got = points.compute()
    assert list(got.columns) == ["gene", "x", "y", "cell"]
    assert got.index.tolist() == [9, 4, 7, 1]
    assert got["gene"].astype(str).tolist() == ["b", "a", "b", "c"]
    assert points["gene"].cat.known
    assert sorted(points["gene"].cat.categories) == ["a", "b", "c"]
    assert got["y"].dtype == np.int64
    assert points.attrs["spatialdata_attrs"] == {"feature_key": "gene", "instance_key": "cell"}
    assert get_model(points) is PointsModel


def test_arrays_with_annotation() -> None:
    annotation = frame()[["gene", "cell"]]
    points = PointsModel.parse(np.arange(12.0).reshape(4, 3), annotation=annotation, feature_key="gene")
    got = points.compute()
    np.testing.assert_array_equal(got[["x", "y", "z"]], np.arange(12.0).reshape(4, 3))
    assert got["cell"].tolist() == [1, 1, 2, 2]
    assert get_axes_names(points) == ("x", "y", "z")


def test_annotation_may_be_lazy_and_repeat_the_coordinates() -> None:
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    whole = pd.DataFrame({"gene": ["a", "b"], "x": [1, 3], "y": [2.0, 4.0]}, index=[7, 3])
    for annotation in (whole, dd.from_pandas(whole, sort=False, npartitions=1)):
        got = PointsModel.parse(array, annotation=annotation, feature_key="gene").compute()
        np.testing.assert_array_equal(got[["x", "y"]], array)
        assert (got.index.tolist(), got["gene"].tolist()) == ([7, 3], ["a", "b"])
    for other in ([1.0, 3.5], ["left", "right"]):
        with pytest.raises(ValueError, match="'x', which are not the coordinates of the array"):
            PointsModel.parse(array, annotation=whole.assign(x=other))


@pytest.mark.parametrize("sort", [True, False])
def test_a_dask_frame_keeps_its_rows_and_gets_the_partitions_that_are_asked_for(sort: bool) -> None:
    rows = pd.DataFrame({"x": np.arange(12.0), "y": 0.0, "gene": list("ab") * 6}, index=np.arange(12)[::-1])
    given = dd.from_pandas(rows, npartitions=4, sort=False)
    for wanted, kwargs in ((4, {}), (2, {"npartitions": 2})):
        points = PointsModel.parse(given, feature_key="gene", sort=sort, **kwargs)
        assert points.npartitions == wanted
        assert points.compute()["x"].tolist() == rows["x"].tolist()
        assert points["gene"].cat.categories.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="has its partitions; chunksize"):
        PointsModel.parse(given, chunksize=3)


def test_the_input_is_left_alone() -> None:
    given = frame()
    PointsModel.parse(given, coordinates=COORDINATES, feature_key="gene")
    pd.testing.assert_frame_equal(given, frame())
    assert given.attrs == {}


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("coordinates", "left_out"),
    [
        ({"x": "px", "y": "py"}, ["x", "y", "z"]),
        ({"x": "px", "y": "y"}, ["x", "z"]),
        ({"x": "y", "y": "x"}, ["z"]),
        ({"x": "y", "y": "px", "z": "py"}, ["x", "z"]),
        ({"x": "x", "y": "y", "z": "z"}, []),
    ],
)
def test_only_the_named_columns_are_coordinates(coordinates, left_out: list[str], lazy: bool, caplog) -> None:
    given = frame().assign(x=[5.0, 6.0, 7.0, 8.0], y=9.0, z=10.0)
    data = dd.from_pandas(given, npartitions=2, sort=False) if lazy else given
    with caplog.at_level("INFO", logger="spatialdata"):
        points = PointsModel.parse(data, coordinates=coordinates)
    assert get_axes_names(points) == tuple(coordinates)
    got = points.compute()
    for axis, column in coordinates.items():
        assert got[axis].tolist() == given[column].tolist()
    assert set(got.columns) == (set(given.columns) - set(coordinates.values()) - set(left_out)) | set(coordinates)
    assert [record.args[1] for record in caplog.records] == ([", ".join(map(repr, left_out))] if left_out else [])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PointsModel.parse(frame()), ValueError, "no column 'x', 'y'.*coordinates="),
        (lambda: PointsModel.parse(frame(), coordinates={"x": "px", "y": "pz"}), KeyError, "no column 'pz'"),
        (lambda: PointsModel.parse(frame(), coordinates={"x": "px"}), ValueError, "x, y and maybe z"),
        (lambda: PointsModel.parse(frame(), coordinates=COORDINATES, feature_key="g"), KeyError, "feature_key"),
        (lambda: PointsModel.parse(frame(), coordinates={"x": "gene", "y": "py"}), ValidationError, "must be of int32"),
        (lambda: PointsModel.parse(np.zeros((3, 4))), ValueError, r"\(n, 2\) or \(n, 3\)"),
        (lambda: PointsModel.parse(np.zeros((3, 2)), annotation=frame()), ValueError, "3 points, but annotation has 4"),
        (lambda: PointsModel.parse([1, 2]), UnsupportedElementError, "builtins.list"),
    ],
)
def test_bad_points(call, error, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


KEEPING = {
    "getitem": lambda p: p[["x", "y"]],
    "filter": lambda p: p[p.x > 1],
    "assign": lambda p: p.assign(z=p.x),
    "rename": lambda p: p.rename(columns={"cell": "id"}),
    "query": lambda p: p.query("x > 1"),
    "repartition": lambda p: p.repartition(npartitions=1),
    "persist": lambda p: p.persist(),
    "reset_index": lambda p: p.reset_index(),
    "astype": lambda p: p.astype({"cell": "int32"}),
    "dropna": lambda p: p.dropna(),
    "merge": lambda p: p.merge(pd.DataFrame({"cell": [1, 2], "kind": ["t", "b"]}), on="cell"),
    "sort_values": lambda p: p.sort_values("x"),
    "map_partitions": lambda p: p.map_partitions(lambda part: part),
    "drop": lambda p: p.drop(columns="cell"),
    "copy": lambda p: p.copy(),
    "sample": lambda p: p.sample(frac=0.5, random_state=0),
    "set_index": lambda p: p.set_index("cell"),
    "loc": lambda p: p.loc[:, ["x", "y"]],
    "iloc": lambda p: p.iloc[:, :2],
    "partitions": lambda p: p.partitions[0],
    "pickle": lambda p: pickle.loads(pickle.dumps(p)),
}


@pytest.mark.parametrize("method", list(KEEPING))
def test_every_method_keeps_the_attributes(method: str) -> None:
    scale = {"um": Scale([2, 2], ("x", "y"))}
    points = PointsModel.parse(
        frame(), coordinates=COORDINATES, feature_key="gene", transformations=scale, npartitions=2
    )
    derived = KEEPING[method](points)
    assert isinstance(derived, PointsFrame)
    assert get_transformation(derived, "um") == scale["um"]
    assert derived.attrs["spatialdata_attrs"] == {"feature_key": "gene"}
    derived.attrs["transform"]["other"] = Identity()
    assert list(points.attrs["transform"]) == ["um"]
    expected = KEEPING[method](dd.from_pandas(points.compute(), npartitions=2, sort=False)).compute()
    assert len(derived.compute()) == len(expected)


def test_a_derived_frame_does_not_inherit_the_source() -> None:
    source = object()
    points = PointsModel.parse(frame(), coordinates=COORDINATES)
    held = PointsFrame(points, points.attrs, source)  # type: ignore[arg-type]
    assert held.source is source
    assert held[held.x > 1].source is None
    held["y"] = held["y"] + 1
    assert held.source is None


def test_dask_itself_is_left_as_it_is() -> None:
    plain = dd.from_pandas(pd.DataFrame({"x": [1.0], "y": [1.0]}), npartitions=1)
    assert type(plain.assign(z=1)) is dd.DataFrame
    with pytest.raises(AttributeError):
        _ = plain.attrs
    with pytest.raises(ValidationError, match="no transformations"):
        PointsModel.validate(plain)


def test_points_to_geometries_and_back() -> None:
    points = PointsModel.parse(frame(), coordinates=COORDINATES, feature_key="gene")
    shapes = points_dask_dataframe_to_geopandas(points)
    np.testing.assert_array_equal(shapely.get_coordinates(shapes.geometry), points.compute()[["x", "y"]])
    back = points_geopandas_to_dask_dataframe(shapes)
    assert back.attrs == points.attrs
    assert back.compute()["cell"].tolist() == [1, 1, 2, 2]


def squares() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"n": [1, 2]}, geometry=[shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)], index=["a", "b"]
    )


def test_shapes_are_parsed_without_touching_the_input() -> None:
    given = squares()
    shapes = ShapesModel.parse(given)
    assert given.attrs == {}
    assert shapes is not given
    pd.testing.assert_frame_equal(pd.DataFrame(shapes), pd.DataFrame(given))
    assert get_transformation(shapes) == Identity()


def test_ragged_arrays() -> None:
    polygons = [shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 2, 2)), shapely.box(5, 5, 6, 6)]
    _, coordinates, offsets = shapely.to_ragged_array(polygons)
    shapes = ShapesModel.parse(coordinates, geometry=3, offsets=offsets, index=["p", "q"])
    assert shapes.geometry.geom_equals(gpd.GeoSeries(polygons, index=["p", "q"])).all()


def test_geojson(tmp_path) -> None:
    path = tmp_path / "roi.geojson"
    path.write_text(shapely.to_geojson(shapely.GeometryCollection(list(squares().geometry))))
    assert ShapesModel.parse(path).geometry.area.sum() == 2
    path.write_text("{")
    with pytest.raises(ValueError, match=r"roi\.geojson is no GeoJSON"):
        ShapesModel.parse(path)
    with pytest.raises(FileNotFoundError, match="no file"):
        ShapesModel.parse(str(tmp_path / "none.geojson"))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)]), "need a column 'radius'"),
        (gpd.GeoDataFrame({"radius": [0.0]}, geometry=[shapely.Point(0, 0)]), "1 of 1 radii are not positive"),
        (
            gpd.GeoDataFrame({"radius": [1.0, 1]}, geometry=[shapely.Point(0, 0), shapely.box(0, 0, 1, 1)]),
            "found Point, Polygon",
        ),
        (gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])]), "found Linestring"),
        (gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1), None]), "1 of 2 geometries are missing"),
        (gpd.GeoDataFrame(geometry=[]), "there are no shapes"),
        (gpd.GeoDataFrame({"a": [1]}), "column 'geometry' is missing"),
    ],
)
def test_bad_shapes(shapes: gpd.GeoDataFrame, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ShapesModel.parse(shapes)


def test_radii_that_are_not_finite_are_counted() -> None:
    with pytest.warns(UserWarning, match="1 of 2 circles have a radius that is not finite"):
        ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=np.array([1.0, np.nan]))


def test_force_2d_keeps_holes() -> None:
    ring = shapely.box(0, 0, 9, 9).difference(shapely.box(1, 1, 3, 3))
    shapes = gpd.GeoDataFrame(geometry=[shapely.force_3d(ring, z=4)])
    force_2d(shapes)
    assert not shapes.geometry.has_z.any()
    assert shapes.geometry.area[0] == ring.area
