"""The dock widget, offscreen and without a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spatialdata.transformations import Identity, Scale

from .conftest import make_scene

if TYPE_CHECKING:
    from napari_spatialdata.widgets.browser import BrowserWidget

Wait = "Callable[[Callable[[], bool]], None]"


@pytest.fixture
def browser(qt, viewer) -> BrowserWidget:
    """A browser of one scene in two coordinate systems."""
    from napari_spatialdata.widgets.browser import BrowserWidget

    widget = BrowserWidget(viewer)
    assert "Open a SpatialData store" in widget.status.text()
    assert not widget.add.isEnabled()
    widget.display.session.add(make_scene({"global": Identity(), "micron": Scale([2, 2], axes=("x", "y"))}))
    return widget


def systems(browser: BrowserWidget) -> list[str]:
    return [browser.coordinate_systems.itemText(row) for row in range(browser.coordinate_systems.count())]


def test_systems_and_elements_are_listed(browser: BrowserWidget) -> None:
    assert systems(browser) == ["global", "micron"]
    assert browser.elements.shown_labels() == [
        "cells", "circles", "image", "labels", "patches", "points", "pyramid"
    ]  # fmt: skip
    browser.filter.setText("C")
    assert browser.elements.shown_labels() == ["cells", "circles", "patches"]


def test_choosing_a_system_shows_it(browser: BrowserWidget) -> None:
    browser.coordinate_systems.textActivated.emit("micron")
    assert browser.display.session.coordinate_system == "micron"
    browser.display.session.select("global")
    assert browser.coordinate_systems.currentText() == "global"


def test_every_chosen_element_is_added_from_bottom_to_top(browser: BrowserWidget, wait_until: Wait) -> None:
    browser.elements.selectAll()
    browser.add.click()
    assert browser.status.text().startswith("Reading image, pyramid, labels")
    wait_until(lambda: len(browser.display.viewer.layers) == 8)
    assert [layer.name for layer in browser.display.viewer.layers] == [
        "image", "pyramid: 0", "pyramid: 1", "labels", "cells", "circles", "patches", "points"
    ]  # fmt: skip
    wait_until(lambda: browser.status.text().startswith("Double-click"))


def test_double_click_adds(browser: BrowserWidget, wait_until: Wait) -> None:
    top = browser.elements.topLevelItem(0)
    browser.elements.itemActivated.emit(top, 0)
    browser.elements.itemActivated.emit(top.child(3), 0)
    wait_until(lambda: "labels" in browser.display.viewer.layers)
    assert len(browser.display.viewer.layers) == 1


def test_an_element_that_arrives_after_a_switch_is_placed_anew(browser: BrowserWidget, wait_until: Wait) -> None:
    browser.load(browser.display.session.find("labels", "global"))
    browser.display.session.select("micron")
    wait_until(lambda: "labels" in browser.display.viewer.layers)
    assert browser.display.viewer.layers["labels"].data_to_world((0, 0)) == (1, 1)


def test_one_failure_does_not_stop_the_next(browser: BrowserWidget, wait_until: Wait, monkeypatch) -> None:
    from napari.utils.notifications import notification_manager

    session = browser.display.session
    real = browser.display.build

    def build(entry, system):
        if entry.label == "image":
            raise OSError("the chunk 0/0 is truncated")
        return real(entry, system)

    shown = []
    monkeypatch.setattr(browser.display, "build", build)
    monkeypatch.setattr("sys.excepthook", lambda *info: shown.append(str(info[1])))
    browser.load_all([session.find("image", "global"), session.find("labels", "global")])
    wait_until(lambda: "labels" in browser.display.viewer.layers)
    assert notification_manager is not None
    assert shown == ["the chunk 0/0 is truncated"]


def test_a_store_is_opened(browser: BrowserWidget, scene, tmp_path, wait_until: Wait) -> None:
    path = tmp_path / "tissue.zarr"
    scene.write(path)
    browser.open_store(path)
    wait_until(lambda: len(browser.display.session.datasets) == 2)
    assert browser.elements.topLevelItem(1).text(0) == "tissue"
    assert "cells_1" in browser.elements.shown_labels()


def test_settings_reach_the_display(browser: BrowserWidget) -> None:
    browser.point_limit.setValue(10)
    browser.draw_z.setChecked(True)
    assert browser.display.settings.point_limit == 10
    assert not browser.display.settings.flatten
    browser.point_limit.setValue(0)
    assert browser.display.settings.point_limit is None


def test_colours_of_the_active_layer(browser: BrowserWidget) -> None:
    panel = browser.colors
    assert not panel.apply.isEnabled()
    browser.display.show("image", "global")
    assert "Select a layer" in panel.caption.text()
    browser.display.show("cells", "global")
    assert [panel.column.itemText(row) for row in range(panel.column.count())] == ["type (table)", "CD3 (table)"]
    panel.apply.click()
    assert panel.caption.text() == "type (table): 2 categories. 1 without a value (grey)."
    assert [panel.legend.item(row).text() for row in range(panel.legend.count())] == ["B", "T", "no value"]
    panel.column.setCurrentText("CD3 (table)")
    panel.apply.click()
    assert panel.caption.text() == "CD3 (table): viridis from 5 to 9. 1 without a value (grey)."
    browser.display.show("labels", "global")
    assert panel.caption.text() == "labels has no columns and no table."
