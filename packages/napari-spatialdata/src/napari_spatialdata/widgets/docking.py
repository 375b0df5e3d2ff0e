"""The one place where the browser is docked in a window."""

from __future__ import annotations

from typing import Any

from napari_spatialdata.widgets.browser import BrowserWidget

__all__ = ["DOCK_NAME", "dock_browser"]

DOCK_NAME = "SpatialData (napari-spatialdata)"
"""The name under which napari itself docks the widget from its menus, so that menu and code share one dock."""


def dock_browser(viewer: Any) -> BrowserWidget:
    """Give the browser of a viewer, docking one if there is none.

    Parameters
    ----------
    viewer
        A ``napari.Viewer``.
    """
    for widget in viewer.window.dock_widgets.values():
        if isinstance(widget, BrowserWidget):
            return widget
    browser = BrowserWidget(viewer)
    viewer.window.add_dock_widget(browser, name=DOCK_NAME, area="right", add_vertical_stretch=False)
    return browser
