"""Points: dots at their places, the same as vectors and as pixels."""

from __future__ import annotations

import dask.dataframe as dd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize, to_rgb

from spatialdata import SpatialData
from spatialdata.models import PointsModel

from .conftest import MATRICES, everywhere, place

METHODS = ["matplotlib", "datashader"]


@pytest.mark.parametrize("system", MATRICES)
@pytest.mark.parametrize("method", METHODS)
def test_dots_lie_in_their_places(unchanged, canvas, system, method) -> None:
    ax = unchanged.pl.render_points(
        "molecules", color="gene", palette={"a": "red", "b": "blue"}, size=40, method=method
    ).pl.show(system, return_ax=True, pad_extent=2)
    drawn = canvas(ax)
    for x, y, color in ((3, 4, "red"), (10, 8, "blue"), (17, 13, "red")):
        np.testing.assert_array_equal(drawn.at(*place(system, (x, y))[0]), to_rgb(color))
    np.testing.assert_array_equal(drawn.at(*place(system, (6.5, 6))[0]), [1, 1, 1])


def cloud(count: int = 4000) -> SpatialData:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.uniform(0, 50, count), "y": rng.uniform(0, 50, count)})
    frame["value"] = rng.uniform(0, 1, count)
    frame["gene"] = pd.Categorical(rng.choice(["a", "b", "c"], count))
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=3), transformations=everywhere())
    return SpatialData(points={"cloud": points})


@pytest.mark.parametrize("color", ["gene", "value", None, "red"])
@pytest.mark.parametrize("size", [4, 60])
def test_vectors_and_pixels_show_the_same(canvas, color, size) -> None:
    shown = []
    for method in METHODS:
        ax = cloud().pl.render_points("cloud", color=color, size=size, method=method).pl.show("global", return_ax=True)
        shown.append(canvas(ax).pixels[..., :3].astype(float) / 255)
    different = np.abs(shown[0] - shown[1]).max(axis=-1) > 0.5
    assert different.mean() < 0.12
    np.testing.assert_allclose(shown[0].mean(axis=(0, 1)), shown[1].mean(axis=(0, 1)), atol=0.04)


@pytest.mark.parametrize("method", METHODS)
def test_later_points_lie_over_earlier_ones(canvas, method) -> None:
    frame = pd.DataFrame({"x": [5.0, 5.0, 9.0], "y": [5.0, 5.0, 9.0], "gene": pd.Categorical(["a", "b", "a"])})
    sdata = SpatialData(points={"p": PointsModel.parse(dd.from_pandas(frame, npartitions=1))})
    ax = sdata.pl.render_points("p", color="gene", palette={"a": "red", "b": "blue"}, size=90, method=method).pl.show(
        return_ax=True, pad_extent=2
    )
    np.testing.assert_array_equal(canvas(ax).at(5, 5), [0, 0, 1])


def test_many_points_are_drawn_again_for_the_resolution_of_a_file(tmp_path) -> None:
    """The area that dots cover is that of discs of their size, at any resolution."""
    sdata, side, size = cloud(20_000), 3.0, 2
    expected = 1 - np.exp(-20_000 * np.pi * (np.sqrt(size) / 2 / 72) ** 2 / side**2)
    for dpi, tolerance in ((100, 0.1), (400, 0.02)):
        figure = plt.figure(figsize=(side, side))
        ax = figure.add_axes((0, 0, 1, 1))
        sdata.pl.render_points("cloud", color="black", size=size, method="datashader").pl.show(
            "global", ax=ax, frameon=False, title=""
        )
        figure.savefig(tmp_path / "points.png", dpi=dpi)
        pixels = mpl.image.imread(tmp_path / "points.png")
        assert pixels.shape[:2] == (side * dpi, side * dpi)
        assert (pixels[..., 0] < 0.5).mean() == pytest.approx(expected, abs=tolerance)


def test_continuous_colors(canvas) -> None:
    frame = pd.DataFrame({"x": [1.0, 5.0, 9.0], "y": [1.0, 5.0, 9.0], "v": [0.0, 2.0, 10.0]})
    sdata = SpatialData(points={"p": PointsModel.parse(dd.from_pandas(frame, npartitions=1))})
    ax = sdata.pl.render_points("p", color="v", cmap="viridis", size=90, transfunc=np.sqrt).pl.show(
        return_ax=True, pad_extent=2
    )
    drawn = canvas(ax)
    for x, value in ((1, 0.0), (5, np.sqrt(0.2)), (9, 1.0)):
        np.testing.assert_allclose(drawn.at(x, x), mpl.colormaps["viridis"](value)[:3], atol=1 / 255)


def test_density_counts_points_per_pixel(canvas) -> None:
    frame = pd.DataFrame({"x": [2.5] * 9 + [7.5] * 3 + [0, 10], "y": [2.5] * 9 + [7.5] * 3 + [0, 10]}, dtype=float)
    sdata = SpatialData(points={"p": PointsModel.parse(dd.from_pandas(frame, npartitions=1))})
    ax = sdata.pl.render_points("p", density=True, cmap="viridis").pl.show(return_ax=True, pad_extent=1)
    drawn = canvas(ax)
    np.testing.assert_allclose(drawn.at(2.5, 2.5), mpl.colormaps["viridis"](1.0)[:3], atol=1 / 255)
    np.testing.assert_allclose(drawn.at(7.5, 7.5), mpl.colormaps["viridis"]((3 - 1) / (9 - 1))[:3], atol=1 / 255)
    np.testing.assert_array_equal(drawn.at(5, 5), [1, 1, 1])


@pytest.mark.parametrize("how", ["log", "cbrt", "eq_hist"])
def test_density_of_categories_mixes_their_hues(canvas, how) -> None:
    frame = pd.DataFrame({"x": [2.5, 7.5, 7.5, 9.5], "y": [2.5, 7.5, 7.5, 9.5], "gene": pd.Categorical(list("abca"))})
    sdata = SpatialData(points={"p": PointsModel.parse(dd.from_pandas(frame, npartitions=1))})
    ax = sdata.pl.render_points(
        "p", color="gene", palette={"a": "red", "b": "lime", "c": "blue"}, density=True, density_how=how
    ).pl.show(return_ax=True, pad_extent=1)
    red, mixed = canvas(ax).at(2.5, 2.5), canvas(ax).at(7.5, 7.5)
    assert red[0] == pytest.approx(1, abs=0.01)
    assert red[1] == pytest.approx(red[2], abs=0.01)
    assert mixed[1] == pytest.approx(mixed[2], abs=0.01)
    assert mixed[0] < mixed[1]


@pytest.mark.parametrize(("reduction", "wanted"), [("max", 6), ("min", 1), ("mean", 3), ("sum", 9), ("count", 3)])
def test_reductions(canvas, reduction, wanted) -> None:
    frame = pd.DataFrame({"x": [5.0, 5, 5, 1, 9], "y": [5.0, 5, 5, 1, 9], "v": [6.0, 1, 2, 0, 0]})
    sdata = SpatialData(points={"p": PointsModel.parse(dd.from_pandas(frame, npartitions=1))})
    ax = sdata.pl.render_points(
        "p", color="v", cmap="gray", norm=Normalize(0, 10), datashader_reduction=reduction, size=30
    ).pl.show(return_ax=True, pad_extent=1)
    np.testing.assert_allclose(canvas(ax).at(5, 5), [wanted / 10] * 3, atol=0.01)


def test_points_with_z_are_projected(canvas) -> None:
    frame = pd.DataFrame({"x": [1.0, 9.0], "y": [1.0, 9.0], "z": [50.0, -3.0]})
    sdata = SpatialData(points={"p": PointsModel.parse(dd.from_pandas(frame, npartitions=1))})
    drawn = canvas(sdata.pl.render_points("p", color="red", size=90).pl.show(return_ax=True, pad_extent=2))
    np.testing.assert_array_equal(drawn.at(9, 9), [1, 0, 0])


def test_groups_leave_out_other_genes(unchanged, canvas) -> None:
    ax = unchanged.pl.render_points("molecules", color="gene", groups="b", palette="blue", size=90).pl.show(
        "global", return_ax=True, pad_extent=2
    )
    drawn = canvas(ax)
    np.testing.assert_array_equal(drawn.at(10, 8), [0, 0, 1])
    np.testing.assert_array_equal(drawn.at(3, 4), [1, 1, 1])


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"color": "gen"}, KeyError, r"'gene'"),
        ({"color": ["gene", "x"]}, ValueError, r"not a list of names"),
        ({"size": "big"}, TypeError, r"number"),
        ({"size": 0}, ValueError, r"above 0"),
        ({"density": True, "color": "red"}, ValueError, r"density"),
        ({"density": True, "method": "matplotlib"}, ValueError, r"density"),
        ({"density_how": "sqrt"}, ValueError, r"'linear', 'log', 'cbrt', 'eq_hist'"),
        ({"alpha": 2}, ValueError, r"between 0 and 1"),
    ],
)
def test_wrong_parameters_say_what_is_valid(sdata, kwargs, error, message) -> None:
    with pytest.raises(error, match=message):
        sdata.pl.render_points("molecules", **kwargs)
