"""From an element to the layers that show it in a coordinate system."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_spatialdata.layers.images import sketch_image
from napari_spatialdata.layers.labels import sketch_labels
from napari_spatialdata.layers.notes import announce
from napari_spatialdata.layers.placement import (
    affine_of,
    isotropic_scale,
    mixes_dropped_axes,
    obstacle,
    preserves_circles,
    spatial_axes,
)
from napari_spatialdata.layers.points import sketch_points
from napari_spatialdata.layers.shapes import sketch_shapes
from napari_spatialdata.layers.straight import straightened
from napari_spatialdata.model.reference import METADATA_KEY, LayerRef
from napari_spatialdata.model.settings import DrawSettings
from spatialdata.errors import TransformationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_spatialdata.layers.layer_data import Sketch
    from napari_spatialdata.model.dataset import Entry

__all__ = ["SKETCHERS", "layer_tuples", "placement_note"]

SKETCHERS: dict[str, Callable[[Any, DrawSettings], list[Sketch]]] = {
    "images": lambda element, _: sketch_image(element),
    "labels": lambda element, _: sketch_labels(element),
    "points": lambda element, settings: sketch_points(element, flatten=settings.flatten, limit=settings.point_limit),
    "shapes": lambda element, settings: sketch_shapes(element, flatten=settings.flatten),
}


def layer_tuples(
    entry: Entry, coordinate_system: str, settings: DrawSettings | None = None
) -> list[tuple[Any, dict[str, Any], str]]:
    """Describe the layers of an element, placed in a coordinate system.

    Where no matrix leads there, the element is drawn anew, lazily.

    Parameters
    ----------
    entry
        The element.
    coordinate_system
        Where it is placed; the element must have a transformation to it.
    settings
        How it is drawn.

    Returns
    -------
    list of (data, keyword arguments, layer type)
        napari's layer data tuples; ``metadata["spatialdata"]`` holds the ``LayerRef``.

    Warns
    -----
    LossyDisplayWarning
        A layer does not show all that the element holds.

    Raises
    ------
    TransformationError
        The element cannot be drawn there (also a ``ValueError``): polygons are drawn flat, but their place depends on
        z, or nothing is left of the element.
    """
    own = entry.dataset.element(entry.name)
    element = straightened(own, coordinate_system)
    settings = settings or DrawSettings()
    if settings.flatten and mixes_dropped_axes(element, coordinate_system, ("y", "x")):
        settings = replace(settings, flatten=False)
    tuples = []
    for sketch in SKETCHERS[entry.container](element, settings):
        if reason := obstacle(element, coordinate_system, sketch.axes):
            raise TransformationError(f"Element {entry.label!r} cannot be shown: {reason}.")
        matrix = affine_of(element, coordinate_system, sketch.axes)
        options = dict(sketch.options)
        for length in sketch.scaled:
            options[length] = np.asarray(options[length]) * isotropic_scale(matrix)
        reference = LayerRef(
            dataset=entry.dataset,
            element=entry.name,
            container=entry.container,
            coordinate_system=coordinate_system,
            axes=sketch.axes,
            instances=sketch.instances,
            rows=sketch.rows,
            note=_note(element, sketch),
            drawn_in=None if element is own else coordinate_system,
        )
        circles = entry.container == "shapes" and sketch.layer_type == "points"
        announce(entry.label, sketch.note)
        announce(entry.label, placement_note(element, coordinate_system, sketch.axes, circles=circles))
        options |= {
            "name": entry.label + sketch.suffix,
            "affine": matrix,
            "metadata": {METADATA_KEY: reference, "sdata": entry.dataset.sdata, "name": entry.name},
        }
        tuples.append((sketch.data, options, sketch.layer_type))
    return tuples


def _note(element: Any, sketch: Sketch) -> str:
    hidden = [axis for axis in spatial_axes(element) if axis not in sketch.axes]
    return "; ".join([*filter(None, [sketch.note]), *(f"{axis} is not drawn" for axis in hidden)])


def placement_note(element: Any, coordinate_system: str, axes: tuple[str, ...], *, circles: bool) -> str:
    """Say what a layer cannot show of the place of an element in a coordinate system; empty if nothing."""
    if circles and not preserves_circles(affine_of(element, coordinate_system, axes)):
        return f"circles are ellipses in {coordinate_system!r} and are drawn as circles of the same area"
    return ""
