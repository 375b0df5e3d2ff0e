"""What is read of a raster, against plain loops."""

from __future__ import annotations

import dask.array as da
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import bounding_box_query, get_pyramid_levels
from spatialdata.models import Image2DModel
from spatialdata.transformations import Affine, Identity
from spatialdata_plot.resolve.canvas import Pyramid, extent_of, plan, pyramid_of, read
from spatialdata_plot.resolve.level_places import level_places

SIZES = st.integers(1, 40)
DENSITIES = st.floats(0.02, 3)


def pyramid(height: int, width: int, levels: int = 1, chunk: int = 7, **kwargs) -> Pyramid:
    arrays = []
    for level in range(levels):
        shape = (max(height >> level, 1), max(width >> level, 1))
        values = np.arange(2 * shape[0] * shape[1], dtype=np.uint16).reshape(2, *shape)
        arrays.append(da.from_array(values, chunks=(1, chunk, chunk + 2)))
    return Pyramid(arrays=tuple(arrays), matrix=np.eye(3), **kwargs)


@given(SIZES, SIZES, DENSITIES, DENSITIES, st.integers(1, 4), st.data())
def test_blocks_are_averaged_or_sampled_in_their_middle(height, width, dense_y, dense_x, levels, data) -> None:
    source = pyramid(height, width, levels)
    x0 = data.draw(st.floats(-5, width + 2))
    y0 = data.draw(st.floats(-5, height + 2))
    window = (x0, x0 + data.draw(st.floats(1, 50)), y0, y0 + data.draw(st.floats(1, 50)))
    what = plan(source, window, (dense_y, dense_x))
    if what is None:
        assert window[0] >= width or window[1] <= 0 or window[2] >= height or window[3] <= 0 or levels > 1
        return
    values = np.asarray(source.arrays[what.level])
    (r0, r1), (c0, c1), (sy, sx) = what.rows, what.columns, what.step
    mean, middle = read(source, what, average=True), read(source, what, average=False)
    rows, columns = range(r0, r1, sy), range(c0, c1, sx)
    assert mean.shape == middle.shape == (2, len(rows), len(columns))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            block = values[:, row : min(row + sy, r1), column : min(column + sx, c1)]
            np.testing.assert_allclose(mean[:, i, j], block.mean(axis=(1, 2)), rtol=1e-5)
            y, x = min(row + sy // 2, r1 - 1), min(column + sx // 2, c1 - 1)
            np.testing.assert_array_equal(middle[:, i, j], values[:, y, x])


@given(SIZES, SIZES, DENSITIES, st.integers(1, 4))
def test_the_window_is_covered_and_no_pixel_of_the_axes_lacks_one_of_its_own(height, width, density, levels) -> None:
    source = pyramid(height, width, levels)
    what = plan(source, (0, width, 0, height), (density, density))
    assert what is not None
    xmin, xmax, ymin, ymax = extent_of(source, what)
    assert xmin == ymin == 0
    assert xmax >= width - 1e-9
    assert ymax >= height - 1e-9
    factors = source.factors(what.level)
    for factor, step in zip(factors, what.step, strict=True):
        assert factor * step * density <= 1 or (what.level == 0 and step == 1)
    if what.level + 1 < levels:
        coarser = source.factors(what.level + 1)
        assert max(coarser) * density > 1


def test_a_fixed_level_is_read_whole() -> None:
    source = pyramid(32, 32, levels=3, fixed=1, whole=True)
    what = plan(source, (0, 32, 0, 32), (0.01, 0.01))
    assert what is not None
    assert (what.level, what.rows, what.columns, what.step) == (1, (0, 16), (0, 16), (1, 1))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(18, 61), st.integers(0, 2), st.integers(0, 20))
def test_pixels_of_cut_levels_are_drawn_where_they_lie(top, left, end, level, seed) -> None:
    """The pixels of each channel hold their own place, and so do the means over blocks of them."""
    rng = np.random.default_rng(seed)
    to_world = Affine(np.vstack([rng.integers(-9, 10, (2, 3)) + 20 * np.eye(2, 3), [0, 0, 1]]), ("x", "y"), ("x", "y"))
    places = np.stack(np.mgrid[:61, :61] + 0.5)
    image = Image2DModel.parse(places, scale_factors=[2, 2], transformations={"global": to_world, "px": Identity()})
    cut = bounding_box_query(image, ("y", "x"), [top, left], [end, end], "px")
    levels = get_pyramid_levels(cut)
    if level >= len(levels):
        return
    source = pyramid_of(levels, np.eye(3), f"scale{level}", "image", level_places(levels, "global"))
    what = plan(source, (0, *source.shape[1:], 0, source.shape[0]), (1, 1))
    if what is None:
        return
    xmin, xmax, ymin, ymax = extent_of(source, what)
    pixels = read(source, what, average=True)
    for values, low, high, start in ((pixels[0], ymin, ymax, top), (pixels[1].T, xmin, xmax, left)):
        side = (high - low) / len(values)
        expected = start + low + (np.arange(len(values)) + 0.5) * side
        np.testing.assert_allclose(values, np.broadcast_to(expected[:, None], values.shape), rtol=0, atol=1e-6)
