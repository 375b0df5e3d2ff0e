"""Tiles that are drawn, against the pixel under each pixel centre, found by numpy, and against drawing one by one."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from spatialdata import SpatialData, rasterize, read_zarr
from spatialdata.dataloader import ImageTilesDataset
from spatialdata.models import Image2DModel, ShapesModel
from spatialdata.transformations import Affine, Scale, get_transformation

SIDE = 96
PLACES: dict[str, Any] = {
    "scaled": Scale([0.5, 2.0], ("x", "y")),
    "turned": Affine([[0.6, -0.8, 13.3], [0.8, 0.6, -7.1], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y")),
    "mirrored": Affine([[0, 1.5, 3], [-0.7, 0, 70], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y")),
}


@pytest.fixture(scope="module")
def sdata(tmp_path_factory: pytest.TempPathFactory) -> SpatialData:
    """An image of three levels in chunks of 32 pixels on disk, and circles all over it and beyond."""
    pixels = np.random.default_rng(0).integers(1, 60_000, (2, SIDE, SIDE)).astype("u2")
    image = Image2DModel.parse(
        pixels, chunks=(1, 32, 32), scale_factors=[2, 2], c_coords=["a", "b"], transformations=PLACES
    )
    places = np.random.default_rng(1).uniform(-20, 90, (30, 2))
    circles = ShapesModel.parse(
        places, geometry=0, radius=np.linspace(1, 9, 30), transformations=dict.fromkeys(PLACES, Scale([1], ("x",)))
    )
    path = tmp_path_factory.mktemp("tiles") / "store.zarr"
    SpatialData(images={"image": image}, shapes={"circles": circles}).write(path)
    return read_zarr(path)


def expected(sdata: SpatialData, system: str, bounds: np.ndarray, shape: tuple[int, ...], level: int) -> np.ndarray:
    """For the centre of each pixel the pixel of the level that covers it."""
    pixels = sdata["image"][f"scale{level}"]["image"].values
    matrix = get_transformation(sdata["image"], system).to_affine_matrix(("x", "y"), ("x", "y"))
    sides = zip(bounds[:2], bounds[2:], shape[::-1], strict=True)
    x, y = (low + (np.arange(n) + 0.5) * (high - low) / n for low, high, n in sides)
    world = np.stack([*np.meshgrid(x, y), np.ones(shape)])
    column, row, _ = np.floor(np.tensordot(np.linalg.inv(matrix), world, 1) / 2**level).astype(int)
    inside = (row >= 0) & (row < pixels.shape[1]) & (column >= 0) & (column < pixels.shape[2])
    found = np.zeros((len(pixels), *shape), dtype=pixels.dtype)
    found[:, inside] = pixels[:, row[inside], column[inside]]
    return found


def made(sdata: SpatialData, system: str, **options: Any) -> ImageTilesDataset:
    return ImageTilesDataset(sdata, {"circles": "image"}, {"circles": system}, rasterize=True, **options)


@pytest.mark.parametrize("system", PLACES)
@pytest.mark.parametrize("pixel", [0.31, 2.9, 5.3, 9.3])
def test_each_pixel_is_the_one_under_its_centre(sdata: SpatialData, system: str, pixel: float) -> None:
    longest = {"scaled": 2.0, "turned": 1.0, "mirrored": 1.5}[system]
    level = max((level for level in range(3) if 2**level * longest <= pixel), default=0)
    tiles = made(sdata, system, tile_dim_in_units=11 * pixel, rasterize_kwargs={"target_width": 11})
    for number in range(len(tiles)):
        bounds = tiles.tiles_coords[["minx", "miny", "maxx", "maxy"]].iloc[number].to_numpy()
        found = tiles.pixels(number)
        assert found.shape == (2, 11, 11)
        np.testing.assert_array_equal(found, expected(sdata, system, bounds, (11, 11), level))


@pytest.mark.parametrize("system", PLACES)
@pytest.mark.parametrize("sizes", [{"target_width": 7}, {"target_unit_to_pixels": 2.5}, {"target_height": 50}], ids=str)
def test_items_are_what_rasterize_gives(sdata: SpatialData, system: str, sizes: dict[str, Any]) -> None:
    """With 50 pixels, which is more than a chunk has, they are drawn in pieces."""
    tiles = made(sdata, system, tile_scale=1.5, rasterize_kwargs=sizes)
    for number in (0, 7, 19, 29, 7):
        x0, y0, x1, y1 = tiles.tiles_coords[["minx", "miny", "maxx", "maxy"]].iloc[number]
        alone = rasterize(sdata["image"], ("x", "y"), [x0, y0], [x1, y1], system, **sizes)
        tile = tiles[number]["image"]
        assert tile.identical(alone)
        assert list(tile.coords["c"].values) == ["a", "b"]
        assert get_transformation(tile, get_all=True) == get_transformation(alone, get_all=True)
        np.testing.assert_array_equal(tiles.pixels(number), alone.values)


def test_tiles_do_not_share_what_is_changed(sdata: SpatialData) -> None:
    tiles = made(sdata, "scaled", tile_dim_in_units=8, rasterize_kwargs={"target_width": 8})
    first = tiles[3]["image"]
    before = first.values.copy()
    first.data[:] = 0
    first.attrs["note"] = 1
    assert "note" not in tiles[3]["image"].attrs
    np.testing.assert_array_equal(tiles[3]["image"].values, before)


def test_a_dataset_can_be_pickled(sdata: SpatialData) -> None:
    tiles = made(sdata, "turned", tile_dim_in_units=8, rasterize_kwargs={"target_width": 8})
    copied = pickle.loads(pickle.dumps(tiles))
    np.testing.assert_array_equal(copied.pixels(4), tiles.pixels(4))


def test_arguments_are_checked_as_rasterize_does(sdata: SpatialData) -> None:
    with pytest.raises(ValueError, match="not for images"):
        made(sdata, "scaled", rasterize_kwargs={"target_width": 8, "value_key": "gene"})[0]
    with pytest.raises(ValueError, match="exactly one"):
        made(sdata, "scaled", rasterize_kwargs={"target_width": 8, "target_height": 8})[0]
    with pytest.raises(ValueError, match="exactly one"):
        made(sdata, "scaled")[0]
