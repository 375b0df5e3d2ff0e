"""Models of images and labels."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from spatialdata.errors import UnsupportedElementError, ValidationError
from spatialdata.models import (
    Image2DModel,
    Image3DModel,
    Labels2DModel,
    Labels3DModel,
    get_axes_names,
    get_channel_names,
    get_model,
    set_channel_names,
)
from spatialdata.transformations import Identity, Scale, get_transformation


@pytest.mark.parametrize(
    ("model", "shape"),
    [(Image2DModel, (3, 4, 5)), (Image3DModel, (3, 2, 4, 5)), (Labels2DModel, (4, 5)), (Labels3DModel, (2, 4, 5))],
)
@pytest.mark.parametrize("wrap", ["numpy", "dask", "xarray"])
def test_parse_keeps_the_values(model, shape: tuple[int, ...], wrap: str) -> None:
    array = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    wraps = {"numpy": np.asarray, "dask": da.from_array, "xarray": lambda a: xr.DataArray(a, dims=model.dims)}
    element = model.parse(wraps[wrap](array))
    np.testing.assert_array_equal(element.to_numpy(), array)
    assert get_axes_names(element) == model.dims
    assert get_model(element) is model
    assert get_transformation(element) == Identity()
    for axis in set(element.dims) - {"c"}:
        np.testing.assert_array_equal(element[axis], np.arange(element.sizes[axis]) + 0.5)


@given(st.permutations(["c", "y", "x"]))
def test_dimensions_in_any_order(dims: list[str]) -> None:
    array = np.arange(24).reshape(2, 3, 4)
    moved = np.moveaxis(array, [0, 1, 2], [dims.index(axis) for axis in "cyx"])
    np.testing.assert_array_equal(Image2DModel.parse(moved, dims=dims).to_numpy(), array)
    np.testing.assert_array_equal(Image2DModel.parse(xr.DataArray(moved, dims=dims)).to_numpy(), array)


@given(
    st.integers(4, 23),
    st.integers(4, 23),
    st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=2),
    st.integers(2, 7),
)
def test_images_are_averaged_over_whole_blocks(height: int, width: int, factors: list[int], chunk: int) -> None:
    total = int(np.prod(factors))
    if min(height, width) < total:
        return
    image = np.random.default_rng(height * width).uniform(0, 1, (2, height, width))
    tree = Image2DModel.parse(da.from_array(image, chunks=chunk), scale_factors=factors)
    expected = image
    for level, factor in enumerate(factors, start=1):
        rows, columns = (size // factor for size in expected.shape[1:])
        whole = expected[:, : rows * factor, : columns * factor]
        expected = whole.reshape(2, rows, factor, columns, factor).mean(axis=(2, 4))
        found = tree[f"scale{level}"]["image"]
        np.testing.assert_allclose(found.to_numpy(), expected)
        step = int(np.prod(factors[:level]))
        centres = np.arange(width) + 0.5
        np.testing.assert_array_equal(found.x, centres[: columns * step].reshape(columns, step).mean(axis=1))


@given(st.integers(4, 30), st.sampled_from([2, 3]), st.integers(2, 9))
def test_labels_keep_their_ids_on_every_level(size: int, factor: int, chunk: int) -> None:
    ids = np.random.default_rng(size).choice([0, 1, 2**53 + 1, 2**60 + 7], (size, size))
    tree = Labels2DModel.parse(da.from_array(ids, chunks=chunk), scale_factors=[factor])
    coarse = tree["scale1"]["image"].to_numpy()
    count = size // factor
    blocks = ids[: count * factor, : count * factor].reshape(count, factor, count, factor)
    assert coarse.shape == (count, count)
    assert (blocks == coarse[:, None, :, None]).any(axis=(1, 3)).all()
    if factor == 3:
        np.testing.assert_array_equal(coarse, blocks[:, 1, :, 1])


def test_labels_keep_an_axis_that_is_shorter_than_its_factor() -> None:
    tree = Labels3DModel.parse(np.arange(2 * 8 * 16).reshape(2, 8, 16), scale_factors=[4, 4])
    assert [level["image"].shape for level in tree.values()] == [(2, 8, 16), (2, 2, 4), (2, 2, 1)]
    assert tree["scale1"]["image"].coords["z"].to_numpy().tolist() == [0.5, 1.5]
    to_full = get_transformation(tree["scale2"]["image"]).to_affine_matrix(("z", "y", "x"), ("z", "y", "x"))
    assert np.diag(to_full).tolist() == [1.0, 4.0, 16.0, 1.0]
    with pytest.raises(ValueError, match="only 2 pixels there"):
        Image3DModel.parse(np.zeros((1, 2, 8, 16)), scale_factors=[4])


def test_names_of_channels_that_come_last_give_a_hint() -> None:
    with pytest.raises(ValueError, match="channels come last, say so with dims"):
        Image2DModel.parse(np.zeros((5, 6, 3)), c_coords=["r", "g", "b"])
    assert Image2DModel.parse(np.zeros((5, 6, 3)), dims=("y", "x", "c"), c_coords=["r", "g", "b"]).shape == (3, 5, 6)


@pytest.mark.parametrize(
    ("count", "names"), [(1, [0]), (2, [0, 1]), (3, list("rgb")), (4, list("rgba")), (5, [0, 1, 2, 3, 4])]
)
def test_colors_are_channels_where_there_are_three_or_four(count: int, names: list[str | int]) -> None:
    pixels = np.zeros((count, 4, 5))
    assert get_channel_names(Image2DModel.parse(pixels, rgb=None)) == names
    if count in (3, 4):
        assert get_channel_names(Image2DModel.parse(pixels, rgb=True)) == names
    else:
        with pytest.raises(ValueError, match="for images with 3 or 4 channels"):
            Image2DModel.parse(pixels, rgb=True)


def test_an_empty_list_of_factors_makes_a_tree_of_one_level() -> None:
    pixels = np.arange(4).reshape(2, 2)
    tree = Labels2DModel.parse(pixels, scale_factors=[])
    assert list(tree.children) == ["scale0"]
    np.testing.assert_array_equal(tree["scale0"]["image"], pixels)
    assert isinstance(Labels2DModel.parse(pixels, scale_factors="auto"), xr.DataArray)


def test_integers_are_rounded_not_cut() -> None:
    image = np.array([[[1, 2], [2, 2]]], dtype=np.uint8)
    tree = Image2DModel.parse(image, scale_factors=[2])
    assert tree["scale1"]["image"].to_numpy().item() == 2


def test_anisotropic_factors() -> None:
    tree = Image3DModel.parse(np.zeros((1, 4, 8, 8)), scale_factors=[{"y": 2, "x": 2}, {"z": 2, "y": 2, "x": 2}])
    assert [tree[f"scale{k}"]["image"].shape for k in range(3)] == [(1, 4, 8, 8), (1, 4, 4, 4), (1, 2, 2, 2)]


@pytest.mark.parametrize("factors", [[9], [0], [2.5], [{"t": 2}]])
def test_bad_factors(factors) -> None:
    with pytest.raises(ValueError, match=r"[Ss]cale factor"):
        Image2DModel.parse(np.zeros((1, 8, 8)), scale_factors=factors)


def test_parsing_leaves_the_input_alone() -> None:
    array = xr.DataArray(np.zeros((4, 5), dtype=int), dims=("y", "x"), attrs={"note": 1})
    before = array.copy(deep=True)
    element = Labels2DModel.parse(array)
    xr.testing.assert_identical(array, before)
    assert element.attrs["note"] == 1


def test_a_multiscale_element_is_taken_as_it_is() -> None:
    tree = Image2DModel.parse(np.random.default_rng(0).uniform(size=(1, 8, 8)), scale_factors=[2])
    again = Image2DModel.parse(tree)
    xr.testing.assert_equal(again["scale1"]["image"], tree["scale1"]["image"])
    assert again["scale0"]["image"].attrs["transform"] is not tree["scale0"]["image"].attrs["transform"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Image2DModel.parse([[1]]), "takes a numpy array"),
        (lambda: Image2DModel.parse(np.zeros((4, 5))), "shape \\(4, 5\\)"),
        (lambda: Image2DModel.parse(np.zeros((1, 4, 5)), dims=("y", "x", "z")), "dimensions"),
        (lambda: Image2DModel.parse(np.zeros((1, 4, 5)), dims=("x", "x", "c")), "dimensions"),
        (lambda: Image2DModel.parse(np.zeros((1, 4, 5)), name="a"), "does not take 'name'"),
        (lambda: Image2DModel.parse(np.zeros((2, 4, 5)), c_coords=["a"]), "2 channels, but 1"),
        (lambda: Labels2DModel.parse(np.zeros((4, 5), dtype=int), c_coords=["a"]), "no channels"),
        (lambda: Labels2DModel.parse(np.zeros((4, 5))), "whole numbers"),
        (lambda: Image2DModel.parse(np.full((1, 4, 5), "a", dtype=object)), "images hold numbers, not object"),
        (lambda: Image2DModel.parse(np.zeros((1, 4, 5)), chunks={"q": 2}), r"chunks names the axes \['q'\]"),
        (lambda: Image2DModel.parse(np.zeros((1, 4, 5)), chunks=(1, 2)), "chunks has 2 sizes"),
        (lambda: Image2DModel.parse(np.zeros((1, 4, 5)), chunks="large"), "'large' is no size"),
        (
            lambda: Labels2DModel.parse(
                Labels2DModel.parse(np.zeros((4, 5), dtype=int)), transformations={"a": Scale([2], ("x",))}
            ),
            "carries transformations already",
        ),
    ],
)
def test_bad_input(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(ValidationError) as error:
        Labels2DModel.validate(xr.DataArray(np.zeros((4, 5)), dims=("y", "x")))
    assert [fault.path for fault in error.value.faults] == [("attrs", "transform"), ("data",), ("dtype",)]
    with pytest.raises(UnsupportedElementError, match=r"numpy\.ndarray"):
        Labels2DModel.validate(np.zeros((4, 5)))


def test_channel_names() -> None:
    image = Image2DModel.parse(np.zeros((2, 4, 4)), c_coords=["a", "b"], scale_factors=[2])
    renamed = set_channel_names(image, ["x", "y"])
    assert get_channel_names(renamed) == ["x", "y"]
    assert get_channel_names(image) == ["a", "b"]
    assert get_channel_names(Image2DModel.parse(np.zeros((3, 4, 4)), rgb=True)) == ["r", "g", "b"]
    with pytest.raises(ValueError, match="2 channels"):
        set_channel_names(image, "a")
    with pytest.raises(TypeError, match="labels"):
        get_channel_names(Labels2DModel.parse(np.zeros((4, 4), dtype=int)))


def test_large_images_get_chunks_by_themselves() -> None:
    element = Image2DModel.parse(np.broadcast_to(np.uint16(0), (2, 6000, 5000)))
    assert element.data.chunks == ((1, 1), (2048, 2048, 1904), (2048, 2048, 904))
    assert Image2DModel.parse(np.zeros((1, 8, 8)), chunks={"y": 4}).data.chunks == ((1,), (4, 4), (8,))
