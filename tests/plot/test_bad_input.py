"""What is wrong with the input is said once, plainly, and leaves nothing behind."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.legend import Legend
from shapely import box

import spatialdata
from spatialdata import SpatialData
from spatialdata.models import Image2DModel, PointsModel, ShapesModel
from spatialdata.transformations import Affine, Translation

from .conftest import make_table


def with_column(sdata: SpatialData, values: object, colors: object = None) -> SpatialData:
    """The four squares, and a table with one column about them."""
    table = make_table("squares", [10, 20, 30, 40], list("abca"), np.zeros((4, 2)))
    table.obs["column"] = values
    if colors is not None:
        table.uns["column_colors"] = colors
    return SpatialData(shapes={"squares": sdata["squares"]}, tables={"table": table})


@pytest.mark.parametrize("bad", ["column", "nan", "place"])
def test_a_figure_that_cannot_be_finished_is_closed(sdata, bad) -> None:
    if bad == "column":
        chain = with_column(sdata, pd.date_range("2020", periods=4)).pl.render_shapes("squares", color="column")
    elif bad == "nan":
        chain = SpatialData(images={"dark": Image2DModel.parse(np.full((1, 4, 4), np.nan))}).pl.render_images("dark")
    else:
        flat = Affine([[0, 0, 0], [0, 1, 0], [0, 0, 1]], ("x", "y"), ("x", "y"))
        image = Image2DModel.parse(np.ones((1, 4, 4)), transformations={"global": flat})
        chain = SpatialData(images={"line": image}).pl.render_images("line")
    with pytest.raises((TypeError, ValueError)):
        chain.pl.show("global")
    assert plt.get_fignums() == []


def test_axes_of_the_caller_stay_open(sdata) -> None:
    figure, ax = plt.subplots()
    chain = with_column(sdata, [1j, 2j, 3j, 4j]).pl.render_shapes("squares", color="column")
    with pytest.raises(TypeError, match="complex128"):
        chain.pl.show("global", ax=ax)
    assert plt.fignum_exists(figure.number)


def test_times_are_no_numbers(sdata) -> None:
    chain = with_column(sdata, pd.date_range("2020", periods=4)).pl.render_shapes("squares", color="column")
    with pytest.raises(TypeError, match=r"'column' are of type datetime64.*numbers or text"):
        chain.pl.show("global")


def test_categories_that_read_the_same_are_refused(sdata) -> None:
    chain = with_column(sdata, pd.Categorical([1, "1", 2, 1])).pl.render_shapes("squares", color="column")
    with pytest.raises(ValueError, match="read the same: '1'"):
        chain.pl.show("global")


@pytest.mark.parametrize("colors", [["red", "nonsense", "blue"], {"a": "red", "b": "nonsense"}])
def test_stored_colors_that_are_none_are_named_and_may_be_replaced(sdata, colors) -> None:
    some = with_column(sdata, pd.Categorical(list("abca")), colors)
    with pytest.raises(ValueError, match=r"uns\['column_colors'\] of table 'table' holds 'nonsense'"):
        some.pl.render_shapes("squares", color="column").pl.show("global")
    palette = {"a": "red", "b": "lime", "c": "blue"}
    some.pl.render_shapes("squares", color="column", palette=palette).pl.show("global")


def test_points_without_a_place_are_counted_and_left_out(said) -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan, 5.0, 3.0], "y": [2.0, 0.0, np.inf, 4.0]})
    sdata = SpatialData(points={"spots": PointsModel.parse(frame)})
    ax = sdata.pl.render_points("spots").pl.show(return_ax=True)
    assert "2 of 4 points of 'spots' have no finite coordinates" in said()
    assert (ax.get_xlim(), ax.get_ylim()) == ((1, 3), (4, 2))


def test_points_without_a_height_are_drawn_where_it_does_not_matter(said) -> None:
    frame = pd.DataFrame({"x": [1.0, 3.0], "y": [2.0, 4.0], "z": [np.nan, 1.0]})
    ax = SpatialData(points={"spots": PointsModel.parse(frame)}).pl.render_points("spots").pl.show(return_ax=True)
    assert ax.get_xlim() == (1, 3)
    assert "finite" not in said()


@pytest.mark.parametrize(
    ("save", "error", "found"),
    [
        ("missing/figure.png", FileNotFoundError, "no folder"),
        ("figure.xyz", ValueError, "'.xyz' is no format.*.png"),
        (7, TypeError, "path of a file"),
    ],
)
def test_a_file_that_cannot_be_saved_is_refused_before_anything_is_drawn(sdata, tmp_path, save, error, found) -> None:
    target = tmp_path / save if isinstance(save, str) else save
    with pytest.raises(error, match=found):
        sdata.pl.render_images("photo").pl.show("global", save=target)
    assert plt.get_fignums() == []
    assert list(tmp_path.iterdir()) == []


def test_a_figure_is_saved_under_a_name_with_spaces_and_accents(sdata, tmp_path) -> None:
    sdata.pl.render_images("photo").pl.show("global", save=tmp_path / "ein schönes Bild")
    assert (tmp_path / "ein schönes Bild.png").stat().st_size > 0


def test_a_figure_has_a_size(sdata) -> None:
    with pytest.raises(ValueError, match=r"'figsize' is 0\. It must be finite and above 0"):
        sdata.pl.render_images("photo").pl.show("global", figsize=(0, 4))


def test_rasters_far_from_the_origin_are_drawn_there() -> None:
    far = Translation([1e12, -1e12], ("x", "y"))
    image = Image2DModel.parse(np.ones((1, 4, 6)), transformations={"global": far})
    ax = SpatialData(images={"far": image}).pl.render_images("far").pl.show(return_ax=True)
    assert ax.get_xlim() == (1e12, 1e12 + 6)
    assert ax.get_ylim() == (-1e12 + 4, -1e12)


def test_pixels_of_turned_images_stay_squares(canvas) -> None:
    turn = np.deg2rad(30)
    matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    values = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    image = Image2DModel.parse(values[None], transformations={"global": Affine(matrix, ("x", "y"), ("x", "y"))})
    sdata = SpatialData(images={"board": image})
    drawn = canvas(sdata.pl.render_images("board", cmap="gray").pl.show(return_ax=True, colorbar=False))
    for row, column in np.ndindex(values.shape):
        for dy, dx in [(0.1, 0.1), (0.5, 0.5), (0.9, 0.1), (0.9, 0.9)]:
            x, y = matrix[:2, :2] @ [column + dx, row + dy]
            np.testing.assert_allclose(drawn.at(x, y), values[row, column], atol=1 / 255)


@pytest.mark.parametrize("categories", [14, 31, 60])
def test_legends_beside_low_axes_use_the_height_of_the_figure(categories) -> None:
    squares = [box(number, 0, number + 1, 1) for number in range(60)]
    kinds = [f"category {number % categories}" for number in range(60)]
    strip = ShapesModel.parse(gpd.GeoDataFrame({"geometry": squares, "kind": kinds}))
    sdata = SpatialData(shapes={"strip": strip})
    ax = sdata.pl.render_shapes("strip", color="kind").pl.show(return_ax=True, figsize=(8, 5))
    (legend,) = (artist for artist in ax.artists if isinstance(artist, Legend))
    inside = legend.get_window_extent()
    figure = ax.get_figure().bbox
    assert (inside.x0 >= figure.x0, inside.x1 <= figure.x1) == (True, True)
    assert (inside.y0 >= figure.y0, inside.y1 <= figure.y1) == (True, True)
    assert ax.bbox.width > 20


def test_only_the_elements_that_are_drawn_are_loaded(sdata, tmp_path) -> None:
    sdata.write(tmp_path / "a store.zarr")
    lazy = spatialdata.read_zarr(tmp_path / "a store.zarr")
    chain = lazy.pl.render_labels("cells").pl.render_shapes("circles")
    chain.pl.show("global")
    for some in (lazy, chain):
        for mapping in (some.images, some.labels, some.points, some.shapes, some.tables):
            assert {name for name in mapping if mapping.is_loaded(name)} <= {"cells", "circles"}


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_sizes_are_finite(sdata, value) -> None:
    with pytest.raises(ValueError, match=r"'size' is .* finite"):
        sdata.pl.render_points("molecules", size=value)
    with pytest.raises(ValueError, match=r"'pad_extent' is .* finite"):
        sdata.pl.render_points("molecules").pl.show("global", pad_extent=value)


def test_huge_dots_are_drawn_without_stamping_every_pixel(sdata, canvas) -> None:
    chain = sdata.pl.render_points("molecules", color="blue", size=1e6, method="datashader")
    drawn = canvas(chain.pl.show("global", return_ax=True))
    np.testing.assert_array_equal(drawn.at(10, 8), [0, 0, 1])


@pytest.mark.parametrize("channel", [True, np.array(["DAPI"]), ["DAPI", None]])
def test_channels_are_names_or_numbers(sdata, channel) -> None:
    with pytest.raises(TypeError, match="name or number of a channel"):
        sdata.pl.render_images("stain", channel=channel)


def test_functions_keep_the_number_of_pixels_and_values(sdata) -> None:
    with pytest.raises(ValueError, match=r"shape \(16, 20\) of those of shape \(4, 16, 20\)"):
        sdata.pl.render_images("stain", transfunc=lambda pixels: pixels[0]).pl.show("global")
    with pytest.raises(ValueError, match=r"shape \(2,\) of the 4 of 'score'"):
        sdata.pl.render_shapes("squares", color="score", transfunc=lambda values: values[:2]).pl.show("global")


@pytest.mark.parametrize("look", [{"projection": "polar"}, {"projection": "3d"}, {"xscale": "log"}])
def test_only_flat_linear_axes_can_be_drawn_on(sdata, look) -> None:
    ax = plt.figure().add_subplot(**look)
    with pytest.raises(ValueError, match="flat axes with linear scales"):
        sdata.pl.render_images("photo").pl.show("global", ax=ax)
