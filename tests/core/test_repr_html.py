"""What a notebook shows of an object, and the overview as a frame."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import shapely
import xarray as xr
from skimage.io import imread

from spatialdata import SpatialData, read_zarr
from spatialdata._sdata.thumbnail import png, thumbnail
from spatialdata.datasets import blobs
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, ShapesModel
from spatialdata.transformations import Scale

VOID = {"img", "br", "hr", "meta"}


class Tree(HTMLParser):
    """Checks that every tag is closed, and collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "pre"} & set(self.open):
            self.text.append(data)


def texts(html: str) -> list[str]:
    tree = Tree()
    tree.feed(html)
    assert tree.open == []
    return [text.strip() for text in tree.text if text.strip()]


def pictures(html: str) -> list[np.ndarray]:
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)
    return [imread(io.BytesIO(base64.b64decode(code))) for code in found]


def test_everything_is_listed() -> None:
    sdata = blobs(length=64, extra_coord_system="um")
    sdata.attrs["donor"] = {"age": 61}
    html = sdata._repr_html_()
    found = texts(html)
    for expected in (
        *(name for _, name, _ in sdata.gen_elements()),
        "DataArray[cyx] (3, 64, 64) float64",
        "annotated by table",
        "annotates blobs_labels",
        "um",
        "{'age': 61}",
    ):
        assert expected in found
    assert len(pictures(html)) == 4


def test_coordinate_systems_of_links_are_listed() -> None:
    sdata = blobs(length=32)
    sdata.link("atlas", "global", Scale([2, 2], ("x", "y")))
    assert re.search("Coordinate systems.*?>atlas</td><td>.{,40}by links only", sdata._repr_html_())


def test_text_is_escaped() -> None:
    sdata = SpatialData(attrs={"<b>key": "<script>alert(1)</script>"})
    sdata["image"] = Image2DModel.parse(np.zeros((1, 2, 2)), transformations={"<i>": _identity()})
    html = sdata._repr_html_()
    assert "<script>" not in html
    assert "<i>" not in html
    assert "<b>key" in texts(html)


def _identity() -> Any:
    from spatialdata.transformations import Identity

    return Identity()


def test_a_store_is_shown_without_loading(tmp_path: Path) -> None:
    blobs(length=64).write(tmp_path / "b.zarr")
    sdata = read_zarr(tmp_path / "b.zarr")
    html = sdata._repr_html_()
    assert "annotated by table" in texts(html)
    assert len(pictures(html)) == 4
    for elements in (sdata.tables, sdata.shapes, sdata.points):
        assert not any(elements.is_loaded(name) for name in elements)


def test_an_empty_object() -> None:
    assert texts(SpatialData()._repr_html_()) == ["SpatialData", "0 elements"]


def untouchable(shape: tuple[int, ...]) -> da.Array:
    def fail() -> np.ndarray:
        raise AssertionError("the finest level was read")

    return da.from_delayed(dask.delayed(fail)(), shape=shape, dtype=np.uint8)


def test_only_the_coarsest_level_is_read() -> None:
    fine = Image2DModel.parse(untouchable((1, 8, 8)))
    coarse = xr.DataArray(da.from_array(np.arange(16, dtype=np.uint8).reshape(1, 4, 4)), dims=fine.dims)
    tree = xr.DataTree.from_dict({"scale0": fine.to_dataset(name="image"), "scale1": coarse.to_dataset(name="image")})
    picture = imread(io.BytesIO(thumbnail(tree)))
    assert picture.shape == (4, 4, 3)
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert picture[-1, -1].tolist() == [255, 255, 255]


def test_what_is_too_large_for_a_glance_is_not_read() -> None:
    assert thumbnail(Image2DModel.parse(untouchable((3, 5000, 5000)))) is None
    many = da.zeros((1, 100, 100), chunks=(1, 10, 10), dtype=np.uint8).map_blocks(lambda block: block + 1)
    assert thumbnail(Image2DModel.parse(many)) is None
    assert "large" in texts(SpatialData(images={"i": Image2DModel.parse(many)})._repr_html_())


def test_pixels_of_images() -> None:
    image = np.zeros((2, 128, 256), dtype=np.float32)
    image[0, :64] = 5
    image[1, :, 128:] = np.nan
    image[1, :, :128] = [[1.0, 2.0] * 64] * 128
    picture = imread(io.BytesIO(thumbnail(Image2DModel.parse(image))))
    assert picture.shape == (32, 64, 3)
    assert (picture[:16, :, 0] == 255).all()
    assert (picture[16:, :, 0] == 0).all()
    assert (picture[..., 2] == 0).all()
    gray = imread(io.BytesIO(thumbnail(Image2DModel.parse(image[:1]))))
    assert (gray[..., 0] == gray[..., 2]).all()
    flat = imread(io.BytesIO(thumbnail(Image2DModel.parse(np.full((1, 4, 4), 7)))))
    assert not flat.any()


def test_pixels_of_labels() -> None:
    labels = np.repeat(np.arange(8), 2)[None].repeat(16, axis=0)
    picture = imread(io.BytesIO(thumbnail(Labels2DModel.parse(labels))))
    colors = {tuple(color) for color in picture.reshape(-1, 3).tolist()}
    assert len(colors) == 8
    assert (picture[labels == 0] == 0).all()
    assert picture[labels > 0].any(axis=-1).all()


@pytest.mark.parametrize(("model", "shape"), [(Image3DModel, (1, 5, 6, 4)), (Labels3DModel, (5, 6, 4))])
def test_the_middle_plane_of_a_stack(model: Any, shape: tuple[int, ...]) -> None:
    stack = np.zeros(shape, dtype=np.uint8)
    stack[..., 2, 1, 1] = 9
    assert imread(io.BytesIO(thumbnail(model.parse(stack)))).any()
    stack[..., 2, 1, 1] = 0
    stack[..., 0, 1, 1] = 9
    assert not imread(io.BytesIO(thumbnail(model.parse(stack)))).any()


def test_pictures_are_valid_png() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(imread(io.BytesIO(png(pixels))), pixels)


def test_overview(tmp_path: Path) -> None:
    sdata = blobs(length=32, extra_coord_system="um")
    info = sdata.info()
    assert info.index.tolist() == [
        "blobs_image",
        "blobs_multiscale_image",
        "blobs_labels",
        "blobs_multiscale_labels",
        "blobs_points",
        "blobs_circles",
        "blobs_multipolygons",
        "blobs_polygons",
        "table",
    ]
    assert info.loc["blobs_labels", "annotated_by"] == ["table"]
    assert info.loc["table", "annotates"] == ["blobs_labels"]
    assert info.loc["blobs_points", "coordinate_systems"] == ["global", "um"]
    assert info["loaded"].all()
    sdata.write(tmp_path / "b.zarr")
    stored = read_zarr(tmp_path / "b.zarr").info()
    assert not stored["loaded"].any()
    assert Path(stored.loc["table", "location"]) == tmp_path / "b.zarr" / "tables" / "table"
    assert SpatialData().info().empty


def test_text_fits_a_terminal() -> None:
    shapes = {f"shapes_{number:03}": ShapesModel.parse([shapely.box(0, 0, 1, 1)]) for number in range(40)}
    lines = repr(SpatialData(shapes=shapes)).splitlines()
    assert max(map(len, lines)) <= 100


ATTRS = {"a": {"b": 1, "c": {"d": [1, 2]}}, "n": 3, "e": {}}


@pytest.mark.parametrize(
    ("key", "arguments", "expected"),
    [
        ("a", {}, {"b": 1, "c_d": [1, 2]}),
        ("a", {"sep": "."}, {"b": 1, "c.d": [1, 2]}),
        ("a", {"flatten": False}, {"b": 1, "c": {"d": [1, 2]}}),
        ("a", {"return_as": "dict"}, {"b": 1, "c_d": [1, 2]}),
        ("a", {"return_as": "json"}, '{"b": 1, "c_d": [1, 2]}'),
        ("n", {"return_as": "json"}, "3"),
        ("n", {}, 3),
        ("e", {"return_as": "dict"}, {}),
    ],
)
def test_attributes(key: str, arguments: dict[str, Any], expected: Any) -> None:
    assert SpatialData(attrs=ATTRS).get_attrs(key, **arguments) == expected


def test_attributes_as_frames() -> None:
    sdata = SpatialData(attrs=ATTRS)
    frame = sdata.get_attrs("a", return_as="df")
    assert frame.to_dict("list") == {"b": [1], "c_d": [[1, 2]]}
    assert sdata.get_attrs("n", return_as="df").to_numpy().tolist() == [[3]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("zz",), KeyError, "'zz'.*Known: 'a'"),
        ((3,), TypeError, "key must be a string"),
        (("a", None, 3), TypeError, "sep must be a string"),
        (("n", "dict"), TypeError, "no mapping"),
        (("a", "x"), ValueError, "'dict', 'json', 'df'"),
    ],
)
def test_bad_attributes(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SpatialData(attrs=ATTRS).get_attrs(*arguments)
