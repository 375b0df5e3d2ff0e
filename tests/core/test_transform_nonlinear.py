"""Elements moved through non-linear maps, and images interpolated; against numpy and scipy."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy import ndimage
from scipy.spatial.transform import Rotation

from spatialdata import SpatialData, get_extent, transform
from spatialdata._core.elements import levels_of
from spatialdata.errors import TransformationError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import (
    Affine,
    Bijection,
    Coordinates,
    Displacements,
    Identity,
    Scale,
    Sequence,
    ThinPlateSpline,
    get_transformation,
)

XY, YX = ("x", "y"), ("y", "x")


def wave(size: int = 9, amount: float = 2.0) -> Displacements:
    """A gentle field over 0 to 96 along both axes."""
    steps = np.linspace(0, 96, size)
    y, x = np.meshgrid(steps, steps, indexing="ij")
    field = np.stack([amount * np.sin(x / 15), amount * np.cos(y / 18)], axis=-1)
    return Displacements(field, YX, [steps[1]] * 2, interpolation="cubic")


def smooth_image(**arguments: Any) -> Any:
    y, x = np.indices((96, 96)) + 0.5
    data = 1000 + 400 * np.sin(x / 9) * np.cos(y / 11)
    return Image2DModel.parse(data[None], **arguments)


def test_a_known_displacement_of_points_is_undone() -> None:
    xy = np.random.default_rng(0).uniform(0, 96, (500, 2))
    there = transform(PointsModel.parse(xy, transformations={"bent": wave()}), to_coordinate_system="bent")
    moved = there.compute()[["x", "y"]].to_numpy()
    np.testing.assert_allclose(moved, wave().transform_coordinates(xy, XY), atol=1e-12)
    assert np.abs(moved - xy).max() > 1
    back = transform(PointsModel.parse(moved, transformations={"flat": wave().inverse()}), to_coordinate_system="flat")
    np.testing.assert_allclose(back.compute()[["x", "y"]], xy, atol=1e-5)


def test_a_known_displacement_of_an_image_is_undone() -> None:
    image = smooth_image(chunks=(1, 40, 50), transformations={"bent": wave()})
    there = transform(image, to_coordinate_system="bent", order=3)
    position = get_transformation(there, "bent")
    again = Image2DModel.parse(there.values, transformations={"flat": Sequence([position, wave().inverse()])})
    back = transform(again, to_coordinate_system="flat", order=3)
    y0, x0 = (get_transformation(back, "flat").transform_coordinates([[0, 0]], YX))[0]
    rows, columns = np.indices(back.shape[1:])
    places = np.stack([rows + y0, columns + x0])
    expected = ndimage.map_coordinates(image.values[0], places, order=3)
    inner = ((places > 8) & (places < 88)).all(axis=0)
    assert inner.sum() > 5000
    assert np.abs(back.values[0] - expected)[inner].max() < 5  # of a range of 800
    assert np.abs(image.values[0][8:88, 8:88] - there.values[0][8:88, 8:88]).max() > 50


@pytest.mark.parametrize("order", [0, 1, 3])
def test_a_bent_image_like_scipy(order: int) -> None:
    image = smooth_image(chunks=(1, 32, 96), transformations={"bent": wave()})
    found = transform(image, to_coordinate_system="bent", order=order)
    rows, columns = np.indices(found.shape[1:])
    world = get_transformation(found, "bent").transform_coordinates(
        np.column_stack([rows.ravel(), columns.ravel()]) + 0.5, YX
    )
    source = wave().inverse().transform_coordinates(world, YX).T
    expected = ndimage.map_coordinates(image.values[0], source - 0.5, order=order, mode="nearest")
    outside = ((source < 0) | (source >= 96)).any(axis=0)
    sure = (np.abs(source - np.rint(source)) > 0.03).all(axis=0)
    difference = np.abs(found.values[0].ravel() - np.where(outside, 0, expected))[sure]
    assert difference.max() <= (1e-9 if order == 0 else 2.0)  # a fiftieth of a pixel, times the steepest slope


def test_levels_stay_consistent() -> None:
    ids = np.repeat(np.repeat(np.arange(1, 145).reshape(12, 12), 8, axis=0), 8, axis=1)
    labels = Labels2DModel.parse(ids, scale_factors=[2, 2], transformations={"bent": wave(amount=1.0)})
    levels = levels_of(transform(labels, to_coordinate_system="bent"))
    full = levels[0].sizes["x"]
    assert len(levels) == 3
    for level in levels[1:]:
        step = full / level.sizes["x"]
        rows, columns = np.indices(level.shape)
        at = tuple(np.minimum(np.floor((i + 0.5) * step).astype(int), full - 1) for i in (rows, columns))
        assert (levels[0].values[at] == level.values).mean() > 0.85
        assert set(np.unique(level.values)) <= set(range(145))


def test_polygons_move_at_their_vertices_and_circles_grow_as_at_their_centre() -> None:
    polygon = shapely.box(10, 20, 40, 60).difference(shapely.box(20, 30, 30, 40))
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=[polygon]), transformations={"bent": wave()})
    moved = transform(shapes, to_coordinate_system="bent")
    expected = wave().transform_coordinates(shapely.get_coordinates(polygon), XY)
    np.testing.assert_allclose(shapely.get_coordinates(moved.geometry), expected, atol=1e-12)
    assert len(moved.geometry.iloc[0].interiors) == 1
    assert shapes.geometry.iloc[0] is polygon

    twice = Coordinates(np.stack(np.meshgrid([0.0, 20], [0.0, 20], indexing="ij"), axis=-1), YX, [10, 10])
    circles = ShapesModel.parse(np.array([[3.0, 4], [6, 7]]), geometry=0, radius=1.5, transformations={"t": twice})
    np.testing.assert_allclose(transform(circles, to_coordinate_system="t").radius, [3, 3], rtol=1e-6)
    bent = ShapesModel.parse(np.array([[30.0, 40]]), geometry=0, radius=1.0, transformations={"bent": wave()})
    with pytest.warns(UserWarning, match="ellipses"):
        transform(bent, to_coordinate_system="bent")


def test_a_map_in_space_moves_polygons_in_space() -> None:
    axes = ("x", "y", "z")
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", [0.3, 0.5, -0.2]).as_matrix()
    corners = np.array([[0.0, 0, 1], [4, 0, 2], [4, 4, 3], [0, 0, 1]])
    shapes = ShapesModel.parse(
        gpd.GeoDataFrame(geometry=[shapely.Polygon(corners)]), transformations={"t": Affine(matrix, axes, axes)}
    )
    moved = transform(shapes, to_coordinate_system="t")
    found = shapely.get_coordinates(moved.geometry, include_z=True)
    np.testing.assert_allclose(found, corners @ matrix[:3, :3].T, atol=1e-12)


def test_a_stack_bent_in_each_plane() -> None:
    data = np.random.default_rng(0).integers(0, 99, (1, 3, 96, 96)).astype(np.uint8)
    stack = Image3DModel.parse(data, transformations={"bent": wave()})
    plane = Image2DModel.parse(data[:, 1], transformations={"bent": wave()})
    found = transform(stack, to_coordinate_system="bent")
    flat = transform(plane, to_coordinate_system="bent")
    assert found.shape[1] == 3
    assert (found.values[:, 1] == flat.values).mean() > 0.99


def test_staying_in_place() -> None:
    systems = {"bent": wave(), "other": Scale([2, 2], XY)}
    xy = np.random.default_rng(0).uniform(20, 70, (20, 2))
    points = PointsModel.parse(xy, transformations=systems)
    moved = transform(points, to_coordinate_system="bent", maintain_positioning=True)
    own = moved.compute()[["x", "y"]].to_numpy()
    np.testing.assert_allclose(get_transformation(moved, "other").transform_coordinates(own, XY), xy * 2, atol=1e-5)


def test_a_given_inverse_is_used() -> None:
    image = smooth_image(transformations={"bent": Bijection(wave(), wave().inverse())})
    numeric = smooth_image(transformations={"bent": wave()})
    found, other = (transform(item, to_coordinate_system="bent") for item in (image, numeric))
    np.testing.assert_array_equal(found.values, other.values)


def test_orders() -> None:
    turned = Affine.rotation(0.5)
    image = smooth_image(chunks=(1, 50, 40), transformations={"t": turned})
    found = transform(image, to_coordinate_system="t", order=1)
    back = np.linalg.inv(turned.to_affine_matrix(YX, YX))
    lower = get_transformation(found, "t").transform_coordinates([[0, 0]], YX)[0]
    offset = back[:2, :2] @ (lower + 0.5) + back[:2, 2] - 0.5
    expected = ndimage.affine_transform(
        image.values[0], back[:2, :2], offset, output_shape=found.shape[1:], order=1, mode="nearest"
    )
    kept = found.values[0] != 0
    np.testing.assert_allclose(found.values[0][kept], expected[kept], atol=1e-8)
    with pytest.raises(ValueError, match=r"one of 0, 1, 3"):
        transform(image, to_coordinate_system="t", order=2)
    labels = Labels2DModel.parse(np.ones((4, 4), dtype=int))
    with pytest.raises(ValueError, match="Labels are ids"):
        transform(labels, to_coordinate_system="global", order=1)
    with pytest.raises(ValueError, match="Only images"):
        transform(PointsModel.parse(np.ones((4, 2))), to_coordinate_system="global", order=1)
    both = SpatialData(images={"image": image}, labels={"labels": labels})
    np.testing.assert_array_equal(transform(both, to_coordinate_system="t", order=1)["image"].values, found.values)


def test_whole_numbers_are_rounded_and_stay_in_range() -> None:
    data = np.zeros((1, 16, 16), dtype=np.uint8)
    data[:, 6:10, 6:10] = 255
    image = Image2DModel.parse(data, transformations={"t": Affine.rotation(0.3)})
    found = transform(image, to_coordinate_system="t", order=3)
    assert found.dtype == np.uint8
    assert found.values.max() == 255
    outer = np.ones(found.shape[1:], dtype=bool)
    outer[4:-4, 4:-4] = False
    assert found.values[0][outer].max() < 30


def test_where_there_is_no_way_back_pixels_are_empty_and_counted() -> None:
    """A map that folds the plane reaches only one half of it."""
    y, x = np.meshgrid(np.arange(0, 41.0, 4), np.arange(0, 41.0, 4), indexing="ij")
    fold = Coordinates(np.stack([y, np.abs(x - 20) + 0.5 * y], axis=-1), YX, [4, 4])
    image = Image2DModel.parse(np.ones((1, 40, 40)), transformations={"t": fold})
    with pytest.warns(UserWarning, match="could not be traced back"):
        transform(image, to_coordinate_system="t").values  # noqa: B018
    points = PointsModel.parse(np.array([[5.0, 39.0], [25.0, 2.0]]), transformations={"t": fold.inverse()})
    with pytest.raises(TransformationError, match="no inverse at"):
        transform(points, to_coordinate_system="t").compute()


def test_axes_that_a_map_needs_must_be_there() -> None:
    corners = np.vstack([np.zeros(3), np.eye(3)])
    warp = ThinPlateSpline(corners, corners, ("x", "y", "z"))
    points = PointsModel.parse(np.ones((3, 2)), transformations={"t": warp})
    with pytest.raises(TransformationError, match="maps the axes"):
        transform(points, to_coordinate_system="t")
    lost = Sequence([Affine([[1, 0, 0], [0, 0, 1]], XY, ("x",)), Identity()])
    with pytest.raises(TransformationError, match="lost"):
        transform(PointsModel.parse(np.ones((3, 2)), transformations={"t": lost}), to_coordinate_system="t")


@pytest.mark.filterwarnings("ignore:The transformation stretches")
def test_extents_are_those_of_the_moved_elements() -> None:
    t = {"bent": wave()}
    xy = np.random.default_rng(0).uniform(0, 96, (300, 2))
    elements = [
        smooth_image(transformations=t),
        PointsModel.parse(xy, transformations=t),
        ShapesModel.parse(xy, geometry=0, radius=1.0, transformations=t),
        ShapesModel.parse([shapely.segmentize(shapely.box(3, 4, 60, 70), 0.1)], transformations=t),
    ]
    # transform keeps circles round, and edges straight: the long ones have corners enough here.
    for element, tolerance in zip(elements, (1.0, 1e-9, 0.5, 1e-3), strict=True):
        expected = get_extent(transform(element, to_coordinate_system="bent"), "bent")
        found = get_extent(element, "bent")
        for axis, bounds in found.items():
            np.testing.assert_allclose(bounds, expected[axis], atol=tolerance)
    border = np.linspace(0, 96, 500)
    edge = np.column_stack([border, np.zeros(500)])
    low = wave().transform_coordinates(edge, XY)[:, 1].min()
    assert get_extent(elements[0], "bent")["y"][0] == pytest.approx(low, abs=0.01)
