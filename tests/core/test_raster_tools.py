"""Mapping, renumbering, cropping and masking of rasters, against numpy, scipy, scikit-image and shapely."""

from __future__ import annotations

import dask.array as da
import geopandas as gpd
import numpy as np
import pytest
import scipy.ndimage as ndi
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spatialdata import get_extent, get_pyramid_levels, map_raster, mask, relabel_sequential, unpad_raster
from spatialdata.errors import UnknownCoordinateSystemError, UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel
from spatialdata.transformations import Affine, Identity, Sequence, Translation, get_transformation

COS, SIN = np.cos(0.7), np.sin(0.7)
TURN = Affine([[COS, -SIN, 5.03], [SIN, COS, -2.01], [0, 0, 1]], ("x", "y"), ("x", "y"))


def image(chunks: int = 9, **kwargs: object):
    pixels = np.random.default_rng(0).normal(size=(2, 20, 23))
    return pixels, Image2DModel.parse(da.from_array(pixels, chunks=(1, chunks, chunks)), c_coords=["a", "b"], **kwargs)


def test_map_blocks_and_around_blocks() -> None:
    pixels, element = image(transformations={"cs": TURN}, scale_factors=[2])
    doubled = map_raster(element, lambda block, by: by * block, {"by": 2})
    np.testing.assert_array_equal(doubled.values, 2 * pixels)
    assert doubled.c.values.tolist() == ["a", "b"]
    assert get_transformation(doubled, get_all=True) == {"cs": TURN}
    smooth = map_raster(element, ndi.gaussian_filter, {"sigma": (0, 1, 1), "truncate": 3}, depth=(0, 4, 4), dtype=float)
    expected = ndi.gaussian_filter(pixels, (0, 1, 1), truncate=3, mode="reflect")
    np.testing.assert_allclose(smooth.values, expected)
    whole = map_raster(element, lambda data: data - data.mean(), blockwise=False, transformations={"here": Identity()})
    np.testing.assert_allclose(whole.values, pixels - pixels.mean())
    assert list(whole.attrs["transform"]) == ["here"]


def test_map_to_other_channels_and_dimensions() -> None:
    pixels, element = image()
    first = map_raster(element, lambda block: block[:1], chunks=((1, 1), *element.chunks[1:]))
    assert first.c.values.tolist() == ["a", "b"]
    flat = map_raster(element, lambda data: data.max(axis=0, keepdims=True), blockwise=False)
    assert flat.c.values.tolist() == [0]
    named = map_raster(element, lambda data: data.max(axis=0, keepdims=True), blockwise=False, c_coords=["max"])
    assert named.c.values.tolist() == ["max"]
    labels = map_raster(element, lambda data: (data[0] > 0).astype(int), blockwise=False, dims=("y", "x"))
    np.testing.assert_array_equal(labels.values, pixels[0] > 0)


def test_labels_made_in_chunks_get_different_ids() -> None:
    ids = np.random.default_rng(0).integers(0, 6, (20, 30)).astype(np.uint16)
    element = Labels2DModel.parse(ids, chunks=7)
    found = map_raster(element, lambda block: block)
    bits = (3 * 5 - 1).bit_length()
    number = np.kron(np.arange(15).reshape(3, 5), np.ones((7, 7), dtype=int))[:20, :30]
    np.testing.assert_array_equal(found.values, np.where(ids > 0, ids * 2**bits + number, 0))
    np.testing.assert_array_equal(map_raster(element, lambda block: block, relabel=False).values, ids)
    with pytest.raises(ValueError, match="leaves no room in uint16"):
        map_raster(element, lambda block: block + np.uint16(60_000)).compute()


def test_map_arguments_are_checked() -> None:
    _, element = image()
    labels = Labels2DModel.parse(np.zeros((4, 4), dtype=int))
    with pytest.raises(ValueError, match="depth has 2 numbers"):
        map_raster(element, np.abs, depth=(1, 1))
    with pytest.raises(ValueError, match="c_coords names the channels"):
        map_raster(labels, np.abs, c_coords=["a"])
    with pytest.raises(ValueError, match="has 2 dimensions"):
        map_raster(element, lambda data: data[0], blockwise=False)
    with pytest.raises(ValueError, match="dims="):
        map_raster(element, np.abs, dims=("x", "y"))
    with pytest.raises(ValueError, match="has none"):
        map_raster(PointsModel.parse(np.zeros((1, 2))), np.abs)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.uint64, np.int32]),
        (5, 7),
        elements=st.integers(0, 127),
    ),
    st.sampled_from([1, 2**6]),
)
def test_relabel(ids: np.ndarray, factor: int) -> None:
    ids = ids * ids.dtype.type(factor) if ids.dtype.itemsize > 2 else ids
    found = relabel_sequential(da.from_array(ids, chunks=3))
    present = sorted({0, *ids.ravel().tolist()})
    expected = [[present.index(value) for value in row] for row in ids.tolist()]
    np.testing.assert_array_equal(found.compute(), expected)
    assert found.dtype == ids.dtype
    assert found.chunks == ((3, 2), (3, 3, 1))


def test_relabel_of_huge_ids_and_of_what_is_none() -> None:
    assert relabel_sequential(da.from_array(np.array([2**63 - 1, 0, 5]))).compute().tolist() == [2, 0, 1]
    with pytest.raises(ValueError, match="float64"):
        relabel_sequential(da.zeros(3))
    with pytest.raises(ValueError, match="holds -1"):
        relabel_sequential(da.from_array(np.array([-1, 0])))


def test_levels() -> None:
    labels = Labels2DModel.parse(np.zeros((8, 8), dtype=int), scale_factors=[2, 2])
    assert [level.shape for level in get_pyramid_levels(labels)] == [(8, 8), (4, 4), (2, 2)]
    assert get_pyramid_levels(labels, n=1).shape == (4, 4)
    assert get_pyramid_levels(labels, attr="shape", n=-1) == (2, 2)
    with pytest.raises(IndexError, match="3 levels"):
        get_pyramid_levels(labels, n=3)
    with pytest.raises(UnsupportedElementError, match="has none"):
        get_pyramid_levels(np.zeros(3))


@pytest.mark.parametrize("scales", [None, [2]])
def test_unpad(scales: list[int] | None) -> None:
    pixels = np.zeros((2, 30, 40))
    pixels[0, 7:11, 12:20], pixels[1, 9:14, 13:31] = 1, -1
    element = Image2DModel.parse(pixels, chunks=(1, 8, 9), transformations={"cs": TURN}, scale_factors=scales)
    found = unpad_raster(element)
    full = get_pyramid_levels(found, n=0)
    np.testing.assert_array_equal(full.values, pixels[:, 7:14, 12:31])
    moved = {"cs": Sequence([Translation([7, 12], ("y", "x")), TURN])}
    assert get_transformation(found, get_all=True) == moved
    assert unpad_raster(found) is found
    zeros = Labels3DModel.parse(np.zeros((2, 3, 4), dtype=int))
    assert unpad_raster(zeros) is zeros
    volume = np.zeros((4, 5, 6), dtype=int)
    volume[1:3, 2, 3] = 9
    extent = get_extent(unpad_raster(Labels3DModel.parse(volume)))
    assert extent == {"z": (1.0, 3.0), "y": (2.0, 3.0), "x": (3.0, 4.0)}
    with pytest.raises(UnsupportedElementError, match="has none"):
        unpad_raster(np.zeros(3))


@pytest.mark.parametrize("invert", [False, True])
def test_mask_by_shapes(invert: bool) -> None:
    pixels, element = image(transformations={"global": TURN}, scale_factors=[2])
    ring = shapely.Point(8, 12).buffer(9).difference(shapely.Point(8, 12).buffer(4))
    circles = ShapesModel.parse(np.array([[8.0, 12.0], [-3.0, 10.0]]), geometry=0, radius=[5.0, 4.0])
    for by, inside in (
        (ring, lambda x, y: shapely.contains_xy(ring, x, y)),
        (ShapesModel.parse(gpd.GeoDataFrame(geometry=[ring])), lambda x, y: shapely.contains_xy(ring, x, y)),
        (circles, lambda x, y: (np.hypot(x - 8, y - 12) <= 5) | (np.hypot(x + 3, y - 10) <= 4)),
    ):
        found = mask(element, by, invert=invert, fill_value=np.nan)
        for number, level in enumerate(get_pyramid_levels(found)):
            y, x = (np.mgrid[: level.shape[1], : level.shape[2]] + 0.5) * 2**number
            world = np.stack([x, y], axis=-1) @ TURN.matrix[:2, :2].T + TURN.matrix[:2, 2]
            kept = inside(world[..., 0], world[..., 1]) != invert
            before = get_pyramid_levels(element, n=number).values
            np.testing.assert_array_equal(level.values, np.where(kept, before, np.nan))
            assert level.attrs["transform"] == get_pyramid_levels(element, n=number).attrs["transform"]
    np.testing.assert_array_equal(get_pyramid_levels(element, n=0).values, pixels)


def test_mask_by_labels_of_another_resolution() -> None:
    ids = np.zeros((8, 8), dtype=int)
    ids[2:5, 1:7] = 4
    fine = Labels2DModel.parse(
        np.full((16, 16), 9),
        chunks=5,
        transformations={"global": Affine(np.diag([0.5, 0.5, 1]), ("x", "y"), ("x", "y"))},
    )
    found = mask(fine, Labels2DModel.parse(ids))
    np.testing.assert_array_equal(found.values, np.kron(ids > 0, np.full((2, 2), 9)))


def test_mask_arguments_are_checked() -> None:
    _, element = image()
    box = shapely.box(0, 0, 1, 1)
    with pytest.raises(UnsupportedElementError, match="Images and labels can be masked"):
        mask(ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0), box)
    with pytest.raises(UnsupportedElementError, match="Regions are"):
        mask(element, element)
    with pytest.raises(UnknownCoordinateSystemError, match="'um'"):
        mask(element, box, "um")
    with pytest.raises(ValueError, match="cannot hold"):
        mask(Labels2DModel.parse(np.zeros((2, 2), dtype=int)), box, fill_value=np.nan)
