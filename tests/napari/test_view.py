"""The camera after the layers have moved."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialdata.controllers.view import fit_visible


def camera(viewer: ViewerModel):
    return getattr(viewer, "scene", viewer).camera


def test_hidden_layers_do_not_count(viewer: ViewerModel) -> None:
    only = ViewerModel()
    for model in (viewer, only):
        model.add_image(np.zeros((20, 10)), translate=(100, 50))
    viewer.add_image(np.zeros((5000, 5000)), visible=False)
    fit_visible(only)
    fit_visible(viewer)
    assert camera(viewer).center[1:] == pytest.approx(camera(only).center[1:])
    assert camera(viewer).center[1:] == pytest.approx((109.5, 54.5))
    # All of it is seen, and it fills the canvas but for what the shape of the canvas may cost.
    assert 0.7 * camera(only).zoom < camera(viewer).zoom < 1.06 * camera(only).zoom


def test_nothing_visible_and_points_without_extent(viewer: ViewerModel) -> None:
    fit_visible(viewer)
    viewer.add_points([[3, 4], [3, 4]])
    fit_visible(viewer)
    assert camera(viewer).center[1:] == (3, 4)
    assert camera(viewer).zoom > 0
