"""Circles and labels as regions, masks, half-open boxes, depth and rules for shapes, against brute force."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import anndata as ad
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.sparse import csr_matrix

from spatialdata import SpatialData, bounding_box_query, polygon_query
from spatialdata._core.elements import levels_of
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.ops.select import select
from spatialdata.ops.select_labels import region_of_labels
from spatialdata.regions import BoundingBox, Circle, PolygonRegion
from spatialdata.transformations import Affine, Sequence, Translation, get_transformation

seeds = st.integers(0, 10_000)


def turned(seed: int, *, similar: bool = False) -> Affine:
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi)
    scale = np.diag(rng.uniform(0.5, 2, 2) if not similar else [rng.uniform(0.5, 2)] * 2)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ scale
    return Affine([[*linear[0], 3.1], [*linear[1], -2.2], [0, 0, 1]], ("x", "y"), ("x", "y"))


def world(coordinates: np.ndarray, transformation: Any) -> np.ndarray:
    matrix = transformation.to_affine_matrix(("x", "y"), ("x", "y"))
    return coordinates @ matrix[:2, :2].T + matrix[:2, 2]


def circle(centre: Any, radius: float) -> Circle:
    return Circle(target_coordinate_system="global", centre=np.array(centre, dtype=float), radius=radius)


# circles


@given(seeds)
def test_points_in_a_circle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    placed, xy = turned(seed), rng.uniform(-5, 5, (200, 2))
    points = PointsModel.parse(xy, transformations={"global": placed})
    found = select(points, circle([3, -2], 4.0))
    expected = np.flatnonzero(np.linalg.norm(world(xy, placed) - [3, -2], axis=1) <= 4)
    assert ([] if found is None else found.compute().index.tolist()) == expected.tolist()


def test_the_border_of_a_circle_is_inside() -> None:
    points = PointsModel.parse(np.array([[1.0, 0], [0, -1], [0.8, 0.6], [1, 1]]))
    assert select(points, circle([0, 0], 1.0)).compute().index.tolist() == [0, 1, 2]


@given(seeds, st.sampled_from(["meets", "within", "centroid"]))
def test_shapes_in_a_circle(seed: int, rule: str) -> None:
    rng = np.random.default_rng(seed)
    placed = turned(seed, similar=True)
    size = np.sqrt(np.abs(np.linalg.det(placed.to_affine_matrix(("x", "y"), ("x", "y"))[:2, :2])))
    centres, radii = rng.uniform(-6, 6, (40, 2)), rng.uniform(0.1, 2, 40)
    discs = ShapesModel.parse(centres, geometry=0, radius=radii, transformations={"global": placed})
    distance = np.linalg.norm(world(centres, placed) - [3, -2], axis=1)
    reach = {"meets": distance - radii * size, "within": distance + radii * size, "centroid": distance}[rule]
    found = select(discs, circle([3, -2], 4.0), rule=rule)
    assert ([] if found is None else found.index.tolist()) == np.flatnonzero(reach <= 4).tolist()
    boxes = shapely.box(*(centres - radii[:, None]).T, *(centres + radii[:, None]).T)
    squares = ShapesModel.parse(gpd.GeoDataFrame(geometry=boxes), transformations={"global": placed})
    corners = world(shapely.get_coordinates(boxes), placed).reshape(40, 5, 2)
    nearest = shapely.distance(shapely.polygons(corners), shapely.Point(3, -2))
    farthest = np.linalg.norm(corners - [3, -2], axis=2).max(axis=1)
    reach = {"meets": nearest, "within": farthest, "centroid": distance}[rule]
    found = select(squares, circle([3, -2], 4.0), rule=rule)
    assert ([] if found is None else found.index.tolist()) == np.flatnonzero(reach <= 4).tolist()


@pytest.mark.parametrize("region", ["box", "polygon"])
@pytest.mark.parametrize("rule", ["meets", "within", "centroid"])
def test_rules_for_shapes(region: str, rule: str) -> None:
    rng = np.random.default_rng(3)
    centres, radii = rng.uniform(0, 10, (80, 2)), rng.uniform(0.2, 1.5, 80)
    area = shapely.box(2, 2, 7, 8) if region == "box" else shapely.Polygon([(1, 1), (9, 2), (5, 5), (8, 9), (2, 8)])
    asked = (
        BoundingBox(target_coordinate_system="global", axes=("x", "y"), min_coordinate=[2, 2], max_coordinate=[7, 8])
        if region == "box"
        else PolygonRegion(target_coordinate_system="global", polygon=area)
    )
    stars = [
        shapely.Polygon(c + r * rng.uniform(0.2, 1, (9, 1)) * np.c_[np.cos(t), np.sin(t)])
        for c, r, t in zip(centres, radii, [np.linspace(0, 2 * np.pi, 9, endpoint=False)] * 80, strict=True)
    ]
    oracle = {
        "meets": lambda shape: area.intersects(shape),
        "within": lambda shape: area.covers(shape),
        "centroid": lambda shape: area.intersects(shape.centroid),
    }[rule]
    found = select(ShapesModel.parse(gpd.GeoDataFrame(geometry=stars)), asked, rule=rule)
    assert found.index.tolist() == [number for number, star in enumerate(stars) if oracle(star)]
    discs = ShapesModel.parse(centres, geometry=0, radius=radii)
    points = shapely.points(centres)
    inside = shapely.intersects(area, points)
    expected = {
        "meets": inside if region == "box" else shapely.distance(area, points) <= radii,
        "within": inside & (shapely.distance(area.exterior, points) >= radii),
        "centroid": inside,
    }[rule]
    assert select(discs, asked, rule=rule).index.tolist() == np.flatnonzero(expected).tolist()


def test_bad_regions_and_rules() -> None:
    with pytest.raises(ValueError, match="needs x and y"):
        circle([1, 2, 3], 1.0)
    with pytest.raises(ValueError, match="number above 0"):
        circle([1, 2], -1.0)
    with pytest.raises(ValueError, match="'meets', 'within', 'centroid'"):
        select(ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0), circle([0, 0], 1), rule="touches")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="closed must be one of"):
        bounding_box_query(PointsModel.parse(np.zeros((1, 2))), ("x",), [0], [1], "global", closed="open")


@given(seeds)
def test_many_points_are_found_as_few_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 40)[:-1]
    star = shapely.Polygon(rng.uniform(2, 9, (39, 1)) * np.c_[np.cos(angle), np.sin(angle)])
    area = star.difference(shapely.box(-1, -1, 1, 1)).union(shapely.box(20, 20, 30, 30))
    xy = np.concatenate([rng.integers(-10, 31, (300, 2)), rng.uniform(-10, 31, (300, 2)), [[20, 25], [1, 0]]])
    inside = shapely.intersects_xy(area, *xy.T)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spatialdata.regions.placed._FEW", 10)
        found = polygon_query(PointsModel.parse(xy), area, "global")
    assert found.compute().index.tolist() == np.flatnonzero(inside).tolist()


# masks


@given(seeds, st.sampled_from([None, [2]]))
def test_pixels_outside_of_a_polygon_are_blank(seed: int, factors: list[int] | None) -> None:
    rng = np.random.default_rng(seed)
    placed = turned(seed)
    pixels = rng.integers(1, 100, (2, 20, 24)).astype(np.uint16)
    image = Image2DModel.parse(pixels, chunks=(1, 8, 8), scale_factors=factors, transformations={"global": placed})
    around = world(np.array([[12.0, 10.0]]), placed)[0]
    angle = np.linspace(0, 2 * np.pi, 8)[:-1]
    polygon = shapely.Polygon(around + rng.uniform(2, 9, (7, 1)) * np.c_[np.cos(angle), np.sin(angle)])
    found, whole = (polygon_query(image, polygon, "global", mask=mask) for mask in (True, False))
    assert (found is None) == (whole is None)
    if found is None:
        return
    matrix = get_transformation(found, "global").to_affine_matrix(("x", "y"), ("x", "y"))
    fine = levels_of(found)[0]
    for level, rectangle in zip(levels_of(found), levels_of(whole), strict=True):
        y, x = np.meshgrid(level["y"], level["x"], indexing="ij")
        centres = np.stack([x.ravel(), y.ravel()], axis=1) @ matrix[:2, :2].T + matrix[:2, 2]
        if level is not fine:
            continue
        inside = shapely.intersects_xy(polygon, *centres.T).reshape(y.shape)
        np.testing.assert_array_equal(level.values, np.where(inside, rectangle.values, 0))
        assert level.dtype == np.uint16


def test_coarse_levels_are_masked_by_the_centres_of_their_own_pixels() -> None:
    image = Image2DModel.parse(np.ones((1, 16, 16), dtype=np.uint8), scale_factors=[2, 2])
    found = select(image, circle([8, 8], 5.0))
    for level, step in zip(levels_of(found), (1, 2, 4), strict=True):
        size = level.sizes["x"]
        first = (16 // step - size) // 2
        centre = (first + np.arange(size) + 0.5) * step - 8
        np.testing.assert_array_equal(level.values[0], np.hypot(centre[:, None], centre) <= 5)


def test_depth_is_kept_whole_or_cut() -> None:
    image = Image3DModel.parse(np.ones((1, 4, 6, 6), dtype=np.uint8))
    assert select(image, circle([3, 3], 1.0)).values.sum() == 4 * 4
    found = bounding_box_query(image, ("x", "y", "z"), [0, 0, 1], [6, 6, 3], "global")
    assert found.shape == (1, 2, 6, 6)
    points = PointsModel.parse(np.array([[1.0, 1, 0], [1, 1, 1], [1, 1, 2]]))
    assert bounding_box_query(points, ("z",), [0.5], [2], "global").compute().index.tolist() == [1]
    assert bounding_box_query(points, ("z",), [0.5], [2], "global", closed="right").compute().index.tolist() == [1, 2]


def test_rows_of_labels_outside_of_the_polygon_go() -> None:
    labels = Labels2DModel.parse(np.array([[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]))
    obs = pd.DataFrame({"region": pd.Categorical(["l"] * 4), "id": [1, 2, 3, 4]}, index=list("abcd"))
    table = TableModel.parse(
        ad.AnnData(csr_matrix((4, 0)), obs=obs), region="l", region_key="region", instance_key="id"
    )
    sdata = SpatialData(labels={"l": labels}, tables={"t": table})
    triangle = shapely.Polygon([(0, 0), (3.9, 0), (0, 3.9)])
    assert polygon_query(sdata, triangle, "global")["t"].obs["id"].tolist() == [1, 2, 3]
    assert polygon_query(sdata, triangle, "global", mask=False)["t"].obs["id"].tolist() == [1, 2, 3, 4]


# half-open boxes


@settings(max_examples=10)
@given(st.integers(2, 7), st.integers(2, 7), seeds)
def test_tiles_share_nothing_and_miss_nothing(width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = PointsModel.parse(rng.integers(0, 12, (60, 2)) / 2)
    labels = Labels2DModel.parse(rng.integers(1, 9, (6, 6)), transformations={"global": Translation([0.5], ("x",))})
    discs = ShapesModel.parse(rng.integers(0, 12, (20, 2)) / 2, geometry=0, radius=1.0)
    cuts = [np.append(np.arange(0, 7, size), 20.0) for size in (width, height)]
    seen: dict[str, list[Any]] = {"points": [], "discs": [], "pixels": []}
    for (x0, x1), (y0, y1) in product(*(list(pairwise(cut)) for cut in cuts)):
        box: Any = (("x", "y"), [x0, y0], [x1, y1], "global")
        inside = bounding_box_query(points, *box, closed="left")
        seen["points"] += [] if inside is None else inside.compute().index.tolist()
        circles = bounding_box_query(discs, *box, closed="left")
        seen["discs"] += [] if circles is None else circles.index.tolist()
        cut = bounding_box_query(labels, *box, closed="left")
        if cut is not None:
            seen["pixels"] += cut.values.ravel().tolist()
    assert sorted(seen["points"]) == list(range(60))
    assert sorted(seen["discs"]) == list(range(20))
    assert sorted(seen["pixels"]) == sorted(labels.values.ravel().tolist())


@pytest.mark.parametrize(
    ("closed", "expected"),
    [(None, [1]), ("both", [0, 1, 2]), ("left", [0, 1]), ("right", [1, 2]), ("neither", [1])],
)
def test_which_bounds_belong_to_a_box(closed: Any, expected: list[int]) -> None:
    points = PointsModel.parse(np.array([[0.5, 1], [1.5, 1], [2.5, 1]]))
    found = bounding_box_query(points, ("x",), [0.5], [2.5], "global", closed=closed)
    assert found.compute().index.tolist() == expected
    image = Image2DModel.parse(np.arange(3.0).reshape(1, 1, 3))
    cut = bounding_box_query(image, ("x",), [0.5], [2.5], "global", closed=closed)
    assert cut.values.ravel().tolist() == ([0, 1, 2] if closed is None else expected)
    assert bounding_box_query(image, ("x",), [0.5], [0.5], "global", closed="neither") is None


# labels as regions


@given(seeds)
def test_what_lies_on_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.choice([0, 0, 1, 2, 3], (8, 9))
    values[0, 0] = 1
    placed = Sequence([turned(seed), Translation([1.0, 2.0], ("x", "y"))])
    labels = Labels2DModel.parse(values, transformations={"global": placed})
    xy = rng.uniform(-1, 10, (150, 2))
    points = PointsModel.parse(xy, transformations={"global": placed})
    chosen = [1, *(label for label in (3,) if label in values)]
    found = select(points, region_of_labels(labels, chosen))
    padded = ndimage.map_coordinates(values, np.floor(xy.T[::-1]), order=0, mode="constant", cval=0)
    expected = np.flatnonzero(np.isin(padded, chosen) & (xy >= 0).all(axis=1) & (xy < [9, 8]).all(axis=1))
    assert ([] if found is None else found.compute().index.tolist()) == expected.tolist()


def test_labels_that_are_no_region() -> None:
    labels = Labels2DModel.parse(np.array([[0, 1]]))
    with pytest.raises(ValueError, match="no instance 7"):
        region_of_labels(labels, [7])
    with pytest.raises(ValueError, match="nothing but background"):
        region_of_labels(Labels2DModel.parse(np.zeros((2, 2), dtype=int)))
    with pytest.raises(TypeError, match="not of"):
        region_of_labels(PointsModel.parse(np.zeros((1, 2))))
