"""Labels: every pixel has the color of its label, by category, number or gene."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import Normalize, to_rgb

from spatialdata import SpatialData
from spatialdata.models import Labels2DModel

from .conftest import GENES, MATRICES, TYPES, everywhere, make_table, place

COLORS = {"T": "#ff0000", "B": "#00ff00", "Tumor": "#0000ff"}
CENTRES = {10: (4.5, 4.5), 20: (14.5, 4.5), 30: (4.5, 11.5), 40: (14.5, 11.5)}


@pytest.mark.parametrize("system", MATRICES)
def test_every_pixel_has_the_color_of_its_label(unchanged, canvas, system) -> None:
    ax = unchanged.pl.render_labels("cells", color="cell_type", palette=COLORS, fill_alpha=1).pl.show(
        system, return_ax=True, figsize=(8, 8)
    )
    drawn = canvas(ax)
    labels = np.asarray(unchanged.labels["cells"].data)
    kinds = dict(zip([10, 20, 30, 40], TYPES, strict=True))
    for row, col in np.ndindex(labels.shape):
        wanted = to_rgb(COLORS[kinds[labels[row, col]]]) if labels[row, col] else (1, 1, 1)
        for offset in ((0.5, 0.5), (0.1, 0.1), (0.9, 0.9)):
            x, y = place(system, (col + offset[0], row + offset[1]))[0]
            np.testing.assert_array_equal(drawn.at(x, y), wanted)


@pytest.mark.parametrize(("layer", "values"), [(None, GENES[:, 1]), ("log", np.log1p(GENES[:, 1]))])
def test_a_gene_is_colored_by_norm_and_colormap(unchanged, canvas, layer, values) -> None:
    ax = unchanged.pl.render_labels("cells", color="ENSG2", table_layer=layer, cmap="plasma", fill_alpha=1).pl.show(
        "global", return_ax=True
    )
    drawn = canvas(ax)
    norm = Normalize(values.min(), values.max())
    for (x, y), value in zip(CENTRES.values(), values, strict=True):
        np.testing.assert_allclose(drawn.at(x, y), mpl.colormaps["plasma"](norm(value))[:3], atol=1 / 255)


def test_fill_is_two_fifths_opaque_by_default(sdata, canvas) -> None:
    drawn = canvas(sdata.pl.render_labels("cells", color="red").pl.show("global", return_ax=True))
    np.testing.assert_allclose(drawn.at(4.5, 4.5), [1, 0.6, 0.6], atol=0.01)


def test_outline_surrounds_the_fill(sdata, canvas) -> None:
    ax = sdata.pl.render_labels("cells", color="red", fill_alpha=0.5, outline_color="blue", outline_alpha=1).pl.show(
        "global", return_ax=True, dpi=100
    )
    drawn = canvas(ax)
    one_pixel = 1 / (ax.transData.transform((1, 0))[0] - ax.transData.transform((0, 0))[0])
    np.testing.assert_array_equal(drawn.at(2 + 0.4 * one_pixel, 4.5), [0, 0, 1])
    np.testing.assert_allclose(drawn.at(2 + 4 * one_pixel, 4.5), [1, 0.5, 0.5], atol=0.01)
    np.testing.assert_array_equal(drawn.at(2 - 2 * one_pixel, 4.5), [1, 1, 1])


def test_outline_only_leaves_the_inside_empty(sdata, canvas) -> None:
    ax = sdata.pl.render_labels("cells", color="cell_type", palette=COLORS, fill_alpha=0, outline_alpha=1).pl.show(
        "global", return_ax=True
    )
    drawn = canvas(ax)
    np.testing.assert_array_equal(drawn.at(4.5, 4.5), [1, 1, 1])
    np.testing.assert_array_equal(drawn.at(2.01, 4.5), to_rgb(COLORS["T"]))
    np.testing.assert_array_equal(drawn.at(16.99, 4.5), to_rgb(COLORS["B"]))


def test_labels_without_a_row_are_drawn_in_na_color_and_counted(sdata, canvas, said) -> None:
    sdata.tables["label_table"] = make_table("cells", [10, 20, 99], ["T", "B", "T"], GENES[:3])
    ax = sdata.pl.render_labels("cells", color="cell_type", palette=COLORS, na_color="#808080", fill_alpha=1).pl.show(
        "global", return_ax=True
    )
    drawn = canvas(ax)
    np.testing.assert_array_equal(drawn.at(*CENTRES[10]), to_rgb(COLORS["T"]))
    np.testing.assert_array_equal(drawn.at(*CENTRES[20]), to_rgb(COLORS["B"]))
    for label in (30, 40):
        np.testing.assert_allclose(drawn.at(*CENTRES[label]), to_rgb("#808080"), atol=1e-6)
    assert "2 of 4 instances have no value" in said()
    assert "1 rows of the table match no instance" in said()


def test_labels_and_shapes_take_the_same_colors(unchanged, canvas) -> None:
    """The colors of a column do not depend on the kind of element or on what was drawn before."""
    first = canvas(unchanged.pl.render_shapes("squares", color="cell_type").pl.show("global", return_ax=True))
    labels = canvas(
        unchanged.pl.render_labels("cells", color="cell_type", fill_alpha=1).pl.show("global", return_ax=True)
    )
    again = canvas(unchanged.pl.render_shapes("squares", color="cell_type").pl.show("global", return_ax=True))
    for x, y in CENTRES.values():
        np.testing.assert_array_equal(first.at(x, y), labels.at(x, y))
        np.testing.assert_array_equal(first.at(x, y), again.at(x, y))
    assert not any(key.endswith("_colors") for table in unchanged.tables.values() for key in table.uns)


def test_without_a_color_a_label_keeps_its_own_in_any_crop(sdata, canvas) -> None:
    whole = canvas(sdata.pl.render_labels("cells").pl.show("global", return_ax=True))
    part = canvas(sdata.pl.render_labels("cells").pl.show("global", return_ax=True, crop_coord=(10, 20, 8, 16)))
    np.testing.assert_array_equal(whole.at(*CENTRES[40]), part.at(*CENTRES[40]))
    assert len({tuple(whole.at(x, y)) for x, y in CENTRES.values()}) == 4


def test_sparse_64_bit_labels(canvas) -> None:
    labels = np.zeros((4, 4), dtype=np.uint64)
    labels[:2, :2], labels[2:, 2:] = 2**60 + 1, 2**60 + 2
    sdata = SpatialData(
        labels={"cells": Labels2DModel.parse(labels)},
        tables={"table": make_table("cells", [2**60 + 1, 2**60 + 2], ["T", "B"], GENES[:2])},
    )
    ax = sdata.pl.render_labels("cells", color="cell_type", palette=COLORS, fill_alpha=1).pl.show(return_ax=True)
    drawn = canvas(ax)
    np.testing.assert_array_equal(drawn.at(1, 1), to_rgb(COLORS["T"]))
    np.testing.assert_array_equal(drawn.at(3, 3), to_rgb(COLORS["B"]))
    np.testing.assert_array_equal(drawn.at(3, 1), [1, 1, 1])


@pytest.mark.parametrize("system", ["global", "rotated"])
def test_multiscale_labels_larger_than_the_axes(canvas, system) -> None:
    labels = np.zeros((1200, 1200), dtype=np.int32)
    labels[200:500, 600:1000] = 7
    sdata = SpatialData(
        labels={"cells": Labels2DModel.parse(labels, scale_factors=[2, 2], transformations=everywhere())}
    )
    ax = sdata.pl.render_labels("cells", color="red", fill_alpha=1).pl.show(system, return_ax=True, figsize=(4, 4))
    drawn = canvas(ax)
    for x, y in place(system, np.array([[612, 212], [988, 212], [988, 488], [612, 488]])):
        np.testing.assert_array_equal(drawn.at(x, y), [1, 0, 0])
    for x, y in place(system, np.array([[588, 188], [1012, 188], [1012, 512], [588, 512]])):
        np.testing.assert_array_equal(drawn.at(x, y), [1, 1, 1])


def test_as_points_draws_dots_at_the_centroids(sdata, canvas) -> None:
    ax = sdata.pl.render_labels(
        "cells", color="cell_type", palette=COLORS, fill_alpha=1, as_points=True, size=60
    ).pl.show("rotated", return_ax=True)
    drawn = canvas(ax)
    for (x, y), kind in zip(CENTRES.values(), TYPES, strict=True):
        np.testing.assert_array_equal(drawn.at(*place("rotated", (x, y))[0]), to_rgb(COLORS[kind]))
    np.testing.assert_array_equal(drawn.at(*place("rotated", (2.3, 2.3))[0]), [1, 1, 1])


def test_boolean_columns_are_categories(sdata) -> None:
    ax = sdata.pl.render_labels("cells", color="good").pl.show("global", return_ax=True)
    legend = next(artist for artist in ax.artists if hasattr(artist, "get_texts"))
    assert [text.get_text() for text in legend.get_texts()] == ["False", "True"]


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"color": "cell_typ"}, KeyError, r"Did you mean 'cell_type'"),
        ({"color": "ENSG1", "table_layer": "lag"}, ValueError, r"'log'"),
        ({"color": "cell_type", "table_name": "table"}, KeyError, r"does not annotate 'cells'.*'label_table'"),
        ({"color": ""}, ValueError, r"empty"),
        ({"color": 0}, TypeError, r"not the number 0"),
        ({"contour_px": 1}, ValueError, r"at least 2"),
        ({"contour_px": 2.5}, TypeError, r"whole number"),
        ({"fill_alpha": 0}, ValueError, r"both 0"),
        ({"outline_alpha": (1, 1)}, TypeError, r"number"),
        ({"scale": "scale3"}, ValueError, r"'scale0', 'full'"),
        ({"color": "cell_type", "groups": [1]}, TypeError, r"string"),
    ],
)
def test_wrong_parameters_say_what_is_valid(sdata, kwargs, error, message) -> None:
    with pytest.raises(error, match=message):
        sdata.pl.render_labels("cells", **kwargs)


def test_a_table_that_annotates_a_label_twice_is_refused(sdata) -> None:
    table = make_table("cells", [10, 20, 30, 40], TYPES, GENES)
    table.obs["instance_id"] = [10, 10, 30, 40]
    sdata.tables["label_table"] = table
    with pytest.raises(ValueError, match=r"'label_table' has 1 rows.*second time.*10"):
        sdata.pl.render_labels("cells", color="cell_type").pl.show("global")


def test_labels_keep_their_colors_stored_in_the_table(sdata, canvas) -> None:
    table = sdata.tables["label_table"]
    table.uns["cell_type_colors"] = ["#111111", "#222222", "#333333"]
    stored = dict(zip(table.obs["cell_type"].cat.categories, table.uns["cell_type_colors"], strict=True))
    ax = sdata.pl.render_labels("cells", color="cell_type", fill_alpha=1).pl.show("global", return_ax=True)
    drawn = canvas(ax)
    for (x, y), kind in zip(CENTRES.values(), pd.Series(TYPES), strict=True):
        np.testing.assert_allclose(drawn.at(x, y), to_rgb(stored[kind]), atol=1e-6)
