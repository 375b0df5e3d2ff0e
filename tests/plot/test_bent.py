"""Elements whose place has no matrix are drawn where the map puts them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.interpolate import RBFInterpolator
from shapely import box

from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import Identity, Scale, Sequence, ThinPlateSpline

SOURCE = np.array([[0.0, 0], [20, 0], [0, 16], [20, 16], [10, 8]])
TARGET = SOURCE + np.array([[1, 0], [-2, 1], [0, -1], [2, 1], [3, -3]])
SPLINE = ThinPlateSpline(SOURCE, TARGET, ("x", "y"))


def forward(xy: np.ndarray) -> np.ndarray:
    return np.asarray(RBFInterpolator(SOURCE, TARGET, kernel="thin_plate_spline", degree=1)(xy))


@pytest.mark.parametrize("factor", [1.0, 0.05])
def test_pixels_of_images(canvas, factor) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 16, 20), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
    to_bent = Sequence([Scale([0.25, 0.25], ("x", "y")), SPLINE, Scale([factor] * 2, ("x", "y"))])
    image = Image2DModel.parse(
        pixels, c_coords=["r", "g", "b"], scale_factors=[2], transformations={"bent": to_bent, "flat": Identity()}
    )
    sdata = SpatialData(images={"photo": image})
    drawn = canvas(sdata.pl.render_images("photo").pl.show("bent", return_ax=True, figsize=(8, 8)))
    y, x = np.mgrid[0:16, 0:20] + 0.5
    places = factor * forward(np.column_stack([x.ravel(), y.ravel()]))
    for place, wanted in zip(places, pixels[:, 2::4, 2::4].reshape(3, -1).T / 255, strict=True):
        np.testing.assert_allclose(drawn.at(*place), wanted, atol=1.5 / 255)


def test_nothing_is_drawn_beside_an_image(canvas) -> None:
    black = np.zeros((3, 16, 20), dtype=np.uint8)
    image = Image2DModel.parse(black, c_coords=["r", "g", "b"], transformations={"bent": SPLINE})
    ax = SpatialData(images={"photo": image}).pl.render_images("photo").pl.show("bent", return_ax=True, figsize=(8, 8))
    drawn = canvas(ax)
    edge = np.linspace(0.02, 0.98, 30)
    border = forward(np.vstack([np.column_stack([20 * edge, 0 * edge]), np.column_stack([0 * edge + 20, 16 * edge])]))
    centre = forward(np.array([[10.0, 8.0]]))[0]
    for place in border:
        np.testing.assert_array_equal(drawn.at(*place + 0.03 * (centre - place)), 0)
    inside = shapely.Polygon(forward(shapely.get_coordinates(shapely.segmentize(box(0, 0, 20, 16), 0.1))))
    x, y = np.random.default_rng(0).uniform(*np.reshape(inside.bounds, (2, 2)), (400, 2)).T
    beside = ~shapely.contains_xy(inside.buffer(0.1), x, y)
    assert beside.sum() > 20
    for place in zip(x[beside], y[beside], strict=True):
        np.testing.assert_array_equal(drawn.at(*place), 1)


def test_labels(canvas) -> None:
    ids = np.zeros((16, 20), dtype=int)
    ids[4:12, 5:15] = 3
    sdata = SpatialData(labels={"cell": Labels2DModel.parse(ids, transformations={"bent": SPLINE})})
    layer = sdata.pl.render_labels("cell", color="red", fill_alpha=1.0, contour_px=None)
    drawn = canvas(layer.pl.show("bent", return_ax=True, figsize=(8, 8)))
    for place, wanted in (([6, 5], 0.0), ([14, 11], 0.0), ([3, 3], 1.0), ([17, 13], 1.0)):
        np.testing.assert_allclose(drawn.at(*forward(np.array([place], dtype=float))[0])[1], wanted, atol=0.01)
    ax = sdata.pl.render_labels("cell", as_points=True, color="red").pl.show("bent", return_ax=True)
    np.testing.assert_allclose(ax.collections[0].get_offsets(), forward(np.array([[10.0, 8.0]])))


def test_points_and_shapes() -> None:
    xy = np.random.default_rng(1).uniform(0, [20, 16], (30, 2))
    squares = gpd.GeoDataFrame(geometry=[box(2, 3, 8, 9)])
    sdata = SpatialData(
        points={"spots": PointsModel.parse(xy, transformations={"bent": SPLINE})},
        shapes={
            "square": ShapesModel.parse(squares, transformations={"bent": SPLINE}),
            "discs": ShapesModel.parse(xy[:3], geometry=0, radius=2.0, transformations={"bent": SPLINE}),
        },
    )
    ax = sdata.pl.render_points("spots").pl.show("bent", return_ax=True)
    np.testing.assert_allclose(ax.collections[0].get_offsets(), forward(xy))
    ax = sdata.pl.render_shapes("square").pl.show("bent", return_ax=True)
    corners = forward(np.array([[2.0, 3], [8, 3], [8, 9], [2, 9]]))
    drawn = ax.collections[0].get_paths()[0].vertices
    assert all(np.hypot(*(drawn - corner).T).min() < 1e-9 for corner in corners)
    ax = sdata.pl.render_shapes("discs").pl.show("bent", return_ax=True)
    for path, centre in zip(ax.collections[0].get_paths(), xy[:3], strict=True):
        rim = forward(centre + 2.0 * np.column_stack([np.cos(np.linspace(0, 6, 50)), np.sin(np.linspace(0, 6, 50))]))
        distance = np.hypot(*(path.vertices[:, None] - rim[None]).transpose(2, 0, 1))
        assert distance.min(axis=0).max() < 0.3
