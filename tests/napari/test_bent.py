"""Elements whose place has no matrix, against the map worked out by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from scipy.interpolate import RBFInterpolator
from shapely.geometry import Polygon

from napari_spatialdata import Interactive, LossyDisplayWarning
from spatialdata.transformations import Identity, ThinPlateSpline

from .conftest import make_scene

SOURCE = np.array([[0.0, 0], [20, 0], [0, 20], [20, 20], [9, 6]])
TARGET = SOURCE + np.array([[1, 0], [-1, 1], [0, 2], [1, -1], [3, 2]])
BENT = ThinPlateSpline(SOURCE, TARGET, ("x", "y"))
EXPECTED = RBFInterpolator(SOURCE, TARGET, kernel="thin_plate_spline", degree=1)([[7.5, 3.5]])[0]


@pytest.fixture
def interactive() -> Interactive:
    sdata = make_scene({"global": Identity(), "bent": BENT})
    return Interactive(sdata, headless=True, viewer=ViewerModel())


def world(layer, position) -> np.ndarray:
    return np.asarray(layer.data_to_world(position))[::-1]


@pytest.mark.parametrize("name", ["image", "pyramid", "labels"])
def test_pixels_are_drawn_where_the_map_puts_them(interactive: Interactive, name: str) -> None:
    interactive.add_element(name, "bent")
    layer = interactive.get_layer(name)
    data = layer.data[0] if layer.multiscale else layer.data
    bright = np.argwhere(np.asarray(data))
    assert len(bright)
    places = np.array([world(layer, place) for place in bright])
    assert np.abs(places.mean(axis=0) - EXPECTED).max() < 0.75


@pytest.mark.parametrize("name", ["points", "circles", "cells", "patches"])
def test_vectors_are_drawn_where_the_map_puts_them(interactive: Interactive, name: str) -> None:
    interactive.add_element(name, "bent")
    layer = interactive.get_layer(name)
    if name == "points":
        np.testing.assert_allclose(world(layer, layer.data[0]), EXPECTED, atol=1e-6)
    else:
        corners = [world(layer, vertex) for vertex in layer.data[0]]
        assert np.abs(np.ravel(Polygon(corners).centroid.coords) - EXPECTED).max() < 0.2


def test_layers_are_shown_in_the_coordinate_system_that_they_were_drawn_for(interactive: Interactive) -> None:
    interactive.add_element("image", "bent")
    layer = interactive.get_layer("image")
    before = np.asarray(layer.affine.affine_matrix).copy()
    layers = interactive.display.layers()
    with pytest.warns(LossyDisplayWarning, match="no matrix leads to 'global'"):
        interactive.display.place(layers, "global")
    assert not layer.visible
    interactive.display.place(interactive.display.layers(), "bent")
    assert layer.visible
    np.testing.assert_array_equal(layer.affine.affine_matrix, before)


def test_layers_with_a_matrix_are_hidden_where_none_leads(interactive: Interactive) -> None:
    interactive.add_element("points", "global")
    layer = interactive.get_layer("points")
    with pytest.warns(LossyDisplayWarning, match="no matrix leads to 'bent'"):
        interactive.display.place(interactive.display.layers(), "bent")
    assert not layer.visible
