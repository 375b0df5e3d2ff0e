"""Points as layers."""

from __future__ import annotations

import numpy as np
import pytest

from napari_spatialdata import Interactive, LossyDisplayWarning, reference_of
from napari_spatialdata.layers.points import sketch_points
from napari_spatialdata.model.settings import DrawSettings
from spatialdata import SpatialData
from spatialdata.transformations import Identity, Scale

from .conftest import points_of

HERE = {"global": Identity()}


def test_all_points_are_drawn_with_their_columns() -> None:
    xy = np.random.default_rng(0).uniform(0, 100, (1000, 2))
    genes = np.resize(["A", "B", "C"], 1000)
    (sketch,) = sketch_points(points_of(xy, HERE, gene=genes), flatten=True, limit=1000)
    np.testing.assert_array_equal(sketch.data, xy[:, ::-1])
    np.testing.assert_array_equal(sketch.options["features"]["gene"], genes)
    assert sketch.note == ""
    assert sketch.suffix == ""


def test_a_sample_says_so_and_is_the_same_every_time() -> None:
    xy = np.random.default_rng(0).uniform(0, 100, (1000, 2))
    element = points_of(xy, HERE)
    first, second = (sketch_points(element, flatten=True, limit=100)[0] for _ in range(2))
    np.testing.assert_array_equal(first.data, second.data)
    np.testing.assert_array_equal(first.data, xy[first.instances.to_numpy()][:, ::-1])
    assert len(first.data) == pytest.approx(100, abs=1)
    assert f"{len(first.data):,} of 1,000 points" in first.suffix
    assert f"a random sample of {len(first.data):,} of 1,000 points" in first.note


def test_the_layer_of_a_sample_is_named_and_warned_about(viewer) -> None:
    interactive = Interactive(
        SpatialData.init_from_elements({"rna": points_of(np.zeros((50, 2)), HERE)}), headless=True, viewer=viewer
    )
    interactive.display.settings = DrawSettings(point_limit=10)
    with pytest.warns(LossyDisplayWarning, match="rna: a random sample of 10 of 50 points"):
        interactive.add_element("rna", "global")
    layer = interactive.get_layer("rna")
    assert layer.name == "rna (10 of 50 points)"
    assert len(layer.data) == 10


def test_depth_is_drawn_or_said_to_be_missing() -> None:
    xyz = np.random.default_rng(0).uniform(0, 9, (5, 3))
    element = points_of(xyz, HERE)
    (flat,) = sketch_points(element, flatten=True, limit=None)
    (deep,) = sketch_points(element, flatten=False, limit=None)
    np.testing.assert_array_equal(flat.data, xyz[:, 1::-1])
    np.testing.assert_array_equal(flat.options["features"]["z"], xyz[:, 2])
    np.testing.assert_array_equal(deep.data, xyz[:, ::-1])


def test_hidden_depth_is_noted_on_the_layer(viewer) -> None:
    sdata = SpatialData.init_from_elements({"rna": points_of(np.ones((5, 3)), HERE)})
    interactive = Interactive(sdata, headless=True, viewer=viewer)
    interactive.add_element("rna", "global")
    interactive.display.settings = DrawSettings(flatten=False)
    interactive.add_element("rna", "global")
    flat, deep = interactive.viewer.layers
    assert (flat.ndim, reference_of(flat).note) == (2, "z is not drawn")
    assert (deep.ndim, reference_of(deep).note) == (3, "")


@pytest.mark.parametrize("xy", [np.zeros((1, 2)), np.zeros((4, 2)), np.array([[0.0, 5.0], [3.0, 5.0]])])
def test_spots_have_a_size_even_without_an_area(xy: np.ndarray) -> None:
    (sketch,) = sketch_points(points_of(xy, HERE), flatten=True, limit=None)
    assert sketch.options["size"] > 0


def test_spots_scale_with_the_coordinate_system(viewer) -> None:
    systems = {"global": Identity(), "fine": Scale([100, 100], axes=("x", "y"))}
    sdata = SpatialData.init_from_elements({"rna": points_of(np.random.default_rng(0).random((9, 2)), systems)})
    interactive = Interactive(sdata, headless=True, viewer=viewer)
    interactive.add_element("rna", "global")
    layer = interactive.get_layer("rna")
    before = layer.size.copy()
    interactive.switch_coordinate_system("fine")
    np.testing.assert_allclose(layer.size, before * 100)
    interactive.switch_coordinate_system("global")
    np.testing.assert_allclose(layer.size, before)


def test_points_without_a_place_are_counted_and_left_out() -> None:
    points = points_of(np.array([[1.0, 2], [np.nan, 3], [4, np.inf], [5, 6]]), HERE)
    (sketch,) = sketch_points(points, flatten=True, limit=None)
    np.testing.assert_array_equal(sketch.data, [[2, 1], [6, 5]])
    assert sketch.note == "2 points without finite coordinates are not drawn"
    assert list(sketch.instances) == [0, 3]
    assert sketch.options["features"]["index"].tolist() == [0, 3]


def test_a_column_called_index_stays_what_it_is() -> None:
    points = points_of(np.zeros((2, 2)), HERE, index=["a", "b"])
    (sketch,) = sketch_points(points, flatten=True, limit=None)
    assert sketch.options["features"]["index"].tolist() == ["a", "b"]
    assert sketch.options["features"]["instance_id"].tolist() == [0, 1]
