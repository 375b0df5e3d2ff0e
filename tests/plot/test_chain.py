"""Chains: they are SpatialData objects that share elements and change nothing."""

from __future__ import annotations

import pytest

import spatialdata_plot
from spatialdata import SpatialData
from spatialdata_plot.pl.basic import PlotAccessor
from spatialdata_plot.pl.utils import set_zero_in_cmap_to_transparent
from spatialdata_plot.spec import ImagesSpec, ShapesSpec


def test_a_chain_is_an_object_with_the_same_elements(unchanged) -> None:
    chain = unchanged.pl.render_images("photo")
    assert isinstance(chain, SpatialData)
    for _, name, element in unchanged.gen_elements():
        assert chain[name] is element
    assert chain.attrs is unchanged.attrs
    assert chain.coordinate_systems == unchanged.coordinate_systems


def test_the_tree_lists_the_layers(unchanged) -> None:
    chain = unchanged.pl.render_images("photo", alpha=0.5).pl.render_shapes("circles")
    assert list(chain.plotting_tree) == ["1_render_images", "2_render_shapes"]
    first, second = chain.plotting_tree.values()
    assert isinstance(first, ImagesSpec)
    assert isinstance(second, ShapesSpec)
    assert first.alpha == 0.5
    assert not hasattr(unchanged, "plotting_tree")


def test_branches_do_not_affect_each_other(unchanged) -> None:
    trunk = unchanged.pl.render_images("photo")
    one, two = trunk.pl.render_shapes("circles"), trunk.pl.render_shapes("squares")
    assert len(trunk.plotting_tree) == 1
    assert [spec.element for spec in one.plotting_tree.values()] == ["photo", "circles"]
    assert [spec.element for spec in two.plotting_tree.values()] == ["photo", "squares"]


def test_taking_an_element_out_of_a_chain_leaves_it_in_the_object(unchanged) -> None:
    chain = unchanged.pl.render_images("photo")
    del chain.shapes["circles"]
    assert "circles" in unchanged.shapes


def test_without_a_name_all_elements_of_the_kind_are_drawn(sdata) -> None:
    chain = sdata.pl.render_shapes(fill_alpha=0.5)
    assert {spec.element for spec in chain.plotting_tree.values()} == set(sdata.shapes)


def test_nothing_to_show(sdata) -> None:
    with pytest.raises(TypeError, match="Please specify what to plot"):
        sdata.pl.show()
    with pytest.raises(ValueError, match="There are no images to draw"):
        SpatialData().pl.render_images()
    assert not hasattr(sdata, "show")


def test_unknown_elements_are_answered_with_the_nearest_name(sdata) -> None:
    with pytest.raises(KeyError, match=r"Could not find element with name 'foto'.*Did you mean 'photo'"):
        sdata.pl.render_images("foto")
    with pytest.raises(KeyError, match="'squares' is in 'shapes'"):
        sdata.pl.render_images("squares")
    with pytest.raises(ValueError, match=r"must be a string.*chain"):
        sdata.pl.render_images(["photo", "stain"])


def test_the_former_name_of_element(sdata) -> None:
    with pytest.warns(DeprecationWarning, match="`element`"):
        chain = sdata.pl.render_images(elements="photo")
    assert chain.plotting_tree["1_render_images"].element == "photo"


def test_names_that_other_packages_import(sdata) -> None:
    assert isinstance(sdata.pl, PlotAccessor)
    assert spatialdata_plot.pl.PlotAccessor is PlotAccessor
    cmap = set_zero_in_cmap_to_transparent("viridis", steps=10)
    assert cmap.N == 10
    assert cmap(0) == (1, 1, 1, 0)
    assert cmap(9)[3] == 1


@pytest.mark.parametrize("level", ["INFO", 2, spatialdata_plot.Verbosity.info])
def test_verbosity(level) -> None:
    from spatialdata_plot._logging import logger

    before = logger.level
    spatialdata_plot.set_verbosity(level)
    assert logger.level == 20
    logger.setLevel(before)


def test_unknown_verbosity() -> None:
    with pytest.raises(ValueError, match=r"error.*warning.*info.*debug"):
        spatialdata_plot.set_verbosity("loud")
