"""Elements of a store that lie in another store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import zarr

from spatialdata import SpatialData, get_dask_backing_files, read_zarr
from spatialdata._core.sources import PartedShapes
from spatialdata.errors import StoreError, StoreExistsError
from spatialdata.models import Labels2DModel
from spatialdata.store.validate import validate_store
from spatialdata.testing import assert_elements_are_identical, assert_spatial_data_objects_are_identical

Everything = Callable[[], SpatialData]


@pytest.fixture(autouse=True)
def _forget_memory() -> Iterator[None]:
    yield
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture(params=["folder", "archive", "memory"])
def slides(request: pytest.FixtureRequest, tmp_path: Path, everything: Everything) -> str:
    places = {
        "folder": str(tmp_path / "slides" / "slide.zarr"),
        "archive": str(tmp_path / "slides.zarr.zip"),
        "memory": "memory://bucket/slide.zarr",
    }
    everything().write(places[request.param])
    return places[request.param]


@pytest.fixture
def study(tmp_path: Path) -> SpatialData:
    sdata = SpatialData(labels={"own": Labels2DModel.parse(np.eye(4, dtype=int))}, attrs={"project": "links"})
    sdata.write(tmp_path / "study.zarr")
    return sdata


def test_each_kind(slides: str, study: SpatialData, everything: Everything, tmp_path: Path) -> None:
    for _, name, _ in everything().gen_elements():
        study.link_element(f"far_{name}", slides, name)
    again = read_zarr(tmp_path / "study.zarr")
    assert again.attrs == {"project": "links"}
    assert "cannot be read" not in repr(again)
    for kind, name, element in everything().gen_elements():
        for sdata in (study, again):
            assert f"far_{name}" in getattr(sdata, kind)
            assert not sdata.is_self_contained(f"far_{name}")
            assert_elements_are_identical(sdata[f"far_{name}"], element)
    assert again.is_self_contained("own")
    assert all(
        slides.removesuffix(".zip") in file or file.startswith("zip:")
        for file in get_dask_backing_files(again["far_photo"])
    )
    folders = {path.name for path in (tmp_path / "study.zarr").iterdir()}
    assert folders == {"zarr.json", "labels"}
    assert [fault for fault in validate_store(tmp_path / "study.zarr") if "annotates" not in str(fault)] == []


def test_parts_of_shapes_are_asked_where_they_lie(slides: str, study: SpatialData, everything: Everything) -> None:
    for name, shapes in everything().shapes.items():
        study.link_element(f"far_{name}", slides, name)
        source = study.shapes.source(f"far_{name}")
        assert isinstance(source, PartedShapes)
        assert source.are_discs() == ("radius" in shapes)


def test_a_copy_has_the_data(slides: str, study: SpatialData, everything: Everything, tmp_path: Path) -> None:
    study.link_element("photo", slides, "images/photo")
    study.write(tmp_path / "copy.zarr", update_sdata_path=False)
    copy = read_zarr(tmp_path / "copy.zarr")
    assert copy.is_self_contained()
    assert_elements_are_identical(copy["photo"], everything()["photo"])
    study.write(str(study.path), overwrite=True)
    assert study.is_self_contained()
    assert_spatial_data_objects_are_identical(read_zarr(str(study.path)), copy)


def test_links_survive_other_changes(slides: str, study: SpatialData, everything: Everything) -> None:
    study.link_element("photo", slides, "photo")
    study.attrs["more"] = 1
    study.write_attrs()
    study["other"] = Labels2DModel.parse(np.eye(4, dtype=int))
    study.write_element("other")
    study.rename_element("photo", "slide")
    again = read_zarr(str(study.path))
    assert again.attrs == {"project": "links", "more": 1}
    assert set(again.images) == set(study.images) == {"slide"}
    assert_elements_are_identical(again["slide"], everything()["photo"])
    with pytest.warns(UserWarning, match="'slide' is not in the store"):
        again.write_transformations("slide")
    again.delete_element_from_disk("slide")
    assert_elements_are_identical(again["slide"], everything()["photo"])
    assert "slide" not in read_zarr(str(study.path))
    assert_spatial_data_objects_are_identical(read_zarr(slides), everything())


def test_an_element_of_its_own_instead(slides: str, study: SpatialData, everything: Everything) -> None:
    study.link_element("photo", slides, "photo")
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        study.write_element("photo")
    study.write_element("photo", overwrite=True)
    for sdata in (study, read_zarr(str(study.path))):
        assert sdata.is_self_contained()
        assert_elements_are_identical(sdata["photo"], everything()["photo"])
    assert validate_store(str(study.path)) == []


def test_both_are_moved(
    study: SpatialData, everything: Everything, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything().write(tmp_path / "slide.zarr")
    monkeypatch.chdir(tmp_path)
    study.link_element("photo", "slide.zarr", "photo")
    said = json.loads((tmp_path / "study.zarr" / "zarr.json").read_bytes())["attributes"]["spatialdata_attrs"]
    assert said["linked_elements"] == {"images/photo": {"store": "../slide.zarr", "element": "images/photo"}}
    (tmp_path / "moved").mkdir()
    for name in ("slide.zarr", "study.zarr"):
        shutil.move(tmp_path / name, tmp_path / "moved" / name)
    monkeypatch.chdir("/")
    assert_elements_are_identical(read_zarr(tmp_path / "moved" / "study.zarr")["photo"], everything()["photo"])


def test_a_target_that_has_gone(study: SpatialData, everything: Everything, tmp_path: Path) -> None:
    everything().write(tmp_path / "slide.zarr")
    everything().write("memory://bucket/slide.zarr")
    study.link_element("photo", tmp_path / "slide.zarr", "photo")
    study.link_element("far", "memory://bucket/slide.zarr", "photo")
    study.link_element("mask", "memory://bucket/slide.zarr", "mask")
    shutil.rmtree(tmp_path / "slide.zarr")
    with pytest.raises(StoreError, match=r"images/photo of .* lies in .*slide.zarr, which cannot be opened"):
        read_zarr(str(study.path))
    with pytest.warns(UserWarning, match=r"images/photo.* cannot be opened"):
        assert set(read_zarr(str(study.path), on_bad_files="warn").images) == {"far"}
    study.delete_element_from_disk("photo")
    read_zarr("memory://bucket/slide.zarr").delete_element_from_disk("photo")
    # What lies behind an address is opened when it is used.
    sdata = read_zarr(str(study.path))
    assert sdata["mask"] is not None
    with pytest.raises(StoreError, match=r"images/far of .* has no images/photo of its own. It has .*labels/mask"):
        _ = sdata["far"]


def test_a_plain_image(study: SpatialData, everything: Everything, tmp_path: Path) -> None:
    everything().write(tmp_path / "slide.zarr")
    with pytest.raises(StoreError, match="NGFF version"):
        study.link_element("slide", tmp_path / "slide.zarr" / "images" / "photo")
    pixels = np.arange(24).reshape(2, 3, 4)
    group = zarr.create_group(tmp_path / "photo.ome.zarr")
    group.create_array("0", data=pixels)
    axes = [{"name": "c", "type": "channel"}, {"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
    levels = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 2]}]}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": levels}]}
    study.link_element("slide", tmp_path / "photo.ome.zarr")
    back = read_zarr(str(study.path))["slide"]
    np.testing.assert_array_equal(back.data.compute(), pixels)


@pytest.mark.parametrize(
    ("name", "element", "error", "message"),
    [
        ("far", "nothing", StoreError, "Say by its name which of these is meant, not 'nothing'"),
        ("far", None, StoreError, "images/photo.*Say by its name"),
        ("own", "photo", ValueError, "has an element 'own' already"),
        ("OWN", "photo", ValueError, "upper and lower case"),
        ("a b", "photo", ValueError, "a b"),
        ("unloaded", "photo", ValueError, "has the element labels/unloaded"),
    ],
)
def test_what_cannot_be_linked(
    name: str,
    element: Any,
    error: type[Exception],
    message: str,
    study: SpatialData,
    everything: Everything,
    tmp_path: Path,
) -> None:
    everything().write(tmp_path / "slide.zarr")
    study["unloaded"] = study["own"]
    study.write_element("unloaded")
    del study["unloaded"]
    with pytest.raises(error, match=message):
        study.link_element(name, tmp_path / "slide.zarr", element)
    with pytest.raises(ValueError, match="not backed"):
        SpatialData().link_element("far", tmp_path / "slide.zarr", "photo")
    assert set(study.images) == set(read_zarr(str(study.path)).images) == set()


def test_no_link_of_a_link(study: SpatialData, everything: Everything, tmp_path: Path) -> None:
    everything().write(tmp_path / "slide.zarr")
    study.link_element("photo", tmp_path / "slide.zarr", "photo")
    other = SpatialData()
    other.write(tmp_path / "other.zarr")
    with pytest.raises(StoreError, match="not 'photo'"):
        other.link_element("photo", tmp_path / "study.zarr", "photo")


def test_links_that_are_broken(study: SpatialData) -> None:
    file = Path(str(study.path)) / "zarr.json"
    document = json.loads(file.read_bytes())
    document["attributes"]["spatialdata_attrs"]["linked_elements"] = {"images/photo": "elsewhere"}
    file.write_text(json.dumps(document))
    with pytest.raises(StoreError, match="must be an object of kind and name"):
        read_zarr(str(study.path))
