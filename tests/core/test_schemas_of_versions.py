"""Stores in each version, those of the published package among them, follow the JSON Schemas of their version."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from spatialdata.errors import StoreError
from spatialdata.store.dialects import v06_read
from spatialdata.store.raster_schemas import _PARAMETERS_IN_06
from spatialdata.store.validate import validate_store
from spatialdata.testing.conformance_store import json_schemas, write_conformance_store
from spatialdata.transformations import Bijection, Displacements, MapAxis, Scale, Sequence, ThinPlateSpline, Translation

jsonschema = pytest.importorskip("jsonschema")
KINDS = ("images", "labels", "points", "shapes", "tables")


def attributes(folder: Path) -> dict[str, Any]:
    if (folder / "zarr.json").is_file():
        found: dict[str, Any] = json.loads((folder / "zarr.json").read_bytes())["attributes"]
        return found
    old: dict[str, Any] = json.loads((folder / ".zattrs").read_bytes())
    return old


def validator(name: str, version: str) -> Any:
    schema = json_schemas(version)[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def elements_of(store: Path) -> list[str]:
    return [
        f"{kind}/{folder.name}"
        for kind in KINDS
        if (store / kind).is_dir()
        for folder in sorted((store / kind).iterdir())
        if folder.is_dir()
    ]


def check(store: Path, version: str) -> None:
    validator("container", version).validate(attributes(store))
    for path in elements_of(store):
        validator(path.split("/")[0], version).validate(attributes(store / path))


@pytest.fixture(scope="module", params=["0.1", "0.6"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Any]:
    folder = tmp_path_factory.mktemp("versions")
    asked: dict[str, Any] = {"version": "0.1"} if request.param == "0.1" else {"ngff": "0.6"}
    return request.param, folder / "store.zarr", write_conformance_store(folder, **asked)


def test_the_conformance_store_of_each_version(written: tuple[str, Path, Any]) -> None:
    version, store, facts = written
    check(store, "0.1" if version == "0.1" else "0.2")
    assert set(elements_of(store)) == set(facts["elements"])
    assert validate_store(store, deep=True) == []
    for path in elements_of(store):
        if not path.startswith(("images", "labels")):
            continue
        found = attributes(store / path)
        body = found if version == "0.1" else found["ome"]
        said = body["multiscales"][0] if version == "0.1" else body
        assert said["version"] == {"0.1": "0.4-dev-spatialdata", "0.6": "0.6"}[version]
        expected = facts["elements"][path]
        for dataset, level in zip(body["multiscales"][0]["datasets"], expected["levels"], strict=True):
            array: Any = zarr.open_array(store / path / dataset["path"], mode="r")
            assert array[:].tolist() == level["values"]


def test_a_raster_of_one_version_is_none_of_another(written: tuple[str, Path, Any]) -> None:
    version, store, _ = written
    good = attributes(store / "images" / "image_2d")
    own, other = ("0.1", "0.2") if version == "0.1" else ("0.2", "0.1")
    assert validator("images", own).is_valid(good)
    assert not validator("images", other).is_valid(good)
    for spoil in SPOILS[version]:
        bad = copy.deepcopy(good)
        spoil(bad if version == "0.1" else bad["ome"])
        assert not validator("images", own).is_valid(bad)


def _edges(body: Any) -> Any:
    return body["multiscales"][0]["coordinateTransformations"]


SPOILS: dict[str, list[Any]] = {
    "0.1": [
        lambda body: body.pop("omero"),
        lambda body: body["multiscales"][0].update(version="0.5"),
        lambda body: body["multiscales"].append(body["multiscales"][0]),
        lambda body: _edges(body)[0].update(type="displacements"),
    ],
    "0.6": [
        lambda body: body.update(version="0.5-dev-spatialdata"),
        lambda body: body["multiscales"][0].pop("coordinateSystems"),
        lambda body: body["multiscales"][0]["datasets"][0].update(coordinateTransformations=[]),
        lambda body: _edges(body)[0].update(type="thinPlateSpline"),
        lambda body: _edges(body)[0].pop("output"),
        lambda body: body["multiscales"][0]["coordinateSystems"][0].update(axes=[{"name": "q", "type": "space"}]),
    ],
}


def test_transformations_of_every_type_in_06(tmp_path: Path) -> None:
    from spatialdata import SpatialData
    from spatialdata.models import Labels2DModel

    moved = Displacements(np.zeros((3, 3, 2)), ("y", "x"), [4.0, 4.0], [0.0, 0.0])
    corners = [[0, 0], [0, 9], [9, 0], [9, 9]]
    places: Any = {
        "map": MapAxis({"x": "y", "y": "x"}),
        "field": moved,
        "both": Bijection(Translation([1.0], ("x",)), Translation([-1.0], ("x",))),
        "chain": Sequence([Scale([2.0, 3.0], ("x", "y")), moved]),
        "mirrored": Scale([-1.0], ("x",)),
        "spline": ThinPlateSpline(corners, [[1, 0], *corners[1:]], ("x", "y")),
    }
    labels = Labels2DModel.parse(np.zeros((8, 8), dtype=np.int32), transformations=places)
    SpatialData(labels={"mask": labels}).write(tmp_path / "store.zarr", ngff="0.6")
    check(tmp_path / "store.zarr", "0.2")
    assert set(_PARAMETERS_IN_06) <= set(v06_read._READERS)


def test_a_version_that_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"Known: '0.1', '0.2'"):
        json_schemas("0.9")
    with pytest.raises(ValueError, match=r"'0.1', '0.2', not '0.9'"):
        write_conformance_store(tmp_path, "0.9")
    assert list(tmp_path.iterdir()) == []


def test_stores_of_the_published_package(sample_data: Path) -> None:
    stores = sorted((sample_data / "stores").glob("*/store.zarr"))
    assert stores
    for store in stores:
        root = attributes(store)
        version = root.get("spatialdata_attrs", {}).get("version", "0.1")
        for path in elements_of(store):
            validator(path.split("/")[0], version).validate(attributes(store / path))
