"""The reader and the manifest."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

import napari_spatialdata
from napari_spatialdata import LossyDisplayWarning, get_reader, reference_of
from napari_spatialdata.reader import read_layers

ROOT = {"spatialdata_attrs": {"version": "0.2", "spatialdata_software_version": "0.9.0"}}


def group(folder: Path, attributes: dict, *, version: int = 3) -> Path:
    folder.mkdir(parents=True)
    if version == 3:
        (folder / "zarr.json").write_text(
            json.dumps({"attributes": attributes, "zarr_format": 3, "node_type": "group"}), encoding="utf-8"
        )
    else:
        (folder / ".zgroup").write_text('{"zarr_format": 2}', encoding="utf-8")
        (folder / ".zattrs").write_text(json.dumps(attributes), encoding="utf-8")
    return folder


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", ["tissue.zarr", "tissue"])
def test_roots_are_claimed_however_they_are_named(tmp_path: Path, version: int, name: str) -> None:
    store = group(tmp_path / name, ROOT, version=version)
    for path in (str(store), store, f"{store}/", [str(store)], [store, store]):
        assert get_reader(path) is read_layers


def test_everything_else_is_left_to_others(tmp_path: Path) -> None:
    ome = group(tmp_path / "image.zarr", {"ome": {"version": "0.5", "multiscales": []}})
    old = group(tmp_path / "old.zarr", {"multiscales": []}, version=2)
    element = group(tmp_path / "el.zarr", {"encoding-type": "ngff:shapes", "spatialdata_attrs": {"version": "0.3"}})
    table = group(tmp_path / "broken.zarr", {})
    (table / "zarr.json").write_text("{", encoding="utf-8")
    store = group(tmp_path / "tissue.zarr", ROOT)
    picture = tmp_path / "picture.png"
    picture.touch()
    for path in (ome, old, element, table, picture, tmp_path, tmp_path / "missing.zarr", [store, ome], []):
        assert get_reader(path) is None


def test_sample_stores_are_claimed_and_their_elements_are_not(sample_data: Path) -> None:
    stores = sorted((sample_data / "stores").glob("*/store.zarr"))
    if not stores:
        pytest.skip("no example stores beside the sample data")
    for store in stores:
        assert get_reader(store) is read_layers
        for element in store.glob("*/*"):
            assert get_reader(element) is None, element


def test_without_a_window_all_elements_become_layers(scene, viewer, tmp_path: Path) -> None:
    from napari.layers import Layer

    path = tmp_path / "scene.zarr"
    scene.write(path)
    tuples = get_reader(str(path))(str(path))
    layers = [viewer.add_layer(Layer.create(*parts)) for parts in tuples]
    assert [layer.name for layer in layers] == [
        "image", "pyramid: 0", "pyramid: 1", "labels", "cells", "circles", "patches", "points"
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing is being requested")
def test_sample_stores_become_layers_in_every_system(sample_data: Path) -> None:
    from napari.components import ViewerModel

    from napari_spatialdata import Interactive
    from spatialdata import read_zarr

    store = sample_data / "stores" / "upstream-0.7.3-container-v02" / "store.zarr"
    if not store.is_dir():
        pytest.skip("no example stores beside the sample data")
    sdata = read_zarr(store)
    for system in sdata.coordinate_systems:
        interactive = Interactive(sdata, headless=True, viewer=ViewerModel())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LossyDisplayWarning)  # circles that become ellipses
            for entry in interactive.session.entries(system):
                interactive.add_element(entry.label, system)
                assert interactive.display.layers_of(entry), (system, entry.label)


def test_the_sample_has_all_kinds_of_layers(viewer) -> None:
    from napari.layers import Layer

    from napari_spatialdata.samples import blobs

    layers = [viewer.add_layer(Layer.create(*parts)) for parts in blobs()]
    assert {type(layer).__name__ for layer in layers} == {"Image", "Labels", "Points", "Shapes"}
    assert {reference_of(layer).container for layer in layers} == {"images", "labels", "points", "shapes"}


def test_the_manifest_is_valid_and_its_commands_exist(qt) -> None:
    from npe2 import PluginManifest

    path = Path(napari_spatialdata.__file__).with_name("napari.yaml")
    manifest = PluginManifest.from_file(path)
    manifest.validate_imports()
    commands = {command.id for command in manifest.contributions.commands}
    assert {reader.command for reader in manifest.contributions.readers} <= commands
    assert {item.command for items in manifest.contributions.menus.values() for item in items} <= commands


def test_napari_finds_the_reader(tmp_path: Path) -> None:
    from npe2 import PluginManager, PluginManifest

    manager = PluginManager()
    manager.register(PluginManifest.from_distribution("napari-spatialdata"))
    store = group(tmp_path / "tissue.zarr", ROOT)
    found = [reader.command for reader in manager.iter_compatible_readers([str(store)])]
    assert found == ["napari-spatialdata.get_reader"]
    assert list(manager.iter_compatible_readers([str(tmp_path / "photo.png")])) == []
