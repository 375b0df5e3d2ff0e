"""The ids in parts of labels whose statistics are stored, against those of all pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData

from spatialdata import (
    SpatialData,
    bounding_box_query,
    get_element_instances,
    polygon_query,
    read_zarr,
)
from spatialdata._core.elements import levels_of
from spatialdata.models import Labels2DModel, Labels3DModel, TableModel
from spatialdata.models.label_parts import ids_of_part
from spatialdata.transformations import Affine

TURNED = {"global": Affine([[0.8, -0.6, 3], [0.6, 0.8, -2], [0, 0, 1]], ("x", "y"), ("x", "y"))}


def cells() -> np.ndarray:
    """Compact cells, some scattered or long ones among them, and ids that 32 bits do not hold."""
    y, x = np.mgrid[:60, :72]
    ids = np.where(((y % 7) < 6) & ((x % 9) < 8), y // 7 * 8 + x // 9 + 1, 0).astype(np.int64)
    ids[::13, ::11] = 2**40
    ids[30, :] = 2**53 + 1
    ids[40:42, 10:60:3] = 500
    return ids


def stored(folder: Path, labels: Any, *, statistics: bool) -> SpatialData:
    found = np.unique(cells())[1:]
    obs = pd.DataFrame({"region": pd.Categorical(["cells"] * len(found)), "id": found}, index=found.astype(str))
    table = TableModel.parse(AnnData(np.ones((len(found), 1)), obs=obs), "cells", "region", "id")
    SpatialData.init_from_elements({"cells": labels, "table": table}).write(folder, label_statistics=statistics)
    return read_zarr(folder)


def blocks_read(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    from spatialdata.store.chunk_files import ChunkFiles

    read: list[Any] = []
    original = ChunkFiles.read

    def watched(self: ChunkFiles, key: Any, *others: Any) -> Any:
        pixels = original(self, key, *others)
        if pixels.size:
            read.append(key)
        return pixels

    monkeypatch.setattr(ChunkFiles, "read", watched)
    return read


@pytest.mark.parametrize("placed", [None, TURNED], ids=["straight", "turned"])
@pytest.mark.parametrize("factors", [None, [2]])
def test_boxes_and_polygons_hold_the_ids_of_their_pixels(placed: Any, factors: Any, tmp_path: Path) -> None:
    labels = Labels2DModel.parse(cells(), chunks=(16, 20), scale_factors=factors, transformations=placed)
    element = stored(tmp_path / "with.zarr", labels, statistics=True)["cells"]
    rng = np.random.default_rng(8)
    for number in range(40):
        low, size = rng.uniform(-10, 60, 2), rng.uniform(1, 50, 2)
        if number % 2:
            part = bounding_box_query(element, ("x", "y"), low, low + size, "global")
        else:
            star = shapely.Polygon(low + size * rng.uniform(-1, 1, (5, 2))).buffer(0)
            part = None if star.is_empty else polygon_query(element, star, "global")
        if part is None:
            continue
        pixels = np.asarray(levels_of(part)[0].data)
        assert ids_of_part(levels_of(part)[0].data) is not None
        assert get_element_instances(part).tolist() == np.unique(pixels[pixels != 0]).tolist()
        with_background = get_element_instances(part, return_background=True)
        assert with_background.tolist() == np.unique(pixels).tolist()


def test_volumes(tmp_path: Path) -> None:
    ids = np.random.default_rng(9).integers(0, 60, (6, 9, 10)).repeat(2, axis=1).repeat(3, axis=2)
    SpatialData(labels={"cells": Labels3DModel.parse(ids, chunks=(3, 8, 12))}).write(
        tmp_path / "a.zarr", label_statistics=True
    )
    element = read_zarr(tmp_path / "a.zarr")["cells"]
    for low, high in (([4, 3, 1], [20, 11, 3]), ([0, 0, 0], [30, 18, 1]), ([7, 2, 0], [8, 17, 6])):
        part = bounding_box_query(element, ("x", "y", "z"), low, high, "global")
        pixels = ids[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))]
        assert ids_of_part(part.data) is not None
        assert get_element_instances(part).tolist() == np.unique(pixels[pixels != 0]).tolist()


def test_tables_are_cut_without_reading_what_statistics_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = cells()
    labels[labels > 499] = 0
    element = Labels2DModel.parse(labels, chunks=(10, 12))
    with_them = stored(tmp_path / "with.zarr", element, statistics=True)
    without = stored(tmp_path / "without.zarr", element, statistics=False)
    box: dict[str, Any] = {"axes": ("x", "y"), "min_coordinate": [9, 7], "max_coordinate": [63, 49]}
    read = blocks_read(monkeypatch)
    found = bounding_box_query(with_them, **box, target_coordinate_system="global")
    assert not read
    expected = bounding_box_query(without, **box, target_coordinate_system="global")
    assert len(read) == 30
    assert found["table"].obs_names.tolist() == expected["table"].obs_names.tolist()
    read.clear()
    triangle = shapely.Polygon([(0, 0), (70, 0), (0, 58)])
    found = polygon_query(with_them, triangle, target_coordinate_system="global")
    some = len(read)
    expected = polygon_query(without, triangle, target_coordinate_system="global")
    assert 0 < some < len(read) - some
    assert found["table"].obs_names.tolist() == expected["table"].obs_names.tolist()


def test_parts_of_labels_that_changed_are_read(tmp_path: Path) -> None:
    sdata = stored(tmp_path / "a.zarr", Labels2DModel.parse(cells(), chunks=(16, 20)), statistics=True)
    part = bounding_box_query(sdata["cells"], ("x", "y"), [0, 0], [30, 30], "global")
    assert ids_of_part(part.data) is not None
    (tmp_path / "a.zarr" / "labels" / "cells" / "instances.parquet").unlink()
    assert ids_of_part(part.data) is None
    assert get_element_instances(part).tolist() == np.unique(cells()[:30, :30])[1:].tolist()
