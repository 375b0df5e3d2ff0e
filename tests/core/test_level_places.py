"""Where the pixels of every level of a pyramid lie, against the pixels of the finest level that they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import shapely
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import (
    SpatialData,
    bounding_box_query,
    get_extent,
    get_pyramid_levels,
    mask,
    polygon_query,
    rasterize,
    read_zarr,
    transform,
    unpad_raster,
)
from spatialdata._core.levels import place_of
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, set_channel_names
from spatialdata.transformations import Affine, Identity, Scale, get_transformation, set_transformation

NUMBERED = {2: (Image2DModel, Labels2DModel), 3: (Image3DModel, Labels3DModel)}
AXES = {2: ("y", "x"), 3: ("z", "y", "x")}


def affine(depth: int, seed: int) -> Affine:
    """A map without a simple structure, whose numbers are exact in floating point."""
    rng = np.random.default_rng(seed)
    matrix = np.eye(depth + 1)
    matrix[:depth] = rng.integers(-64, 65, (depth, depth + 1)) / 16
    matrix[np.arange(depth), np.arange(depth)] += 9
    return Affine(matrix, AXES[depth], AXES[depth])


def worlds(raster: Any) -> list[np.ndarray]:
    """The places of all pixel centres of each level in the world, by the transformation of the level itself."""
    found = []
    for level in get_pyramid_levels(raster):
        axes = tuple(str(dim) for dim in level.dims if dim != "c")
        matrix = level.attrs["transform"]["global"].to_affine_matrix(axes, axes)
        index = np.stack(np.meshgrid(*(np.arange(level.sizes[a]) + 0.5 for a in axes), indexing="ij"), axis=-1)
        found.append(index @ matrix[:-1, :-1].T + matrix[:-1, -1])
    return found


def carriers(shape: tuple[int, ...], to_world: Affine) -> np.ndarray:
    """An image whose channels say where the pixel centres of its finest level lie in the world."""
    index = np.stack(np.meshgrid(*(np.arange(size) + 0.5 for size in shape), indexing="ij"), axis=-1)
    return np.moveaxis(index @ to_world.matrix[:-1, :-1].T + to_world.matrix[:-1, -1], -1, 0)


def says_where_it_is(raster: Any) -> None:
    """The mean over a block of places is the place of the block: each pixel holds its own place."""
    for world, level in zip(worlds(raster), get_pyramid_levels(raster), strict=True):
        np.testing.assert_array_equal(np.moveaxis(level.values, 0, -1), world)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, tuple[int, ...], list[dict[str, int]], list[float], list[float], int]:
    depth = draw(st.sampled_from([2, 2, 3]))
    shape = tuple(draw(st.integers(5, 14 if depth == 3 else 40)) for _ in range(depth))
    factors, left = [], list(shape)
    for _ in range(draw(st.integers(1, 3))):
        # Powers of two, so that means are exact and places can be compared to the last bit.
        chosen = [draw(st.sampled_from([f for f in (1, 2, 4) if f <= size])) for size in left]
        left = [size // factor for size, factor in zip(left, chosen, strict=True)]
        factors.append(dict(zip(AXES[depth], chosen, strict=True)))
    low = [draw(st.floats(0, size - 1)) for size in shape]
    high = [draw(st.floats(start + 1, size + 1)) for start, size in zip(low, shape, strict=True)]
    return depth, shape, factors, low, high, draw(st.integers(0, 99))


@settings(deadline=None, max_examples=40)
@given(cuts())
def test_every_level_of_a_cut_lies_where_its_blocks_do(case: Any) -> None:
    depth, shape, factors, low, high, seed = case
    to_world = affine(depth, seed)
    places = {"global": to_world, "pixels": Identity()}
    pixels = carriers(shape, to_world)
    image = NUMBERED[depth][0].parse(pixels, scale_factors=factors, transformations=places)
    says_where_it_is(image)
    cut = bounding_box_query(image, AXES[depth], low, high, "pixels")
    if cut is None:
        return
    says_where_it_is(cut)
    middle = [(size / 2) for size in get_pyramid_levels(cut, n=0).shape[1:]]
    set_transformation(cut, Identity(), "own")
    again = bounding_box_query(cut, AXES[depth], [0.3] * depth, middle, "own")
    if again is not None:
        says_where_it_is(again)


@pytest.mark.parametrize("ngff", [None, "0.6"])
@pytest.mark.parametrize("depth", [2, 3])
def test_levels_stay_where_they_are_on_disk(depth: int, ngff: str | None, tmp_path: Path) -> None:
    to_world = affine(depth, 5)
    shape = (15, 31, 43)[-depth:]
    pixels = carriers(shape, to_world)
    places = {"global": to_world, "pixels": Identity()}
    image = NUMBERED[depth][0].parse(pixels, scale_factors=[2, {"y": 4, "x": 2}], transformations=places)
    labels = NUMBERED[depth][1].parse(np.arange(pixels[0].size).reshape(shape), scale_factors=[2, 2])
    set_transformation(labels, places, set_all=True)
    low, high = [1, 3, 5][-depth:], [14, 26, 40][-depth:]
    elements = {"image": image, "labels": labels}
    cut = {name: bounding_box_query(each, AXES[depth], low, high, "pixels") for name, each in elements.items()}
    options = {} if ngff is None else {"ngff": ngff}
    SpatialData.init_from_elements({**elements, **{f"{name}_cut": each for name, each in cut.items()}}).write(
        tmp_path / "s.zarr", **options
    )
    back = read_zarr(tmp_path / "s.zarr")
    for name in ("image", "image_cut"):
        says_where_it_is(back[name])
    for name in ("labels", "labels_cut"):
        written = elements[name] if name in elements else cut["labels"]
        for level, expected in zip(get_pyramid_levels(back[name]), get_pyramid_levels(written), strict=True):
            xarray.testing.assert_equal(level, expected)
        for found, expected in zip(worlds(back[name]), worlds(written), strict=True):
            np.testing.assert_array_equal(found, expected)
    again = bounding_box_query(back["image_cut"], AXES[depth], [v + 2 for v in low], [v - 3 for v in high], "pixels")
    says_where_it_is(again)


def test_labels_of_coarser_levels_lie_in_their_blocks(tmp_path: Path) -> None:
    ids = np.arange(37 * 53).reshape(37, 53)
    labels = Labels2DModel.parse(ids, scale_factors=[2, 3])
    cut = bounding_box_query(labels, ("y", "x"), [4, 7], [33, 49], "global")
    SpatialData(labels={"cut": cut}).write(tmp_path / "s.zarr")
    for raster in (cut, read_zarr(tmp_path / "s.zarr")["cut"]):
        for factor, level, world in zip((1, 2, 6), get_pyramid_levels(raster), worlds(raster), strict=True):
            rows, columns = np.divmod(level.values, 53)
            assert (np.abs(rows + 0.5 - world[..., 0]) <= factor / 2).all()
            assert (np.abs(columns + 0.5 - world[..., 1]) <= factor / 2).all()


def odd_image(**given: Any) -> Any:
    """An image whose levels are not whole parts of it, cut where no block begins."""
    to_world = affine(2, 3)
    image = Image2DModel.parse(
        carriers((45, 67), to_world),
        scale_factors=[2, 2, 2],
        transformations={"global": to_world, "pixels": Identity()},
        **given,
    )
    return bounding_box_query(image, ("y", "x"), [3, 5], [44, 62], "pixels")


def test_operations_leave_levels_where_they_are() -> None:
    cut = odd_image(chunks=(1, 16, 16))
    says_where_it_is(cut)
    says_where_it_is(set_channel_names(cut, ["a", "b"]))
    renamed = set_channel_names(cut, ["a", "b"])
    set_transformation(renamed, get_transformation(cut), "global")
    says_where_it_is(renamed)
    says_where_it_is(Image2DModel.parse(cut))
    polygon = shapely.Point(30, 20).buffer(13.7)
    for found in (polygon_query(cut, polygon, "pixels"), mask(cut, polygon, "pixels")):
        for level, world in zip(get_pyramid_levels(found), worlds(found), strict=True):
            back = affine(2, 3).inverse().transform_coordinates(world.reshape(-1, 2), ("y", "x"))
            inside = shapely.intersects_xy(polygon, back[:, 1], back[:, 0]).reshape(world.shape[:2])
            expected = np.where(inside[..., None], world, 0)
            np.testing.assert_array_equal(np.moveaxis(level.values, 0, -1), expected)
    moved = transform(cut, to_coordinate_system="pixels")
    for level in get_pyramid_levels(moved):
        back = level.attrs["transform"]["pixels"].to_affine_matrix(("y", "x"), ("y", "x"))
        index = np.stack(np.meshgrid(*(np.arange(n) + 0.5 for n in level.shape[1:]), indexing="ij"), axis=-1)
        here = index @ back[:2, :2].T + back[:2, 2]
        there = here @ affine(2, 3).matrix[:2, :2].T + affine(2, 3).matrix[:2, 2]
        np.testing.assert_array_equal(np.moveaxis(level.values, 0, -1), there)


def test_what_is_cut_off_stays_where_it_was() -> None:
    to_world = affine(2, 1)
    pixels = carriers((40, 50), to_world)
    pixels[:, :7], pixels[:, :, :3], pixels[:, 33:], pixels[:, :, 41:] = 0, 0, 0, 0
    image = Image2DModel.parse(pixels, scale_factors=[4], transformations={"global": to_world})
    for world, level in zip(worlds(unpad_raster(image)), get_pyramid_levels(unpad_raster(image)), strict=True):
        inside = slice(1, -1), slice(1, -1)  # blocks at the border hold zeros, too
        np.testing.assert_array_equal(np.moveaxis(level.values, 0, -1)[inside], world[inside])


@pytest.mark.parametrize("t", [Scale([3.0, 2.0], ("x", "y")), affine(2, 8)])
def test_resampled_levels_hold_the_nearest_pixels_of_theirs(t: Any) -> None:
    cut = odd_image()
    set_transformation(cut, t, "moved")
    whole = get_extent(cut, "moved")
    moved = transform(cut, to_coordinate_system="moved")
    assert get_extent(moved, "moved")["x"][0] <= whole["x"][0]
    from_moved = t.inverse()
    axes = ("y", "x")
    for number, level in enumerate(get_pyramid_levels(moved)):
        source = get_pyramid_levels(cut, n=number)
        placed = level.attrs["transform"]["moved"].to_affine_matrix(axes, axes)
        index = np.stack(np.meshgrid(*(np.arange(n) + 0.5 for n in level.shape[1:]), indexing="ij"), axis=-1)
        own = from_moved.transform_coordinates((index @ placed[:2, :2].T + placed[:2, 2]).reshape(-1, 2), axes)
        sizes = np.array(get_pyramid_levels(cut, n=0).shape[1:])
        # What lies near an edge of pixels may be rounded to either side.
        inside = ((own > 1e-6) & (own < sizes - 1e-6)).all(axis=1)
        place = place_of(get_pyramid_levels(cut, n=0), source)
        step, start = (np.array([getattr(place[axis], part) for axis in axes]) for part in ("step", "start"))
        in_source = (own - start) / step
        near = (np.abs(in_source - np.round(in_source)) < 1e-6).any(axis=1)
        row, column = np.clip(np.floor(in_source).astype(int), 0, np.array(source.shape[1:]) - 1).T
        found, expected = level.values.reshape(2, -1), source.values[:, row, column]
        sure = inside & ~near
        np.testing.assert_array_equal(found[:, sure], expected[:, sure])


@pytest.mark.parametrize("width", [5, 7, 11, 20])
def test_a_drawn_pyramid_is_filled_to_its_borders(width: int) -> None:
    ids = np.arange(1, 1 + 63 * 63).reshape(63, 63)
    labels = Labels2DModel.parse(ids, scale_factors=[2, 2, 2])
    cut = bounding_box_query(labels, ("y", "x"), [3, 3], [60, 61], "global")
    for raster, lower, upper in ((labels, 0, 63), (cut, 3, 60)):
        drawn = rasterize(raster, ("y", "x"), [lower] * 2, [upper] * 2, "global", target_width=width).values[0]
        side = (upper - lower) / width
        fits = [step for step in (1, 2, 4, 8) if step <= side][-1]
        rows, columns = np.divmod(drawn - 1, 63)
        centre = lower + (np.arange(width) + 0.5) * side
        # The nearest pixel of the level, also where the level is short of the border by up to one of its pixels.
        assert (np.abs(rows + 0.5 - centre[:, None]) <= 1.5 * fits).all()
        assert (np.abs(columns + 0.5 - centre) <= 1.5 * fits).all()
    beyond = rasterize(cut, ("y", "x"), [-8, -8], [72, 72], "global", target_width=10).values[0]
    centre = -8 + (np.arange(10) + 0.5) * 8
    y, x = ((centre > start) & (centre < stop) for start, stop in ((3, 60), (3, 61)))
    np.testing.assert_array_equal(beyond > 0, y[:, None] & x)


# What others say of their levels.


def plain(path: Path, shapes: list[tuple[int, int]], steps: list[list[dict[str, Any]]]) -> Any:
    """An image of OME-Zarr 0.5 that no tool of ours wrote."""
    import zarr

    group = zarr.create_group(path, zarr_format=3)
    datasets = []
    for number, (shape, step) in enumerate(zip(shapes, steps, strict=True)):
        group.create_array(str(number), shape=(1, *shape), dtype="u1", chunks=(1, 16, 16))
        datasets.append({"path": str(number), "coordinateTransformations": step})
    axes = [{"name": "c", "type": "channel"}, {"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    return next(iter(read_zarr(path).images.values()))


def step(scale: float, shift: float | None = None) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [{"type": "scale", "scale": [1, scale, scale]}]
    return steps if shift is None else [*steps, {"type": "translation", "translation": [0, shift, shift]}]


@pytest.mark.parametrize(
    ("said", "first", "side"),
    [
        ([step(0.5), step(1.0, 0.25)], 1.0, 2.0),
        ([step(0.5, 3), step(1.0, 3.25)], 1.0, 2.0),
        ([step(0.5, 3), step(1.0, 2.75)], 0.0, 2.0),
        # Scales alone, or one translation for all, say nothing of where a level begins.
        ([step(0.5), step(1.0)], 61 / 60, 61 / 30),
        ([step(0.5, 3), step(1.0, 3)], 61 / 60, 61 / 30),
        # This cannot be: the level would lie beside the image.
        ([step(0.5), step(1.0, 20)], 61 / 60, 61 / 30),
        ([step(0.5), step(0.5, 0.25)], 61 / 60, 61 / 30),
    ],
)
def test_levels_of_others_lie_where_their_files_say(said: Any, first: float, side: float, tmp_path: Path) -> None:
    level = get_pyramid_levels(plain(tmp_path / "image.zarr", [(61, 61), (30, 30)], said), n=1)
    for axis in ("y", "x"):
        np.testing.assert_allclose(level.coords[axis].values, first + side * np.arange(30))


def test_a_store_without_places_of_levels_is_read_by_the_sizes(tmp_path: Path) -> None:
    image = Image2DModel.parse(np.zeros((1, 61, 47), dtype="u1"), scale_factors=[2])
    SpatialData(images={"image": image}).write(tmp_path / "s.zarr")
    document = tmp_path / "s.zarr" / "images" / "image" / "zarr.json"
    body = json.loads(document.read_text())
    for dataset in body["attributes"]["ome"]["multiscales"][0]["datasets"]:
        del dataset["coordinateTransformations"][1:]
    document.write_text(json.dumps(body))
    (tmp_path / "s.zarr" / "zarr.json").write_text(
        json.dumps({**(root := json.loads((tmp_path / "s.zarr" / "zarr.json").read_text()))} | _known(root, body))
    )
    level = get_pyramid_levels(read_zarr(tmp_path / "s.zarr")["image"], n=1)
    assert level.attrs["transform"]["global"].transformations[0] == Scale([61 / 30, 47 / 23], ("y", "x"))


def _known(root: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if "consolidated_metadata" not in root:
        return {}
    known = root["consolidated_metadata"]
    known["metadata"]["images/image"]["attributes"] = body["attributes"]
    return {"consolidated_metadata": known}


def test_coordinates_that_mean_something_else_are_passed_over() -> None:
    def tree(of_level: Any, of_full: Any = None) -> list[Any]:
        full = xarray.DataArray(da.zeros((1, 8, 8)), dims=("c", "y", "x"), coords={} if of_full is None else of_full)
        level = xarray.DataArray(da.zeros((1, 4, 4)), dims=("c", "y", "x"), coords=of_level)
        found = Image2DModel.parse(
            xarray.DataTree.from_dict(
                {"scale0": full.to_dataset(name="image"), "scale1": level.to_dataset(name="image")}
            )
        )
        return get_pyramid_levels(found, n=1).attrs["transform"]["global"].transformations[:-1]

    by_sizes = [Scale([2.0, 2.0], ("y", "x"))]
    assert tree({}) == by_sizes
    pixels = {"y": np.arange(8), "x": np.arange(8)}
    assert tree({"y": np.arange(4), "x": np.arange(4)}, pixels) == by_sizes
    assert tree({"y": list("abcd"), "x": [1, 1, 1, 1]}, pixels) == by_sizes
    # Coordinates in other units, of centres: the levels lie in one another as they say.
    in_um = {"y": np.arange(8) * 0.25, "x": np.arange(8) * 0.25}
    assert tree({"y": 0.125 + np.arange(4) * 0.5, "x": 0.125 + np.arange(4) * 0.5}, in_um) == by_sizes
    shifted = tree({"y": -0.125 + np.arange(4) * 0.5, "x": 0.125 + np.arange(4) * 0.5}, in_um)
    assert shifted[1].to_translation_vector(("y", "x")).tolist() == [-1.0, 0.0]


def test_a_level_of_one_pixel_keeps_its_size(tmp_path: Path) -> None:
    image = Image2DModel.parse(np.zeros((1, 32, 32)), scale_factors=[4, 4])
    cut = bounding_box_query(image, ("y", "x"), [5, 17], [12, 31], "global")
    SpatialData(images={"cut": cut}).write(tmp_path / "s.zarr")
    for raster in (
        cut,
        bounding_box_query(cut, ("y", "x"), [6, 18], [11, 30], "global"),
        read_zarr(tmp_path / "s.zarr")["cut"],
    ):
        last = get_pyramid_levels(raster, n=-1)
        assert last.shape == (1, 1, 1)
        np.testing.assert_array_equal(
            last.attrs["transform"]["global"].to_affine_matrix(("y", "x"), ("y", "x")),
            [[16, 0, 0], [0, 16, 16], [0, 0, 1]],
        )
