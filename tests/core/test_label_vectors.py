"""Polygons, circles, centres and measures of labels, against numpy, scipy and scikit-image."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import scipy.ndimage as ndi
import shapely
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import regionprops

from spatialdata import SpatialData, get_centroids, read_zarr, to_circles, to_polygons
from spatialdata.errors import UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel
from spatialdata.transformations import Affine, Scale, get_transformation

TURN = Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))


def pixels_of(polygon: shapely.Geometry, shape: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    return shapely.contains_xy(polygon, x, y)


@given(seed=st.integers(0, 2**32 - 1), chunk=st.sampled_from([3, 5, 8, 30]))
def test_polygons_hold_exactly_the_pixels_of_each_label(seed: int, chunk: int) -> None:
    rng = np.random.default_rng(seed)
    ids = np.array([0, 5, 70_000, 2])[rng.integers(0, 4 if seed % 2 else 2, (14, 18))]
    polygons = to_polygons(Labels2DModel.parse(ids, chunks=chunk))
    assert polygons.index.tolist() == polygons.label.tolist() == np.unique(ids[ids > 0]).tolist()
    assert polygons.geometry.is_valid.all()
    for label, polygon in polygons.geometry.items():
        np.testing.assert_array_equal(pixels_of(polygon, ids.shape), ids == label)
        assert polygon.area == (ids == label).sum()
        parts, holes = ndi.label(ids == label)[1], _holes(ids == label)
        rings = [ring for part in shapely.get_parts(polygon) for ring in part.interiors]
        assert len(shapely.get_parts(polygon)) == parts
        assert len(rings) == holes


def _holes(mask: np.ndarray) -> int:
    """The number of rings around holes, which may touch at corners but share no edge."""
    count = 0
    parts, number = ndi.label(mask)
    for part in range(1, number + 1):
        outside = np.pad(parts != part, 1, constant_values=True)
        count += ndi.label(outside)[1] - _diagonal_exits(outside)
    return count


def _diagonal_exits(outside: np.ndarray) -> int:
    """The part of the background at the border of the array is no hole."""
    labels = ndi.label(outside)[0]
    return len(np.unique(np.r_[labels[0], labels[-1], labels[:, 0], labels[:, -1]])) - int(
        (np.r_[labels[0], labels[-1], labels[:, 0], labels[:, -1]] == 0).any()
    )


def test_chunks_leave_no_trace() -> None:
    y, x = np.mgrid[:60, :70]
    ids = np.where((y % 20 - 10) ** 2 + (x % 20 - 10) ** 2 < 75, y // 20 * 4 + x // 20 + 1, 0)
    ids[9:12, 9:12] = 0
    whole = to_polygons(Labels2DModel.parse(ids))
    for chunks in ((7, 70), (13, 11), (60, 1)):
        cut = to_polygons(Labels2DModel.parse(ids, chunks=chunks))
        assert cut.index.equals(whole.index)
        assert cut.index.dtype.kind == "i"
        assert all(shapely.equals_exact(cut.geometry.to_numpy(), whole.geometry.to_numpy()))
    assert len(whole.geometry[1].interiors) == 1


def test_a_rectangle_has_four_corners_at_the_edges_of_its_pixels() -> None:
    ids = np.zeros((12, 12), dtype=np.uint8)
    ids[3:6, 2:9] = 4
    labels = Labels2DModel.parse(ids, scale_factors=[2], transformations={"cs": TURN})
    polygons = to_polygons(labels)
    assert polygons.geometry[4].equals(shapely.box(2, 3, 9, 6))
    assert len(polygons.geometry[4].exterior.coords) == 5
    assert get_transformation(polygons, get_all=True) == {"cs": TURN}


def test_simplified_neighbours_keep_their_border() -> None:
    y, x = np.mgrid[:40, :40]
    ids = 1 + (y > 20 + 8 * np.sin(x / 6)).astype(int) + 2 * (x > 20 + y / 5)
    polygons = to_polygons(Labels2DModel.parse(ids))
    simple = to_polygons(Labels2DModel.parse(ids), simplify=2)
    assert shapely.get_num_coordinates(simple.geometry).sum() < shapely.get_num_coordinates(polygons.geometry).sum() / 2
    assert shapely.coverage_is_valid(simple.geometry.to_numpy())
    assert simple.area.sum() == pytest.approx(1600)
    with pytest.raises(ValueError, match="simplify is for labels"):
        to_polygons(polygons, simplify=1)
    with pytest.raises(ValueError, match="from 0 on"):
        to_polygons(Labels2DModel.parse(ids), simplify=-1)


@pytest.mark.parametrize("chunks", [(20, 24), (7, 5)])
def test_circles_of_labels(chunks: tuple[int, int]) -> None:
    ids = np.random.default_rng(0).choice([0, 4, 9, 1000], (20, 24))
    placed = {"global": Scale([3.0, 3.0], ("x", "y"))}
    circles = to_circles(Labels2DModel.parse(ids, chunks=chunks, transformations=placed))
    found = regionprops(ids)
    assert circles.index.tolist() == [region.label for region in found]
    np.testing.assert_allclose(circles.radius, [np.sqrt(region.area / np.pi) for region in found])
    centres = shapely.get_coordinates(circles.geometry.to_numpy())
    np.testing.assert_allclose(centres, [np.array(region.centroid[::-1]) + 0.5 for region in found])
    assert get_transformation(circles, get_all=True) == placed
    np.testing.assert_allclose(
        get_centroids(Labels2DModel.parse(ids, chunks=chunks, transformations=placed)).compute(), 3 * centres
    )


def test_booleans_no_background_and_only_background() -> None:
    assert to_polygons(Labels2DModel.parse(np.eye(3, dtype=bool))).geometry[1].area == 3
    full = Labels2DModel.parse(np.full((3, 4), 9))
    assert to_polygons(full).geometry[9].equals(shapely.box(0, 0, 4, 3))
    assert len(to_circles(full)) == 1
    for make in (to_polygons, to_circles):
        with pytest.raises(ValueError, match="nothing but background"):
            make(Labels2DModel.parse(np.zeros((3, 4), dtype=int)))


def test_what_cannot_be_made_polygons_or_circles() -> None:
    image, volume = Image2DModel.parse(np.zeros((1, 2, 2))), Labels3DModel.parse(np.zeros((2, 2, 2), dtype=int))
    for make in (to_polygons, to_circles):
        with pytest.raises(UnsupportedElementError, match="images cannot be made"):
            make(image)
        with pytest.raises(UnsupportedElementError, match="are volumes"):
            make(volume)
    with pytest.raises(ValueError, match="radius is for points"):
        to_circles(Labels2DModel.parse(np.eye(3, dtype=int)), radius=1.0)


def test_polygons_of_stored_labels_can_be_stored(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 4, (30, 30))
    labels = Labels2DModel.parse(da.from_array(ids, chunks=16), transformations={"global": TURN})
    SpatialData(labels={"cells": labels}).write(tmp_path / "labels.zarr")
    stored = read_zarr(tmp_path / "labels.zarr")
    polygons = to_polygons(stored["cells"])
    assert polygons.geometry.equals(to_polygons(labels).geometry)
    SpatialData(shapes={"cells": polygons}).write(tmp_path / "shapes.zarr")
    back = read_zarr(tmp_path / "shapes.zarr")["cells"]
    assert back.geometry.geom_equals(polygons.geometry).all()
    assert back.index.tolist() == back.label.tolist() == [1, 2, 3]


def squares_of(mask: np.ndarray) -> shapely.Geometry:
    y, x = np.nonzero(mask)
    return shapely.union_all(shapely.box(x, y, x + 1, y + 1))


def test_long_and_many_outlines() -> None:
    ids = np.zeros((70, 4000), dtype=np.uint16)
    ids[:60, ::2] = ids[0] = 1
    ids[65:, :] = np.random.default_rng(1).integers(0, 2, (5, 4000)) * (2 + np.arange(4000))
    polygons = to_polygons(Labels2DModel.parse(ids)).geometry
    assert polygons[1].equals(
        shapely.union_all([shapely.box(x, 0, x + 1, 60) for x in range(0, 4000, 2)] + [shapely.box(0, 0, 4000, 1)])
    )
    present, pixels = np.unique(ids, return_counts=True)
    np.testing.assert_array_equal(polygons.area, pixels[present > 0])


@pytest.mark.parametrize("limit", [1, 300, 4_000_000])
def test_labels_that_chunks_cut(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spatialdata.ops.label_polygons._PIXELS_AT_ONCE", limit)
    ids = np.random.default_rng(7).choice([0, 3, 900, 70_000], (23, 31)).repeat(2, axis=1)
    polygons = to_polygons(Labels2DModel.parse(ids, chunks=(8, 13))).geometry
    assert polygons.index.tolist() == [3, 900, 70_000]
    for label, polygon in polygons.items():
        assert polygon.is_valid
        assert polygon.equals(squares_of(ids == label))
    assert shapely.equals_exact(polygons.to_numpy(), shapely.normalize(polygons.to_numpy())).all()
