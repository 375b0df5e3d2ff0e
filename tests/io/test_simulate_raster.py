from __future__ import annotations

import numpy as np
import pytest
import shapely

from spatialdata_io.simulate.raster import rasterise, rasterise_shapes
from spatialdata_io.simulate.visium import shrink


def centres(rows: slice, columns: int):
    y, x = np.mgrid[rows, :columns] + 0.5
    return x, y


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rows", [slice(0, 40), slice(13, 29)])
def test_polygons_agree_with_shapely_at_pixel_centres(seed, rows):
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    radius = rng.uniform(2, 9, (6, 9, 1))
    polygons = rng.uniform(-5, 55, (6, 1, 2)) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    values = np.arange(1, 7, dtype=np.uint32)
    x, y = centres(rows, 50)
    expected = np.zeros(x.shape, dtype=np.uint32)
    for polygon, value in zip(polygons, values, strict=True):
        expected[shapely.contains_xy(shapely.Polygon(polygon), x, y)] = value
    drawn = rasterise(polygons, values, rows, 50)
    assert drawn.dtype == np.uint32
    np.testing.assert_array_equal(drawn, expected)


def test_shapes_with_holes_and_many_parts_agree_with_shapely():
    ring = shapely.Point(15.3, 14.2).buffer(11).difference(shapely.Point(14.1, 15.7).buffer(5))
    many = shapely.MultiPolygon([shapely.box(31.2, 2.1, 38.9, 9.8), shapely.Point(35.1, 24.3).buffer(4)])
    x, y = centres(slice(0, 32), 40)
    expected = np.zeros(x.shape, dtype=np.float32)
    for shape, value in ((ring, 0.5), (many, 2.0)):
        expected[shapely.contains_xy(shape, x, y)] = value
    drawn = rasterise_shapes([ring, many], np.array([0.5, 2.0], dtype=np.float32), slice(0, 32), 40)
    np.testing.assert_array_equal(drawn, expected)


def test_a_square_on_the_grid_covers_exactly_its_pixels():
    square = np.array([[[2, 1], [5, 1], [5, 4], [2, 4]]], dtype=float)
    drawn = rasterise(square, np.array([1], dtype=np.uint8), slice(0, 6), 8)
    expected = np.zeros((6, 8), dtype=np.uint8)
    expected[1:4, 2:5] = 1
    np.testing.assert_array_equal(drawn, expected)


def test_shrinking_by_a_whole_number_takes_block_means():
    image = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    blocks = image.reshape(3, 4, 5, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shrink(image, 0.25), blocks, atol=0.51)


def test_shrinking_by_a_fraction_keeps_the_mean():
    image = np.random.default_rng(1).integers(0, 256, (90, 140, 3), dtype=np.uint8)
    small = shrink(image, 0.3)
    assert small.shape == (27, 42, 3)
    assert small.mean() == pytest.approx(image.mean(), abs=0.5)
