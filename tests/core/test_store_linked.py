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

from spatialdata import SpatialData, bounding_box_query, get_dask_backing_files, get_extent, read_zarr
from spatialdata._core.sources import PartedShapes
from spatialdata.errors import StoreError, StoreExistsError
from spatialdata.models import Labels2DModel
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.store.validate import validate_store
from spatialdata.testing import assert_elements_are_identical, assert_spatial_data_objects_are_identical
from spatialdata.transformations import ThinPlateSpline, Translation, get_transformation, set_transformation

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


def _said_links(root: Path) -> dict[str, Any]:
    document = json.loads((root / "zarr.json").read_bytes())
    found: dict[str, Any] = document["attributes"]["spatialdata_attrs"].get("linked_elements", {})
    return found


def _files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_links_that_are_kept(slides: str, study: SpatialData, everything: Everything, tmp_path: Path) -> None:
    for _, name, _ in everything().gen_elements():
        study.link_element(f"far_{name}", slides, name)
    with pytest.raises(ValueError, match="Valid: 'copy', 'keep'"):
        study.write(tmp_path / "wrong.zarr", links="drop")  # type: ignore[arg-type]
    assert not (tmp_path / "wrong.zarr").exists()
    study["far_photo"], study["far_molecules"]
    places = [tmp_path / "kept.zarr", tmp_path / "kept.zarr.zip", "memory://bucket/kept.zarr"]
    for place in places:
        study.write(place, links="keep", update_sdata_path=False)
        kept = read_zarr(place)
        assert not any(kept.is_self_contained(f"far_{name}") for _, name, _ in everything().gen_elements())
        assert kept.is_self_contained("own")
        for _, name, element in everything().gen_elements():
            assert_elements_are_identical(kept[f"far_{name}"], element)
    assert _said_links(tmp_path / "kept.zarr") == _said_links(tmp_path / "study.zarr")
    assert not [path for path in _files(tmp_path / "kept.zarr") if "far_" in path]
    assert validate_store(tmp_path / "kept.zarr") == validate_store(tmp_path / "study.zarr")
    # The store itself, twice, and then a copy of what is linked.
    for _ in range(2):
        study.write(tmp_path / "study.zarr", overwrite=True, links="keep")
        assert_spatial_data_objects_are_identical(read_zarr(tmp_path / "study.zarr"), kept)
        assert not study.is_self_contained()
    study.write(tmp_path / "study.zarr", overwrite=True)
    assert study.is_self_contained()
    assert _said_links(tmp_path / "study.zarr") == {}


def test_relative_links_that_are_kept(
    study: SpatialData, everything: Everything, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything().write(tmp_path / "slide.zarr")
    monkeypatch.chdir(tmp_path)
    study.link_element("near", "slide.zarr", "photo")
    study.link_element("far", tmp_path / "slide.zarr", "photo")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    study.write("deep/er/kept.zarr", links="keep", update_sdata_path=False)
    said = _said_links(tmp_path / "deep" / "er" / "kept.zarr")
    assert said["images/near"]["store"] == "../../../slide.zarr"
    assert said["images/far"]["store"] == str(tmp_path / "slide.zarr")
    # A link whose target has gone is kept, too, as long as nothing of it is asked.
    unasked = read_zarr("deep/er/kept.zarr")
    shutil.move("slide.zarr", "moved.zarr")
    unasked.write("later.zarr", links="keep", update_sdata_path=False)
    assert _said_links(tmp_path / "later.zarr")["images/near"]["store"] == "../slide.zarr"
    shutil.move("moved.zarr", "slide.zarr")
    assert_elements_are_identical(read_zarr("later.zarr")["near"], everything()["photo"])


SPLINE = ThinPlateSpline([[0, 0], [0, 9], [9, 0], [9, 9]], [[1, 0], [0, 9], [9, 0], [9, 8]], ("x", "y"))


@pytest.mark.parametrize("formats", [None, SpatialDataContainerFormatV01()], ids=["0.2", "0.1"])
def test_transformations_of_linked_elements(formats: Any, slides: str, everything: Everything, tmp_path: Path) -> None:
    root = tmp_path / "study.zarr"
    study = SpatialData()
    study.write(root, sdata_formats=formats)
    placed = {"here": Translation([3.0, -1.0], ("x", "y")), "bent": SPLINE}
    before = read_zarr(slides)
    for kind, name, _ in everything().gen_elements():
        study.link_element(name, slides, f"{kind}/{name}")
        if kind != "tables":
            set_transformation(study[name], dict(placed), set_all=True)
            study.write_transformations(name)
    again = read_zarr(root)
    assert_spatial_data_objects_are_identical(read_zarr(slides), before)
    for kind, name, element in everything().gen_elements():
        if kind == "tables":
            assert_elements_are_identical(again[name], element)
            continue
        assert get_transformation(again[name], get_all=True) == placed
        moved = element.copy() if kind != "points" else everything()[name]
        set_transformation(moved, dict(placed), set_all=True)
        assert_elements_are_identical(again[name], moved)
    assert again.coordinate_systems == ["bent", "here"]
    box = {"axes": ("x", "y"), "min_coordinate": [0, 0], "max_coordinate": [50, 50]}
    # What is asked without loading gives the same as what is asked of the loaded elements.
    one = bounding_box_query(read_zarr(root), **box, target_coordinate_system="here")
    other = bounding_box_query(again, **box, target_coordinate_system="here")
    assert_spatial_data_objects_are_identical(one, other)
    extents = [get_extent(sdata, coordinate_system="here") for sdata in (read_zarr(root), again)]
    for axis in extents[1]:
        assert extents[0][axis] == pytest.approx(extents[1][axis], rel=1e-12)
    # Another store keeps them with its links, and a copy has them as its own.
    again.write(tmp_path / "kept.zarr", links="keep", update_sdata_path=False)
    again.write(tmp_path / "copied.zarr", update_sdata_path=False)
    kept = read_zarr(tmp_path / "kept.zarr")
    assert get_transformation(kept["photo"], get_all=True) == placed
    assert get_transformation(read_zarr(tmp_path / "copied.zarr")["photo"], get_all=True) == placed
    # Those of the other store again: the link says nothing of them.
    original = get_transformation(before["photo"], get_all=True)
    set_transformation(kept["photo"], dict(original), set_all=True)
    kept.write_transformations()
    assert "transformations" not in _said_links(tmp_path / "kept.zarr")["images/photo"]
    assert get_transformation(read_zarr(tmp_path / "kept.zarr")["photo"], get_all=True) == original


def test_metadata_of_linked_elements(slides: str, study: SpatialData, everything: Everything, tmp_path: Path) -> None:
    study.link_element("photo", slides, "photo")
    set_transformation(study["photo"], Translation([1.0, 2.0], ("x", "y")), write_to_sdata=study)
    study.attrs["more"] = [1]
    study.write_metadata()
    study.rename_element("photo", "slide")
    again = read_zarr(tmp_path / "study.zarr")
    assert again.attrs == {"project": "links", "more": [1]}
    assert get_transformation(again["slide"]) == Translation([1.0, 2.0], ("x", "y"))
    names = again["slide"].coords["c"].values.tolist()
    again.set_channel_names("slide", [f"other_{name}" for name in names])
    again.write_transformations("slide")
    broken = json.loads((tmp_path / "study.zarr" / "zarr.json").read_bytes())
    broken["attributes"]["spatialdata_attrs"]["linked_elements"]["images/slide"]["transformations"] = {"global": 1}
    (tmp_path / "study.zarr" / "zarr.json").write_text(json.dumps(broken))
    with pytest.raises(StoreError, match="'global'"):
        read_zarr(tmp_path / "study.zarr")["slide"]
