"""Colors of categories and numbers, against matplotlib and pandas."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import LogNorm, Normalize, to_rgba

from spatialdata_plot import PercentileNormalize
from spatialdata_plot.resolve.color import is_literal, resolve_colors
from spatialdata_plot.resolve.column import Column
from spatialdata_plot.resolve.norm import fitted
from spatialdata_plot.resolve.palette import default_palette
from spatialdata_plot.spec import ShapesSpec


def colors_of(values, stored=None, **kwargs):
    column = Column(key="key", values=pd.Series(values), stored_colors=stored)
    return resolve_colors(column, ShapesSpec(element="e", color="key", **kwargs), alpha=None)


NUMBERS = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=2, max_size=30)


@given(NUMBERS, st.sampled_from([None, (0.0, 1.0), (-5.0, 5.0)]), st.sampled_from(["viridis", "tab10", "gray"]))
def test_numbers_are_colored_as_matplotlib_does(values, limits, name) -> None:
    values = np.array(values)
    finite = values[np.isfinite(values)]
    cmap = mpl.colormaps[name].with_extremes(under="red", over="lime")
    norm = None if limits is None else Normalize(*limits)
    colors = colors_of(values, cmap=cmap, norm=norm)
    if limits is None:
        if finite.size == 0 or finite.min() == finite.max():
            return
        limits = (finite.min(), finite.max())
    with np.errstate(over="ignore"):
        wanted = cmap(Normalize(*limits)(finite))
    np.testing.assert_allclose(colors.rgba[np.isfinite(values)], wanted)
    assert (colors.rgba[~np.isfinite(values)] == to_rgba("lightgray")).all()


def test_a_logarithmic_norm_draws_what_it_cannot_scale_in_na_color(said) -> None:
    colors = colors_of([0.0, 1.0, 100.0], norm=LogNorm(), na_color="red")
    np.testing.assert_allclose(colors.rgba[0], to_rgba("red"))
    np.testing.assert_allclose(colors.rgba[1:], mpl.colormaps["viridis"]([0.0, 1.0]))
    assert (colors.norm.vmin, colors.norm.vmax) == (1, 100)
    assert "1 values cannot be scaled by LogNorm" in said()


@pytest.mark.parametrize(("value", "limits"), [(0.0, (0, 1)), (5.0, (0, 5)), (-2.0, (-2, 0))])
def test_equal_numbers_have_a_range_from_zero(value, limits) -> None:
    norm = fitted(None, np.full(3, value))
    assert (norm.vmin, norm.vmax) == limits


def test_the_norm_of_the_caller_is_not_changed() -> None:
    norm = Normalize()
    colors_of([1.0, 2.0], norm=norm)
    assert norm.vmin is None
    assert norm.vmax is None


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["b", "a", "b"], ("a", "b")),
        (["gene10", "gene2"], ("gene2", "gene10")),
        (pd.Categorical(["x", "y"], categories=["y", "x"], ordered=True), ("y", "x")),
        (pd.Categorical([3, 1, 2]), ("1", "2", "3")),
        ([True, False, True], ("False", "True")),
    ],
)
def test_categories_and_their_order(values, names) -> None:
    assert colors_of(values).names == names


def test_text_that_holds_only_numbers_is_numbers() -> None:
    colors = colors_of(["1", "3", "2"])
    np.testing.assert_array_equal(colors.values, [1, 3, 2])


def test_mixed_values_are_refused() -> None:
    with pytest.raises(TypeError, match="mix types: int, text"):
        colors_of(pd.Series([1, "a"], dtype=object))


def test_missing_values_and_their_count(said) -> None:
    colors = colors_of(["a", None, "b", np.nan])
    np.testing.assert_allclose(colors.rgba[[1, 3]], [to_rgba("lightgray")] * 2)
    assert "2 of 4 instances have no value" in said()
    assert not colors_of(["a", None], na_color=None).lut[-2, 3]


def test_what_the_caller_gives_wins_over_the_table_and_that_over_the_default() -> None:
    stored = {"a": "#010101", "b": "#020202"}
    np.testing.assert_allclose(colors_of(["a", "b"], stored).rgba, [to_rgba(color) for color in stored.values()])
    explicit = colors_of(["a", "b"], stored, palette={"a": "red", "b": "blue"})
    np.testing.assert_allclose(explicit.rgba, [to_rgba("red"), to_rgba("blue")])
    np.testing.assert_allclose(colors_of(["a", "b"], stored, cmap="gray").rgba[:, :3], [[0] * 3, [1] * 3])
    np.testing.assert_allclose(colors_of(["a", "b"]).rgba, [to_rgba(color) for color in default_palette(2)])


def test_palettes() -> None:
    names = ["a", "b", "c"]
    np.testing.assert_allclose(colors_of(names, palette=["red", "lime", "blue"]).rgba[:, :3], np.eye(3))
    np.testing.assert_allclose(
        colors_of(names, palette="Set1").rgba, [mpl.colormaps["Set1"](number) for number in range(3)]
    )
    np.testing.assert_allclose(colors_of(names, palette="viridis").rgba, mpl.colormaps["viridis"]([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(colors_of(names, palette="okabe_ito").rgba[0], to_rgba("#E69F00"))
    partly = colors_of(names, palette={"a": "red"})
    np.testing.assert_allclose(partly.rgba[1:], [to_rgba("lightgray")] * 2)
    with pytest.raises(ValueError, match="2 colors for 3 categories"):
        colors_of(names, palette=["red", "blue"])
    with pytest.raises(ValueError, match="Did you mean 'Set1'"):
        colors_of(names, palette="Set11")
    with pytest.raises(ValueError, match="9 colors for 10 categories"):
        colors_of(list("abcdefghij"), palette="Set1")


def test_groups_with_a_list_of_colors() -> None:
    colors = colors_of(["a", "b", "c"], groups=["c", "a"], palette=["red", "blue"])
    np.testing.assert_allclose(colors.rgba[[2, 0]], [to_rgba("red"), to_rgba("blue")])
    np.testing.assert_array_equal(colors.visible, [True, False, True])
    assert [name for name, _ in colors.entries] == ["a", "c"]


def test_unknown_groups_are_named(said) -> None:
    colors = colors_of(["a", "b"], groups=["a", "bb"])
    assert "'bb'" in said()
    np.testing.assert_array_equal(colors.visible, [True, False])


def test_more_categories_than_colors(said) -> None:
    assert len(default_palette(300)) == 300
    assert "300 categories" in said()
    assert len(set(map(str, default_palette(256)))) == 256


@pytest.mark.parametrize("value", ["red", "#ff0000", "#FF000080", "light blue", "tab:blue", "xkcd:sky blue", (1, 0, 0)])
def test_colors_are_told_from_names(value) -> None:
    assert is_literal(value) is (value != "light blue")


@pytest.mark.parametrize("value", ["r", "k", "C0", "0.5", "gene", "CD3"])
def test_names_that_could_be_colors_are_names(value) -> None:
    assert not is_literal(value)


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=50), st.floats(0, 40), st.floats(60, 100))
def test_percentile_norm(values, pmin, pmax) -> None:
    norm = PercentileNormalize(pmin, pmax)
    norm.autoscale(np.array([*values, np.nan]))
    np.testing.assert_allclose((norm.vmin, norm.vmax), np.percentile(values, [pmin, pmax]))


@pytest.mark.parametrize(("pmin", "pmax"), [(-1, 50), (50, 50), (60, 40), (0, 101)])
def test_wrong_percentiles(pmin, pmax) -> None:
    with pytest.raises(ValueError, match="0 <= pmin < pmax <= 100"):
        PercentileNormalize(pmin, pmax)
