"""Images and labels as layers."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_spatialdata.layers.contrast import contrast_limits
from napari_spatialdata.layers.images import color_channels, sketch_image
from napari_spatialdata.layers.labels import sketch_labels
from spatialdata.models import Image2DModel, Labels2DModel


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["r", "g", "b"], [0, 1, 2]),
        (["b", "g", "r"], [2, 1, 0]),
        (["a", "b", "g", "r"], [3, 2, 1, 0]),
        ([0, 1, 2], None),
        (["r", "g"], None),
        (["r", "g", "b", "DAPI"], None),
        (["DAPI"], None),
    ],
)
def test_only_named_channels_make_a_colour_image(names: list, expected: list | None) -> None:
    assert color_channels(names) == expected


def pixels(channels: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, (channels, 8, 6)).astype(dtype)


def test_colour_image_is_one_layer_in_rgb_order() -> None:
    array = pixels(3)
    image = Image2DModel.parse(array, dims=("c", "y", "x"), c_coords=["b", "r", "g"])
    (sketch,) = sketch_image(image)
    assert sketch.options["rgb"]
    np.testing.assert_array_equal(np.asarray(sketch.data), np.stack([array[1], array[2], array[0]], axis=-1))


@pytest.mark.parametrize("channels", [1, 2, 9])
def test_other_images_are_one_layer_per_channel(channels: int) -> None:
    array = pixels(channels, "uint16")
    sketches = sketch_image(Image2DModel.parse(array, dims=("c", "y", "x")))
    assert len(sketches) == channels
    for channel, sketch in enumerate(sketches):
        np.testing.assert_array_equal(np.asarray(sketch.data), array[channel])
        assert sketch.options["contrast_limits"] == (array[channel].min(), array[channel].max())
        assert sketch.options.get("visible", True) == (channel < 7)


def test_all_levels_are_given_from_fine_to_coarse() -> None:
    array = np.random.default_rng(0).integers(0, 255, (2, 16, 16)).astype(np.uint8)
    image = Image2DModel.parse(array, dims=("c", "y", "x"), scale_factors=[2, 2])
    for channel, sketch in enumerate(sketch_image(image)):
        assert sketch.options["multiscale"]
        assert [level.shape for level in sketch.data] == [(16, 16), (8, 8), (4, 4)]
        np.testing.assert_array_equal(np.asarray(sketch.data[0]), array[channel])
    labels = Labels2DModel.parse(array[0].astype(np.uint32), dims=("y", "x"), scale_factors=[2])
    (sketch,) = sketch_labels(labels)
    assert [level.shape for level in sketch.data] == [(16, 16), (8, 8)]


def test_labels_are_not_read() -> None:
    def explode(*_: object) -> np.ndarray:
        raise AssertionError("a pixel was read")

    lazy = da.map_blocks(explode, chunks=((4, 4), (4, 4)), dtype=np.int32, meta=np.empty((0, 0), dtype=np.int32))
    (sketch,) = sketch_labels(Labels2DModel.parse(lazy, dims=("y", "x")))
    assert sketch.data.shape == (8, 8)


def test_contrast_of_odd_channels() -> None:
    channels = np.zeros((4, 5, 5))
    channels[0] = 3.0
    channels[1] = np.nan
    channels[2, 0, 0] = np.inf
    channels[3, 2, 2] = -7
    assert contrast_limits(da.from_array(channels)) == [(3, 4), (0, 1), (0, 1), (-7, 0)]


def test_contrast_of_large_images_looks_at_few_chunks() -> None:
    read = []

    def block(block_info: dict) -> np.ndarray:
        read.append(block_info[None]["chunk-location"])
        return np.full((1, 512, 512), block_info[None]["chunk-location"][1], dtype=np.uint16)

    image = da.map_blocks(block, chunks=((1,), (512,) * 20, (512,) * 20), dtype=np.uint16)
    assert contrast_limits(image) == [(0, 19)]
    assert len(set(read)) <= 64


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.full((3, 4, 4), 40_000, dtype=np.uint16), 40_000 / 65_535),
        (np.full((3, 4, 4), 63, dtype=np.int8), 63 / 127),
        (np.stack([np.full((4, 4), value) for value in (-10.0, 30.0, 90.0)]), [0, 0.4, 1]),
        (np.full((3, 4, 4), 0.25), 0.25),
        (np.full((3, 4, 4), 100, dtype=np.uint8), 100),
    ],
)
def test_colours_of_all_types_get_the_range_that_napari_draws(array: np.ndarray, expected: object) -> None:
    image = Image2DModel.parse(array, dims=("c", "y", "x"), c_coords=["r", "g", "b"], scale_factors=[2])
    (sketch,) = sketch_image(image)
    for level in sketch.data:
        np.testing.assert_allclose(np.asarray(level), np.broadcast_to(expected, level.shape), rtol=1e-6)
