"""Stores in OME-Zarr 0.6: what is in their documents, by hand from the specification, and what comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from scipy.ndimage import map_coordinates

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreError, TransformationError, ValidationError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel
from spatialdata.store.consolidated import stale_paths
from spatialdata.transformations import (
    Affine,
    Bijection,
    Coordinates,
    Displacements,
    Identity,
    MapAxis,
    Scale,
    Sequence,
    ThinPlateSpline,
    Translation,
    get_transformation,
    set_transformation,
)

XY, YX = ("x", "y"), ("y", "x")
CORNERS = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 16.0], [20.0, 16.0], [11.0, 6.0]])
MOVED = CORNERS + np.random.default_rng(3).uniform(-1, 1, CORNERS.shape)
SPLINE = ThinPlateSpline(CORNERS, MOVED, XY)
FIELD = Displacements(np.random.default_rng(0).uniform(-1, 1, (5, 6, 2)), YX, [3, 4], [0.5, 0.5], "cubic")
PLACES: dict[str, Any] = {
    "global": Scale([2, 3], XY),
    "shifted": Translation([10, -4], XY),
    "sheared": Affine([[1, 0.2, 5], [-0.1, 1.5, -7], [0, 0, 1]], XY, XY),
    "steps": Sequence([Scale([2.0, 2], XY), Translation([1, 1], XY)]),
    "swapped": MapAxis({"x": "y", "y": "x"}),
    "mirrored": Scale([-1.0, 1], XY),
    "field": FIELD,
    "spline": SPLINE,
    "back": SPLINE.inverse(),
    "both": Bijection(SPLINE, SPLINE.inverse()),
    "mixed": Sequence([Scale([0.5, 0.5], XY), FIELD, Translation([1, 1], XY)]),
    "coordinates": Coordinates(np.random.default_rng(1).uniform(0, 5, (4, 4, 2)), XY, [6, 5]),
    "same": Identity(),
}


def image(**given: Any) -> Any:
    pixels = np.arange(640, dtype=np.uint16).reshape(2, 16, 20)
    return Image2DModel.parse(pixels, dims=("c", "y", "x"), **given)


def labels(**given: Any) -> Any:
    return Labels2DModel.parse(np.arange(320).reshape(16, 20), **given)


def ome(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "zarr.json").read_text())["attributes"]["ome"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cells.zarr"


def test_every_transformation_comes_back(path: Path) -> None:
    sdata = SpatialData(images={"photo": image(scale_factors=[2], transformations=PLACES)})
    sdata.labels["cells"] = labels(transformations=PLACES)
    sdata.write(path, ngff="0.6")
    back = read_zarr(path)
    assert ome(path / "images" / "photo")["version"] == "0.6"
    for name in ("photo", "cells"):
        assert get_transformation(back[name], get_all=True) == PLACES
    np.testing.assert_array_equal(back["photo"]["scale1"]["image"], sdata["photo"]["scale1"]["image"])
    assert stale_paths(path) == []
    # Once more, from what was read.
    back.write(path.with_name("again.zarr"), ngff="0.6")
    assert get_transformation(read_zarr(path.with_name("again.zarr"))["photo"], get_all=True) == PLACES


def test_volumes_come_back(path: Path) -> None:
    places = {"global": Scale([1, 2, 3], ("x", "y", "z")), "flat": Affine(np.eye(4)[[0, 1, 3]], ("x", "y", "z"), XY)}
    volume = Image3DModel.parse(np.zeros((1, 3, 4, 5)), dims=("c", "z", "y", "x"), transformations=places)
    SpatialData(images={"volume": volume}).write(path, ngff="0.6")
    assert get_transformation(read_zarr(path)["volume"], get_all=True) == places
    systems = {
        system["name"]: system["axes"]
        for system in ome(path / "images" / "volume")["multiscales"][0]["coordinateSystems"]
    }
    assert [axis["name"] for axis in systems["global"]] == ["c", "z", "y", "x"]
    assert [axis["name"] for axis in systems["flat"]] == ["c", "x", "y"]


@pytest.mark.parametrize("times", [[0.5, 1.0, 1.5], [0, 1, 5], [0, 2, 4]])
def test_times_come_back(path: Path, times: list[float]) -> None:
    places = {"global": Scale([2, 3], XY), "field": FIELD, "sheared": PLACES["sheared"], "steps": PLACES["steps"]}
    movie = Image2DModel.parse(
        np.zeros((3, 2, 16, 20)), dims=("t", "c", "y", "x"), t_coords=times, transformations=places, scale_factors=[2]
    )
    movie["scale0"]["image"].coords["t"].attrs["units"] = "second"
    SpatialData(images={"movie": movie}).write(path, ngff="0.6")
    back = read_zarr(path)["movie"]
    assert get_transformation(back, get_all=True) == places
    assert back["scale1"]["image"].coords["t"].values.tolist() == times
    assert back["scale1"]["image"].coords["t"].dtype == np.asarray(times).dtype
    assert back["scale0"]["image"].coords["t"].attrs == {"units": "second"}
    multiscale = ome(path / "images" / "movie")["multiscales"][0]
    assert [system["axes"][0]["type"] for system in multiscale["coordinateSystems"]] == ["time"] * 5
    steps = multiscale["datasets"][1]["coordinateTransformations"][0]["transformations"]
    if times[0] == 0.5:
        assert (steps[0]["scale"], steps[1]["translation"]) == ([0.5, 1, 2, 2], [0.5, 0, 1, 1])
    assert ome(path)["scene"]["coordinateTransformations"][0]["affine"] == [[0, 0, 1, 0, 0], [0, 0, 0, 1, 0]]


def test_what_the_documents_say(path: Path) -> None:
    """Index 0 is the centre of the first pixel, which is half a pixel from the corner that is our origin."""
    photo = image(scale_factors=[2], c_coords=["dapi", "cd3"], transformations={"global": Scale([2, 3], XY)})
    sdata = SpatialData(images={"photo": photo})
    sdata.set_units("global", "um")
    sdata.write(path, ngff="0.6")
    found = ome(path / "images" / "photo")
    multiscale = found["multiscales"][0]
    assert found["omero"] == {"channels": [{"label": "dapi"}, {"label": "cd3"}]}
    assert [axis["name"] for axis in multiscale["axes"]] == ["c", "y", "x"]
    pixels, world = multiscale["coordinateSystems"]
    assert (pixels["name"], world["name"]) == ("cyx", "global")
    assert [axis.get("unit") for axis in world["axes"]] == [None, "micrometer", "micrometer"]
    assert [axis["type"] for axis in world["axes"]] == ["channel", "space", "space"]
    first, second = (dataset["coordinateTransformations"] for dataset in multiscale["datasets"])
    assert len(first) == len(second) == 1
    assert first[0]["transformations"] == [
        {"type": "scale", "scale": [1, 1, 1]},
        {"type": "translation", "translation": [0, 0.5, 0.5]},
    ]
    assert second[0]["transformations"] == [
        {"type": "scale", "scale": [1, 2, 2]},
        {"type": "translation", "translation": [0, 1, 1]},
    ]
    assert (first[0]["input"]["path"], first[0]["output"]) == ("s0", {"name": "cyx"})
    (edge,) = multiscale["coordinateTransformations"]
    assert (edge["type"], edge["scale"]) == ("scale", [1, 3, 2])
    assert (edge["input"]["name"], edge["output"]["name"]) == ("cyx", "global")


def test_the_scene_brings_rasters_together(path: Path) -> None:
    sdata = SpatialData(
        images={"photo": image()}, labels={"cells": labels()}, points={"dots": PointsModel.parse(np.zeros((1, 2)))}
    )
    sdata.write(path, ngff="0.6")
    scene = ome(path)["scene"]
    (world,) = scene["coordinateSystems"]
    assert (world["name"], [axis["name"] for axis in world["axes"]]) == ("global", ["y", "x"])
    photo, cells = scene["coordinateTransformations"]
    assert photo["affine"] == [[0, 1, 0, 0], [0, 0, 1, 0]]
    assert (photo["input"], photo["output"]) == ({"path": "images/photo", "name": "global"}, {"name": "global"})
    assert (cells["type"], cells["input"]["path"]) == ("identity", "labels/cells")
    assert ome(path / "labels") == {"version": "0.6", "labels": ["cells"]}
    assert "ome" not in read_zarr(path).attrs


def test_the_scene_holds_only_what_hangs_together(path: Path) -> None:
    images = {
        name: image(transformations={system: Identity()}) for name, system in (("a", "global"), ("b", "b"), ("c", "b"))
    }
    SpatialData(images=images).write(path, ngff="0.6")
    assert [end["name"] for end in ome(path)["scene"]["coordinateSystems"]] == ["global"]
    SpatialData(images={name: images[name] for name in "bc"}).write(path, overwrite=True, ngff="0.6")
    assert len(ome(path)["scene"]["coordinateTransformations"]) == 2


def test_the_scene_follows_every_change(path: Path) -> None:
    sdata = SpatialData(images={"photo": image()}, attrs={"project": "demo"})
    sdata.write(path, ngff="0.6")

    def members() -> list[str]:
        assert stale_paths(path) == []
        return sorted(edge["input"]["path"] for edge in ome(path)["scene"]["coordinateTransformations"])

    sdata.labels["cells"] = labels()
    sdata.write_element("cells")
    assert ome(path / "labels" / "cells")["version"] == "0.6"
    assert members() == ["images/photo", "labels/cells"]
    set_transformation(sdata["cells"], Scale([2, 2], XY), "other", write_to_sdata=sdata)
    assert members() == ["images/photo", "labels/cells", "labels/cells"]
    sdata.rename_element("cells", "nuclei")
    assert members() == ["images/photo", "labels/nuclei", "labels/nuclei"]
    assert ome(path / "labels")["labels"] == ["nuclei"]
    sdata.attrs["project"] = "other"
    sdata.write_attrs()
    assert read_zarr(path).attrs == {"project": "other"}
    assert len(members()) == 3
    sdata.delete_element_from_disk("nuclei")
    assert members() == ["images/photo"]
    sdata.delete_element_from_disk("photo")
    assert "ome" not in json.loads((path / "zarr.json").read_text())["attributes"]


def test_what_is_built_batch_by_batch_follows_the_store(path: Path) -> None:
    sdata = SpatialData(images={"photo": image()})
    sdata.set_units("global", "um")
    sdata.write(path, ngff="0.6")
    with sdata.create_labels("cells", (4, 4), "int32") as builder:
        builder[1:3, 1:3] = np.full((2, 2), 5, dtype="int32")
    found = ome(path / "labels" / "cells")
    assert found["version"] == "0.6"
    assert found["multiscales"][0]["coordinateSystems"][1]["axes"][0]["unit"] == "micrometer"
    members = [edge["input"]["path"] for edge in ome(path)["scene"]["coordinateTransformations"]]
    assert members == ["images/photo", "labels/cells"]
    assert int(read_zarr(path)["cells"].sum()) == 20


def test_a_broken_raster_hinders_no_other(path: Path) -> None:
    sdata = SpatialData(images={"photo": image()}, labels={"cells": labels()})
    sdata.write(path, ngff="0.6", consolidate_metadata=False)
    document = path / "labels" / "cells" / "zarr.json"
    content = json.loads(document.read_text())
    del content["attributes"]["ome"]["multiscales"][0]["coordinateSystems"]
    document.write_text(json.dumps(content))
    sdata.images["other"] = image()
    with pytest.warns(UserWarning, match=r"labels/cells is left out of the scene.*coordinateSystems"):
        sdata.write_element("other")
    members = [edge["input"]["path"] for edge in ome(path)["scene"]["coordinateTransformations"]]
    assert members == ["images/other", "images/photo"]
    with pytest.warns(UserWarning, match="labels/cells"):
        back = read_zarr(path, on_bad_files="warn")
    assert sorted(back.images) == ["other", "photo"]


def test_channels_keep_their_names_and_numbers(path: Path) -> None:
    sdata = SpatialData(images={"photo": image()})
    sdata.write(path, ngff="0.6")
    assert ome(path / "images" / "photo")["omero"]["channels"][1]["label"] == "1"
    assert read_zarr(path)["photo"].coords["c"].values.tolist() == [0, 1]
    sdata.set_channel_names("photo", ["dapi", "cd3"], write=True)
    assert ome(path / "images" / "photo")["omero"]["channels"] == [{"label": "dapi"}, {"label": "cd3"}]
    assert read_zarr(path)["photo"].coords["c"].values.tolist() == ["dapi", "cd3"]


def sampled_field(folder: Path, entry: dict[str, Any]) -> Any:
    """Follow a field as a reader would that knows the specification only: x and y in, x and y out."""
    if entry["type"] == "byDimension":
        entry = entry["transformations"][0]["transformation"]
    group = zarr.open_group(folder / entry["path"], mode="r")
    multiscale = dict(group.attrs)["ome"]["multiscales"][0]  # type: ignore[index,call-overload]
    axes = [(axis["name"], axis["type"]) for axis in multiscale["coordinateSystems"][0]["axes"]]
    assert axes[0][1] == "displacement"
    names = [name for name, _ in axes[1:]]
    scale, shift = (
        np.array(step[step["type"]][1:])
        for step in multiscale["datasets"][0]["coordinateTransformations"][0]["transformations"]
    )
    vectors = np.asarray(group[multiscale["datasets"][0]["path"]])

    def follow(points: np.ndarray) -> np.ndarray:
        places = points[:, [XY.index(name) for name in names]]
        moved = places + np.stack([map_coordinates(part, ((places - shift) / scale).T, order=1) for part in vectors], 1)
        return moved[:, [names.index(name) for name in XY]]

    return follow


@pytest.mark.parametrize("name", ["spline", "back"])
def test_other_programs_find_a_field_that_is_close(path: Path, name: str) -> None:
    SpatialData(images={"photo": image(transformations={"global": PLACES[name]})}).write(path, ngff="0.6")
    folder = path / "images" / "photo"
    (entry,) = ome(folder)["multiscales"][0]["coordinateTransformations"]
    follow = sampled_field(folder, entry)
    points = np.random.default_rng(5).uniform([0, 0], [20, 16], (200, 2))
    exact = PLACES[name].transform_coordinates(points, XY)
    # A pixel is about as large as before.
    assert np.linalg.norm(follow(points) - exact, axis=1).max() < 0.015


def test_large_fields_are_arrays(path: Path) -> None:
    """One that would be too large for the metadata."""
    nodes = np.zeros((1500, 1500, 2))
    nodes[7, 9] = [3, 4]
    large = Displacements(nodes, YX, [0.01, 0.01])
    sdata = SpatialData(images={"photo": image(transformations={"global": large})})
    with pytest.raises(ValidationError, match="too large"):
        sdata.write(path)
    sdata.write(path, ngff="0.6")
    assert get_transformation(read_zarr(path)["photo"]) == large
    # They are there only once.
    assert (path / "images" / "photo" / "zarr.json").stat().st_size < 10_000


def test_fields_that_are_no_longer_named_go(path: Path) -> None:
    sdata = SpatialData(images={"photo": image(transformations={"global": SPLINE, "field": FIELD})})
    sdata.write(path, ngff="0.6")
    folder = path / "images" / "photo" / "coordinateTransformations"
    assert len([*folder.glob("displacements-*")]) == 2
    set_transformation(sdata["photo"], Identity(), "global", write_to_sdata=sdata)
    assert len([*folder.glob("displacements-*")]) == 1
    assert get_transformation(read_zarr(path)["photo"], "field") == FIELD
    set_transformation(sdata["photo"], {"global": Identity()}, set_all=True, write_to_sdata=sdata)
    assert not folder.exists()
    assert stale_paths(path) == []


def test_what_another_program_has_changed_counts(path: Path) -> None:
    SpatialData(labels={"cells": labels(transformations={"global": Scale([2, 3], XY)})}).write(
        path, ngff="0.6", consolidate_metadata=False
    )
    document = path / "labels" / "cells" / "zarr.json"
    content = json.loads(document.read_text())
    (edge,) = content["attributes"]["ome"]["multiscales"][0]["coordinateTransformations"]
    edge["scale"] = [5, 7]
    document.write_text(json.dumps(content))
    matrix = get_transformation(read_zarr(path)["cells"]).to_affine_matrix(YX, YX)
    np.testing.assert_array_equal(np.diag(matrix), [5, 7, 1])
    # The finest level, too, may be given a size of its own.
    step = content["attributes"]["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]
    step["transformations"] = [{"type": "scale", "scale": [2, 2]}, {"type": "translation", "translation": [1, 1]}]
    document.write_text(json.dumps(content))
    found = get_transformation(read_zarr(path)["cells"], get_all=True)
    assert set(found) == {"yx", "global"}
    np.testing.assert_allclose(found["yx"].to_affine_matrix(YX, YX), np.diag([2, 2, 1]))
    np.testing.assert_allclose(found["global"].to_affine_matrix(YX, YX), np.diag([10, 14, 1]))


def test_the_default_is_unchanged_and_mistakes_are_named(path: Path) -> None:
    from spatialdata.store.formats import SpatialDataContainerFormatV01

    sdata = SpatialData(images={"photo": image()})
    with pytest.raises(ValueError, match=r"ngff='0.7' is not known. Valid: '0.5-dev-spatialdata', '0.6'"):
        sdata.write(path, ngff="0.7")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs Zarr v3"):
        sdata.write(path, ngff="0.6", sdata_formats=SpatialDataContainerFormatV01())
    with pytest.raises(ValueError, match="scene of a store"):
        SpatialData(attrs={"ome": 1}).write(path, ngff="0.6")
    folds = Displacements(np.random.default_rng(0).uniform(-9, 9, (3, 3, 2)), YX, [8, 8])
    wild = image(transformations={"global": folds.inverse()})
    with pytest.raises(TransformationError):
        SpatialData(images={"photo": wild}).write(path, ngff="0.6")
    assert not path.exists()
    sdata.write(path)
    assert ome(path / "images" / "photo")["version"] == "0.5-dev-spatialdata"
    assert "ome" not in json.loads((path / "zarr.json").read_text())["attributes"]


def test_a_raster_opens_on_its_own_as_plain_ome_zarr(path: Path) -> None:
    places = {"global": Scale([2, 3], XY), "field": FIELD}
    sdata = SpatialData(images={"photo": image(scale_factors=[2], c_coords=["a", "b"], transformations=places)})
    sdata.set_units("global", "um")
    sdata.write(path, ngff="0.6")
    plain = read_zarr(path / "images" / "photo")
    assert plain.coordinate_systems == ["cyx", "field", "global"]
    assert get_transformation(plain["photo"], "cyx") == Identity()
    assert plain["photo"]["scale0"]["image"].coords["c"].values.tolist() == ["a", "b"]
    np.testing.assert_allclose(
        get_transformation(plain["photo"], "global").to_affine_matrix(XY, XY), np.diag([2, 3, 1])
    )
    at = np.random.default_rng(0).uniform(0, 16, (20, 2))
    np.testing.assert_allclose(
        get_transformation(plain["photo"], "field").transform_coordinates(at, XY), FIELD.transform_coordinates(at, XY)
    )
    assert plain.pixel_size("photo", unit="um") == {"y": 3, "x": 2}
    sdata.write(path.with_name("in_05.zarr"))
    with pytest.raises(StoreError, match="Open the SpatialData store that it belongs to"):
        read_zarr(path.with_name("in_05.zarr") / "images" / "photo")


@pytest.mark.parametrize("place", ["memory://ngff06.zarr", "cells.zarr.zip"])
def test_anywhere(tmp_path: Path, place: str) -> None:
    target = place if "://" in place else tmp_path / place
    sdata = SpatialData(labels={"cells": labels(transformations={"global": SPLINE, "field": FIELD})})
    sdata.link("global", "atlas", Scale([2, 2], XY))
    sdata.write(target, ngff="0.6", overwrite=True)
    back = read_zarr(target)
    assert get_transformation(back["cells"], get_all=True) == {"global": SPLINE, "field": FIELD}
    assert back.coordinate_systems == ["atlas", "field", "global"]
    assert "'atlas', by links only" in repr(back)


def test_a_scene_behind_an_address_follows_every_change() -> None:
    from fsspec import filesystem

    memory = filesystem("memory")

    def fields() -> list[str]:
        memory.invalidate_cache()
        return [
            name
            for name in memory.find("/scene06.zarr")
            if name.startswith("/scene06.zarr/coordinateTransformations/d")
        ]

    sdata = SpatialData(labels={"cells": labels()})
    sdata.link("global", "atlas", FIELD)
    sdata.write("memory://scene06.zarr", ngff="0.6", overwrite=True)
    assert len(fields()) == 3
    sdata.labels["nuclei"] = labels(transformations={"global": SPLINE})
    sdata.write_element("nuclei")
    assert len(fields()) == 3
    scene = json.loads(memory.cat("/scene06.zarr/zarr.json"))["attributes"]["ome"]["scene"]
    members = [edge["input"].get("path") for edge in scene["coordinateTransformations"]]
    assert members == ["labels/cells", "labels/nuclei", None]
    back = read_zarr("memory://scene06.zarr")
    assert get_transformation(back["nuclei"]) == SPLINE
    assert back.coordinate_links == sdata.coordinate_links
    sdata.unlink("global", "atlas")
    sdata.write_attrs()
    assert fields() == []


def test_a_name_like_that_of_the_pixels(path: Path) -> None:
    places = {"yx": Scale([2, 2], XY), "global": Identity()}
    SpatialData(labels={"cells": labels(transformations=places)}).write(path, ngff="0.6")
    assert get_transformation(read_zarr(path)["cells"], get_all=True) == places


def followed(entry: dict[str, Any], point: np.ndarray) -> np.ndarray:
    """Where a transformation takes a point, in a few words from the specification."""
    kind = entry["type"]
    if kind == "sequence":
        for step in entry["transformations"]:
            point = followed(step, point)
        return point
    if kind == "affine":
        rows = np.array(entry["affine"])
        return rows[:, :-1] @ point + rows[:, -1]
    if kind == "mapAxis":
        return point[entry["mapAxis"]]
    moved = {
        "identity": point,
        "scale": point * entry.get("scale", 1),
        "translation": point + entry.get("translation", 0),
    }
    return moved[kind]


@pytest.mark.parametrize("name", ["global", "shifted", "sheared", "steps", "swapped", "mirrored", "same"])
def test_a_reader_that_knows_the_specification_finds_the_same_place(path: Path, name: str) -> None:
    """From an index of a coarser level through the image and the scene into the world."""
    photo = image(scale_factors=[2], transformations={name: PLACES[name], "further": Identity()})
    SpatialData(images={"photo": photo}, labels={"cells": labels(transformations={name: Identity()})}).write(
        path, ngff="0.6"
    )
    multiscale = ome(path / "images" / "photo")["multiscales"][0]
    (level,) = multiscale["datasets"][1]["coordinateTransformations"]
    (inner,) = [edge for edge in multiscale["coordinateTransformations"] if edge["output"]["name"] == name]
    end = {"path": "images/photo", "name": name}
    (outer,) = [edge for edge in ome(path)["scene"]["coordinateTransformations"] if edge["input"] == end]
    assert (level["output"]["name"], outer["output"]) == (inner["input"]["name"], {"name": name})
    found = followed(outer, followed(inner, followed(level, np.array([1.0, 3.0, 5.0]))))
    # The centre of that pixel, in pixels of the finest level.
    centre = np.array([[(5 + 0.5) * 2, (3 + 0.5) * 2]])
    (expected,) = PLACES[name].transform_coordinates(centre, XY)
    (world,) = [each for each in ome(path)["scene"]["coordinateSystems"] if each["name"] == name]
    order = [axis["name"] for axis in world["axes"]]
    np.testing.assert_allclose(found[[order.index(axis) for axis in XY]], expected, atol=1e-12)
