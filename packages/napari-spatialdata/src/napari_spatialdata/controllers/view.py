"""Turns the camera to what is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["fit_visible"]


def fit_visible(viewer: ViewerModel) -> None:
    """Bring all visible layers into view.

    napari's own ``reset_view`` fits the hidden layers too, which may lie far away in another coordinate system. The
    shape of the canvas is not public, so the zoom is the largest that surely shows everything.
    """
    viewer.reset_view()
    visible = [layer for layer in viewer.layers if layer.visible]
    if not visible or viewer.dims.ndisplay != 2:
        return
    displayed = list(viewer.dims.displayed)
    everything, wanted = (
        np.asarray(viewer.layers.get_extent(layers).world)[:, displayed] for layers in (list(viewer.layers), visible)
    )
    sides, wanted_sides = np.ptp(everything, axis=0), np.ptp(wanted, axis=0)
    camera: Any = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved the camera
    camera.center = (0.0, *wanted.mean(axis=0))
    seen = wanted_sides > 0
    if seen.any():
        camera.zoom = camera.zoom * float(np.min(sides[seen] / wanted_sides[seen]))
