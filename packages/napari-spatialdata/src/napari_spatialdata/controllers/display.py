"""Shows elements in a viewer and moves their layers when another coordinate system is selected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_spatialdata.controllers.view import fit_visible
from napari_spatialdata.layers.build import layer_tuples, placement_note
from napari_spatialdata.layers.notes import announce
from napari_spatialdata.layers.placement import affine_of, isotropic_scale, obstacle
from napari_spatialdata.layers.straight import leads_straight
from napari_spatialdata.model.reference import METADATA_KEY, LayerRef, reference_of
from napari_spatialdata.model.settings import DrawSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_spatialdata.model.dataset import Entry
    from napari_spatialdata.model.session import Session

__all__ = ["Display"]


class Display:
    """The hand of a session on a viewer.

    Parameters
    ----------
    viewer
        A ``napari.Viewer`` or, without a window, a ``napari.components.ViewerModel``.
    session
        The datasets and the coordinate system to show. Layers follow when the session selects another system.

    Attributes
    ----------
    settings
        How layers that are added from now on are drawn.
    """

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self.viewer = viewer
        self.session = session
        self.settings = DrawSettings()
        session.coordinate_system_changed.connect(self._follow)

    def build(self, entry: Entry, coordinate_system: str) -> list[Layer]:
        """Make the layers of an element without adding them; does not touch the viewer and may run in a thread."""
        from napari.layers import Layer

        return [Layer.create(*parts) for parts in layer_tuples(entry, coordinate_system, self.settings)]

    def insert(self, layers: Iterable[Layer]) -> list[Layer]:
        """Add layers on top of the others; return them. The first visible ones of the viewer are brought into view."""
        alone = not any(layer.visible for layer in self.viewer.layers)
        added = [self.viewer.add_layer(layer) for layer in layers]
        if alone:
            fit_visible(self.viewer)
        return added

    def show(self, label: str, coordinate_system: str) -> list[Layer]:
        """Add an element, placed in a coordinate system.

        Parameters
        ----------
        label
            The label under which the element is listed.
        coordinate_system
            Where to place it, be it the one that is shown or another.

        Returns
        -------
        list of Layer
            The new layers, several for an image of several channels.

        Raises
        ------
        UnknownCoordinateSystemError, ElementNotFoundError
            The element is not listed there.
        """
        return self.insert(self.build(self.session.find(label, coordinate_system), coordinate_system))

    def layers(self) -> list[tuple[Layer, LayerRef]]:
        """The layers of the viewer that show elements of this session's datasets, with their references."""
        found = [(layer, reference_of(layer)) for layer in self.viewer.layers]
        return [
            (layer, reference)
            for layer, reference in found
            if reference is not None and reference.dataset in self.session.datasets
        ]

    def layers_of(self, entry: Entry) -> list[Layer]:
        """The layers that show an element."""
        return [
            layer
            for layer, reference in self.layers()
            if reference.dataset is entry.dataset and reference.element == entry.name
        ]

    def place(self, layers: Iterable[tuple[Layer, LayerRef]], coordinate_system: str) -> None:
        """Move layers into a coordinate system; hide those whose element has no place in it.

        Whether a layer was visible is remembered per coordinate system. A layer that comes into a system for the
        first time is shown.
        """
        for layer, reference in layers:
            systems = reference.dataset.transformations(reference.container, reference.element)
            visibility = dict(reference.visibility)
            if reference.coordinate_system in systems:
                visibility[reference.coordinate_system] = layer.visible
            placed = coordinate_system in systems and _move(layer, reference, coordinate_system)
            layer.visible = placed and visibility.get(coordinate_system, True)
            layer.metadata[METADATA_KEY] = replace(
                reference, coordinate_system=coordinate_system, visibility=visibility
            )

    def _follow(self, previous: str | None, coordinate_system: str) -> None:
        placed = self.layers()
        self.place(placed, coordinate_system)
        if placed and previous is not None:
            fit_visible(self.viewer)


def _move(layer: Any, reference: LayerRef, coordinate_system: str) -> bool:
    """Give a layer the matrix of a coordinate system, or say why not.

    Sizes of points, which the matrix does not scale, follow.
    """
    from napari.layers import Points

    if reference.drawn_in == coordinate_system:
        return True
    element = reference.dataset.element(reference.element)
    systems = reference.dataset.transformations(reference.container, reference.element)
    if reference.drawn_in is not None or not leads_straight(systems, coordinate_system):
        announce(layer.name, f"no matrix leads to {coordinate_system!r}; it is hidden. Add the element again to see it")
        return False
    if reason := obstacle(element, coordinate_system, reference.axes):
        announce(layer.name, f"{reason}; it is hidden. Add the element again to see it there")
        return False
    points = isinstance(layer, Points)
    before = isotropic_scale(layer.affine.affine_matrix)
    matrix = affine_of(element, coordinate_system, reference.axes)
    layer.affine = matrix
    if points and before > 0:
        layer.size = layer.size * (isotropic_scale(matrix) / before)
    circles = points and reference.container == "shapes"
    announce(layer.name, placement_note(element, coordinate_system, reference.axes, circles=circles))
    return True
