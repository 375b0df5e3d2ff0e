"""Pixels that lie on regions in part, against the areas that shapely finds for each pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from spatialdata import aggregate
from spatialdata.kernels.coverage import coverage_of_polygons
from spatialdata.kernels.polygons import polygons_of
from spatialdata.kernels.second_moments import moments_of_rings
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, ShapesModel
from spatialdata.ops.oriented_rings import oriented_rings
from spatialdata.regions import HexagonGrid, SquareGrid
from spatialdata.transformations import Affine, Scale, Sequence, Translation

XY, XYZ = ("x", "y"), ("x", "y", "z")
COS, SIN = np.cos(0.5), np.sin(0.5)
TURN = Affine([[1.5 * COS, -SIN, 3], [1.5 * SIN, COS, -4], [0, 0, 1]], XY, XY)


def squares(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return shapely.box(x, y, x + 1, y + 1).ravel()


def figures(seed: int, count: int = 12, reach: float = 16) -> np.ndarray:
    """Stars with holes and of several parts, large and tiny, some beyond the raster."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        corners, middle = rng.integers(3, 12), rng.uniform(-3, reach + 3, 2)
        size = rng.choice([0.2, 1.0, 6.0])
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radius = rng.uniform(0.3, 1, corners) * size
        star = shapely.Polygon(np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None] + middle).buffer(0)
        if number % 3 == 0:
            star = star.difference(shapely.Point(middle).buffer(size / 3, quad_segs=2))
        if number % 4 == 0:
            star = shapely.union_all([star, affinity.translate(star, 9.3, 0.4)])
        found.append(star)
    return np.array([one for one in found if one.area > 0], dtype=object)


def covered(polygons: np.ndarray, height: int, width: int) -> np.ndarray:
    rings, owner = oriented_rings(polygons)
    order = np.argsort(owner, kind="stable")
    coordinates, ring = shapely.get_coordinates(rings[order], return_index=True)
    x, y = np.ascontiguousarray(coordinates.T)
    starts = np.searchsorted(ring, np.arange(len(rings) + 1)).astype(np.int64)
    of = np.searchsorted(owner[order], np.arange(len(polygons) + 1)).astype(np.int64)
    figure, pixel, part = coverage_of_polygons(x, y, starts, of, height, width)
    found = np.zeros((len(polygons), height * width))
    np.add.at(found, (figure, pixel), part)
    return found


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_the_part_of_each_pixel_that_polygons_cover(seed: int) -> None:
    polygons = figures(seed)
    expected = shapely.area(shapely.intersection(polygons[:, None], squares(13, 16)[None]))
    np.testing.assert_allclose(covered(polygons, 13, 16), expected, atol=1e-9)


def test_edges_along_and_beyond_those_of_pixels() -> None:
    polygons = np.array(
        [shapely.box(2, 1, 5, 3), shapely.box(-9, -9, 99, 99), shapely.box(-5, 2.5, 0, 3), shapely.box(6, 0, 20, 0.25),
         shapely.Polygon([(0, 0), (8, 0), (8, 6)]), shapely.box(3.25, 2.25, 3.5, 2.75)], dtype=object
    )  # fmt: skip
    expected = shapely.area(shapely.intersection(polygons[:, None], squares(6, 8)[None]))
    np.testing.assert_allclose(covered(polygons, 6, 8), expected, atol=1e-12)


def test_moments_of_polygons() -> None:
    """A square with a hole, and one of two parts, worked out by hand; the direction of rings does not matter."""
    frame = shapely.box(0, 0, 6, 2).difference(shapely.box(1, 0.5, 2, 1.5))
    area, perimeter, centre, second = moments_of_rings(*polygons_of(np.array([frame, shapely.reverse(frame)])))
    np.testing.assert_allclose(area, 11)
    np.testing.assert_allclose(perimeter, 20)
    np.testing.assert_allclose(centre, np.array([[(36 - 1.5) / 11, 1.0]] * 2))
    xx = (2 * 6**3 / 3 - (2**3 - 1) / 3) / 11 - centre[0, 0] ** 2
    yy = (6 * 2**3 / 3 - (1.5**3 - 0.5**3) / 3) / 11 - 1
    np.testing.assert_allclose(second, [[[xx, 0], [0, yy]]] * 2, atol=1e-12)


def expected_sums(pixels: np.ndarray, regions: np.ndarray, placed: Any) -> np.ndarray:
    """The sums of the values times the parts of their pixels, by shapely, of shape (regions, channels)."""
    matrix = placed.to_affine_matrix(XY, XY)
    moved = shapely.transform(squares(*pixels.shape[-2:]), lambda c: c @ matrix[:2, :2].T + matrix[:2, 2])
    part = shapely.area(shapely.intersection(regions[:, None], moved[None])) / shapely.area(moved[0])
    flat = pixels.reshape(len(pixels), -1, pixels.shape[-2] * pixels.shape[-1]).sum(axis=1)
    return part @ flat.T


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("kind", ["polygons", "circles", "squares", "hexagons"])
def test_images_by_regions(kind: str, deep: bool) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 99, (2, 3, 12, 14) if deep else (2, 12, 14))
    model, chunks = (Image3DModel, (1, 2, 5, 6)) if deep else (Image2DModel, (1, 5, 6))
    image = model.parse(pixels, chunks=chunks, transformations={"global": TURN})
    if kind == "polygons":
        regions = figures(2)
        by: Any = ShapesModel.parse(GeoDataFrame(geometry=regions))
    elif kind == "circles":
        centres, radii = rng.uniform(0, 16, (15, 2)), rng.uniform(0.05, 5, 15)
        by = ShapesModel.parse(centres, geometry=0, radius=radii)
        regions = shapely.buffer(shapely.points(centres), radii, quad_segs=2048)
    else:
        cells = SquareGrid if kind == "squares" else HexagonGrid
        by = cells.covering([-10, -10], [30, 30], 4.3)
        regions = by.shapes().geometry.to_numpy()
    found = aggregate(image, by, agg_func="sum", fractions=True)["table"].X
    np.testing.assert_allclose(found.toarray(), expected_sums(pixels, regions, TURN), rtol=2e-6, atol=1e-6)
    if kind in ("squares", "hexagons"):
        np.testing.assert_allclose(np.asarray(found.sum(axis=0)).ravel(), pixels.reshape(2, -1).sum(axis=1))


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
def test_images_by_labels_of_other_pixels(scale: float) -> None:
    pixels = np.random.default_rng(3).integers(0, 99, (1, 12, 14))
    ids = np.random.default_rng(4).integers(0, 5, (9, 7))
    placed = Sequence([Scale([scale, scale], XY), Translation([0.7, -0.4], XY)])
    labels = Labels2DModel.parse(ids, chunks=4, transformations={"global": placed})
    regions = []
    for label in range(1, 5):
        low = np.argwhere(ids == label)[:, ::-1] * scale + [0.7, -0.4]
        regions.append(shapely.union_all(shapely.box(*low.T, *(low + scale).T)))
    found = aggregate(Image2DModel.parse(pixels, chunks=(1, 5, 5)), labels, agg_func="sum", fractions=True)["table"]
    assert found.obs["instance_id"].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(found.X.toarray(), expected_sums(pixels, np.array(regions), Scale([1, 1], XY)))


def test_means_weighted_by_a_channel_and_the_parts_of_pixels() -> None:
    pixels = np.array([[[2.0, 6.0]], [[1.0, 3.0]]])
    image = Image2DModel.parse(pixels, c_coords=["v", "w"])
    by = ShapesModel.parse(GeoDataFrame(geometry=[shapely.box(0.5, 0, 1.25, 1)]))
    found = aggregate(image, by, agg_func=["sum", "mean"], weights="w", fractions=True)["table"]
    assert found.X.toarray()[0].tolist() == pytest.approx([0.5 * 2 + 0.25 * 18, (1 + 4.5) / (0.5 + 0.75)])
    counted = aggregate(image, by, agg_func=["count", "max"], value_key="v", fractions=True)["table"]
    assert counted.X.toarray()[0].tolist() == [2, 1.5]
