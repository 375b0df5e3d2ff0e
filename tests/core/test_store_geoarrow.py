"""Shapes in GeoArrow are read as coordinates, as geopandas reads them as objects."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame

from spatialdata import SpatialData, read_zarr
from spatialdata.models import ShapesModel
from spatialdata.models.lazy_geometry import LazyGeometry

MANY = 9000


def centres(count: int) -> Any:
    return np.random.default_rng(0).uniform(0, 1000, (count, 2))


@cache
def points(count: int) -> Any:
    return shapely.points(centres(count))


@cache
def rings(count: int) -> Any:
    """Polygons, every third with a hole."""
    places = centres(count)
    boxes = shapely.box(*(places - 3).T, *(places + 3).T)
    inner = shapely.box(*(places - 1).T, *(places + 1).T)
    return np.where(np.arange(count) % 3 == 0, shapely.difference(boxes, inner), boxes)


@cache
def several(count: int) -> Any:
    """Polygons of one part or of two, all as multipolygons."""
    one, other = rings(count), shapely.transform(rings(count), lambda xy: xy + 20)
    pairs = [[a, b] if number % 2 else [a] for number, (a, b) in enumerate(zip(one, other, strict=True))]
    return np.array([shapely.MultiPolygon(pair) for pair in pairs])


@cache
def mixed(count: int) -> Any:
    return np.where(np.arange(count) % 2, several(count), rings(count))


def element(geometries: Any) -> GeoDataFrame:
    frame = GeoDataFrame({"value": np.arange(len(geometries))}, geometry=list(geometries))
    if geometries[0].geom_type == "Point":
        frame["radius"] = 2.0
    return ShapesModel.parse(frame)


def written(tmp_path: Path, frame: GeoDataFrame, **options: Any) -> Path:
    SpatialData(shapes={"cells": frame}).write(tmp_path / "a.zarr", shapes_geometry_encoding="geoarrow", **options)
    return tmp_path / "a.zarr"


def by_geopandas(root: Path) -> GeoDataFrame:
    """The rows by geopandas, in the order of their index."""
    return geopandas.read_parquet(root / "shapes" / "cells" / "shapes.parquet").sort_index()


@pytest.mark.parametrize(("count", "layout"), [(7, "sorted"), (MANY, "sorted"), (MANY, "kept")])
@pytest.mark.parametrize("make", [points, rings, several, mixed])
def test_the_same_shapes_as_by_geopandas(tmp_path: Path, make: Any, count: int, layout: str) -> None:
    root = written(tmp_path, element(make(count)), shapes_layout=layout)
    found, expected = read_zarr(root)["cells"], by_geopandas(root)
    assert isinstance(found.geometry.array, LazyGeometry) == (count == MANY)
    assert list(found.columns) == [name for name in expected.columns if name in found.columns]
    assert found.index.tolist() == list(range(count))
    assert found["value"].tolist() == expected["value"].tolist()
    assert np.array_equal(shapely.to_wkb(found.geometry.to_numpy()), shapely.to_wkb(expected.geometry.to_numpy()))
    assert found.geometry.bounds.equals(expected.geometry.bounds)


@pytest.mark.parametrize("make", [points, rings, several])
def test_a_box_reads_what_meets_it(tmp_path: Path, make: Any) -> None:
    geometries = make(2 * MANY)
    sdata = read_zarr(written(tmp_path, element(geometries)))
    found = sdata.query.bounding_box(
        axes=("x", "y"),
        min_coordinate=[100, 100],
        max_coordinate=[220, 160],
        target_coordinate_system="global",
    )["cells"]
    # Circles count by their centres.
    inside = np.flatnonzero(shapely.intersects(geometries, shapely.box(100, 100, 220, 160)))
    assert len(inside) > 50
    assert sorted(found["value"]) == inside.tolist()


@pytest.mark.parametrize(
    "odd",
    [shapely.Polygon(), shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])],
)
def test_single_odd_polygons(tmp_path: Path, odd: Any) -> None:
    geometries = rings(MANY).copy()
    geometries[5] = odd
    frame = GeoDataFrame({"value": np.arange(MANY)}, geometry=list(geometries))
    root = tmp_path / "a.zarr"
    SpatialData(shapes={"cells": element(rings(MANY))}).write(root, shapes_geometry_encoding="geoarrow")
    # As others may write it.
    frame.to_parquet(root / "shapes" / "cells" / "shapes.parquet", geometry_encoding="geoarrow", schema_version="1.1.0")
    found, expected = read_zarr(root)["cells"].sort_values("value"), by_geopandas(root)
    assert np.array_equal(shapely.to_wkb(found.geometry.to_numpy()), shapely.to_wkb(expected.geometry.to_numpy()))


def test_solid_shapes_are_left_to_geopandas(tmp_path: Path) -> None:
    solid = shapely.points(np.random.default_rng(0).uniform(size=(MANY, 3)))
    found = read_zarr(written(tmp_path, element(solid)))["cells"]
    assert not isinstance(found.geometry.array, LazyGeometry)
    assert np.array_equal(shapely.to_wkb(found.geometry.to_numpy()), shapely.to_wkb(solid))
