"""Many shapes that come in batches make the same file as all of them together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely

from spatialdata import SpatialData, bounding_box_query, read_zarr
from spatialdata.errors import ValidationError
from spatialdata.models import ShapesModel
from spatialdata.store import shapes_in_files
from spatialdata.store.builders import shapes as builder_module
from spatialdata.testing import assert_elements_are_identical
from spatialdata.transformations import Scale

COUNT = 20_000


@pytest.fixture
def sdata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SpatialData:
    monkeypatch.setattr(builder_module, "_ROWS_AT_ONCE", 100)
    made = SpatialData()
    made.write(tmp_path / "study.zarr")
    return made


def circles(count: int = COUNT) -> geopandas.GeoDataFrame:
    rng = np.random.default_rng(0)
    # The categories come up one after the other.
    kinds = np.where(np.arange(count) < 5_000, rng.choice(list("ab"), count), rng.choice(list("abc"), count))
    kinds[0] = "a"
    return geopandas.GeoDataFrame(
        {
            "radius": rng.random(count) + 0.5,
            "kind": pd.Categorical(kinds, list("abc")),
            "note": [None if number % 3 else f"note {number}" for number in range(count)],
        },
        geometry=shapely.points(rng.random((count, 2)) * 1000),
    )


def polygons(count: int = COUNT) -> geopandas.GeoDataFrame:
    rng = np.random.default_rng(1)
    x, y = rng.random((2, count)) * 1000
    shapes = shapely.box(x, y, x + 3, y + 2)
    shapes[::5] = shapely.multipolygons([[shape] for shape in shapes[::5]])
    shapes[7] = shapely.difference(shapely.box(0, 0, 9, 9), shapely.box(1, 1, 2, 2))
    frame = geopandas.GeoDataFrame({"area": rng.random(count)}, geometry=shapes)
    # An index that does not tell the order of the rows.
    return frame.set_axis([f"cell {number}" for number in rng.permutation(count)], axis=0)


def solid(count: int = COUNT) -> geopandas.GeoDataFrame:
    rng = np.random.default_rng(2)
    return geopandas.GeoDataFrame({"radius": np.ones(count)}, geometry=shapely.points(rng.random((count, 3))))


def build(sdata: SpatialData, whole: geopandas.GeoDataFrame, cuts: list[int], **options: Any) -> None:
    with sdata.create_shapes("cells", transformations={"um": Scale([2.0], ("x",))}, **options) as builder:
        for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True):
            part = whole.iloc[start:stop]
            # Categories come up as they are met; a default index is counted on.
            for column in part.columns[[str(dtype) == "category" for dtype in part.dtypes]]:
                part = part.assign(**{column: part[column].cat.remove_unused_categories()})
            builder.append(part.reset_index(drop=True) if isinstance(whole.index, pd.RangeIndex) else part)


def file_of(sdata: SpatialData) -> Path:
    return Path(str(sdata.path)) / "shapes" / "cells" / "shapes.parquet"


@pytest.mark.parametrize("layout", ["sorted", "kept"])
@pytest.mark.parametrize("make", [circles, polygons, solid])
def test_the_file_is_that_of_all_shapes_at_once(
    sdata: SpatialData, monkeypatch: pytest.MonkeyPatch, make: Any, layout: Any
) -> None:
    monkeypatch.setattr(shapes_in_files, "_ROWS", 3_000)
    whole = make()
    build(sdata, whole, [1, 5_000, 5_001, 17_000], shapes_layout=layout)
    built = pq.read_table(file_of(sdata))
    expected = ShapesModel.parse(whole, transformations={"um": Scale([2.0], ("x",))})
    assert_elements_are_identical(sdata["cells"], expected)
    assert_elements_are_identical(read_zarr(str(sdata.path))["cells"], expected)
    assert not list(file_of(sdata).parent.glob(".sorted*"))
    attributes = json.loads((file_of(sdata).parent / "zarr.json").read_bytes())
    # What is written from memory, by the other way.
    sdata["cells"] = expected
    sdata.write_element("cells", overwrite=True, shapes_layout=layout)
    at_once = pq.read_table(file_of(sdata))
    assert json.loads((file_of(sdata).parent / "zarr.json").read_bytes()) == attributes
    assert built.schema.equals(at_once.schema, check_metadata=False)
    assert json.loads(built.schema.metadata[b"geo"]) == json.loads(at_once.schema.metadata[b"geo"])
    assert built.equals(at_once)


@pytest.mark.parametrize("layout", ["sorted", "kept"])
@pytest.mark.parametrize("make", [circles, polygons, solid])
def test_the_file_in_geoarrow_is_that_of_geopandas(
    sdata: SpatialData, monkeypatch: pytest.MonkeyPatch, make: Any, layout: Any
) -> None:
    monkeypatch.setattr(shapes_in_files, "_ROWS", 3_000)
    whole = make()
    build(sdata, whole, [1, 5_000, 17_000], shapes_layout=layout, shapes_geometry_encoding="geoarrow")
    built = pq.read_table(file_of(sdata))
    sdata["cells"] = ShapesModel.parse(whole, transformations={"um": Scale([2.0], ("x",))})
    sdata.write_element("cells", overwrite=True, shapes_layout=layout, shapes_geometry_encoding="geoarrow")
    at_once = pq.read_table(file_of(sdata))
    said = [json.loads(table.schema.metadata[b"geo"]) for table in (built, at_once)]
    assert said[0]["columns"] == said[1]["columns"]
    assert built.schema.equals(at_once.schema, check_metadata=False)
    assert built.schema.field("geometry").metadata == at_once.schema.field("geometry").metadata
    assert built.equals(at_once)


def test_rows_of_a_box_are_read_in_parts(sdata: SpatialData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes_in_files, "_ROWS", 3_000)
    whole = circles()
    build(sdata, whole, [9_000])
    file = pq.ParquetFile(file_of(sdata))
    assert file.metadata.num_row_groups >= COUNT // 8192
    box: Any = {"axes": ("x", "y"), "min_coordinate": [20, 10], "max_coordinate": [120, 100]}
    found = bounding_box_query(read_zarr(str(sdata.path)), **box, target_coordinate_system="um")["cells"]
    x, y = shapely.get_coordinates(whole.geometry).T
    inside = (x >= 10) & (x <= 60) & (y >= 10) & (y <= 100)
    assert set(found.index) == set(np.flatnonzero(inside))


def test_pieces_are_cut_by_their_corners(sdata: SpatialData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes_in_files, "_CORNERS", 50)
    whole = polygons(300)
    build(sdata, whole, [150])
    assert_elements_are_identical(
        sdata["cells"], ShapesModel.parse(whole, transformations={"um": Scale([2.0], ("x",))})
    )


def test_columns_whose_type_the_values_tell(sdata: SpatialData) -> None:
    """Objects that are all missing in one batch, and text in another."""
    whole = circles(400).assign(note=lambda frame: frame["note"].where(frame.index > 250, None))
    build(sdata, whole, [200])
    assert sdata["cells"]["note"].where(sdata["cells"]["note"].notna(), None).tolist() == whole["note"].tolist()


def test_points_and_polygons_do_not_go_together(sdata: SpatialData) -> None:
    discs, boxes = circles(150)[["radius", "geometry"]], polygons(150).reset_index(drop=True)
    mixed = geopandas.GeoDataFrame({"radius": np.ones(4)}, geometry=boxes.geometry.iloc[1:5].to_numpy())

    def build_mixed() -> None:
        with sdata.create_shapes("cells") as builder:
            builder.append(discs)
            builder.append(mixed)

    with pytest.raises(ValidationError, match="found Point, Polygon"):
        build_mixed()
    assert "cells" not in read_zarr(str(sdata.path))
    with sdata.create_shapes("cells", resume=False) as builder:
        builder.append(discs)
    assert len(sdata["cells"]) == 150
