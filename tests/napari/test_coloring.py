"""Colours by values, joined by instance id."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_spatialdata import Interactive
from napari_spatialdata.controllers.coloring import color_layer
from napari_spatialdata.layers.colors import PALETTE, colorize
from napari_spatialdata.model.dataset import Dataset
from napari_spatialdata.model.values import ValueKey, palette_of, value_keys

from .conftest import make_scene

GREY = [128 / 255] * 3 + [1]


def rgb(color: str) -> list[float]:
    return [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)] + [1]


def test_numbers_span_the_map_and_missing_ones_are_grey() -> None:
    from vispy.color import get_colormap

    colors, legend = colorize(pd.Series([100.0, np.nan, 200.0, np.inf], name="count"))
    assert legend.limits == (100, 200)
    assert legend.missing == 2
    expected = get_colormap("viridis").map(np.array([0.0, 1.0]))
    np.testing.assert_allclose(colors[[0, 2]], expected, atol=0.01)
    np.testing.assert_allclose(colors[[1, 3]], [GREY, GREY], atol=1e-6)


def test_a_constant_has_one_colour() -> None:
    colors, legend = colorize(pd.Series([3, 3], name="n"))
    assert legend.limits == (3, 3)
    np.testing.assert_array_equal(colors[0], colors[1])


@pytest.mark.parametrize("values", [["b", "a", None], pd.Categorical(["b", "a", None])])
def test_categories_use_the_palette_and_then_the_default(values) -> None:
    colors, legend = colorize(pd.Series(values, name="type"), palette={"b": "#102030"})
    assert dict(legend.categories) == {"a": PALETTE[0], "b": "#102030"}
    np.testing.assert_allclose(colors, [rgb("#102030"), rgb(PALETTE[0]), GREY], atol=1e-6)


def test_more_categories_than_colours_repeat_them() -> None:
    colors, legend = colorize(pd.Series([f"gene {number:03}" for number in range(50)], name="gene"))
    assert len(legend.categories) == 50
    np.testing.assert_array_equal(colors[: len(PALETTE)], colors[len(PALETTE) : 2 * len(PALETTE)])
    assert len(np.unique(colors, axis=0)) == len(PALETTE)


def test_booleans_are_categories() -> None:
    _, legend = colorize(pd.Series([True, False], name="inside"))
    assert list(legend.categories) == ["False", "True"]


@pytest.fixture
def interactive(scene, viewer) -> Interactive:
    """The scene: its table annotates the cells b and a, in this order; c has no row."""
    return Interactive(scene, headless=True, viewer=viewer)


def test_what_can_be_chosen(interactive: Interactive) -> None:
    dataset = interactive.session.datasets[0]
    assert [str(key) for key in value_keys(dataset, "cells")] == ["type (table)", "CD3 (table)"]
    assert value_keys(dataset, "points") == [ValueKey("gene")]
    assert value_keys(dataset, "labels") == []


def test_shapes_are_joined_by_id(interactive: Interactive) -> None:
    interactive.add_element("cells", "global")
    layer = interactive.get_layer("cells")
    legend = color_layer(layer, ValueKey("type", "table"))
    # uns stores the colours in the order of the categories B, T: B is red, T is green.
    np.testing.assert_allclose(layer.face_color, [rgb("#ff0000"), rgb("#00ff00"), GREY], atol=1e-6)
    assert dict(legend.categories) == {"B": "#ff0000", "T": "#00ff00"}
    assert legend.missing == 1
    assert layer.features["type (table)"].tolist()[:2] == ["B", "T"]

    legend = color_layer(layer, ValueKey("CD3", "table"))
    assert legend.limits == (5, 9)
    assert layer.features["CD3 (table)"].tolist()[:2] == [9, 5]


def test_points_by_their_own_column(interactive: Interactive) -> None:
    interactive.add_element("points", "global")
    layer = interactive.get_layer("points")
    color_layer(layer, ValueKey("gene"))
    np.testing.assert_allclose(layer.face_color, [rgb(PALETTE[0])], atol=1e-6)


def test_labels_by_table(viewer) -> None:
    import anndata as ad

    from spatialdata import SpatialData
    from spatialdata.models import Labels2DModel, TableModel

    obs = pd.DataFrame({"region": pd.Categorical(["labels"] * 2), "id": [7, 2], "type": ["x", "y"]}, index=["0", "1"])
    table = TableModel.parse(ad.AnnData(obs=obs), region="labels", region_key="region", instance_key="id")
    labels = Labels2DModel.parse(np.array([[0, 2], [7, 9]]), dims=("y", "x"))
    interactive = Interactive(
        SpatialData.init_from_elements({"labels": labels, "table": table}), headless=True, viewer=viewer
    )
    interactive.add_element("labels", "global")
    layer = interactive.get_layer("labels")
    color_layer(layer, ValueKey("type", "table"))
    np.testing.assert_allclose(layer.get_color(7), rgb(PALETTE[0]), atol=1e-6)
    np.testing.assert_allclose(layer.get_color(2), rgb(PALETTE[1]), atol=1e-6)
    np.testing.assert_allclose(layer.get_color(9), GREY, atol=0.01)
    assert layer.get_color(0) is None or layer.get_color(0)[3] == 0


def test_meshes_are_coloured_by_polygon(viewer) -> None:
    from shapely import box

    from napari_spatialdata.layers.shapes import MESH_FROM
    from spatialdata import SpatialData
    from spatialdata.transformations import Identity

    from .conftest import shapes_of

    values = np.arange(MESH_FROM) % 2
    cells = shapes_of([box(x, 0, x + 1, 1) for x in range(MESH_FROM)], {"global": Identity()}, odd=values.astype(bool))
    interactive = Interactive(SpatialData.init_from_elements({"cells": cells}), headless=True, viewer=viewer)
    interactive.add_element("cells", "global")
    layer = interactive.get_layer("cells")
    color_layer(layer, ValueKey("odd"))
    vertices, faces = layer.data[:2]
    centre = vertices[faces].mean(axis=1)[:, 1]
    odd = np.floor(centre).astype(int) % 2 == 1
    drawn = layer.vertex_colors[faces[:, 0]]
    np.testing.assert_allclose(drawn[odd], np.tile(rgb(PALETTE[1]), (odd.sum(), 1)), atol=1e-6)
    np.testing.assert_allclose(drawn[~odd], np.tile(rgb(PALETTE[0]), ((~odd).sum(), 1)), atol=1e-6)


def test_images_and_strangers_are_refused(interactive: Interactive) -> None:
    interactive.add_element("image", "global")
    for layer in (interactive.get_layer("image"), interactive.viewer.add_points([[0, 0]], name="mine")):
        with pytest.raises(TypeError, match="cannot be coloured by values"):
            color_layer(layer, ValueKey("type", "table"))


@pytest.mark.parametrize(
    "stored",
    [
        {"a": "red", "b": "#00ff00", "c": (0, 0, 1)},
        np.eye(3),
        np.array(["red", "#00ff00", "blue"], dtype=object),
        ["red", "lime", "blue"],
    ],
)
def test_colours_of_a_table_are_read_however_they_are_stored(stored: object) -> None:
    dataset = Dataset("data", make_scene())
    table = dataset.sdata.tables["table"]
    table.obs["kind"] = pd.Categorical(["a"] * table.n_obs, categories=["a", "b", "c"])
    table.uns["kind_colors"] = stored
    found = palette_of(dataset, ValueKey("kind", "table"))
    assert {name: color[:7] for name, color in found.items()} == {"a": "#ff0000", "b": "#00ff00", "c": "#0000ff"}


def test_what_is_stored_as_a_colour_but_is_none_is_named() -> None:
    dataset = Dataset("data", make_scene())
    table = dataset.sdata.tables["table"]
    table.obs["kind"] = pd.Categorical(["a"] * table.n_obs)
    table.uns["kind_colors"] = ["nonsense"]
    with pytest.raises(ValueError, match=r"uns\['kind_colors'\] of table 'table' holds 'nonsense'"):
        palette_of(dataset, ValueKey("kind", "table"))


def test_categories_that_read_the_same_and_complex_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="read the same: '1'"):
        colorize(pd.Series(pd.Categorical([1, "1", 2]), name="kind"))
    with pytest.raises(TypeError, match="complex"):
        colorize(pd.Series([1j, 2j], name="kind"))
