"""What is really drawn. Needs a screen: ``QT_QPA_PLATFORM=xcb xvfb-run -a pytest -m gl``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_spatialdata import Interactive

from .conftest import make_scene, shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

pytestmark = [
    pytest.mark.gl,
    pytest.mark.skipif(
        os.environ.get("QT_QPA_PLATFORM") == "offscreen"
        or (sys.platform.startswith("linux") and not os.environ.get("DISPLAY")),
        reason="needs a screen: QT_QPA_PLATFORM=xcb xvfb-run -a pytest -m gl",
    ),
]

ZOOM = 20


@pytest.fixture
def opened(qt) -> Iterator[Callable[..., Interactive]]:
    """Open a viewer with a window, closed at the end."""
    import napari

    viewers = []

    def open_viewer(sdata) -> Interactive:
        viewers.append(napari.Viewer(show=True))
        return Interactive(sdata, headless=True, viewer=viewers[-1])

    yield open_viewer
    for viewer in viewers:
        viewer.close()


def picture(interactive: Interactive, centre: tuple[float, float], zoom: float = ZOOM) -> NDArray[np.uint8]:
    """The canvas around a point (x, y) of the coordinate system, ``zoom`` canvas pixels per unit."""
    viewer = interactive.viewer
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
    camera.center = (0, centre[1], centre[0])
    camera.zoom = zoom
    return viewer.screenshot(canvas_only=True, flash=False)


def box_of(mask: NDArray[np.bool_], zoom: float = ZOOM) -> list[float]:
    """Left, top, right, bottom of what is drawn, in units of the coordinate system from the centre of the picture."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    edges = [columns[0] - width / 2, rows[0] - height / 2, columns[-1] + 1 - width / 2, rows[-1] + 1 - height / 2]
    return [edge / zoom for edge in edges]


@pytest.mark.parametrize("name", ["image", "pyramid", "labels", "cells", "patches", "circles"])
def test_the_bright_pixel_is_drawn_where_it_is(opened, name: str) -> None:
    interactive = opened(make_scene())
    interactive.add_element(name, "global")
    interactive.viewer.layers[0].visible = True
    drawn = picture(interactive, (7.5, 3.5))[..., :3].sum(axis=-1) > 60
    # Other shapes lie further than two units away.
    height, width = drawn.shape
    reach = int(1.5 * ZOOM)
    window = drawn[height // 2 - reach : height // 2 + reach, width // 2 - reach : width // 2 + reach]
    np.testing.assert_allclose(box_of(window), [-0.5, -0.5, 0.5, 0.5], atol=0.11)


def test_circles_are_drawn_with_their_diameter_in_every_system(opened) -> None:
    from shapely import Point

    from spatialdata import SpatialData
    from spatialdata.transformations import Identity, Scale

    systems = {"global": Identity(), "large": Scale([3, 3], axes=("x", "y"))}
    interactive = opened(SpatialData.init_from_elements({"spots": shapes_of([Point(7, 3)], systems, radius=[2.0])}))
    interactive.add_element("spots", "global")
    for system, factor in (("global", 1), ("large", 3)):
        interactive.switch_coordinate_system(system)
        drawn = picture(interactive, (7 * factor, 3 * factor))[..., :3].sum(axis=-1) > 60
        reach = 2 * factor
        np.testing.assert_allclose(box_of(drawn), [-reach, -reach, reach, reach], atol=0.15)


@pytest.mark.parametrize("count", [1, 600])
def test_holes_are_open_on_the_canvas(opened, count: int) -> None:
    from shapely import Polygon, box

    from spatialdata import SpatialData
    from spatialdata.transformations import Identity

    ring = Polygon([(0, 0), (8, 0), (8, 8), (0, 8)], holes=[box(3, 3, 5, 5).exterior.coords])
    far = [box(100 + x, 0, 100.5 + x, 0.5) for x in range(count - 1)]
    interactive = opened(SpatialData.init_from_elements({"ring": shapes_of([ring, *far], {"global": Identity()})}))
    interactive.add_element("ring", "global")
    canvas = picture(interactive, (4, 4))[..., :3].sum(axis=-1)
    height, width = canvas.shape

    def at(x: float, y: float) -> int:
        return int(canvas[int(height / 2 + (y - 4) * ZOOM), int(width / 2 + (x - 4) * ZOOM)])

    assert at(1.5, 4) > 60
    assert at(6.5, 4) > 60
    assert at(4, 4) == 0
    assert at(9, 4) == 0


def test_a_store_opens_in_the_window(opened, tmp_path) -> None:
    from napari_spatialdata.widgets.docking import DOCK_NAME, dock_browser

    make_scene().write(tmp_path / "tissue.zarr")
    interactive = opened(make_scene())
    viewer = interactive.viewer
    viewer.open(str(tmp_path / "tissue.zarr"), plugin="napari-spatialdata")
    assert [dataset.name for dataset in interactive.session.datasets] == ["dataset 0", "tissue"]
    assert DOCK_NAME in viewer.window.dock_widgets
    assert dock_browser(viewer).display is interactive.display
    assert interactive.screenshot().ndim == 3
    viewer.open_sample("napari-spatialdata", "blobs")
    assert len(interactive.session.datasets) == 3
    assert "blobs_points" in viewer.layers
    browser = dock_browser(viewer)
    viewer.window.remove_dock_widget(browser)
    viewer.add_points([[0, 0]])
