"""What is written in OME-Zarr 0.4, 0.5 and 0.6 passes the validators of others; what spatialdata 0.7.3 reads of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel
from spatialdata.store.formats import RasterFormatV01, SpatialDataContainerFormatV01
from spatialdata.transformations import (
    Affine,
    Displacements,
    Identity,
    MapAxis,
    Scale,
    Sequence,
    ThinPlateSpline,
    Translation,
)

pytestmark = pytest.mark.contract
SCRIPTS = Path(__file__).parent / "scripts"
XY = ("x", "y")
Run = Callable[..., Any]


def linear() -> dict[str, Any]:
    return {
        "global": Scale([2, 3], XY),
        "sheared": Affine([[1, 0.2, 5], [-0.1, 1.5, -7], [0, 0, 1]], XY, XY),
        "steps": Sequence([Scale([2.0, 2], XY), Translation([1, 1], XY)]),
        "swapped": MapAxis({"x": "y", "y": "x"}),
        "mirrored": Scale([-1.0, 1], XY),
        "same": Identity(),
    }


def bent() -> dict[str, Any]:
    corners = np.array([[0.0, 0], [20, 0], [0, 16], [20, 16]])
    spline = ThinPlateSpline(corners, corners + np.array([[1, 0], [0, 1], [0, 0], [-1, 0]]), XY)
    field = Displacements(np.random.default_rng(0).uniform(-1, 1, (5, 6, 2)), ("y", "x"), [3, 4])
    return {"global": spline, "field": field, "both": Sequence([Scale([2, 2], XY), field]), "back": spline.inverse()}


def make(places: dict[str, Any], **given: Any) -> SpatialData:
    pixels = np.arange(640, dtype=np.uint16).reshape(2, 16, 20)
    photo = Image2DModel.parse(
        pixels, dims=("c", "y", "x"), c_coords=["dapi", "cd3"], scale_factors=[2], transformations=places, **given
    )
    deep = {"global": Scale([1, 2, 3], ("x", "y", "z"))}
    volume = Image3DModel.parse(np.zeros((1, 3, 4, 5)), dims=("c", "z", "y", "x"), c_coords=["a"], transformations=deep)
    sdata = SpatialData(images={"photo": photo, "volume": volume})
    sdata.labels["cells"] = Labels2DModel.parse(np.arange(320).reshape(16, 20), transformations=places)
    sdata.points["dots"] = PointsModel.parse(np.array([[1.0, 2.0]]), transformations=linear())
    sdata.set_units("global", "micrometer")
    return sdata


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cells.zarr"


def test_0_6_passes_schemas_and_models(path: Path, validators: Run) -> None:
    sdata = make(linear())
    movie = Image2DModel.parse(np.zeros((3, 1, 8, 8)), dims=("t", "c", "y", "x"), t_coords=[0, 2, 4], c_coords=["a"])
    sdata.images["movie"] = movie
    sdata.link(sdata["cells"], sdata["photo"], Scale([2, 2], XY))
    sdata.link("global", "atlas", Translation([1, 2], XY))
    sdata.write(path, ngff="0.6")
    found = validators(SCRIPTS / "validate_ngff.py", path)
    assert set(found["faults"]) == {"/", "images/photo", "images/volume", "images/movie", "labels/cells", "labels"}
    assert not any(found["faults"].values()), found["faults"]


def test_fields_of_0_6_pass_the_schemas(path: Path, validators: Run) -> None:
    make(bent()).write(path, ngff="0.6")
    found = validators(SCRIPTS / "validate_ngff.py", path)["faults"]
    fields = [node for node in found if "displacements-" in node]
    assert len(fields) == 6
    # ome-zarr-models 1.8.1 asks every transformation for its dimensions, which it cannot tell of fields.
    known = ("does not have a dimensionality", "the label path 'cells' as a OME-Zarr multiscales group")
    faults = [fault for each in found.values() for fault in each]
    assert not [fault for fault in faults if not any(part in fault for part in known)]


@pytest.mark.parametrize(
    ("given", "version"),
    [
        ({}, "0.5"),
        ({"sdata_formats": SpatialDataContainerFormatV01()}, "0.4"),
        ({"sdata_formats": [SpatialDataContainerFormatV01(), RasterFormatV01()]}, "0.4"),
    ],
)
def test_the_levels_of_0_4_and_0_5_pass_the_schemas(
    path: Path, validators: Run, given: dict[str, Any], version: str
) -> None:
    """The transformations to named systems are a dialect of SpatialData and are taken away for that."""
    make(linear()).write(path, **given)
    found = validators(SCRIPTS / "validate_ngff.py", path)["faults"]
    assert not any(found.values()), (version, found)


def test_the_published_package_reads_all_but_the_rasters_of_0_6(path: Path, peer: Run) -> None:
    sdata = make(linear())
    sdata.write(path, ngff="0.6")
    found = peer(SCRIPTS / "places.py", path)
    assert set(found["places"]) == {f"dots {system}" for system in linear()}
    assert found["attrs"]["coordinate_system_units"]["global"]["x"] == "micrometer"


def test_the_version_is_all_that_keeps_it_from_reading_them(path: Path, peer: Run) -> None:
    """The published package chooses what it reads by ``ome.version``; what it would find then is the same."""
    # In 0.6 swapped axes have another spelling, and the steps of a sequence do not repeat their coordinate systems.
    places = {name: each for name, each in linear().items() if name not in ("swapped", "steps")}
    make(places).write(path, ngff="0.6", consolidate_metadata=False)
    for document in path.glob("*/*/zarr.json"):
        document.write_text(document.read_text().replace('"version": "0.6"', '"version": "0.5-dev-spatialdata"'))
    found = peer(SCRIPTS / "places.py", path)["places"]
    for name in ("photo", "cells"):
        for system, transformation in places.items():
            expected = transformation.to_affine_matrix(XY, XY)
            np.testing.assert_allclose(found[f"{name} {system}"], expected, atol=1e-12)


def test_the_published_package_reads_units_and_links(path: Path, peer: Run) -> None:
    sdata = make(linear())
    sdata.link(sdata["cells"], sdata["photo"], Scale([2, 2], XY))
    sdata.write(path)
    document = json.loads((path / "images" / "photo" / "zarr.json").read_text())
    edge = document["attributes"]["ome"]["multiscales"][0]["coordinateTransformations"][0]
    assert [axis.get("unit") for axis in edge["output"]["axes"]] == [None, "micrometer", "micrometer"]
    found = peer(SCRIPTS / "places.py", path)
    assert np.asarray(found["places"]["photo global"]).diagonal().tolist() == [2, 3, 1]
    assert found["extents"]["photo global"] == [0, 40]
    assert found["attrs"]["coordinate_links"] == sdata.attrs["coordinate_links"]
