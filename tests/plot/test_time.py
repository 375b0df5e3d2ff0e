"""Elements with times: what is drawn is the time asked for."""

from __future__ import annotations

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from spatialdata import SpatialData
from spatialdata.errors import UnknownTimeError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel

MOVIE = np.random.default_rng(0).integers(0, 256, (3, 3, 4, 5), dtype=np.uint8)
TIMES = [0.0, 2.5, 7.0]


@pytest.fixture
def series() -> SpatialData:
    image = Image2DModel.parse(
        MOVIE, dims=("t", "c", "y", "x"), c_coords=["r", "g", "b"], t_coords=TIMES, scale_factors=[2]
    )
    ids = np.zeros((3, 4, 5), dtype=int)
    ids[0, :2], ids[1, 2:], ids[2, :, :2] = 1, 2, 3
    frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "y": [1.0, 3.0, 2.0], "t": TIMES})
    squares = gpd.GeoDataFrame({"t": TIMES}, geometry=[box(k, k, k + 1, k + 1) for k in range(3)])
    return SpatialData(
        images={"movie": image, "still": Image2DModel.parse(MOVIE[0], c_coords=["r", "g", "b"])},
        labels={"cells": Labels2DModel.parse(ids, dims=("t", "y", "x"), t_coords=TIMES)},
        points={"spots": PointsModel.parse(frame)},
        shapes={"squares": ShapesModel.parse(squares)},
    )


@pytest.mark.parametrize(("t", "index"), [(None, 0), (0, 0), (2.5, 1), (7, 2)])
def test_images(series, canvas, t, index) -> None:
    drawn = canvas(series.pl.render_images("movie", t=t, scale="full").pl.show(return_ax=True))
    for row in range(4):
        for column in range(5):
            wanted = MOVIE[index, :, row, column] / 255
            np.testing.assert_allclose(drawn.at(column + 0.5, row + 0.5), wanted, atol=1.5 / 255)


def test_labels(series, canvas) -> None:
    drawn = canvas(
        series.pl.render_labels("cells", t=2.5, color="red", fill_alpha=1.0, contour_px=None).pl.show(return_ax=True)
    )
    np.testing.assert_allclose(drawn.at(2.5, 3.5), [1, 0, 0], atol=0.01)
    np.testing.assert_allclose(drawn.at(2.5, 0.5), [1, 1, 1], atol=0.01)


def test_points_and_shapes(series) -> None:
    ax = series.pl.render_points("spots", t=2.5).pl.show(return_ax=True)
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[2.0, 3.0]])
    ax = series.pl.render_points("spots").pl.show(return_ax=True)
    assert len(ax.collections[0].get_offsets()) == 3
    ax = series.pl.render_shapes("squares", t=7).pl.show(return_ax=True)
    assert [path.get_extents().x0 for path in ax.collections[0].get_paths()] == [2.0]


def test_the_first_time_is_drawn_with_a_note(series, caplog) -> None:
    with caplog.at_level(logging.INFO, logger="spatialdata_plot"):
        series.pl.render_images("movie").pl.show(return_ax=True)
    assert "'movie' has 3 points in time, of which the first is drawn: t=0" in caplog.text


def test_times_that_are_not_there(series) -> None:
    with pytest.raises(UnknownTimeError, match=r"no point in time 3\. It has 0\.0, 2\.5, 7\.0"):
        series.pl.render_images("movie", t=3)
    with pytest.raises(TypeError, match="have no time"):
        series.pl.render_images("still", t=0)
    with pytest.raises(ValueError, match="'spots' has nothing at the time 3"):
        series.pl.render_points("spots", t=3)
    with pytest.raises(TypeError, match="'t' must be a number"):
        series.pl.render_images("movie", t="now")


def test_a_time_for_all_images_leaves_those_without_time_as_they_are(series) -> None:
    chain = series.pl.render_images(t=2.5)
    assert {layer.element: layer.t for layer in chain.plotting_tree.values()} == {"movie": 2.5, "still": None}
