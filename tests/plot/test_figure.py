"""The figure: panels, axes, guides, files."""

from __future__ import annotations

import inspect
import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.legend import Legend
from matplotlib.transforms import Bbox

from spatialdata import SpatialData
from spatialdata.models import Image2DModel, ShapesModel
from spatialdata.transformations import get_transformation, remove_transformation

from .conftest import MATRICES, place


def legends(ax) -> list[Legend]:
    return [artist for artist in ax.artists if isinstance(artist, Legend)]


def entries(legend: Legend) -> list[tuple[str, tuple]]:
    texts = [text.get_text() for text in legend.get_texts()]
    return list(zip(texts, [to_rgb(handle.get_markerfacecolor()) for handle in legend.legend_handles], strict=True))


def colorbars(ax) -> list:
    return [child for child in ax.child_axes if hasattr(child, "_colorbar")]


def test_both_chaining_styles_draw_the_same(unchanged, canvas) -> None:
    one = canvas(unchanged.pl.render_images("photo").pl.render_shapes("squares").pl.show("global", return_ax=True))
    two = canvas(unchanged.pl.render_images("photo").render_shapes("squares").show("global", return_ax=True))
    np.testing.assert_array_equal(one.pixels, two.pixels)


def test_later_layers_lie_over_earlier_ones(sdata, canvas) -> None:
    chain = sdata.pl.render_labels("cells", color="red", fill_alpha=1)
    over = canvas(chain.pl.render_shapes("squares", color="blue", scale=0.5).pl.show("global", return_ax=True))
    np.testing.assert_array_equal(over.at(4.5, 4.5), [0, 0, 1])
    np.testing.assert_array_equal(over.at(2.3, 4.5), [1, 0, 0])
    chain = sdata.pl.render_shapes("squares", color="blue", scale=0.5)
    under = canvas(chain.pl.render_labels("cells", color="red", fill_alpha=1).pl.show("global", return_ax=True))
    np.testing.assert_array_equal(under.at(4.5, 4.5), [1, 0, 0])


def test_a_second_show_on_the_same_axes_draws_over_the_first_and_keeps_both_in_sight(sdata, canvas) -> None:
    _, ax = plt.subplots()
    sdata.pl.render_labels("cells", color="red", fill_alpha=1).pl.show("global", ax=ax)
    sdata.pl.render_points("molecules", color="blue", size=90).pl.show("global", ax=ax)
    drawn = canvas(ax)
    assert ax.get_xlim() == (0, 20)
    assert ax.get_ylim() == (16, 0)
    np.testing.assert_array_equal(drawn.at(3, 4), [0, 0, 1])
    np.testing.assert_array_equal(drawn.at(14.5, 3), [1, 0, 0])


def test_legend_lists_categories_in_order_with_their_colors(sdata) -> None:
    palette = {"T": "#ff0000", "B": "#00ff00", "Tumor": "#0000ff"}
    ax = sdata.pl.render_shapes("squares", color="cell_type", palette=palette, fill_alpha=0.5).pl.show(
        "global", return_ax=True
    )
    assert entries(legends(ax)[0]) == [(name, to_rgb(palette[name])) for name in ("B", "T", "Tumor")]


def test_legend_has_an_entry_for_missing_values(sdata) -> None:
    sdata.tables["table"] = sdata.tables["table"][:3].copy()
    chain = sdata.pl.render_shapes("squares", color="cell_type", na_color="#123456")
    ax = chain.pl.show("global", return_ax=True)
    assert entries(legends(ax)[0])[-1] == ("NA", to_rgb("#123456"))
    ax = chain.pl.show("global", return_ax=True, na_in_legend=False)
    assert "NA" not in [name for name, _ in entries(legends(ax)[0])]
    ax = chain.pl.show("global", return_ax=True, legend_params={"na_in_legend": False})
    assert "NA" not in [name for name, _ in entries(legends(ax)[0])]


def test_colorbar_shows_the_range_and_the_name(sdata) -> None:
    ax = sdata.pl.render_shapes("squares", color="ENSG1", norm=LogNorm(0.5, 8)).pl.show("global", return_ax=True)
    (bar,) = colorbars(ax)
    assert bar.get_ylabel() == "ENSG1"
    assert bar.get_ylim() == pytest.approx((0.5, 8))
    chain = sdata.pl.render_shapes("squares", color="ENSG1", colorbar_params={"loc": "bottom", "label": "mine"})
    ax = chain.pl.show("global", return_ax=True)
    assert colorbars(ax)[0].get_xlabel() == "mine"
    ax = chain.pl.show("global", return_ax=True, colorbar_params={"label": "theirs"})
    assert colorbars(ax)[0].get_xlabel() == "theirs"
    assert not colorbars(chain.pl.show("global", return_ax=True, colorbar=False))
    off = sdata.pl.render_shapes("squares", color="ENSG1", colorbar=False)
    assert not colorbars(off.pl.show("global", return_ax=True))


def boxes(ax) -> list[Bbox]:
    """What the axes and its guides cover."""
    guides = [child.get_tightbbox() for child in colorbars(ax)] + [item.get_window_extent() for item in legends(ax)]
    return [ax.get_window_extent(), *guides]


def overlap(one: Bbox, other: Bbox) -> bool:
    both = Bbox.intersection(one, other)
    return both is not None and min(both.width, both.height) > 0.5


def everything(sdata: SpatialData):
    return (
        sdata.pl.render_images("stain", channel=["DAPI", "CD3"], channels_as_legend=True)
        .render_labels("cells", color="cell_type")
        .render_shapes("squares", color="ENSG1", fill_alpha=0.5)
        .render_shapes("circles", color="n")
        .render_points("molecules", color="gene")
    )


@pytest.mark.parametrize("where", ["new", "two panels", "given", "given constrained"])
@pytest.mark.parametrize("loc", ["right margin", "bottom margin", "left margin", "top margin"])
def test_guides_never_overlap_and_stay_in_the_figure(sdata, where, loc) -> None:
    chain = everything(sdata)
    if where == "new":
        axes = [chain.show("global", return_ax=True, legend_loc=loc)]
    elif where == "two panels":
        axes = chain.show(["global", "rotated"], return_ax=True, legend_loc=loc)
    else:
        layout = "constrained" if "constrained" in where else None
        _, axes = plt.subplots(1, 2, figsize=(20, 9), layout=layout)
        chain.show(["global", "rotated"], ax=axes, legend_loc=loc)
    figure = axes[0].get_figure()
    figure.canvas.draw()
    for one, other in itertools.combinations([box for ax in axes for box in boxes(ax)], 2):
        assert not overlap(one, other)
    for ax in axes:
        for box in [*boxes(ax), ax.get_tightbbox()]:
            assert box.x0 >= -1
            assert box.y0 >= -1
            assert box.x1 <= figure.bbox.width + 1
            assert box.y1 <= figure.bbox.height + 1


def test_many_categories_take_several_columns_that_fit(sdata) -> None:
    names = [f"type {number}" for number in range(60)]
    frame = ShapesModel.parse(
        sdata.shapes["circles"]
        .iloc[np.zeros(60, dtype=int)]
        .reset_index(drop=True)
        .assign(kind=names)[["geometry", "radius", "kind"]]
    )
    ax = SpatialData(shapes={"many": frame}).pl.render_shapes("many", color="kind").pl.show("global", return_ax=True)
    ax.get_figure().canvas.draw()
    (legend,) = legends(ax)
    assert [text.get_text() for text in legend.get_texts()] == names
    assert legend.get_window_extent().height <= ax.get_figure().bbox.height


def test_one_panel_per_coordinate_system(unchanged, canvas) -> None:
    axes = unchanged.pl.render_shapes("squares", color="blue").pl.show(list(MATRICES), return_ax=True, ncols=3)
    assert [ax.get_title() for ax in axes] == list(MATRICES)
    for ax, system in zip(axes, MATRICES, strict=True):
        x, y = place(system, (4.5, 4.5))[0]
        np.testing.assert_array_equal(canvas(ax).at(x, y), [0, 0, 1])


def test_all_systems_of_the_elements_are_shown_by_default(sdata) -> None:
    axes = sdata.pl.render_images("photo").pl.show(return_ax=True)
    assert sorted(ax.get_title() for ax in axes) == sorted(MATRICES)


def test_one_panel_per_color(sdata) -> None:
    axes = (
        sdata.pl.render_images("photo")
        .pl.render_shapes("squares", color=["cell_type", "ENSG1"])
        .pl.show("global", return_ax=True)
    )
    assert [ax.get_title() for ax in axes] == ["cell_type", "ENSG1"]
    assert len(legends(axes[0])) == 1
    assert len(colorbars(axes[1])) == 1
    with pytest.raises(ValueError, match="one coordinate system is needed, not 2"):
        sdata.pl.render_shapes("squares", color=["cell_type", "ENSG1"]).pl.show(["global", "rotated"])
    with pytest.raises(ValueError, match="Only one call may name several"):
        sdata.pl.render_shapes("squares", color=["kind", "ENSG1"]).pl.render_labels("cells", color=["good", "score"])
    with pytest.raises(ValueError, match="repeats a name"):
        sdata.pl.render_shapes("squares", color=["kind", "kind"])


def test_axes_of_the_caller(sdata) -> None:
    _, grid = plt.subplots(2, 1)
    sdata.pl.render_images("photo").pl.show(["global", "rotated"], ax=grid, title=["one", "two"])
    assert [ax.get_title() for ax in grid] == ["one", "two"]
    with pytest.raises(ValueError, match=r"2 panels.*'global'.*'rotated'.*but 1 axes"):
        sdata.pl.render_images("photo").pl.show(["global", "rotated"], ax=grid[0])
    with pytest.raises(TypeError, match="must be Axes"):
        sdata.pl.render_images("photo").pl.show("global", ax="left")
    with pytest.raises(ValueError, match="3 titles for 1 panels"):
        sdata.pl.render_images("photo").pl.show("global", title=["a", "b", "c"])


def test_a_single_axes_takes_the_system_that_all_layers_share(sdata) -> None:
    for system in [name for name in get_transformation(sdata.shapes["circles"], get_all=True) if name != "scaled"]:
        remove_transformation(sdata.shapes["circles"], system)
    _, ax = plt.subplots()
    sdata.pl.render_images("photo").pl.render_shapes("circles").pl.show(ax=ax)
    assert ax.get_title() == "scaled"


def test_limits_are_those_of_the_elements(sdata) -> None:
    ax = sdata.pl.render_labels("cells").pl.show("global", return_ax=True, pad_extent=2.5)
    assert ax.get_xlim() == (-2.5, 22.5)
    assert ax.get_ylim() == (18.5, -2.5)
    assert ax.get_aspect() == 1


def test_crop_shows_the_part_and_keeps_the_colors(sdata, canvas) -> None:
    chain = sdata.pl.render_shapes("squares", color="ENSG1").render_points("molecules", color="red", size=50)
    whole = canvas(chain.show("global", return_ax=True))
    part = canvas(chain.show("global", return_ax=True, crop_coord=(2, 8, 8, 15)))
    assert part.ax.get_xlim() == (2, 8)
    assert part.ax.get_ylim() == (15, 8)
    np.testing.assert_array_equal(whole.at(4.5, 11.5), part.at(4.5, 11.5))
    with pytest.raises(ValueError, match="one coordinate system"):
        chain.show(["global", "rotated"], crop_coord=(0, 1, 0, 1))
    with pytest.raises(ValueError, match="each minimum below its maximum"):
        chain.show("global", crop_coord=(1, 0, 0, 1))


@pytest.mark.parametrize(
    ("dx", "unit", "text", "length"),
    [(1.0, "um", "5 µm", 5.0), (500.0, "um", "2 mm", 4.0), (0.2, "px", "1 px", 5.0), (1e-3, "um", "5 nm", 5.0)],
)
def test_scale_bar_is_as_long_as_it_says(canvas, dx, unit, text, length) -> None:
    image = Image2DModel.parse(np.zeros((1, 20, 25)))
    ax = (
        SpatialData(images={"i": image})
        .pl.render_images("i")
        .pl.show(return_ax=True, scalebar_dx=dx, scalebar_units=unit, scalebar_params={"location": "upper left"})
    )
    bar = next(artist for artist in ax.artists if hasattr(artist, "size_bar"))
    ax.get_figure().canvas.draw()
    (rectangle,) = bar.size_bar.get_children()
    pixels = rectangle.get_window_extent().width
    assert bar.txt_label.get_text() == text
    assert pixels == pytest.approx(ax.transData.transform((length, 0))[0] - ax.transData.transform((0, 0))[0], rel=0.02)


def test_save_makes_a_png_of_the_dots_asked_for(sdata, tmp_path) -> None:
    sdata.pl.render_images("photo").pl.show("global", save=tmp_path / "figure", dpi=50, figsize=(4, 4))
    sdata.pl.render_images("photo").pl.show("global", save=str(tmp_path / "figure.pdf"))
    pixels = mpl.image.imread(tmp_path / "figure.png")
    assert 150 < pixels.shape[1] < 220
    assert pixels[0, 0, 3] == 1
    assert (tmp_path / "figure.pdf").stat().st_size > 1000
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        sdata.pl.render_images("photo").pl.show("global", save=tmp_path / "none" / "figure.png")


def test_a_vector_file_holds_vectors_and_the_same_colors(sdata, tmp_path) -> None:
    sdata.pl.render_images("photo").pl.render_shapes("squares", color="#12ab34").pl.show(
        "global", save=tmp_path / "figure.svg"
    )
    text = (tmp_path / "figure.svg").read_text()
    assert "#12ab34" in text
    assert text.count("<image") == 1


def test_show_returns_axes_only_if_asked(sdata) -> None:
    assert sdata.pl.render_images("photo").pl.show("global") is None
    assert isinstance(sdata.pl.render_images("photo").pl.show("global", return_ax=True), mpl.axes.Axes)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"coordinate_systems": "globl"}, ValueError, "Did you mean 'global'"),
        ({"coordinate_systems": "global", "legend_loc": "on data"}, ValueError, "'right margin'"),
        ({"coordinate_systems": "global", "legend_params": {"size": 3}}, ValueError, "fontsize"),
        ({"coordinate_systems": "global", "scalebar_dx": -1}, ValueError, "above 0"),
        ({"coordinate_systems": "global", "scalebar_dx": 1, "scalebar_params": {"len": 3}}, TypeError, "fixed_value"),
        ({"coordinate_systems": "global", "dpi": "high"}, TypeError, "number"),
        ({"coordinate_systems": "global", "figsize": 3}, TypeError, "2 numbers"),
        ({"coordinate_systems": "global", "colorbar_params": {"loc": "middle"}}, ValueError, "'right'"),
    ],
)
def test_wrong_parameters_of_show_say_what_is_valid(sdata, kwargs, error, message) -> None:
    with pytest.raises(error, match=message):
        sdata.pl.render_shapes("squares", color="score").pl.show(**kwargs)


def test_show_takes_numpy_numbers_and_arrays(sdata) -> None:
    sdata.pl.render_images("photo").pl.show(
        ["global", "rotated"], dpi=np.int64(60), ncols=np.int64(1), hspace=0, wspace=0, figsize=np.array([3, 3])
    )


def test_an_element_outside_the_system_is_named(sdata) -> None:
    for system in [name for name in get_transformation(sdata.shapes["circles"], get_all=True) if name != "scaled"]:
        remove_transformation(sdata.shapes["circles"], system)
    with pytest.raises(ValueError, match=r"'global'.*'circles' in 'scaled'"):
        sdata.pl.render_shapes("circles").pl.show("global")


def test_unknown_keywords_are_refused(sdata) -> None:
    for verb in ("render_images", "render_labels", "render_shapes", "render_points"):
        with pytest.raises(TypeError, match="colour"):
            getattr(sdata.pl, verb)(colour="red")
    with pytest.raises(TypeError, match="size"):
        sdata.pl.render_images("photo").pl.show(size=3)


PUBLISHED = {
    "render_images": "element channel cmap norm palette alpha scale grayscale transfunc colorbar colorbar_params "
    "channels_as_legend method datashader_reduction",
    "render_shapes": "element color fill_alpha groups palette na_color outline outline_width outline_color "
    "outline_alpha cmap norm scale method table_name table_layer gene_symbols shape colorbar colorbar_params "
    "datashader_reduction transfunc as_points size",
    "render_points": "element color alpha groups palette na_color cmap norm size method table_name table_layer "
    "gene_symbols colorbar colorbar_params datashader_reduction density density_how transfunc",
    "render_labels": "element color groups contour_px palette cmap norm na_color outline outline_alpha fill_alpha "
    "outline_color scale colorbar colorbar_params table_name table_layer gene_symbols transfunc as_points size method",
}


@pytest.mark.parametrize("verb", PUBLISHED)
def test_parameters_are_the_published_ones(sdata, verb) -> None:
    for owner in (sdata.pl, sdata.pl.render_images("photo")):
        parameters = inspect.signature(getattr(owner, verb)).parameters
        assert set(parameters) - {"self"} == {*PUBLISHED[verb].split(), "t"}
