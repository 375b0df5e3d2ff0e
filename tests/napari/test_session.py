"""Datasets, coordinate systems and the names under which elements are listed."""

from __future__ import annotations

import pytest

from napari_spatialdata.model.session import Session
from spatialdata import SpatialData
from spatialdata.errors import ElementNotFoundError, UnknownCoordinateSystemError
from spatialdata.transformations import Identity, Scale

from .conftest import make_scene


@pytest.fixture
def two() -> Session:
    """Two datasets with the same names; the second has a system of its own."""
    other = {"global": Identity(), "aligned": Scale([2], axes=("x",))}
    return Session([make_scene(), make_scene(other)])


def test_global_comes_first_and_each_system_once(two: Session) -> None:
    assert two.coordinate_systems == ["global", "aligned"]
    assert two.coordinate_system == "global"


def test_labels_tell_datasets_apart(two: Session) -> None:
    assert [entry.label for entry in two.entries("aligned")] == [
        "cells_1", "circles_1", "image_1", "labels_1", "patches_1", "points_1", "pyramid_1"
    ]  # fmt: skip
    assert two.find("cells", "aligned") == two.find("cells_1", "aligned")
    assert "cells_0" in {entry.label for entry in two.entries("global")}
    entry = two.find("cells_1", "global")
    assert (entry.name, entry.container) == ("cells", "shapes")
    assert entry.dataset is two.datasets[1]


def test_a_dataset_is_opened_once(scene: SpatialData) -> None:
    session = Session([scene, scene])
    assert [dataset.name for dataset in session.datasets] == ["dataset 0"]


def test_names_of_stores_are_made_unique(scene: SpatialData, tmp_path) -> None:
    other = make_scene()
    scene.path, other.path = tmp_path / "a" / "tissue.zarr", tmp_path / "b" / "tissue.zarr"
    assert [dataset.name for dataset in Session([scene, other]).datasets] == ["tissue", "tissue [1]"]


def test_selecting_tells_once(two: Session) -> None:
    told = []
    two.coordinate_system_changed.connect(lambda *args: told.append(args))
    two.select("aligned")
    two.select("aligned")
    assert told == [("global", "aligned")]


def test_errors_name_what_there_is(two: Session) -> None:
    with pytest.raises(UnknownCoordinateSystemError, match=r"'nowhere'.*Known: 'global', 'aligned'"):
        two.select("nowhere")
    with pytest.raises(ElementNotFoundError, match=r"'cell'.*'cells_0'"):
        two.find("cell", "global")
    with pytest.raises(UnknownCoordinateSystemError, match=r"'cells' is not listed.*'cells_0'.*'cells_1'"):
        two.find("cells", "global")
    with pytest.raises(UnknownCoordinateSystemError, match="'cells_0' is not listed in coordinate system 'aligned'"):
        two.find("cells_0", "aligned")
    assert two.coordinate_system == "global"


def test_an_empty_object_has_nothing() -> None:
    session = Session([SpatialData()])
    assert session.coordinate_system is None
    assert session.entries() == []
