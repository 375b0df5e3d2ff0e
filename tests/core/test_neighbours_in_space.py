"""Distances of labels with a depth against those of all pixels, and of their shadows against shapely."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from scipy import ndimage as ndi
from scipy.optimize import lsq_linear

from spatialdata.errors import TransformationError
from spatialdata.models import Labels2DModel, Labels3DModel, PointsModel, ShapesModel
from spatialdata.ops.neighbours import nearest, within_distance
from spatialdata.transformations import Affine, Scale, Sequence, ThinPlateSpline, Translation

XYZ = ("x", "y", "z")
SIDES = np.array([2.0, 1.0, 3.0])
COS, SIN = np.cos(0.4), np.sin(0.4)
TURN = Affine([[COS, 0, -SIN, 5], [0, 1, 0, -2], [SIN, 0, COS, 1], [0, 0, 0, 1]], XYZ, XYZ)


def grown(seed: int, shape: tuple[int, int, int] = (7, 9, 10), count: int = 6) -> np.ndarray:
    """Labels of several sizes around random places."""
    rng = np.random.default_rng(seed)
    seeds = np.zeros(shape, dtype=np.int64)
    for number, flat in enumerate(rng.choice(seeds.size, count, replace=False)):
        seeds.ravel()[flat] = 10 * number + 3
    distance, place = ndi.distance_transform_edt(seeds == 0, return_indices=True)
    return np.where(distance < rng.uniform(1, 2.6), seeds[tuple(place)], 0)


def corners(labels: np.ndarray, label: int, sides: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The lower corners x, y, z of the pixels of a label."""
    return np.argwhere(labels == label)[:, ::-1] * sides + offset


def gaps(low: np.ndarray, high: np.ndarray, low_of_others: np.ndarray, high_of_others: np.ndarray) -> float:
    """The least distance between two sets of boxes, over all pairs."""
    gap = np.maximum(np.maximum(low_of_others[None] - high[:, None], low[:, None] - high_of_others[None]), 0)
    return float(np.sqrt((gap**2).sum(axis=2)).min())


def volume(labels: np.ndarray, chunks: Any, turned: bool) -> Any:
    steps = [Scale(SIDES, XYZ), *([TURN] if turned else [])]
    return Labels3DModel.parse(labels, chunks=chunks, transformations={"global": Sequence(steps)})


def assert_neighbours(found: pd.DataFrame, table: pd.DataFrame, k: int) -> None:
    """The distances are the k least ones of each row, and those of the pairs that are named."""
    wanted = min(k, table.shape[1])
    assert found["instance"].tolist() == np.repeat(table.index, wanted).tolist()
    least = np.sort(table.to_numpy(), axis=1)[:, :wanted]
    np.testing.assert_allclose(found["distance"], least.ravel(), atol=1e-9)
    named = [table.loc[a, b] for a, b in zip(found["instance"], found["neighbour"], strict=True)]
    np.testing.assert_allclose(found["distance"], named, atol=1e-9)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("chunks", [(7, 9, 10), (3, 4, 4)])
def test_labels_and_labels(chunks: Any, turned: bool) -> None:
    """Of other pixels, and partly in each other; the world may be turned as a whole."""
    one, other = grown(1), grown(2, (10, 12, 8), 7)
    steps = [Scale([1.5, 2, 1], XYZ), Translation([3.3, 1.0, -2], XYZ), *([TURN] if turned else [])]
    moved = Labels3DModel.parse(other, chunks=5, transformations={"global": Sequence(steps)})
    ids, ids_of_others = np.unique(one)[1:], np.unique(other)[1:]
    of_others = [corners(other, label, np.array([1.5, 2, 1]), np.array([3.3, 1.0, -2])) for label in ids_of_others]
    table = pd.DataFrame(
        [
            [gaps(low, low + SIDES, low_of_other, low_of_other + np.array([1.5, 2, 1])) for low_of_other in of_others]
            for low in (corners(one, label, SIDES, np.zeros(3)) for label in ids)
        ],
        index=ids,
        columns=ids_of_others,
    )
    for k in (2, 50):
        assert_neighbours(nearest(volume(one, chunks, turned), moved, k), table, k)
        assert_neighbours(nearest(moved, volume(one, chunks, turned), k), table.T, k)
    pairs = within_distance(volume(one, chunks, turned), moved, 4.03)
    assert sorted(zip(pairs["instance"], pairs["neighbour"], strict=True)) == [
        (a, b) for a in ids for b in ids_of_others if table.loc[a, b] <= 4.03
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_points_and_labels(turned: bool) -> None:
    labels = grown(3)
    places = np.random.default_rng(4).uniform(-3, 22, (80, 3))
    frame = pd.DataFrame(places, columns=list(XYZ), index=np.arange(100, 180))
    points = PointsModel.parse(frame, npartitions=3, transformations={"global": TURN} if turned else None)
    ids = np.unique(labels)[1:]
    lows = [corners(labels, label, SIDES, np.zeros(3)) for label in ids]
    table = pd.DataFrame(
        [[gaps(place[None], place[None], low, low + SIDES) for low in lows] for place in places],
        index=frame.index,
        columns=ids,
    )
    assert (table == 0).to_numpy().any()
    deep = volume(labels, 4, turned)
    assert_neighbours(nearest(points, deep, 2), table, 2)
    assert_neighbours(nearest(deep, points, 9), table.T, 9)
    pairs = within_distance(points, deep, 2.5)
    assert len(pairs) == (table <= 2.5).to_numpy().sum()


def test_a_label_within_another_meets_it() -> None:
    """No pixel at the surface of one is near the surface of the other."""
    large, small = np.full((9, 9, 9), 4), np.zeros((9, 9, 9), dtype=int)
    small[4, 4, 4] = 7
    for a, b in ((large, small), (small, large)):
        assert nearest(Labels3DModel.parse(a), Labels3DModel.parse(b))["distance"].tolist() == [0.0]
        assert len(within_distance(Labels3DModel.parse(a), Labels3DModel.parse(b), 0.0)) == 1
    inside = PointsModel.parse(pd.DataFrame({"x": [4.5], "y": [4.5], "z": [4.5]}))
    assert nearest(inside, Labels3DModel.parse(large))["distance"].tolist() == [0.0]


def test_labels_are_not_their_own_neighbours() -> None:
    labels = np.zeros((2, 3, 8), dtype=int)
    labels[..., 0:2], labels[..., 2], labels[..., 6] = 5, 9, 2
    element = Labels3DModel.parse(labels, chunks=2)
    found = nearest(element, element)
    assert found["instance"].tolist() == [2, 5, 9]
    assert found["neighbour"].tolist() == [9, 9, 5]
    assert found["distance"].tolist() == [3, 0, 0]


@pytest.mark.parametrize("kind", ["points", "circles", "polygons", "labels"])
def test_what_is_flat_lies_at_all_depths(kind: str) -> None:
    """Distances are those in the plane, from what labels cover on any plane."""
    labels = grown(5)
    rng = np.random.default_rng(6)
    xy, radii = rng.uniform(0, 25, (12, 2)), np.zeros(12)
    geometry = shapely.points(xy)
    if kind == "points":
        flat = PointsModel.parse(xy)
    elif kind == "circles":
        radii = rng.uniform(0.1, 2, 12)
        flat = ShapesModel.parse(xy, geometry=0, radius=radii)
    elif kind == "polygons":
        geometry = shapely.box(*xy.T, *(xy + 1.3).T)
        flat = ShapesModel.parse(GeoDataFrame(geometry=geometry))
    else:
        pixels = np.zeros((25, 25), dtype=int)
        pixels.ravel()[rng.choice(625, 12, replace=False)] = np.arange(1, 13)
        flat = Labels2DModel.parse(pixels)
        places = np.array([np.argwhere(pixels == label)[0][::-1] for label in range(1, 13)])
        geometry = shapely.box(*places.T, *(places + 1).T)
    ids = np.unique(labels)[1:]
    shadows = []
    for label in ids:
        low = np.argwhere((labels == label).any(axis=0))[:, ::-1] * SIDES[:2]
        shadows.append(shapely.union_all(shapely.box(*low.T, *(low + SIDES[:2]).T)))
    distance = np.maximum(shapely.distance(geometry[:, None], np.array(shadows)) - radii[:, None], 0)
    index = np.arange(1, 13) if kind == "labels" else np.arange(12)
    table = pd.DataFrame(distance, index=index, columns=ids)
    assert_neighbours(nearest(flat, volume(labels, 4, turned=False), 2), table, 2)
    assert_neighbours(nearest(volume(labels, 4, turned=False), flat, 2), table.T, 2)


def test_labels_without_instances_have_no_neighbours() -> None:
    nothing, something = Labels3DModel.parse(np.zeros((2, 3, 3), dtype=int)), Labels3DModel.parse(grown(7))
    places = pd.DataFrame(np.ones((2, 3)), columns=list(XYZ))
    flat = Labels2DModel.parse(np.zeros((3, 3), dtype=int))
    for other in (something, nothing, flat, PointsModel.parse(places), PointsModel.parse(places[["x", "y"]])):
        assert len(nearest(nothing, other)) == len(nearest(other, nothing)) == 0
        assert len(within_distance(nothing, other, 9.0)) == len(within_distance(other, nothing, 9.0)) == 0


def test_labels_with_a_depth_that_bend_are_refused() -> None:
    labels = grown(8)
    places = np.array([[0.0, 0], [9, 0], [0, 9], [5, 5]])
    bent = ThinPlateSpline(places, places + np.array([[0, 0], [0, 0], [0, 0], [1, 0]]), ("x", "y"))
    for one, other in ((bent, Scale([1, 1, 1], XYZ)), (Scale([1, 1, 1], XYZ), bent)):
        pair = [Labels3DModel.parse(labels, transformations={"global": place}) for place in (one, other)]
        with pytest.raises(TransformationError, match="not linear"):
            nearest(*pair)


def gap_of_cells(one: np.ndarray, other: np.ndarray, sides: np.ndarray) -> float:
    """The least distance between cells around two sets of places: least squares with bounds, by scipy."""
    best = np.inf
    reach = np.linalg.norm(sides, axis=1).sum() / 2
    for a in one:
        for b in other[np.linalg.norm(other - a, axis=1) < best + reach]:
            found = lsq_linear(sides.T, a - b, (-0.5, 0.5), method="bvls", tol=1e-14)
            best = min(best, float(np.sqrt(2 * found.cost)))
    return best


SHEAR = Affine([[1, 0.5, 0.2, 1.5], [0, 1.2, -0.4, 0], [0.3, 0, 1, 2], [0, 0, 0, 1]], XYZ, XYZ)


@pytest.mark.parametrize("places", [(SHEAR, Scale([1, 1, 1], XYZ)), (Scale([2, 1, 1], XYZ), TURN), (SHEAR, SHEAR)])
def test_labels_that_are_sheared_and_turned_against_each_other(places: Any) -> None:
    labels, centres, linear = [], [], []
    for seed, place in enumerate(places):
        ids = grown(seed + 20, (4, 5, 4), 3)
        labels.append(Labels3DModel.parse(ids, chunks=3, transformations={"global": place}))
        matrix = place.to_affine_matrix(XYZ, XYZ)
        linear.append(matrix[:3, :3].T)
        where = {label: np.argwhere(ids == label)[:, ::-1] + 0.5 for label in np.unique(ids)[1:]}
        centres.append({label: at @ matrix[:3, :3].T + matrix[:3, 3] for label, at in where.items()})
    sides = np.concatenate(linear)
    rows = [[gap_of_cells(a, b, sides) for b in centres[1].values()] for a in centres[0].values()]
    table = pd.DataFrame(rows, index=list(centres[0]), columns=list(centres[1]))
    assert_neighbours(nearest(*labels, 3), table, 3)
    assert_neighbours(nearest(*labels[::-1], 2), table.T, 2)
    limit = float(np.median(table))
    assert len(within_distance(*labels, limit + 1e-9)) == (table <= limit + 1e-9).sum().sum()


def test_points_near_sheared_labels() -> None:
    ids, rng = grown(30, (4, 5, 4), 3), np.random.default_rng(31)
    labels = Labels3DModel.parse(ids, transformations={"global": SHEAR})
    places = rng.uniform(-4, 9, (12, 3))
    matrix = SHEAR.to_affine_matrix(XYZ, XYZ)
    where = {label: np.argwhere(ids == label)[:, ::-1] + 0.5 for label in np.unique(ids)[1:]}
    centres = {label: at @ matrix[:3, :3].T + matrix[:3, 3] for label, at in where.items()}
    rows = [[gap_of_cells(place[None], one, matrix[:3, :3].T) for one in centres.values()] for place in places]
    table = pd.DataFrame(rows, index=range(12), columns=list(centres))
    points = PointsModel.parse(pd.DataFrame(places, columns=list(XYZ)), npartitions=2)
    assert_neighbours(nearest(points, labels, 2), table, 2)
    assert_neighbours(nearest(labels, points, 3), table.T, 3)
