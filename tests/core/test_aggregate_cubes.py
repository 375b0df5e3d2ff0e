"""Pixels of volumes that lie in labels with a depth in part, against half-spaces of scipy and fine sampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.spatial import ConvexHull, HalfspaceIntersection

from spatialdata import aggregate
from spatialdata.kernels.cubes import parts_of_cubes
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel
from spatialdata.transformations import (
    Affine,
    BaseTransformation,
    Displacements,
    Identity,
    MapAxis,
    Scale,
    Sequence,
    Translation,
)

XYZ = ("x", "y", "z")
COS, SIN = np.cos(0.4), np.sin(0.4)
IN_PLANE = Affine([[COS, -SIN, 0, 1.3], [SIN, COS, 0, -0.7], [0, 0, 1.7, 0.4], [0, 0, 0, 1]], XYZ, XYZ)
IN_SPACE = Affine([[1, 0.3, 0.2, -0.5], [0, COS, -SIN, 1], [0.1, SIN, COS, -0.4], [0, 0, 0, 1]], XYZ, XYZ)
PLACES: dict[str, BaseTransformation] = {
    "same": Identity(),
    "moved": Translation([0.25, -1.5, 0.5], XYZ),
    "other pixels": Sequence([Scale([1.7, 0.6, 2.5], XYZ), Translation([0.3, 0, -1], XYZ)]),
    "mirrored": Sequence([Scale([-1, 1, -0.7], XYZ), Translation([4.5, 0, 3], XYZ)]),
    "axes exchanged": MapAxis({"x": "z", "z": "x", "y": "y"}),
    "turned in the plane": IN_PLANE,
    "turned and sheared in space": IN_SPACE,
}


def faces(motion: np.ndarray, low: np.ndarray) -> np.ndarray:
    """The half-spaces whose intersection is the image of a pixel: rows (a, b) with a·x + b <= 0."""
    back = np.linalg.inv(motion[:3, :3])
    shift = -back @ motion[:3, 3]
    upper = np.column_stack([back, shift - (low + 1)])
    lower = np.column_stack([-back, low - shift])
    return np.concatenate([upper, lower])


def shared_volume(spaces: np.ndarray) -> float:
    """The volume of an intersection of half-spaces, by the largest ball in it and the hull of the corners."""
    size = np.linalg.norm(spaces[:, :3], axis=1)
    ball = linprog([0, 0, 0, -1], np.column_stack([spaces[:, :3], size]), -spaces[:, 3], bounds=[(None, None)] * 4)
    if ball.status != 0 or ball.x[3] < 1e-9:
        return 0.0
    return float(ConvexHull(HalfspaceIntersection(spaces, ball.x[:3]).intersections, qhull_options="QJ").volume)


def parts(shape: tuple[int, ...], ids: np.ndarray, of_image: np.ndarray, of_labels: np.ndarray) -> np.ndarray:
    """The part of each pixel that each label fills, of shape (labels, pixels); axes x, y, z."""
    found = np.zeros((ids.max() + 1, int(np.prod(shape))))
    cells = [(np.array(place[::-1]), ids[place]) for place in np.ndindex(*ids.shape) if ids[place]]
    middles = np.array([of_labels[:3, :3] @ (low + 0.5) + of_labels[:3, 3] for low, _ in cells])
    reach = sum(np.linalg.norm(one[:3, :3], axis=0).sum() for one in (of_image, of_labels)) / 2
    for number, place in enumerate(np.ndindex(*shape)):
        low = np.array(place[::-1])
        pixel = faces(of_image, low)
        middle = of_image[:3, :3] @ (low + 0.5) + of_image[:3, 3]
        for cell in np.flatnonzero(np.linalg.norm(middles - middle, axis=1) < reach):
            spaces = np.concatenate([pixel, faces(of_labels, cells[cell][0])])
            found[cells[cell][1], number] += shared_volume(spaces)
    return found / abs(np.linalg.det(of_image[:3, :3]))


@pytest.mark.parametrize("place", PLACES)
def test_the_part_of_each_cube_by_half_spaces(place: str) -> None:
    rng = np.random.default_rng(0)
    pixels, ids = rng.integers(1, 99, (2, 2, 2, 2)), rng.integers(0, 3, (3, 3, 3))
    image = Image3DModel.parse(pixels, chunks=(1, 1, 2, 2), transformations={"global": PLACES[place]})
    labels = Labels3DModel.parse(ids, chunks=(2, 2, 3))
    part = parts((2, 2, 2), ids, PLACES[place].to_affine_matrix(XYZ, XYZ), np.eye(4))
    found = aggregate(image, labels, agg_func=["sum", "max"], fractions=True)["table"]
    flat = pixels.reshape(2, -1)
    assert found.obs["instance_id"].tolist() == [1, 2]
    for row, label in enumerate((1, 2)):
        expected = [[(part[label] * one).sum(), (part[label] * one).max()] for one in flat]
        np.testing.assert_allclose(found.X[row].toarray()[0], np.ravel(expected), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("place", PLACES)
def test_labels_that_fill_space_share_each_pixel_among_them(place: str) -> None:
    rng = np.random.default_rng(1)
    ids = rng.integers(1, 2**40, (12, 12, 12))
    image = Image3DModel.parse(
        rng.integers(0, 99, (1, 3, 4, 5)), chunks=(1, 2, 3, 3),
        transformations={"global": Sequence([PLACES[place], Translation([3, 3, 3], XYZ)])},
    )  # fmt: skip
    around = Sequence([Scale([2] * 3, XYZ), Translation([-8] * 3, XYZ)])
    labels = Labels3DModel.parse(ids, transformations={"global": around})
    found = aggregate(image, labels, agg_func="sum", fractions=True)["table"]
    assert found.X.sum() == pytest.approx(float(image.to_numpy().sum()))


@pytest.mark.parametrize("func", ["sum", "count", "max"])
def test_flat_pixels_are_columns_through_all_planes(func: str) -> None:
    rng = np.random.default_rng(2)
    pixels, ids = rng.integers(1, 99, (1, 6, 8)), rng.integers(0, 4, (5, 3, 4))
    image = Image2DModel.parse(pixels, chunks=(1, 4, 3))
    labels = Labels3DModel.parse(ids, transformations={"global": Scale([2.0, 2.0, 3.0], XYZ)})
    found = aggregate(image, labels, agg_func=func, fractions=True)["table"]
    fine = ids.repeat(2, 1).repeat(2, 2)
    for row, label in enumerate((1, 2, 3)):
        part = (fine == label).mean(axis=0)
        inside = (part * pixels[0])[part > 0]
        expected = len(inside) if func == "count" else getattr(np, func)(inside)
        assert found.X[row].toarray()[0, 0] == pytest.approx(expected)


def test_flat_pixels_that_are_turned() -> None:
    """The same as by each plane of its own, of which the parts are taken as of flat labels."""
    rng = np.random.default_rng(3)
    pixels, ids = rng.integers(1, 99, (1, 9, 9)), rng.integers(0, 4, (3, 7, 8))
    flat = Affine(IN_PLANE.to_affine_matrix(("x", "y"), ("x", "y")), ("x", "y"), ("x", "y"))
    image = Image2DModel.parse(pixels)
    deep = Labels3DModel.parse(ids, transformations={"global": IN_PLANE})
    found = aggregate(image, deep, agg_func="sum", fractions=True)["table"].X.toarray()
    expected = np.zeros_like(found)
    for one in ids:
        plane = Labels2DModel.parse(one, transformations={"global": flat})
        expected += aggregate(image, plane, agg_func="sum", fractions=True)["table"].X.toarray() / 3
    np.testing.assert_allclose(found, expected)


def test_means_with_weights_and_parts_of_cubes() -> None:
    pixels = np.array([[[[2.0, 6.0]]], [[[1.0, 3.0]]]])
    image = Image3DModel.parse(pixels, c_coords=["v", "w"])
    labels = Labels3DModel.parse(np.full((1, 1, 1), 7), transformations={"global": Translation([0.5, 0, 0], XYZ)})
    found = aggregate(image, labels, agg_func=["sum", "mean"], weights="w", fractions=True)["table"]
    assert found.X.toarray()[0].tolist() == pytest.approx([0.5 * 2 + 0.5 * 18, (1 + 9) / (0.5 + 1.5)])


def test_corners_that_lie_nowhere() -> None:
    """What a map leads to nowhere has no part in anything, and what has no volume neither."""
    nodes = np.stack(np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0, 2.0], indexing="ij"), axis=-1)
    nodes[0, 0, 2] = np.nan
    cube, label, part = parts_of_cubes(nodes, np.ones((2, 2, 2), dtype=np.int64))
    assert (cube.tolist(), label.tolist(), part.tolist()) == ([0], [1], [1.0])
    flat = nodes.copy()
    flat[..., 0] = 0.5
    cube, _, part = parts_of_cubes(flat, np.array([[[1, 2], [1, 2]]]))
    assert not part[cube == 1].any()


@pytest.mark.parametrize("place", ["other pixels", "turned in the plane", "turned and sheared in space"])
def test_volumes_of_labels_that_lie_in_others(place: str) -> None:
    rng = np.random.default_rng(4)
    values, ids = rng.permutation([0, 1, 1, 2, 2, 3, 3, 3]).reshape(2, 2, 2), rng.integers(0, 3, (3, 3, 3))
    part = parts((2, 2, 2), ids, PLACES[place].to_affine_matrix(XYZ, XYZ), np.eye(4))
    labels = Labels3DModel.parse(values, chunks=(1, 2, 2), transformations={"global": PLACES[place]})
    weighed = aggregate(labels, Labels3DModel.parse(ids), fractions=True)["table"]
    met = aggregate(labels, Labels3DModel.parse(ids))["table"]
    for row, label in enumerate((1, 2)):
        shares = [part[label][values.ravel() == one].sum() / (values == one).sum() for one in (1, 2, 3)]
        assert weighed.X[row].sum() == pytest.approx(sum(shares), abs=1e-6)
        assert met.X[row].sum() == np.count_nonzero(np.array(shares) > 1e-6)


def test_volumes_whose_place_bends() -> None:
    """A map that moves planes by the square of their height, linear between the planes of pixels."""
    grid = np.stack(np.meshgrid(*(np.arange(8.0),) * 3, indexing="ij"), axis=-1)
    field = np.zeros((8, 8, 8, 3))
    field[..., 0] = 0.1 * grid[..., 2] ** 2
    bent = Displacements(field, axes=XYZ)
    rng = np.random.default_rng(5)
    pixels, ids = rng.integers(1, 99, (1, 3, 2, 4)), rng.integers(0, 3, (3, 2, 6))
    image = Image3DModel.parse(pixels, chunks=(1, 2, 2, 3), transformations={"global": bent})
    found = aggregate(image, Labels3DModel.parse(ids), agg_func="sum", fractions=True)["table"]
    for row, label in enumerate((1, 2)):
        expected = 0.0
        for z, y, x in np.ndindex(3, 2, 4):
            for column in np.flatnonzero(ids[z, y] == label):
                # Between two planes a pixel is a parallelogram of x and z; the part left of a line, by height.
                heights = (np.arange(4000) + 0.5) / 4000
                shift = 0.1 * (z**2 + heights * ((z + 1) ** 2 - z**2))
                overlap = np.minimum(x + shift + 1, column + 1) - np.maximum(x + shift, column)
                expected += pixels[0, z, y, x] * np.clip(overlap, 0, None).mean()
        assert found.X[row].toarray()[0, 0] == pytest.approx(expected, rel=1e-4)
