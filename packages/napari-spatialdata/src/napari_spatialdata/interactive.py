"""The viewer as it is opened from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_spatialdata.controllers.display import Display
from napari_spatialdata.model.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from spatialdata import SpatialData

__all__ = ["Interactive"]


class Interactive:
    """Show SpatialData objects in napari.

    Opens the viewer (or uses the one that is open) with the dock widget "SpatialData", which lists the elements by
    coordinate system.

    Parameters
    ----------
    sdata
        One object or several. They are never changed.
    headless
        False blocks until the viewer is closed. True returns at once, for scripts and notebooks; see ``run``.
    viewer
        The viewer to use. A ``napari.components.ViewerModel`` needs neither a screen nor Qt.

    Attributes
    ----------
    viewer
        The napari viewer.
    display
        Adds and moves layers; ``display.settings`` says how layers added from now on are drawn.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> from spatialdata import SpatialData
    >>> interactive = Interactive(SpatialData(), headless=True, viewer=ViewerModel())
    >>> interactive.session.coordinate_systems
    []
    """

    def __init__(
        self,
        sdata: SpatialData | Sequence[SpatialData],
        headless: bool = False,
        *,
        viewer: ViewerModel | None = None,
    ) -> None:
        self.viewer: Any = viewer if viewer is not None else _open_viewer()
        if hasattr(self.viewer, "window"):
            from napari_spatialdata.widgets.docking import dock_browser

            self.display = dock_browser(self.viewer).display
        else:
            self.display = Display(self.viewer, Session())
        for one in _as_list(sdata):
            self.session.add(one)
        if not headless:
            self.run()

    @property
    def session(self) -> Session:
        """The open datasets and the coordinate system that is shown."""
        return self.display.session

    def add_element(self, element: str, element_coordinate_system: str, view_element_system: bool = False) -> None:
        """Add an element as a layer, or as one layer per channel.

        Parameters
        ----------
        element
            Name of the element, followed by ``_<position of its dataset>`` if several datasets have that name.
        element_coordinate_system
            The coordinate system in which the layer is placed.
        view_element_system
            Also switch the viewer to this system. If False and another system is shown, the layer is placed by its
            own system among layers of the other.

        Raises
        ------
        UnknownCoordinateSystemError
            There is no such coordinate system, or the element has no place in it (also a ``ValueError``).
        ElementNotFoundError
            There is no such element (also a ``KeyError``).
        """
        layers = self.display.build(self.session.find(element, element_coordinate_system), element_coordinate_system)
        if view_element_system:
            self.session.select(element_coordinate_system)
        self.display.insert(layers)

    def switch_coordinate_system(self, coordinate_system: str) -> None:
        """Show another coordinate system.

        Layers move to their place in it; those whose element has none are hidden. Layers that were hidden by hand
        are hidden again when their system returns. Selecting the system that is shown places all layers anew, for
        example after a transformation was set.

        Raises
        ------
        UnknownCoordinateSystemError
            No dataset has it (also a ``ValueError``).
        """
        if coordinate_system == self.session.coordinate_system:
            self.display.place(self.display.layers(), coordinate_system)
        self.session.select(coordinate_system)

    def get_layer(self, name: str) -> Layer | None:
        """Find a layer.

        Parameters
        ----------
        name
            The name of the layer, or of the element that it shows.

        Returns
        -------
        Layer or None
            The layer of that name; else the first layer that shows the element (the first channel of an image);
            None if there is none.
        """
        if name in self.viewer.layers:
            layer: Layer = self.viewer.layers[name]
            return layer
        shown = [entry for entry in self.session.entries() if entry.label == name]
        found = [layer for entry in shown for layer in self.display.layers_of(entry)]
        return found[0] if found else None

    def add_text_to_polygons(self, layer_name: str, text_annotations: Sequence[str]) -> None:
        """Write a text on every polygon of a layer.

        Parameters
        ----------
        layer_name
            Name of the layer or of its element.
        text_annotations
            One text per polygon of the element, in their order; a multipolygon carries its text on every part.

        Raises
        ------
        ValueError
            There is no such layer, it draws no outlines, or the number of texts is not the number of polygons.
        """
        from napari_spatialdata.controllers.text import write_on_polygons

        write_on_polygons(self.get_layer(layer_name), layer_name, list(text_annotations))

    def screenshot(self) -> NDArray[np.uint8]:
        """Take a picture of the whole window.

        Returns
        -------
        ndarray of uint8, shape (height, width, 4)
            RGBA.

        Raises
        ------
        RuntimeError
            The viewer has no window.
        """
        if not hasattr(self.viewer, "window"):
            raise RuntimeError("A screenshot needs a window, and this viewer has none. Use a napari.Viewer.")
        picture: NDArray[np.uint8] = self.viewer.screenshot(canvas_only=False, flash=False)
        return picture

    def run(self) -> None:
        """Start the event loop of the viewer; returns when it is closed."""
        import napari

        napari.run()


def _open_viewer() -> Any:
    import napari

    return napari.current_viewer() or napari.Viewer()


def _as_list(sdata: SpatialData | Sequence[SpatialData]) -> list[SpatialData]:
    from spatialdata import SpatialData

    given = [sdata] if isinstance(sdata, SpatialData) else list(sdata)
    for position, one in enumerate(given):
        if not isinstance(one, SpatialData):
            raise TypeError(
                f"Item {position} is a {type(one).__name__}. Interactive shows a SpatialData object or a list of them."
            )
    return given
