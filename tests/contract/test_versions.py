"""Both sides write every version of every element, and read what the other wrote with the same values."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialdata import read_zarr
from spatialdata.store import formats
from spatialdata.store.versions import CONTAINERS

pytestmark = pytest.mark.contract
Peer = Callable[..., Any]
SCRIPTS = Path(__file__).parent / "scripts"

# The formats that are asked for, and the versions that the elements then have.
VERSIONS: dict[tuple[str, ...], dict[str, str]] = {
    ("SpatialDataContainerFormatV02",): {"raster": "0.3", "shapes": "0.3", "points": "0.2", "tables": "0.2"},
    ("SpatialDataContainerFormatV01",): {"raster": "0.2", "shapes": "0.2", "points": "0.1", "tables": "0.1"},
    ("SpatialDataContainerFormatV01", "RasterFormatV01", "ShapesFormatV01"): {
        "raster": "0.1",
        "shapes": "0.1",
        "points": "0.1",
        "tables": "0.1",
    },
    ("SpatialDataContainerFormatV01", "RasterFormatV02", "ShapesFormatV02", "PointsFormatV01", "TablesFormatV01"): {
        "raster": "0.2",
        "shapes": "0.2",
        "points": "0.1",
        "tables": "0.1",
    },
    ("SpatialDataContainerFormatV02", "RasterFormatV03", "ShapesFormatV03", "PointsFormatV02", "TablesFormatV02"): {
        "raster": "0.3",
        "shapes": "0.3",
        "points": "0.2",
        "tables": "0.2",
    },
}
PLACES = {"raster": "images/picture", "shapes": "shapes/squares", "points": "points/molecules"}


def made(names: tuple[str, ...]) -> Any:
    return runpy.run_path(str(SCRIPTS / "make.py"))["make"](bare="ShapesFormatV01" in names)


def described(sdata: Any) -> dict[str, Any]:
    return json.loads(json.dumps(runpy.run_path(str(SCRIPTS / "describe_object.py"))["describe"](sdata)))


def attributes(folder: Path) -> dict[str, Any]:
    if (folder / "zarr.json").is_file():
        return json.loads((folder / "zarr.json").read_text())["attributes"]
    return json.loads((folder / ".zattrs").read_text())


def versions_in(store: Path) -> dict[str, str]:
    found = {part: attributes(store / place)["spatialdata_attrs"]["version"] for part, place in PLACES.items()}
    return {**found, "tables": attributes(store / "tables" / "annotated")["version"]}


def test_every_version_is_among_these() -> None:
    known = {version for row in CONTAINERS.values() for versions in row.elements.values() for version in versions}
    assert known == {version for row in VERSIONS.values() for version in row.values()}
    for row in CONTAINERS.values():
        for kind, versions in row.elements.items():
            part = formats._PARTS[kind]
            written = {found[part] for names, found in VERSIONS.items() if names[0].endswith(row.version[-1])}
            assert written == set(versions)


@pytest.mark.parametrize("names", VERSIONS, ids="-".join)
def test_published_wheels_read_every_version_written_here(peer: Peer, tmp_path: Path, names: tuple[str, ...]) -> None:
    sdata = made(names)
    expected = described(sdata)
    sdata.write(tmp_path / "store.zarr", sdata_formats=[getattr(formats, name)() for name in names])
    assert versions_in(tmp_path / "store.zarr") == VERSIONS[names]
    assert peer(SCRIPTS / "describe_object.py", tmp_path / "store.zarr") == expected
    assert described(read_zarr(tmp_path / "store.zarr")) == expected


@pytest.mark.parametrize("names", VERSIONS, ids="-".join)
def test_every_version_of_the_published_wheels_is_read_here(peer: Peer, tmp_path: Path, names: tuple[str, ...]) -> None:
    store = tmp_path / "store.zarr"
    peer(SCRIPTS / "make.py", store, *names)
    assert versions_in(store) == VERSIONS[names]
    assert described(read_zarr(store)) == peer(SCRIPTS / "describe_object.py", store)
