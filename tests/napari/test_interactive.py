"""The viewer as opened from Python."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialdata import Interactive, reference_of
from spatialdata import SpatialData
from spatialdata.transformations import Identity, Scale, Translation, set_transformation

from .conftest import make_scene, shapes_of

SYSTEMS = {"global": Identity(), "micron": Scale([0.5, 0.5], axes=("x", "y"))}


@pytest.fixture
def interactive(viewer: ViewerModel) -> Interactive:
    """A scene in two systems, of which the cells have only one."""
    sdata = make_scene(SYSTEMS)
    set_transformation(sdata["cells"], {"global": Identity()}, set_all=True)
    return Interactive(sdata, headless=True, viewer=viewer)


def test_several_elements_in_a_row_are_all_there(interactive: Interactive) -> None:
    for name in ("image", "labels", "circles", "cells", "points"):
        interactive.add_element(name, "global")
    assert [type(layer).__name__ for layer in interactive.viewer.layers] == [
        "Image", "Labels", "Points", "Shapes", "Points"
    ]  # fmt: skip


def test_layers_refer_to_their_element(interactive: Interactive) -> None:
    interactive.add_element("cells", "global")
    layer = interactive.get_layer("cells")
    reference = reference_of(layer)
    assert reference is not None
    assert (reference.element, reference.coordinate_system, reference.axes) == ("cells", "global", ("y", "x"))
    assert reference.instances.tolist() == ["a", "b", "c"]
    assert layer.metadata["sdata"] is interactive.session.datasets[0].sdata
    assert reference_of(interactive.viewer.add_points([[0, 0]])) is None


def test_get_layer(interactive: Interactive) -> None:
    assert interactive.get_layer("pyramid") is None
    assert interactive.get_layer("no such thing") is None
    interactive.add_element("pyramid", "global")
    assert interactive.get_layer("pyramid") is interactive.viewer.layers["pyramid: 0"]
    interactive.add_element("labels", "global")
    interactive.add_element("labels", "global")
    assert interactive.get_layer("labels [1]") is interactive.viewer.layers[-1]


@pytest.mark.parametrize(("element", "system"), [("cells", "micron"), ("cells", "nowhere")])
def test_an_element_outside_its_systems_is_refused(interactive: Interactive, element: str, system: str) -> None:
    with pytest.raises(ValueError, match=system):
        interactive.add_element(element, system)
    assert len(interactive.viewer.layers) == 0


def test_unknown_names_are_refused(interactive: Interactive) -> None:
    with pytest.raises(KeyError, match="There is no element 'cell'"):
        interactive.add_element("cell", "global")
    with pytest.raises(ValueError, match=r"'nowhere'.*'global', 'micron'"):
        interactive.switch_coordinate_system("nowhere")
    assert interactive.session.coordinate_system == "global"


def test_adding_can_switch_the_system(interactive: Interactive) -> None:
    interactive.add_element("image", "micron")
    assert interactive.session.coordinate_system == "global"
    np.testing.assert_allclose(interactive.get_layer("image").data_to_world((3, 7)), (1.75, 3.75))
    interactive.add_element("labels", "micron", view_element_system=True)
    assert interactive.session.coordinate_system == "micron"


def test_switching_moves_hides_and_remembers(interactive: Interactive) -> None:
    for name in ("image", "cells", "labels"):
        interactive.add_element(name, "global")
    image, cells, labels = (interactive.get_layer(name) for name in ("image", "cells", "labels"))
    own = interactive.viewer.add_points([[1, 1]])
    labels.visible = False

    interactive.switch_coordinate_system("micron")
    np.testing.assert_allclose(image.data_to_world((3, 7)), (1.75, 3.75))
    assert (image.visible, cells.visible, labels.visible, own.visible) == (True, False, True, True)
    image.visible = False

    interactive.switch_coordinate_system("global")
    np.testing.assert_allclose(image.data_to_world((3, 7)), (3.5, 7.5))
    assert (image.visible, cells.visible, labels.visible, own.visible) == (True, True, False, True)
    np.testing.assert_array_equal(own.affine.affine_matrix, np.eye(3))

    interactive.switch_coordinate_system("micron")
    assert (image.visible, cells.visible, labels.visible) == (False, False, True)


def test_selecting_the_same_system_takes_up_new_transformations(interactive: Interactive) -> None:
    interactive.add_element("image", "global")
    sdata = interactive.session.datasets[0].sdata
    set_transformation(sdata["image"], Translation([100, 10], axes=("x", "y")), "global")
    interactive.switch_coordinate_system("global")
    np.testing.assert_allclose(interactive.get_layer("image").data_to_world((3, 7)), (13.5, 107.5))


def test_several_datasets(viewer: ViewerModel) -> None:
    interactive = Interactive([make_scene(), make_scene(SYSTEMS)], headless=True, viewer=viewer)
    interactive.add_element("image_1", "micron")
    assert reference_of(interactive.get_layer("image_1")).dataset is interactive.session.datasets[1]


def test_texts_on_polygons(viewer: ViewerModel) -> None:
    from shapely import MultiPolygon, box

    two = MultiPolygon([box(0, 0, 1, 1), box(3, 3, 4, 4)])
    sdata = SpatialData.init_from_elements({"regions": shapes_of([two, box(6, 6, 8, 8)], {"global": Identity()})})
    interactive = Interactive(sdata, headless=True, viewer=viewer)
    with pytest.raises(ValueError, match="no layer 'regions'"):
        interactive.add_text_to_polygons("regions", ["a", "b"])
    interactive.add_element("regions", "global")
    interactive.add_text_to_polygons("regions", ["tumour", "stroma"])
    text = interactive.get_layer("regions").text
    assert text.values.tolist() == ["tumour", "tumour", "stroma"]
    assert text.size == 10
    with pytest.raises(ValueError, match="3 texts were given for the 2 polygons"):
        interactive.add_text_to_polygons("regions", ["a", "b", "c"])
    interactive.viewer.add_points([[0, 0]], name="mine")
    with pytest.raises(ValueError, match="'mine' is a Points layer"):
        interactive.add_text_to_polygons("mine", ["a"])


def test_without_a_window_there_is_no_picture(interactive: Interactive) -> None:
    with pytest.raises(RuntimeError, match="needs a window"):
        interactive.screenshot()


def test_only_spatialdata_objects_are_shown(viewer: ViewerModel) -> None:
    with pytest.raises(TypeError, match="Item 1 is a str"):
        Interactive([make_scene(), "store.zarr"], headless=True, viewer=viewer)


def test_data_are_not_changed(viewer: ViewerModel) -> None:
    sdata = make_scene(SYSTEMS)
    pixels = sdata["image"].values.copy()
    cells = sdata["cells"].copy(deep=True)
    interactive = Interactive(sdata, headless=True, viewer=viewer)
    for entry in interactive.session.entries("global"):
        interactive.add_element(entry.label, "global")
    interactive.switch_coordinate_system("micron")
    np.testing.assert_array_equal(sdata["image"].values, pixels)
    assert sdata["cells"].equals(cells)
    assert sdata["circles"]["radius"].tolist() == [0.5, 2.0]
