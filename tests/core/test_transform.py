"""Elements moved into another coordinate system."""

from __future__ import annotations

from typing import Any

import anndata as ad
import dask.dataframe as dd
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage

from spatialdata import SpatialData, get_extent, to_circles, to_polygons, transform
from spatialdata._core.elements import levels_of
from spatialdata.errors import TransformationError, UnsupportedElementError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel, get_model
from spatialdata.models.kind import Kind
from spatialdata.ops.transform import MOVE
from spatialdata.testing import assert_elements_are_identical, assert_spatial_data_objects_are_identical
from spatialdata.transformations import Affine, Identity, MapAxis, Scale, Translation, get_transformation

numbers = st.floats(-2, 2, allow_nan=False).map(lambda value: round(value, 2))
matrices = st.lists(numbers, min_size=6, max_size=6)
TURN = Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))


def affine(values: list[float]) -> Affine:
    return Affine([[*values[:2], values[4]], [*values[2:4], values[5]], [0, 0, 1]], ("x", "y"), ("x", "y"))


def invertible(values: list[float]) -> bool:
    return abs(values[0] * values[3] - values[1] * values[2]) > 0.1


def test_points_stay_lazy_and_keep_everything_but_their_place() -> None:
    frame = pd.DataFrame(
        {"x": [1, 2, 3], "gene": pd.Categorical(["a", "b", "a"]), "y": np.array([4, 5, 6], dtype=np.float32)},
        index=[5, 5, 1],
    )
    points = PointsModel.parse(frame, feature_key="gene", transformations={"cs": TURN, "other": Identity()})
    found = transform(points, to_coordinate_system="cs")
    result = found.compute()
    assert list(result.columns) == ["x", "gene", "y"]
    assert result.index.tolist() == [5, 5, 1]
    np.testing.assert_allclose(result[["x", "y"]], frame[["x", "y"]] @ TURN.matrix[:2, :2].T + TURN.matrix[:2, 2])
    assert (found.dtypes == result.dtypes).all()
    assert found.attrs == {"transform": {"cs": Identity()}, "spatialdata_attrs": {"feature_key": "gene"}}
    assert set(points.attrs["transform"]) == {"cs", "other"}


@given(matrices)
def test_shapes_like_shapely(values: list[float]) -> None:
    assume(invertible(values))
    hollow = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    frame = gpd.GeoDataFrame({"v": [1, 2]}, geometry=[hollow, shapely.MultiPolygon([hollow])], index=["a", "b"])
    shapes = ShapesModel.parse(frame, transformations={"cs": affine(values)})
    found = transform(shapes, to_coordinate_system="cs")
    expected = frame.geometry.affine_transform([values[0], values[1], values[2], values[3], values[4], values[5]])
    assert shapely.equals_exact(found.geometry, expected, tolerance=1e-9).all()
    assert found.index.tolist() == ["a", "b"]
    assert found.v.tolist() == [1, 2]
    assert shapes.geometry.iloc[0] is hollow


def test_many_shapes_like_shapely() -> None:
    corners = np.random.default_rng(0).uniform(0, 100, (10_000, 2))
    boxes = shapely.box(*corners.T, *(corners + 1).T)
    boxes[::3] = shapely.buffer(boxes[::3], -0.1)
    boxes[[1, 9_999]] = shapely.Polygon(), boxes[0].difference(boxes[0].buffer(-0.2))
    turn = Affine([[0.6, -0.8, 5.0], [0.8, 0.6, -2.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=boxes), transformations={"turned": turn})
    moved = transform(shapes, to_coordinate_system="turned").geometry.to_numpy()
    expected = shapely.transform(boxes, lambda xy: xy @ np.array([[0.6, 0.8], [-0.8, 0.6]]) + [5.0, -2.0])
    assert shapely.equals_exact(moved, expected, tolerance=1e-10).all()


def test_circles_grow_with_the_scale() -> None:
    systems = {"turned": affine([1.2, -1.6, 1.6, 1.2, 0, 0]), "stretched": Scale([1.0, 3.0], ("x", "y"))}
    circles = ShapesModel.parse(np.array([[1.0, 1.0]]), geometry=0, radius=2.0, transformations=systems)
    assert transform(circles, to_coordinate_system="turned").radius[0] == pytest.approx(4.0)
    with pytest.warns(UserWarning, match="ellipses"):
        found = transform(circles, to_coordinate_system="stretched")
    assert found.radius[0] == pytest.approx(4.0)
    assert circles.radius[0] == 2.0


def test_depth_is_kept() -> None:
    t = Affine([[0, -2, 0, 1], [2, 0, 0, 0], [0, 0, 3, 4], [0, 0, 0, 1]], ("x", "y", "z"), ("x", "y", "z"))
    deep = ShapesModel.parse(
        gpd.GeoDataFrame({"radius": [1.0]}, geometry=[shapely.Point(1, 2, 3)]), transformations={"cs": t}
    )
    found = transform(deep, to_coordinate_system="cs")
    assert shapely.get_coordinates(found.geometry, include_z=True).tolist() == [[-3, 2, 13]]
    points = PointsModel.parse(np.array([[1.0, 2.0, 3.0]]), transformations={"cs": t})
    assert transform(points, to_coordinate_system="cs").compute().to_numpy().tolist() == [[-3, 2, 13]]


# rasters


def by_hand(data: np.ndarray, matrix: np.ndarray, lower: np.ndarray, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Each pixel of the result looked up in the source; and whether it lies clear of the borders of pixels."""
    inverse = np.linalg.inv(matrix)
    result, clear = np.zeros(shape, dtype=data.dtype), np.ones(shape, dtype=bool)
    for position in np.ndindex(*shape):
        source = (inverse @ [*(np.array(position) + 0.5 + lower), 1.0])[:-1]
        clear[position] = (abs(source - np.rint(source)) > 1e-9).all()
        index = np.floor(source).astype(int)
        if ((index >= 0) & (index < data.shape)).all():
            result[position] = data[tuple(index)]
    return result, clear


@given(matrices, st.sampled_from([(11, 13), (4, 5)]))
def test_labels_are_resampled_by_nearest_pixel(values: list[float], chunks: tuple[int, int]) -> None:
    assume(invertible(values))
    ids = np.random.default_rng(0).integers(1, 10**6, (11, 13))
    labels = Labels2DModel.parse(ids, chunks=chunks, transformations={"cs": affine(values)})
    found = transform(labels, to_coordinate_system="cs")
    extent = get_extent(labels, "cs")
    lower = np.array([extent["y"][0], extent["x"][0]])
    expected, clear = by_hand(ids, affine(values).to_affine_matrix(("y", "x"), ("y", "x")), lower, found.shape)
    np.testing.assert_array_equal(found.values[clear], expected[clear])
    for axis in ("y", "x"):
        assert 0 <= found.sizes[axis] - (extent[axis][1] - extent[axis][0]) < 1 + 1e-6 or found.sizes[axis] == 1
    shift = get_transformation(found, "cs").to_affine_matrix(("y", "x"), ("y", "x"))
    np.testing.assert_allclose(shift[:2, 2], lower, atol=1e-12)
    assert found.dtype == ids.dtype
    assert set(get_transformation(found, get_all=True)) == {"cs"}
    Labels2DModel.validate(found)


def test_an_image_like_scipy() -> None:
    data = np.random.default_rng(0).random((2, 20, 30)).astype(np.float32)
    image = Image2DModel.parse(data, c_coords=["a", "b"], chunks=(1, 8, 8), transformations={"cs": TURN})
    found = transform(image, to_coordinate_system="cs")
    assert found.c.values.tolist() == ["a", "b"]
    back = np.linalg.inv(TURN.to_affine_matrix(("y", "x"), ("y", "x")))
    lower = [get_extent(image, "cs")[axis][0] for axis in ("y", "x")]
    offset = back[:2, :2] @ (np.array(lower) + 0.5) + back[:2, 2] - 0.5
    for channel in range(2):
        expected = ndimage.affine_transform(
            data[channel], back[:2, :2], offset, output_shape=found.shape[1:], order=0, mode="grid-constant"
        )
        assert (found.values[channel] != expected).mean() < 0.01


def test_a_shift_moves_no_pixel() -> None:
    image = Image2DModel.parse(
        np.random.default_rng(0).random((1, 4, 5)), transformations={"cs": Translation([2.5], ("x",))}
    )
    found = transform(image, to_coordinate_system="cs")
    np.testing.assert_array_equal(found.values, image.values)
    assert get_extent(found, "cs") == get_extent(image, "cs")
    same = transform(Image2DModel.parse(np.zeros((1, 4, 5))), to_coordinate_system="global")
    assert get_transformation(same) == Identity()


@pytest.mark.parametrize("t", [Scale([3.0, 2.0], ("x", "y")), MapAxis({"x": "y", "y": "x"}), Scale([-1.0], ("x",))])
def test_whole_scales_and_turns_are_exact(t: Any) -> None:
    data = np.arange(12).reshape(3, 4)
    found = transform(Labels2DModel.parse(data, transformations={"cs": t}), to_coordinate_system="cs").values
    expected = {
        "Scale": np.kron(data, np.ones((2, 3), dtype=int)) if getattr(t, "axes", ()) == ("x", "y") else data[:, ::-1],
        "MapAxis": data.T,
    }[type(t).__name__]
    np.testing.assert_array_equal(found, expected)


def test_labels_of_several_scales_invent_no_ids() -> None:
    ids = np.kron(np.array([[0, 4, 90], [7, 90, 0]]), np.ones((16, 16), dtype=np.int64))
    labels = Labels2DModel.parse(ids, scale_factors=[2, 2], transformations={"cs": TURN})
    found = transform(labels, to_coordinate_system="cs")
    get_model(found)
    full = levels_of(found)[0]
    assert len(levels_of(found)) == 3
    for number, level in enumerate(levels_of(found)):
        assert set(np.unique(level.values)) <= {0, 4, 7, 90}
        assert level.sizes["x"] == full.sizes["x"] // 2**number
        np.testing.assert_array_equal(level.x, (np.arange(level.sizes["x"]) + 0.5) * 2**number)
        # the same place shows the same label, wherever the borders of labels are not near
        rows = np.minimum((level.y.values).astype(int), full.sizes["y"] - 1)
        columns = np.minimum((level.x.values).astype(int), full.sizes["x"] - 1)
        assert (full.values[np.ix_(rows, columns)] == level.values).mean() > 0.8


def test_a_3d_image() -> None:
    data = np.random.default_rng(0).random((1, 2, 3, 4))
    t = Scale([2.0, 2.0, 2.0], ("x", "y", "z"))
    found = transform(Image3DModel.parse(data, transformations={"cs": t}), to_coordinate_system="cs")
    np.testing.assert_array_equal(found.values, data.repeat(2, 1).repeat(2, 2).repeat(2, 3))


# keeping the place


def elements() -> dict[str, Any]:
    systems = {"a": TURN, "b": Scale([2.0, 2.0], ("x", "y"))}
    rng = np.random.default_rng(0)
    return {
        "image": Image2DModel.parse(rng.random((1, 8, 9)), transformations=systems),
        "labels": Labels2DModel.parse(rng.integers(0, 5, (8, 9)), transformations=systems),
        "points": PointsModel.parse(rng.random((9, 2)), transformations=systems),
        "shapes": ShapesModel.parse(rng.random((9, 2)), geometry=0, radius=1.0, transformations=systems),
    }


@pytest.mark.parametrize("name", ["image", "labels", "points", "shapes"])
@pytest.mark.parametrize(
    "arguments", [{"transformation": Scale([3.0, 3.0], ("x", "y"))}, {"to_coordinate_system": "a"}]
)
def test_the_place_is_kept_in_all_coordinate_systems(name: str, arguments: dict[str, Any]) -> None:
    element = elements()[name]
    found = transform(element, maintain_positioning=True, **arguments)
    assert set(get_transformation(found, get_all=True)) == {"a", "b"}
    if name in ("points", "shapes"):
        for system in ("a", "b"):
            before, after = get_extent(element, system), get_extent(found, system)
            assert before == {axis: pytest.approx(bounds) for axis, bounds in after.items()}
        return
    inverse = get_transformation(found, "b").inverse().to_affine_matrix(("y", "x"), ("y", "x"))
    back = get_transformation(element, "b").to_affine_matrix(("y", "x"), ("y", "x"))
    for pixel in ((4, 4), (2, 6)):
        place = (inverse @ back @ [pixel[0] + 0.5, pixel[1] + 0.5, 1])[:2].astype(int)
        assert found.values[..., place[0], place[1]] == element.values[..., pixel[0], pixel[1]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "Give to_coordinate_system"),
        ({"to_coordinate_system": "c"}, ValueError, "'c'"),
        ({"transformation": Identity()}, RuntimeError, "does not say"),
        ({"transformation": TURN, "to_coordinate_system": "a"}, ValueError, "without transformation"),
        ({"maintain_positioning": True}, ValueError, "either"),
        ({"maintain_positioning": True, "transformation": TURN, "to_coordinate_system": "a"}, ValueError, "either"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        transform(elements()["points"], **arguments)


def test_the_only_transformation_may_be_given_itself() -> None:
    points = PointsModel.parse(np.zeros((1, 2)), transformations={"a": TURN})
    with pytest.warns(UserWarning, match="to_coordinate_system='a'"):
        assert set(transform(points, TURN).attrs["transform"]) == {"a"}


def test_transformations_that_change_the_axes_are_refused() -> None:
    lift = Affine([[1, 0, 0], [0, 1, 0], [1, 0, 5], [0, 0, 1]], ("x", "y"), ("x", "y", "z"))
    points = PointsModel.parse(np.zeros((1, 2)), transformations={"a": lift})
    with pytest.raises(TransformationError, match="along z too"):
        transform(points, to_coordinate_system="a")


# objects


def study() -> SpatialData:
    return SpatialData.init_from_elements({**elements(), "table": ad.AnnData(np.zeros((1, 1)))}, attrs={"k": 1})


def test_objects() -> None:
    sdata, twin = study(), study()
    found = transform(sdata, to_coordinate_system="a")
    assert found.coordinate_systems == ["a"]
    assert set(found.tables) == {"table"}
    for _, name, element in found.gen_spatial_elements():
        assert_elements_are_identical(element, transform(sdata[name], to_coordinate_system="a"))
    placed = transform(sdata, to_coordinate_system="a", maintain_positioning=True)
    assert sorted(placed.coordinate_systems) == ["a", "b"]
    assert set(placed.tables) == {"table"}
    assert placed.attrs == {"k": 1}
    with pytest.raises(ValueError, match="to_coordinate_system only"):
        transform(sdata, TURN)
    with pytest.raises(ValueError, match="either"):
        transform(sdata, maintain_positioning=True)
    assert_spatial_data_objects_are_identical(sdata, twin)


def test_every_kind_is_handled_or_refused() -> None:
    assert set(MOVE) == set(Kind)
    with pytest.raises(UnsupportedElementError, match="table"):
        transform(study()["table"], to_coordinate_system="a")


# circles and polygons


def test_circles_and_polygons() -> None:
    circles = elements()["shapes"]
    polygons = to_polygons(circles)
    assert len(polygons.geometry[0].exterior.coords) == 65
    assert len(to_polygons(circles, buffer_resolution=2).geometry[0].exterior.coords) == 9
    assert get_transformation(polygons, get_all=True) == get_transformation(circles, get_all=True)
    assert to_polygons(polygons) is polygons
    assert to_circles(circles) is circles
    back = to_circles(polygons)
    np.testing.assert_allclose(np.pi * back.radius**2, polygons.area)
    np.testing.assert_allclose(back.geometry.x, circles.geometry.x)
    assert get_transformation(back, get_all=True) == get_transformation(circles, get_all=True)


def test_points_as_circles() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0], "radius": [5.0, 6.0]}, index=[7, 9])
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=2))
    assert to_circles(points).radius.tolist() == [5.0, 6.0]
    assert to_circles(points, radius=2).radius.tolist() == [2.0, 2.0]
    assert to_circles(points).index.tolist() == [7, 9]
    with pytest.raises(ValueError, match="need a radius"):
        to_circles(elements()["points"])
    with pytest.raises(ValueError, match="for points"):
        to_circles(elements()["shapes"], radius=1)
    for ask in (to_circles, to_polygons):
        with pytest.raises(UnsupportedElementError, match="cannot be made") as caught:
            ask(elements()["image"])
        assert isinstance(caught.value, RuntimeError)


def test_circles_of_points_keep_what_is_known_of_the_points() -> None:
    genes = pd.Categorical(["a", "b", "a"], categories=["a", "b", "c"])
    frame = pd.DataFrame({"x": [1.0, 2, 3], "y": [3.0, 4, 5], "z": [0.0, 1, 2], "gene": genes, "cell": [4, 5, 6]})
    points = PointsModel.parse(frame, feature_key="gene", instance_key="cell")
    circles = to_circles(points, radius=[1.0, 2.0, 3.0])
    assert circles.columns.tolist() == ["z", "gene", "cell", "geometry", "radius"]
    pd.testing.assert_frame_equal(pd.DataFrame(circles[["z", "gene", "cell"]]), frame[["z", "gene", "cell"]])
    assert circles.attrs["spatialdata_attrs"] == points.attrs["spatialdata_attrs"]
    assert circles.radius.tolist() == [1.0, 2.0, 3.0]
    assert points.columns.tolist() == frame.columns.tolist()
