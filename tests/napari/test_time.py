"""Images and labels with several points in time: one layer with a slider along t."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialdata import Interactive
from napari_spatialdata.layers.images import sketch_image
from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel
from spatialdata.transformations import Scale

MOVIE = np.random.default_rng(0).integers(0, 200, (3, 2, 8, 6)).astype("uint16")
DIMS = ("t", "c", "y", "x")


def shown(element: Any, kind: str, system: str = "global") -> Any:
    interactive = Interactive(SpatialData(**{kind: {"movie": element}}), headless=True, viewer=ViewerModel())
    interactive.add_element("movie", system)
    return interactive.get_layer("movie")


def test_each_channel_is_a_layer_over_time() -> None:
    image = Image2DModel.parse(MOVIE, dims=DIMS, scale_factors=[2])
    for channel, sketch in enumerate(sketch_image(image)):
        np.testing.assert_array_equal(np.asarray(sketch.data[0]), MOVIE[:, channel])
        assert [level.shape for level in sketch.data] == [(3, 8, 6), (3, 4, 3)]
        assert sketch.axes == ("t", "y", "x")


def test_photographs_stay_photographs() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (3, 3, 8, 6), dtype=np.uint8)
    (sketch,) = sketch_image(Image2DModel.parse(pixels, dims=DIMS, c_coords=["r", "g", "b"]))
    np.testing.assert_array_equal(np.asarray(sketch.data), pixels.transpose(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("times", "at"), [([10.0, 15.0, 20.0], 15.0), ([0.0, 1.0, 10.0], 1.0), ([5.0, 6.0, 10.0], 1.0)]
)
def test_times_are_places_where_they_are_evenly_spaced_and_counted_otherwise(times: list[float], at: float) -> None:
    place = {"global": Scale([0.5, 0.25], ("x", "y"))}
    labels = Labels2DModel.parse(np.ones((3, 8, 6), int), dims=("t", "y", "x"), t_coords=times, transformations=place)
    layer = shown(labels, "labels")
    np.testing.assert_allclose(layer.data_to_world((1, 2, 3)), (at, 2.5 * 0.25, 3.5 * 0.5))


def test_volumes_over_time() -> None:
    labels = Labels3DModel.parse(np.ones((2, 4, 8, 6), int), dims=("t", "z", "y", "x"))
    layer = shown(labels, "labels")
    assert layer.ndim == 4
    np.testing.assert_allclose(layer.data_to_world((1, 2, 3, 4)), (1, 2.5, 3.5, 4.5))
