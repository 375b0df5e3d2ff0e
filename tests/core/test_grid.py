"""The grid of a raster and the rule of pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialdata.errors import UnknownCoordinateSystemError
from spatialdata.grids.grid import Grid, pixels_between
from spatialdata.models import Labels2DModel
from spatialdata.transformations import Affine, Scale

bounds = st.floats(-30, 60, allow_nan=False)


@given(bounds, bounds, st.integers(0, 40), st.sampled_from([1.0, 2.0, 2.5, 4.0]))
def test_pixels_are_those_whose_centre_lies_between_the_bounds(a: float, b: float, size: int, step: float) -> None:
    lower, upper = sorted((a, b))
    inside = [i for i in range(size) if lower / step <= i + 0.5 <= upper / step]
    found = pixels_between(lower, upper, size, step)
    assert list(range(size))[found] == inside


def test_without_bounds_all_pixels_are_taken() -> None:
    assert pixels_between(-math.inf, math.inf, 7) == slice(0, 7)
    assert pixels_between(-math.inf, 2.5, 7) == slice(0, 3)


def test_a_box_beside_the_raster_takes_nothing() -> None:
    for lower, upper in ((-9.0, -1.0), (50.0, 60.0), (2.6, 3.4)):
        found = pixels_between(lower, upper, 7)
        assert found.start == found.stop


TURN = Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y"))


def world(grid: Grid, y: float, x: float) -> np.ndarray:
    return (grid.matrix() @ [y, x, 1.0])[:2]


def test_a_part_of_a_grid_stays_where_it_is() -> None:
    grid = Grid(axes=("y", "x"), shape=(10, 12), to_world=TURN)
    part = grid[{"y": slice(3, 8), "x": slice(2, 9)}]
    assert part.shape == (5, 7)
    np.testing.assert_allclose(world(part, 0.5, 0.5), world(grid, 3.5, 2.5))
    padded = part.pad({"y": 3, "x": 2}, {"y": 2, "x": 3})
    assert padded.shape == grid.shape
    np.testing.assert_allclose(world(padded, 1, 1), world(grid, 1, 1))


def test_a_coarser_grid_covers_the_same_place() -> None:
    grid = Grid(axes=("y", "x"), shape=(8, 12), to_world=TURN)
    assert grid.coarsen({"y": 2, "x": 4}).shape == (4, 3)
    assert grid.coarsen({"y": 2, "x": 4}).extent() == {
        axis: pytest.approx(pair) for axis, pair in grid.extent().items()
    }


def test_the_extent_is_the_box_around_the_corners() -> None:
    grid = Grid(axes=("y", "x"), shape=(8, 12), to_world=TURN)
    corners = np.array([world(grid, y, x) for y in (0, 8) for x in (0, 12)])
    for index, axis in enumerate(grid.axes):
        assert grid.extent()[axis] == pytest.approx((corners[:, index].min(), corners[:, index].max()))


def test_an_enclosing_grid_covers_the_box_with_the_fewest_pixels() -> None:
    grid = Grid.enclosing([1.0, 2.0], [2.1, 5.0], axes=("y", "x"), pixel_size=0.5)
    assert grid.shape == (3, 6)
    assert grid.extent() == {"y": (1.0, 2.5), "x": (2.0, 5.0)}


def test_slices_pick_pixel_centres() -> None:
    grid = Grid(axes=("y", "x"), shape=(8, 12))
    assert grid.slices({"x": (3.4, 7.5)}) == {"y": slice(0, 8), "x": slice(3, 8)}
    np.testing.assert_array_equal(grid.centres("y")[:2], [0.5, 1.5])


def test_the_grid_of_a_raster() -> None:
    labels = Labels2DModel.parse(np.zeros((4, 6), dtype=int), transformations={"um": Scale([2.0, 3.0], ("y", "x"))})
    assert Grid.of(labels, "um").extent() == {"y": (0.0, 8.0), "x": (0.0, 18.0)}
    with pytest.raises(UnknownCoordinateSystemError, match="'nowhere'"):
        Grid.of(labels, "nowhere")


def test_bad_grids_are_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        Grid(axes=("y", "x"), shape=(3,))
    with pytest.raises(ValueError, match="steps of 1"):
        Grid(axes=("y",), shape=(9,))[{"y": slice(0, 9, 2)}]
