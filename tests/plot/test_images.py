"""Images: pixels lie where the transformation puts them, in the colors that were asked for."""

from __future__ import annotations

import dask.array as da
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import Normalize

from spatialdata import SpatialData
from spatialdata.models import Image2DModel
from spatialdata.transformations import Affine, Identity
from spatialdata_plot import PercentileNormalize

from .conftest import MATRICES, everywhere, place

WHITE = np.ones(3)


def inside_pixels(height: int, width: int, reach: float = 0.35) -> list[tuple[int, int, np.ndarray]]:
    """Row, column, and five places of every pixel: its centre and four towards its corners."""
    offsets = np.array([[0, 0], [reach, reach], [-reach, reach], [reach, -reach], [-reach, -reach]])
    return [(row, col, np.array([col + 0.5, row + 0.5]) + offsets) for row in range(height) for col in range(width)]


@pytest.mark.parametrize("system", MATRICES)
def test_every_pixel_of_a_photograph_lies_in_its_place(unchanged, canvas, system) -> None:
    ax = unchanged.pl.render_images("photo").pl.show(system, return_ax=True, figsize=(8, 8))
    drawn = canvas(ax)
    expected = np.asarray(unchanged.images["photo"].data) / 255
    for row, col, xy in inside_pixels(16, 20):
        for x, y in place(system, xy):
            np.testing.assert_allclose(drawn.at(x, y), expected[:, row, col], atol=1.5 / 255)


@pytest.mark.parametrize("system", ["rotated", "sheared"])
def test_corners_beside_a_rotated_image_stay_empty(sdata, canvas, system) -> None:
    ax = sdata.pl.render_images("photo").pl.show(system, return_ax=True)
    drawn = canvas(ax)
    corners = place(system, np.array([[0, 0], [20, 0], [20, 16], [0, 16]]))
    middle = corners.mean(axis=0)
    for corner in corners:
        np.testing.assert_allclose(drawn.at(*(corner + 0.97 * (middle - corner))), drawn.at(*middle), atol=1)
        outside = corner - 0.02 * (middle - corner)
        (x0, x1), (y1, y0) = ax.get_xlim(), ax.get_ylim()
        if x0 < outside[0] < x1 and y0 < outside[1] < y1:
            np.testing.assert_array_equal(drawn.at(*outside), WHITE)


def test_a_single_channel_goes_through_norm_and_colormap(sdata, canvas) -> None:
    ax = sdata.pl.render_images("stain", channel="CD3", cmap="magma", norm=Normalize(500, 4000)).pl.show(
        "global", return_ax=True
    )
    drawn = canvas(ax)
    values = np.asarray(sdata.images["stain"].sel(c="CD3").data).astype(float)
    for row, col, xy in inside_pixels(16, 20, reach=0):
        wanted = mpl.colormaps["magma"](np.clip((values[row, col] - 500) / 3500, 0, 1))[:3]
        np.testing.assert_allclose(drawn.at(*xy[0]), wanted, atol=0.02)


def test_two_channels_are_red_and_green_scaled_one_by_one(sdata, canvas) -> None:
    ax = sdata.pl.render_images("stain", channel=["KRT", "DAPI"]).pl.show("global", return_ax=True)
    drawn = canvas(ax)
    values = np.asarray(sdata.images["stain"].data).astype(float)[[3, 0]]
    low, high = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
    scaled = (values - low) / (high - low)
    for row, col, xy in inside_pixels(16, 20, reach=0):
        np.testing.assert_allclose(drawn.at(*xy[0]), [*scaled[:, row, col], 0], atol=0.01)


def test_palette_adds_channels_up_from_black(sdata, canvas) -> None:
    ax = sdata.pl.render_images("stain", channel=["DAPI", "CD8"], palette=["#4080ff", "#ffff00"]).pl.show(
        "global", return_ax=True
    )
    drawn = canvas(ax)
    values = np.asarray(sdata.images["stain"].data).astype(float)[[0, 2]]
    low, high = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
    scaled = (values - low) / (high - low)
    tints = np.array([mpl.colors.to_rgb("#4080ff"), mpl.colors.to_rgb("#ffff00")])
    for row, col, xy in inside_pixels(16, 20, reach=0):
        wanted = np.clip((scaled[:, row, col, None] * tints).sum(axis=0), 0, 1)
        np.testing.assert_allclose(drawn.at(*xy[0]), wanted, atol=0.015)


def test_several_colormaps_are_averaged(sdata, canvas, said) -> None:
    norm = Normalize(0, 5000)
    ax = sdata.pl.render_images("stain", channel=["DAPI", "CD3"], cmap=["viridis", "gray"], norm=norm).pl.show(
        "global", return_ax=True
    )
    drawn = canvas(ax)
    values = np.asarray(sdata.images["stain"].data).astype(float)[:2] / 5000
    for row, col, xy in inside_pixels(16, 20, reach=0):
        shades = [
            mpl.colormaps[name](value) for name, value in zip(("viridis", "gray"), values[:, row, col], strict=True)
        ]
        np.testing.assert_allclose(drawn.at(*xy[0]), np.mean(shades, axis=0)[:3], atol=0.01)
    assert "averaging" in said()
    assert (norm.vmin, norm.vmax) == (0, 5000)


def test_percentile_norm_takes_percentiles_of_the_channel(sdata, canvas) -> None:
    ax = sdata.pl.render_images("stain", channel="DAPI", cmap="gray", norm=PercentileNormalize(10, 90)).pl.show(
        "global", return_ax=True
    )
    drawn = canvas(ax)
    values = np.asarray(sdata.images["stain"].sel(c="DAPI").data).astype(float)
    low, high = np.percentile(values, [10, 90])
    for row, col, xy in inside_pixels(16, 20, reach=0):
        gray = np.clip((values[row, col] - low) / (high - low), 0, 1)
        np.testing.assert_allclose(drawn.at(*xy[0]), [gray] * 3, atol=0.01)


def test_grayscale_is_the_luminance(sdata, canvas) -> None:
    ax = sdata.pl.render_images("photo", grayscale=True, norm=Normalize(0, 255)).pl.show("global", return_ax=True)
    drawn = canvas(ax)
    rgb = np.asarray(sdata.images["photo"].data) / 255
    for row, col, xy in inside_pixels(16, 20, reach=0):
        gray = 0.2989 * rgb[0, row, col] + 0.587 * rgb[1, row, col] + 0.114 * rgb[2, row, col]
        np.testing.assert_allclose(drawn.at(*xy[0]), [gray] * 3, atol=0.01)


def test_transfunc_is_applied_before_the_range_is_taken(sdata, canvas) -> None:
    ax = sdata.pl.render_images("stain", channel="DAPI", cmap="gray", transfunc=np.sqrt).pl.show(
        "global", return_ax=True
    )
    drawn = canvas(ax)
    values = np.sqrt(np.asarray(sdata.images["stain"].sel(c="DAPI").data).astype(float))
    for row, col, xy in inside_pixels(16, 20, reach=0):
        gray = (values[row, col] - values.min()) / np.ptp(values)
        np.testing.assert_allclose(drawn.at(*xy[0]), [gray] * 3, atol=0.01)


def test_alpha_blends_with_white(sdata, canvas) -> None:
    ax = sdata.pl.render_images("photo", alpha=0.25).pl.show("global", return_ax=True)
    drawn = canvas(ax)
    rgb = np.asarray(sdata.images["photo"].data) / 255
    for row, col, xy in inside_pixels(16, 20, reach=0):
        np.testing.assert_allclose(drawn.at(*xy[0]), 0.25 * rgb[:, row, col] + 0.75, atol=0.015)


def big_image(size: int = 1500, **kwargs) -> SpatialData:
    """Black, with a white square of 60 pixels at x 900…960, y 300…360."""
    pixels = np.zeros((1, size, size), dtype=np.uint8)
    pixels[0, 300:360, 900:960] = 200
    image = Image2DModel.parse(pixels, transformations=everywhere(), **kwargs)
    return SpatialData(images={"big": image})


@pytest.mark.parametrize("scale_factors", [None, [2, 2]])
@pytest.mark.parametrize("system", ["global", "rotated", "mirrored"])
def test_an_image_larger_than_the_axes_keeps_its_place(canvas, scale_factors, system) -> None:
    sdata = big_image(scale_factors=scale_factors)
    ax = sdata.pl.render_images("big", cmap="gray", norm=Normalize(0, 200)).pl.show(
        system, return_ax=True, figsize=(5, 5)
    )
    drawn = canvas(ax)
    inner = np.array([[914, 314], [946, 314], [946, 346], [914, 346], [930, 330]])
    outer = np.array([[886, 286], [974, 286], [974, 374], [886, 374], [930, 286], [886, 330]])
    for x, y in place(system, inner):
        np.testing.assert_allclose(drawn.at(x, y), 1, atol=0.02)
    for x, y in place(system, outer):
        np.testing.assert_allclose(drawn.at(x, y), 0, atol=0.02)


class Reads:
    """Counts the pixels of the chunks that are computed."""

    def __init__(self) -> None:
        self.pixels = 0

    def __call__(self, block: np.ndarray) -> np.ndarray:
        self.pixels += block.size
        return block


def test_only_the_level_and_window_that_are_seen_are_read(canvas) -> None:
    reads = [Reads(), Reads(), Reads()]
    image = Image2DModel.parse(da.zeros((1, 2048, 2048), chunks=(1, 256, 256), dtype=np.uint8), scale_factors=[2, 2])
    for level, counter in enumerate(reads):
        array = image[f"scale{level}"]["image"]
        array.data = array.data.map_blocks(counter, dtype=array.dtype, meta=np.empty((0, 0, 0), array.dtype))
    sdata = SpatialData(images={"big": image})
    norm = Normalize(0, 1)
    ax = sdata.pl.render_images("big", norm=norm).pl.show(figsize=(4, 4), return_ax=True)
    canvas(ax)
    before = [counter.pixels for counter in reads]
    ax.set_xlim(300, 500)
    ax.set_ylim(500, 300)
    canvas(ax)
    zoomed = [after.pixels - count for after, count in zip(reads, before, strict=True)]
    assert zoomed[1:] == [0, 0]
    assert 0 < zoomed[0] <= 4 * 256**2


def test_scale_chooses_the_level(canvas) -> None:
    image = Image2DModel.parse(np.zeros((1, 64, 64), dtype=np.uint8), scale_factors=[2])
    image["scale1"]["image"].data = image["scale1"]["image"].data + np.uint8(100)
    sdata = SpatialData(images={"two": image})
    norm = Normalize(0, 100)
    shown = {
        scale: canvas(sdata.pl.render_images("two", scale=scale, cmap="gray", norm=norm).pl.show(return_ax=True)).at(
            30, 30
        )[0]
        for scale in (None, "full", "scale0", "scale1")
    }
    assert shown == {None: 0, "full": 0, "scale0": 0, "scale1": 1}


def test_channel_legend_lists_channels_in_their_order(sdata) -> None:
    ax = sdata.pl.render_images("stain", channel=["KRT", "CD3"], channels_as_legend=True).pl.show(
        "global", return_ax=True
    )
    legend = next(artist for artist in ax.artists if hasattr(artist, "get_texts"))
    assert [text.get_text() for text in legend.get_texts()] == ["KRT", "CD3"]
    colors = [mpl.colors.to_rgb(handle.get_markerfacecolor()) for handle in legend.legend_handles]
    assert colors == [(1, 0, 0), (0, 1, 0)]


def test_a_constant_channel_is_drawn_half_bright(canvas, said) -> None:
    sdata = SpatialData(images={"flat": Image2DModel.parse(np.full((2, 4, 4), 7.0), c_coords=["a", "b"])})
    drawn = canvas(sdata.pl.render_images("flat").pl.show(return_ax=True))
    np.testing.assert_allclose(drawn.at(2, 2), [0.5, 0.5, 0], atol=0.01)
    assert "'a'" in said()
    assert "'b'" in said()


def test_nan_is_refused(sdata) -> None:
    image = Image2DModel.parse(np.full((1, 4, 4), np.nan), transformations={"global": Identity()})
    with pytest.raises(ValueError, match=r"'holey' holds NaN.*fillna"):
        SpatialData(images={"holey": image}).pl.render_images("holey").pl.show()


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"channel": "CD4"}, ValueError, r"'CD4'.*Did you mean 'CD"),
        ({"channel": ["CD3", 1]}, TypeError, r"mixes names and numbers"),
        ({"scale": "scale7"}, ValueError, r"'scale7'.*'scale0', 'full'"),
        ({"palette": "red", "cmap": "gray"}, ValueError, r"Both `palette` and `cmap`"),
        ({"alpha": 1.5}, ValueError, r"between 0 and 1"),
        ({"cmap": "virids"}, ValueError, r"Did you mean 'viridis'"),
        ({"grayscale": True, "palette": "red"}, ValueError, r"grayscale"),
        ({"method": "gpu"}, ValueError, r"'matplotlib', 'datashader'"),
        ({"norm": 3}, TypeError, r"Normalize"),
    ],
)
def test_wrong_parameters_say_what_is_valid(sdata, kwargs, error, message) -> None:
    with pytest.raises(error, match=message):
        sdata.pl.render_images("stain", **kwargs)


def test_lists_must_have_one_value_per_channel(sdata) -> None:
    with pytest.raises(ValueError, match="`palette` holds 2 values for 4 channels"):
        sdata.pl.render_images("stain", palette=["red", "blue"]).pl.show("global")
    with pytest.raises(ValueError, match="3 channels, but 2"):
        sdata.pl.render_images("stain", channel=["CD3", "CD8"], grayscale=True).pl.show("global")


def test_a_singular_place_is_refused(sdata) -> None:
    flat = Affine(np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 1]]), ("x", "y"), ("x", "y"))
    image = Image2DModel.parse(np.zeros((1, 4, 4)), transformations={"line": flat})
    with pytest.raises(ValueError, match="'flat' has no area in 'line'"):
        SpatialData(images={"flat": image}).pl.render_images("flat").pl.show()
