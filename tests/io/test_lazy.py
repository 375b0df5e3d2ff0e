"""What the readers hand out is lazy, small in memory, and can be sent to other processes."""

from __future__ import annotations

import pickle
import tracemalloc

import imageio.v3 as iio
import numpy as np
import PIL.Image
import pytest
import tifffile

from spatialdata_io import visium, xenium
from spatialdata_io._shared.images import picture
from spatialdata_io._shared.tiff import lazy_levels, open_tiff
from spatialdata_io.errors import BrokenFileError


def test_lazy_elements_can_be_sent_to_another_process(simulated_study):
    sdata = xenium(simulated_study.root / "xenium_rep1")
    for name in ("morphology_focus", "cell_labels"):
        data = sdata[name]["scale0"]["image"].data
        assert np.array_equal(pickle.loads(pickle.dumps(data)).compute(), data.compute())
    points = sdata["transcripts"]
    assert pickle.loads(pickle.dumps(points)).compute().equals(points.compute())


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A tiled image of 128 MB, a few kB on disk."""
    path = tmp_path_factory.mktemp("large") / "large.ome.tif"
    tiles = (np.full((1024, 1024), number, np.uint16) for number in range(64))
    tifffile.imwrite(
        path,
        tiles,
        shape=(8192, 8192),
        dtype=np.uint16,
        tile=(1024, 1024),
        compression="zlib",
        photometric="minisblack",
    )
    return path


def test_a_window_of_a_large_image_needs_the_memory_of_its_tiles(large):
    (level,) = lazy_levels([open_tiff(large)])
    assert level.chunksize == (1, 4096, 4096)
    tracemalloc.start()
    window = level[0, 1000:1100, 2000:2100].compute(scheduler="synchronous")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.unique(window).tolist() == [1, 2, 9, 10]
    assert peak < 20_000_000


def test_opening_a_slide_reads_no_pixel_of_the_full_image(simulated_study, large):
    tracemalloc.start()
    sdata = visium(simulated_study.root / "visium", "s", fullres_image_file=large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sdata["s_full_image"]["scale0"]["image"].shape == (1, 8192, 8192)
    assert peak < 64_000_000


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("rowsperstrip", [7, 1000])
def test_images_in_strips(tmp_path, compression, rowsperstrip):
    pixels = np.random.default_rng(0).integers(0, 255, (300, 200), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "s.tif", pixels, compression=compression, rowsperstrip=rowsperstrip)
    (level,) = lazy_levels([open_tiff(tmp_path / "s.tif")])
    assert np.array_equal(level[:, 10:50, ::3].compute(), pixels[None, 10:50, ::3])
    assert np.array_equal(level[0, 17].compute(), pixels[17])
    assert np.array_equal(level.compute(), pixels[None])


@pytest.mark.parametrize("axes", ["YX", "CYX", "YXS", "SYX", "ZCYX", "TYX"])
def test_axes_of_any_order_become_channels_rows_columns(tmp_path, axes):
    sizes = {"Y": 40, "X": 50, "C": 5, "S": 3, "Z": 1, "T": 1}
    pixels = np.random.default_rng(0).integers(0, 255, [sizes[a] for a in axes], dtype=np.uint8)
    photometric = "rgb" if "S" in axes else "minisblack"
    planar = {"planarconfig": "separate"} if axes == "SYX" else {}
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, photometric=photometric, metadata={"axes": axes}, **planar)
    (level,) = lazy_levels([open_tiff(tmp_path / "a.ome.tif")])
    expected = pixels.transpose(2, 0, 1) if axes == "YXS" else pixels.reshape(-1, 40, 50)
    assert np.array_equal(level.compute(), expected)
    assert np.array_equal(level[-1, 5:9, 7].compute(), expected[-1, 5:9, 7])


def test_pictures(tmp_path, monkeypatch):
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    iio.imwrite(tmp_path / "grey.png", grey)
    assert np.array_equal(picture(tmp_path / "grey.png").compute(), grey[None])
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(
        BrokenFileError, match=r"grey\.png is too large to be read whole: .* Convert it to a tiled TIFF"
    ):
        picture(tmp_path / "grey.png")
