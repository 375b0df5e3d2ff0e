"""Where layers lie, against coordinates computed by hand with numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from shapely.geometry import Polygon

from napari_spatialdata import Interactive, LossyDisplayWarning
from napari_spatialdata.layers.placement import isotropic_scale, preserves_circles
from spatialdata.transformations import Affine, Identity, MapAxis, Scale, Sequence, Translation

from .conftest import make_scene, points_of

numbers = st.floats(-3, 3, allow_nan=False).map(lambda value: round(value, 3))


def affine(values: list[float]) -> Affine:
    matrix = np.vstack([np.reshape(values, (2, 3)), [0, 0, 1]])
    return Affine(matrix, input_axes=("x", "y"), output_axes=("x", "y"))


def world(layer, position) -> np.ndarray:
    """Position of a data coordinate as (x, y)."""
    return np.asarray(layer.data_to_world(position))[::-1]


def shown(sdata, *names: str, system: str = "global") -> dict:
    interactive = Interactive(sdata, headless=True, viewer=ViewerModel())
    for name in names:
        interactive.add_element(name, system)
    return {name: interactive.get_layer(name) for name in names}


@settings(max_examples=15, deadline=None)
@given(values=st.lists(numbers, min_size=6, max_size=6))
def test_bright_pixel_label_point_and_polygon_coincide(values: list[float]) -> None:
    linear = np.reshape(values, (2, 3))
    if abs(np.linalg.det(linear[:, :2])) < 1e-3:
        linear[:, :2] = np.eye(2)
    sdata = make_scene({"global": affine(linear.ravel().tolist())})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_spatialdata.layers.build.announce", lambda *_: None)
        layers = shown(sdata, "image", "pyramid", "labels", "points", "circles", "cells", "patches")
    expected = linear @ [7.5, 3.5, 1]

    assert np.argwhere(np.asarray(layers["image"].data)).tolist() == [[3, 7]]
    assert np.argwhere(np.asarray(layers["pyramid"].data[0])).tolist() == [[3, 7]]
    assert np.argwhere(np.asarray(layers["labels"].data)).tolist() == [[3, 7]]
    for name in ("image", "pyramid", "labels"):
        np.testing.assert_allclose(world(layers[name], (3, 7)), expected, atol=1e-9)
    for name in ("points", "circles"):
        np.testing.assert_allclose(world(layers[name], layers[name].data[0]), expected, atol=1e-9)
    for name in ("cells", "patches"):
        corners = [world(layers[name], vertex) for vertex in layers[name].data[0]]
        np.testing.assert_allclose(np.ravel(Polygon(corners).centroid.coords), expected, atol=1e-6)


def test_pixel_edges_are_half_a_pixel_away(scene) -> None:
    layer = shown(scene, "image")["image"]
    corners = [layer.data_to_world(position) for position in ((-0.5, -0.5), (9.5, 11.5))]
    np.testing.assert_allclose(corners, [(0, 0), (10, 12)])


@pytest.mark.parametrize(
    ("transformation", "expected"),
    [
        (Identity(), (7.5, 3.5)),
        (Scale([2, 10], axes=("x", "y")), (15, 35)),
        (Translation([100], axes=("y",)), (7.5, 103.5)),
        (MapAxis({"x": "y", "y": "x"}), (3.5, 7.5)),
        (Sequence([Scale([2], axes=("x",)), Translation([1], axes=("x",))]), (16, 3.5)),
    ],
)
def test_each_transformation(transformation, expected: tuple[float, float]) -> None:
    layers = shown(make_scene({"global": transformation}), "image", "points")
    np.testing.assert_allclose(world(layers["image"], (3, 7)), expected)
    np.testing.assert_allclose(world(layers["points"], layers["points"].data[0]), expected)


def test_volumes_are_placed_along_z() -> None:
    from spatialdata import SpatialData
    from spatialdata.models import Image3DModel, Labels3DModel

    t = {"global": Scale([3, 2, 5], axes=("x", "y", "z"))}
    volume = np.zeros((1, 4, 5, 6), dtype=np.uint8)
    sdata = SpatialData.init_from_elements(
        {
            "volume": Image3DModel.parse(volume, dims=("c", "z", "y", "x"), transformations=dict(t)),
            "masks": Labels3DModel.parse(volume[0].astype(np.int16), dims=("z", "y", "x"), transformations=dict(t)),
        }
    )
    for layer in shown(sdata, "volume", "masks").values():
        assert layer.ndim == 3
        np.testing.assert_allclose(layer.data_to_world((1, 2, 3)), (1.5 * 5, 2.5 * 2, 3.5 * 3))


def sheared() -> dict:
    """A flat system, and one in which x becomes z and the other way round."""
    matrix = np.eye(4)[[2, 1, 0, 3]]
    return {"global": Identity(), "side": Affine(matrix, input_axes=("x", "y", "z"), output_axes=("x", "y", "z"))}


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing is being requested")
def test_points_whose_place_depends_on_z_are_drawn_with_z() -> None:
    from spatialdata import SpatialData

    xyz = np.random.default_rng(0).random((4, 3))
    sdata = SpatialData.init_from_elements({"points": points_of(xyz, sheared())})
    layer = shown(sdata, "points", system="side")["points"]
    assert layer.ndim == 3
    np.testing.assert_allclose([layer.data_to_world(row) for row in layer.data], xyz)


def test_a_flat_layer_is_hidden_where_its_place_depends_on_z() -> None:
    from spatialdata import SpatialData

    sdata = SpatialData.init_from_elements({"points": points_of(np.random.default_rng(0).random((4, 3)), sheared())})
    interactive = Interactive(sdata, headless=True, viewer=ViewerModel())
    interactive.add_element("points", "global")
    layer = interactive.get_layer("points")
    with pytest.warns(LossyDisplayWarning, match="depends on z.*it is hidden"):
        interactive.switch_coordinate_system("side")
    assert not layer.visible
    interactive.switch_coordinate_system("global")
    assert layer.visible


def test_nothing_is_drawn_wrongly_where_it_cannot_be_drawn(scene) -> None:
    from shapely import Polygon

    from spatialdata import SpatialData
    from spatialdata.transformations import set_transformation

    from .conftest import shapes_of

    solid = shapes_of([Polygon([(0, 0, 1), (1, 0, 2), (1, 1, 3)])], sheared())
    with pytest.raises(ValueError, match="'solid' cannot be shown: its place in 'side' depends on z"):
        shown(SpatialData.init_from_elements({"solid": solid}), "solid", system="side")
    set_transformation(scene["image"], Scale([0, 1], axes=("x", "y")), "flat")
    with pytest.raises(ValueError, match="'image' cannot be shown: the transformation to 'flat' leaves it without"):
        shown(scene, "image", system="flat")


@given(angle=st.floats(0, 6.3), factor=st.floats(0.1, 10), stretch=st.floats(1.1, 5), flip=st.booleans())
def test_similarities_preserve_circles(angle: float, factor: float, stretch: float, flip: bool) -> None:
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    matrix[:2, :2] = factor * np.array([[cos, -sin], [sin, cos]]) @ np.diag([1, -1 if flip else 1])
    assert preserves_circles(matrix)
    assert isotropic_scale(matrix) == pytest.approx(factor)
    matrix[:2, :2] = matrix[:2, :2] @ np.diag([1, stretch])
    assert not preserves_circles(matrix)
    assert isotropic_scale(matrix) == pytest.approx(factor * np.sqrt(stretch))
