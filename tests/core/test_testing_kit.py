"""What others test their readers and elements with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from spatialdata import SpatialData, get_element_instances, read_zarr
from spatialdata.datasets import blobs
from spatialdata.models import Image2DModel, PointsModel, validate_element
from spatialdata.testing import assert_spatial_data_objects_are_identical, strategies
from spatialdata.testing.conformance import ElementConformance, ReaderConformance
from spatialdata.transformations import get_transformation

pytest_plugins = ["spatialdata.testing.plugin"]


@given(strategies.elements())
def test_drawn_elements_are_valid(element: Any) -> None:
    validate_element(element)
    for transformation in get_transformation(element, get_all=True).values():
        matrix = transformation.to_affine_matrix(("x", "y"), ("x", "y"))
        assert abs(np.linalg.det(matrix)) > 0


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strategies.spatial_data_objects())
def test_drawn_objects_survive_the_store(tmp_path_factory: pytest.TempPathFactory, sdata: SpatialData) -> None:
    path = tmp_path_factory.mktemp("drawn") / "drawn.zarr"
    sdata.write(path, update_sdata_path=False)
    assert_spatial_data_objects_are_identical(sdata, read_zarr(path))
    table = sdata["table"]
    if table.n_obs:
        assert set(table.obs["id"]) <= set(get_element_instances(sdata["cells"]))


def test_round_trip(round_trip: Callable[[SpatialData], SpatialData]) -> None:
    sdata = blobs(length=32)
    stored = round_trip(sdata)
    assert stored.is_backed()
    assert not sdata.is_backed()
    assert_spatial_data_objects_are_identical(sdata, stored)
    assert round_trip(sdata).path != stored.path


def test_changes_are_noticed(unchanged: Callable[..., Any]) -> None:
    sdata = blobs(length=32)
    with unchanged(sdata, sdata["blobs_circles"]):
        sdata["blobs_circles"].area.sum()
    with pytest.raises(AssertionError), unchanged(sdata):
        sdata["blobs_circles"]["radius"] *= 2


class CsvReader(ReaderConformance):
    def make_input(self, folder: Path) -> None:
        (folder / "cells.csv").write_text("x,y\n1,2\n3,4\n")

    def read(self, folder: Path) -> SpatialData:
        return SpatialData(points={"cells": PointsModel.parse(folder / "cells.csv")})


class TestCsvReader(CsvReader):
    pass


class TestPoints(ElementConformance):
    def make_element(self) -> Any:
        return PointsModel.parse(np.arange(8.0).reshape(4, 2))


class TestImage(ElementConformance):
    def make_element(self) -> Any:
        return Image2DModel.parse(np.arange(48, dtype=np.uint8).reshape(3, 4, 4), scale_factors=[2])


class NoObject(CsvReader):
    def read(self, folder: Path) -> Any:
        return {"cells": folder}


class Empty(CsvReader):
    def read(self, folder: Path) -> SpatialData:
        return SpatialData()


class Writes(CsvReader):
    def read(self, folder: Path) -> SpatialData:
        (folder / "cache.txt").write_text("left behind")
        return super().read(folder)


class Random(CsvReader):
    def read(self, folder: Path) -> SpatialData:
        return SpatialData(points={"cells": PointsModel.parse(np.random.default_rng().random((3, 2)))})


class Unrelated(CsvReader):
    def read(self, folder: Path) -> SpatialData:
        sdata = blobs(length=32)
        del sdata["blobs_labels"]
        return sdata


@pytest.mark.parametrize(
    ("reader", "test", "message"),
    [
        (NoObject, "test_it_gives_valid_elements", r"returns no SpatialData with elements, but \{'cells'"),
        (Empty, "test_it_gives_valid_elements", "returns no SpatialData with elements"),
        (Writes, "test_the_input_is_not_changed", r"changed the files cache\.txt"),
        (Random, "test_reading_again_gives_the_same", None),
        (Unrelated, "test_tables_annotate_what_is_there", "No row of the table 'table'"),
    ],
)
def test_faulty_readers_fail(reader: type[ReaderConformance], test: str, message: str | None, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=message):
        getattr(reader(), test)(tmp_path)
