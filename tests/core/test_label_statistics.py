"""Statistics stored beside labels, against scipy and numpy, and against labels without them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import zarr
from scipy import ndimage

from spatialdata import SpatialData, get_centroids, get_element_instances, read_zarr, relabel_sequential, to_circles
from spatialdata._core.elements import levels_of
from spatialdata.models import Labels2DModel, Labels3DModel
from spatialdata.models.label_statistics import known_statistics
from spatialdata.ops.region_properties import get_region_properties
from spatialdata.store.label_statistics import FILE_NAME
from spatialdata.transformations import Affine

TURNED = {"global": Affine([[0.6, -0.8, 5], [0.8, 0.6, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))}


def cells(shape: tuple[int, ...], dtype: str = "i4") -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.choice([0, 3, 5, 8, 250], [-(-size // 5) for size in shape])
    for axis in range(len(shape)):
        coarse = coarse.repeat(5, axis=axis)
    return coarse[tuple(slice(0, size) for size in shape)].astype(dtype)


def written(path: Path, ids: np.ndarray, chunks: Any = None, **options: Any) -> Any:
    model = Labels2DModel if ids.ndim == 2 else Labels3DModel
    lazy = da.from_array(ids, chunks=chunks or (16,) * ids.ndim)
    labels = model.parse(lazy, scale_factors=[2], transformations=TURNED)
    SpatialData.init_from_elements({"cells": labels}).write(path, label_statistics=True, **options)
    return read_zarr(path)["cells"]


class NoPixels(Exception):
    """Pixels were read although nothing needed them."""


def refuse(*_: Any, **__: Any) -> None:
    raise NoPixels


@pytest.mark.parametrize("shape", [(41, 33), (12, 41, 33)])
@pytest.mark.parametrize("chunks", [16, (1, -1), (7, 20)])
def test_numbers_are_those_of_scipy(shape: tuple[int, ...], chunks: Any, tmp_path: Path) -> None:
    ids = cells(shape)
    own = chunks if isinstance(chunks, int) else (*(5,) * (len(shape) - 2), *chunks)
    known = known_statistics(written(tmp_path / "s.zarr", ids, own))
    assert known is not None
    index = np.unique(ids)
    np.testing.assert_array_equal(known.ids, index)
    np.testing.assert_array_equal(known.shapes.count, ndimage.sum_labels(np.ones(shape), ids, index))
    centres = np.array(ndimage.center_of_mass(np.ones(shape), ids, index)) + 0.5
    np.testing.assert_allclose(known.shapes.centre, centres)
    for number, label in enumerate(index):
        places = np.argwhere(ids == label)
        np.testing.assert_array_equal(known.shapes.lower[number], places.min(axis=0))
        np.testing.assert_array_equal(known.shapes.upper[number], places.max(axis=0) + 1)
        away = places + 0.5 - centres[number]
        np.testing.assert_allclose(known.shapes.scatter[number], away.T @ away, atol=1e-6)


@pytest.mark.parametrize("dtype", ["u1", "i4", "u8", "?"])
def test_answers_need_no_pixels_and_are_the_same(dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_them = written(tmp_path / "with.zarr", cells((41, 33), dtype))
    SpatialData.init_from_elements({"cells": with_them}).write(tmp_path / "without.zarr")
    assert not list((tmp_path / "without.zarr").rglob(FILE_NAME))
    without = read_zarr(tmp_path / "without.zarr")["cells"]
    assert known_statistics(without) is None
    monkeypatch.setattr("spatialdata.store.chunk_files.ChunkFiles.read", refuse)
    found: list[Any] = [
        get_element_instances(with_them),
        get_element_instances(with_them, return_background=True),
        get_centroids(with_them).compute(),
        get_centroids(with_them, return_background=True).compute(),
        get_region_properties(with_them),
        to_circles(with_them).drop(columns="geometry"),
    ]
    numbered = None if dtype == "?" else relabel_sequential(levels_of(with_them)[0].data)
    with pytest.raises(NoPixels):
        get_element_instances(without)
    monkeypatch.undo()
    if numbered is not None:
        np.testing.assert_array_equal(numbered, relabel_sequential(levels_of(without)[0].data))
    expected: list[Any] = [
        get_element_instances(without),
        get_element_instances(without, return_background=True),
        get_centroids(without).compute(),
        get_centroids(without, return_background=True).compute(),
        get_region_properties(without),
        to_circles(without).drop(columns="geometry"),
    ]
    for one, other in zip(found[:2], expected[:2], strict=True):
        pd.testing.assert_index_equal(one, other)
    for one, other in zip(found[2:], expected[2:], strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))


def test_what_is_derived_from_labels_does_not_inherit_them(tmp_path: Path) -> None:
    labels = written(tmp_path / "s.zarr", cells((41, 33)))
    level = labels["scale0"]["image"]
    assert known_statistics(level) is not None
    assert known_statistics(level.where(level != 3, 0)) is None
    assert known_statistics(level[3:, :8]) is None


def test_pixels_that_change_make_them_void(tmp_path: Path) -> None:
    path = tmp_path / "s.zarr"
    labels = written(path, cells((41, 33)))
    file = path / "labels" / "cells" / FILE_NAME
    array = zarr.open_array(path / "labels" / "cells" / "s0", mode="r+")
    array[0, 0] = 77
    assert known_statistics(labels) is None
    assert 77 in get_element_instances(read_zarr(path)["cells"])
    os.utime(file)  # as copying might do: the chunk is of another size now, so that they stay void
    assert known_statistics(labels) is None


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "s.zarr"
    labels = written(path, cells((41, 33)))
    (path / "labels" / "cells" / FILE_NAME).write_bytes(b"nothing")
    assert known_statistics(labels) is None
    assert get_element_instances(labels).tolist() == [3, 5, 8, 250]


def test_overwriting_replaces_or_drops_them(tmp_path: Path) -> None:
    path = tmp_path / "s.zarr"
    written(path, cells((41, 33)))
    sdata = read_zarr(path)
    old = sdata["cells"]
    sdata["cells"] = Labels2DModel.parse(np.array([[0, 9], [9, 4]]))
    sdata.write_element("cells", overwrite=True, label_statistics=True)
    known = known_statistics(sdata["cells"])
    assert known is not None
    assert known.without_background().ids.tolist() == [4, 9]
    sdata["cells"] = Labels2DModel.parse(np.array([[0, 9], [9, 2]]))
    sdata.write_element("cells", overwrite=True)
    assert known_statistics(sdata["cells"]) is None
    assert known_statistics(old) is None
    assert get_element_instances(sdata["cells"]).tolist() == [2, 9]


def test_pixels_in_memory_keep_their_own_when_the_store_is_overwritten(tmp_path: Path) -> None:
    ids = cells((41, 33))
    whole = written(tmp_path / "s.zarr", ids)
    held = {"whole": levels_of(whole)[0].persist(), "part": levels_of(whole)[0][:20, :20].persist()}
    sdata = read_zarr(tmp_path / "s.zarr")
    sdata["cells"] = Labels2DModel.parse(ids + 1000, transformations=TURNED)
    sdata.write_element("cells", overwrite=True, label_statistics=True)
    for name, expected in (("whole", ids), ("part", ids[:20, :20])):
        found = get_element_instances(held[name]).to_numpy()
        np.testing.assert_array_equal(found, np.unique(expected[expected > 0]), err_msg=name)
    np.testing.assert_array_equal(get_element_instances(read_zarr(tmp_path / "s.zarr")["cells"]), np.unique(ids + 1000))


def elsewhere(graph: Any, keys: Any, **options: Any) -> Any:
    """A scheduler that could run anywhere, for all that the writer knows."""
    return dask.get(graph, keys, **options)


@pytest.mark.parametrize("options", [{}, {"raster_shards": {"y": 32, "x": 32}}])
def test_any_scheduler_writes_the_same_file(options: dict[str, Any], tmp_path: Path) -> None:
    ids = cells((70, 50))
    for name, scheduler in {"threads": "threads", "elsewhere": elsewhere}.items():
        with dask.config.set(scheduler=scheduler):
            assert known_statistics(written(tmp_path / f"{name}.zarr", ids, **options)) is not None
    first, second = ((tmp_path / f"{name}.zarr" / "labels" / "cells" / FILE_NAME) for name in ("threads", "elsewhere"))
    assert first.read_bytes() == second.read_bytes()


def test_empty_labels_have_none(tmp_path: Path) -> None:
    empty = Labels2DModel.parse(np.zeros((0, 4), dtype=int))
    SpatialData.init_from_elements({"cells": empty}).write(tmp_path / "s.zarr", label_statistics=True)
    assert known_statistics(read_zarr(tmp_path / "s.zarr")["cells"]) is None
