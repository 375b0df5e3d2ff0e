"""Aggregation of elements whose place has no matrix; what lies where is worked out by scipy and shapely."""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.interpolate import RBFInterpolator

from spatialdata import SpatialData, aggregate, nearest, region_of_labels
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import Identity, Scale, ThinPlateSpline

XY = ("x", "y")
SOURCE = np.array([[0.0, 0], [40, 0], [0, 30], [40, 30], [20, 15], [8, 24]])
TARGET = SOURCE + np.array([[2, 1], [-3, 1], [1, -2], [3, 2], [4, -3], [-2, 2]])
BENT = {"global": ThinPlateSpline(SOURCE, TARGET, XY)}
SQUARES = [shapely.box(x, y, x + 9, y + 8) for x in (1, 13, 27) for y in (2, 17)]


def forward(xy: np.ndarray) -> np.ndarray:
    return np.asarray(RBFInterpolator(SOURCE, TARGET, kernel="thin_plate_spline", degree=1)(xy))


def moved(polygons: Any) -> Any:
    return shapely.transform(shapely.segmentize(np.array(polygons, dtype=object), 0.02), forward)


def shapes(transformations: dict[str, Any] | None = None) -> Any:
    return ShapesModel.parse(geopandas.GeoDataFrame(geometry=SQUARES), transformations=transformations)


def scattered(count: int = 2000) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, [40, 30], (count, 2))


def centres() -> np.ndarray:
    y, x = np.mgrid[0:30, 0:40] + 0.5
    return np.column_stack([x.ravel(), y.ravel()])


@pytest.mark.parametrize("bent", ["points", "shapes", "both"])
def test_points_by_shapes(bent: str) -> None:
    xy, kinds = scattered(), np.random.default_rng(1).choice(list("ab"), 2000)
    points = PointsModel.parse(
        pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "gene": kinds}),
        feature_key="gene",
        transformations=BENT if bent != "shapes" else None,
    )
    found = aggregate(points, shapes(BENT if bent != "points" else None), value_key="gene")["table"]
    places = forward(xy) if bent != "shapes" else xy
    regions = moved(SQUARES) if bent != "points" else SQUARES
    inside = np.array([shapely.intersects_xy(region, *places.T) for region in regions])
    expected = np.stack([(inside & (kinds == kind)).sum(axis=1) for kind in "ab"], axis=1)
    np.testing.assert_array_equal(found[:, ["a", "b"]].X.toarray(), expected)


def test_regions_come_back_where_they_lie() -> None:
    points = PointsModel.parse(scattered(10))
    regions = aggregate(points, shapes(BENT))["by"]
    np.testing.assert_allclose(shapely.get_coordinates(regions.geometry), forward(shapely.get_coordinates(SQUARES)))


@pytest.mark.parametrize("bent", ["points", "labels", "both"])
def test_points_by_labels(bent: str) -> None:
    pixels = np.arange(1, 30 * 40 + 1).reshape(30, 40)
    xy = scattered()
    points = PointsModel.parse(xy, transformations=BENT if bent != "labels" else None)
    labels = Labels2DModel.parse(pixels, chunks=(16, 16), transformations=BENT if bent != "points" else None)
    found = aggregate(points, labels)["table"].X.toarray().ravel()
    places = forward(xy) if bent != "labels" else xy
    corners = centres() - 0.5
    squares = shapely.box(*corners.T, *(corners + 1).T)
    tree = shapely.STRtree(moved(squares) if bent != "points" else squares)
    _, label = tree.query(shapely.points(places), predicate="within")
    np.testing.assert_array_equal(found, np.bincount(label, minlength=30 * 40))


@pytest.mark.parametrize("bent", ["image", "shapes", "both"])
def test_image_by_shapes(bent: str) -> None:
    pixels = np.random.default_rng(2).integers(0, 100, (2, 30, 40))
    image = Image2DModel.parse(pixels, chunks=(1, 16, 16), transformations=BENT if bent != "shapes" else None)
    found = aggregate(image, shapes(BENT if bent != "image" else None), agg_func="sum")["table"].X.toarray()
    places = forward(centres()) if bent != "shapes" else centres()
    regions = moved(SQUARES) if bent != "image" else SQUARES
    inside = np.array([shapely.intersects_xy(region, *places.T) for region in regions])
    np.testing.assert_allclose(found, inside.astype(int) @ pixels.reshape(2, -1).T)


@pytest.mark.parametrize("bent", ["image", "labels", "both"])
def test_image_by_labels(bent: str) -> None:
    """The image holds a smooth function of the world, so that what is under a label is known there."""

    def brightness(world: np.ndarray) -> np.ndarray:
        return np.asarray(100 + 5 * world[:, 0] + 3 * world[:, 1])

    half = {"global": Scale([0.5, 0.5], XY)}
    y, x = np.mgrid[0:60, 0:80] * 0.5 + 0.25
    fine = np.column_stack([x.ravel(), y.ravel()])
    of_image = half if bent == "labels" else {"global": _chained(half["global"], BENT["global"])}
    values = brightness(fine if bent == "labels" else forward(fine)).reshape(1, 60, 80)
    image = Image2DModel.parse(values, chunks=(1, 25, 25), transformations=of_image)
    ids = np.zeros((30, 40), dtype=int)
    ids[8:14, 9:16], ids[15:22, 20:30] = 3, 8
    labels = Labels2DModel.parse(ids, transformations=BENT if bent != "image" else {"global": Identity()})
    found = aggregate(image, labels, agg_func="mean")["table"].X.toarray().ravel()
    places = centres() if bent == "image" else forward(centres())
    expected = [brightness(places)[ids.ravel() == label].mean() for label in (3, 8)]
    np.testing.assert_allclose(found, expected, rtol=0.005)


def _chained(*steps: Any) -> Any:
    from spatialdata.transformations import Sequence

    return Sequence(list(steps))


@pytest.mark.parametrize("kind", ["shapes", "labels"])
def test_areas_by_shapes(kind: str) -> None:
    """Parts of areas, where the regions and the values are bent together: what is shared is the same as before."""
    big = ShapesModel.parse(geopandas.GeoDataFrame(geometry=[shapely.box(5, 5, 30, 20)]), transformations=BENT)
    if kind == "shapes":
        values: Any = shapes(BENT)
        outlines = SQUARES
    else:
        ids = np.zeros((30, 40), dtype=int)
        for number, square in enumerate(SQUARES, start=1):
            x0, y0, x1, y1 = (int(bound) for bound in square.bounds)
            ids[y0:y1, x0:x1] = number
        values, outlines = Labels2DModel.parse(ids, transformations=BENT), SQUARES
    found = aggregate(values, big, fractions=True)["table"].X.toarray().ravel()
    there, region = moved(outlines), moved([shapely.box(5, 5, 30, 20)])[0]
    expected = (shapely.area(shapely.intersection(there, region)) / shapely.area(there)).sum()
    np.testing.assert_allclose(found, [expected], rtol=2e-3)


def test_points_are_annotated_by_what_they_lie_in() -> None:
    xy = scattered(500)
    regions = shapes(BENT)
    regions["kind"] = list("abcdef")
    ids = np.zeros((30, 40), dtype=int)
    for number, square in enumerate(SQUARES, start=1):
        x0, y0, x1, y1 = (int(bound) for bound in square.bounds)
        ids[y0:y1, x0:x1] = number
    sdata = SpatialData(
        points={"p": PointsModel.parse(xy)},
        shapes={"s": regions},
        labels={"l": Labels2DModel.parse(ids, transformations=BENT)},
    )
    inside = np.array([shapely.intersects_xy(region, *xy.T) for region in moved(SQUARES)])
    expected = [next((kind for kind, lies in zip("abcdef", column, strict=True) if lies), None) for column in inside.T]
    found = sdata.annotate("p", "s", "kind")["p"].compute()["kind"]
    assert [None if pd.isna(value) else value for value in found] == expected
    numbers = sdata.annotate("p", "l", new_column="label")["p"].compute()["label"]
    assert [0 if pd.isna(value) else int(value) for value in numbers] == [
        0 if kind is None else "abcdef".index(kind) + 1 for kind in expected
    ]


def test_neighbours_are_measured_where_elements_lie() -> None:
    xy = scattered(60)
    points = PointsModel.parse(xy, transformations=BENT)
    found = nearest(points, shapes(BENT))
    distances = shapely.distance(shapely.points(forward(xy))[:, None], moved(SQUARES)[None])
    np.testing.assert_allclose(found["distance"], distances.min(axis=1), atol=1e-2)


def test_labels_as_a_region() -> None:
    ids = np.zeros((30, 40), dtype=int)
    ids[5:20, 8:30] = 1
    region = region_of_labels(Labels2DModel.parse(ids, transformations=BENT)).polygon
    expected = moved([shapely.box(8, 5, 30, 20)])[0]
    assert region.symmetric_difference(expected).area < 1e-3 * expected.area
