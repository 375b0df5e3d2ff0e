"""What lies on the border of a pixel or a shape still does after both went to a coordinate system and back."""

from __future__ import annotations

import anndata as ad
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata import SpatialData, aggregate, get_region_properties, mask, rasterize, to_polygons
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel, TableModel
from spatialdata.regions.between import Between, unrounded
from spatialdata.regions.project import projection_over
from spatialdata.transformations import Affine, BaseTransformation, Scale, Sequence, Translation

AXES = ("x", "y")
PLACES: dict[str, BaseTransformation] = {
    "microns": Scale([0.12028, 0.12028], AXES),
    "other microns": Scale([0.2125, 0.2125], AXES),
    "thirds": Scale([1 / 3, 1 / 3], AXES),
    "far away": Sequence([Scale([0.2125, 0.2125], AXES), Translation([1e5 + 0.3, 7000.7], AXES)]),
    "turned": Affine([[0.61, -1.37, 5.3], [1.13, 0.29, -7.9], [0, 0, 1]], AXES, AXES),
}
HEIGHT, WIDTH = 24, 31


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> BaseTransformation:
    return PLACES[request.param]


@pytest.fixture
def ids() -> np.ndarray:
    return np.random.default_rng(3).integers(1, 9, (HEIGHT, WIDTH))


def points_on_corners(place: BaseTransformation) -> PointsModel:
    """A point on the lower corner of each pixel, row by row."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].reshape(2, -1).astype(float)
    return PointsModel.parse(pd.DataFrame({"x": x, "y": y}), transformations={"global": place})


def counts(found: SpatialData) -> list[float]:
    return found["table"].X.toarray().ravel().tolist()


def test_points_on_pixel_corners_lie_in_the_pixel_above(place: BaseTransformation, ids: np.ndarray) -> None:
    points = points_on_corners(place)
    labels = Labels2DModel.parse(ids, chunks=10, transformations={"global": place})
    assert counts(aggregate(points, labels, agg_func="count")) == np.bincount(ids.ravel())[1:].tolist()
    sdata = SpatialData(points={"points": points}, labels={"labels": labels})
    found = sdata.annotate("points", by="labels")["points"]["labels"].compute()
    assert found.astype(int).tolist() == ids.ravel().tolist()


def test_so_they_do_in_labels_that_were_cut_out(place: BaseTransformation, ids: np.ndarray) -> None:
    cut = Sequence([Translation([11, 7], AXES), place])
    labels = Labels2DModel.parse(ids[7:, 11:], transformations={"global": cut})
    found = aggregate(points_on_corners(place), labels, agg_func="count")
    assert counts(found) == np.bincount(ids[7:, 11:].ravel())[1:].tolist()


def test_so_they_do_in_labels_with_a_depth(ids: np.ndarray) -> None:
    place = Scale([0.12028, 0.12028, 0.7], ("x", "y", "z"))
    volume = np.stack([ids, np.roll(ids, 3), np.roll(ids, 5)])
    z, y, x = np.mgrid[:3, :HEIGHT, :WIDTH].reshape(3, -1).astype(float)
    points = PointsModel.parse(pd.DataFrame({"x": x, "y": y, "z": z}), transformations={"global": place})
    labels = Labels3DModel.parse(volume, dims=("z", "y", "x"), transformations={"global": place})
    assert counts(aggregate(points, labels, agg_func="count")) == np.bincount(volume.ravel())[1:].tolist()
    sdata = SpatialData(points={"points": points}, labels={"labels": labels})
    found = sdata.annotate("points", by="labels")["points"]["labels"].compute()
    assert found.astype(int).tolist() == volume.ravel().tolist()


def test_centres_on_pixel_corners_are_annotated_by_the_pixel_above(place: BaseTransformation, ids: np.ndarray) -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH].reshape(2, -1).astype(float)
    spots = ShapesModel.parse(np.c_[x, y], geometry=0, radius=0.3, transformations={"global": place})
    labels = Labels2DModel.parse(ids, transformations={"global": place})
    obs = pd.DataFrame({"region": "spots", "instance": spots.index}).set_axis(spots.index.astype(str))
    table = TableModel.parse(
        ad.AnnData(obs=obs.astype({"region": "category"})), region="spots", region_key="region", instance_key="instance"
    )
    sdata = SpatialData(shapes={"spots": spots}, labels={"labels": labels}, tables={"table": table})
    found = sdata.annotate("spots", by="labels")["table"].obs["labels"]
    assert found.astype(int).tolist() == ids.ravel().tolist()


def test_regions_that_only_touch_share_nothing(place: BaseTransformation, ids: np.ndarray) -> None:
    labels = Labels2DModel.parse(ids, transformations={"global": place})
    cut = Labels2DModel.parse(ids[3:, 4:], transformations={"global": Sequence([Translation([4, 3], AXES), place])})
    outlines = to_polygons(labels)
    for values, by in ((labels, outlines), (labels, labels), (outlines, labels), (cut, labels), (cut, outlines)):
        assert counts(aggregate(values, by, agg_func="count")) == [1] * 8
    image = Image2DModel.parse(np.ones((1, HEIGHT, WIDTH)), transformations={"global": place})
    pixels = np.bincount(ids.ravel())[1:].tolist()
    for by in (outlines, labels):
        assert counts(aggregate(image, by, agg_func="count", fractions=True)) == pixels
    of_part = Image2DModel.parse(
        np.ones((1, HEIGHT - 3, WIDTH - 4)), transformations={"global": Sequence([Translation([4, 3], AXES), place])}
    )
    found = aggregate(of_part, outlines, agg_func="count", fractions=True)
    assert counts(found) == np.bincount(ids[3:, 4:].ravel())[1:].tolist()


def test_borders_through_pixel_centres_belong_to_one_side(place: BaseTransformation) -> None:
    boxes = [shapely.box(x + 0.5, y + 0.5, x + 5.5, y + 5.5) for x in range(0, 25, 5) for y in range(0, 15, 5)]
    squares = ShapesModel.parse(gpd.GeoDataFrame(geometry=boxes), transformations={"global": place})
    image = Image2DModel.parse(np.ones((1, HEIGHT, WIDTH)), transformations={"global": place})
    found = get_region_properties(squares, image, statistics=["count"])
    assert found.iloc[:, -1].tolist() == [25] * 15
    assert counts(aggregate(image, squares, agg_func="count")) == [25] * 15
    labels = Labels2DModel.parse(np.ones((HEIGHT, WIDTH), dtype=int), transformations={"global": place})
    assert int((mask(labels, squares).values > 0).sum()) == 25 * 15


def test_points_on_the_borders_of_drawn_pixels() -> None:
    place = Scale([0.12028, 0.12028], AXES)
    upper = [WIDTH * 0.12028, HEIGHT * 0.12028]
    drawn = rasterize(points_on_corners(place), AXES, [0, 0], upper, "global", target_width=WIDTH)
    np.testing.assert_array_equal(drawn.values, np.ones((1, HEIGHT, WIDTH)))


def test_every_second_pixel_is_drawn_where_half_as_many_are_asked_for(ids: np.ndarray) -> None:
    place = Scale([0.2125, 0.2125], AXES)
    even = ids[:, :30]
    labels = Labels2DModel.parse(even, transformations={"global": place})
    upper = [30 * 0.2125, HEIGHT * 0.2125]
    drawn = rasterize(labels, AXES, [0, 0], upper, "global", target_width=15, return_regions_as_labels=True)
    np.testing.assert_array_equal(drawn.values, even[1::2, 1::2])


def test_only_what_rounding_did_is_undone() -> None:
    place = projection_over(PLACES["turned"], AXES)
    there = Between.of(place, place)
    np.testing.assert_array_equal(there.linear, np.eye(2))
    np.testing.assert_array_equal(there.offset, [0, 0])
    moved = projection_over(Sequence([Translation([1e-9, 2.25], AXES), PLACES["turned"]]), AXES)
    assert Between.of(moved, place).offset == pytest.approx([1e-9, 2.25], abs=1e-14)
    assert Between.of(moved, place).offset[0] != 0
    values = np.array([0.1 + 0.2, 1 / 3, 1 + 1e-12, 1 + 2.3e-16])
    assert unrounded(values, np.ones(4)).tolist() == [0.1 + 0.2, 1 / 3, 1 + 1e-12, 1]
