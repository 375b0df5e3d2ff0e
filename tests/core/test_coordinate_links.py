"""Links between coordinate systems; what they lead to is multiplied out with numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata import SpatialData, bounding_box_query, concatenate, deepcopy, get_extent, read_zarr
from spatialdata.errors import (
    AmbiguousTransformationError,
    ElementNotFoundError,
    StoreError,
    TransformationError,
    UnknownCoordinateSystemError,
)
from spatialdata.models import Labels2DModel, PointsModel
from spatialdata.transformations import (
    Affine,
    Displacements,
    Identity,
    Scale,
    Sequence,
    ThinPlateSpline,
    Translation,
    get_transformation,
    get_transformation_between_coordinate_systems,
)

XY, YX = ("x", "y"), ("y", "x")
ZOOM = Sequence([Scale([0.1, 0.2], XY), Translation([50, 60], XY)])
ZOOM_MATRIX = np.array([[0.1, 0, 50], [0, 0.2, 60], [0, 0, 1]])
SECTION = Affine([[0, -2, 5], [2, 0, 7], [0, 0, 1]], XY, XY)


def labels(places: dict[str, Any]) -> Any:
    return Labels2DModel.parse(np.arange(400).reshape(20, 20), transformations=places)


@pytest.fixture
def sdata() -> SpatialData:
    """A detail that lies in an overview, which lies in a section."""
    made = SpatialData(labels={"detail": labels({"detail": Identity()}), "overview": labels({"section": SECTION})})
    made.link(made["detail"], made["overview"], ZOOM)
    return made


def matrix(sdata: SpatialData, source: Any, target: Any) -> np.ndarray:
    return get_transformation_between_coordinate_systems(sdata, source, target).to_affine_matrix(XY, XY)


def test_paths_go_along_links(sdata: SpatialData) -> None:
    assert sdata.coordinate_systems == ["detail", "detail/intrinsic", "overview/intrinsic", "section"]
    expected = SECTION.matrix @ ZOOM_MATRIX
    np.testing.assert_allclose(matrix(sdata, sdata["detail"], "section"), expected)
    np.testing.assert_allclose(matrix(sdata, "detail", "section"), expected)
    np.testing.assert_allclose(matrix(sdata, "section", "detail"), np.linalg.inv(expected), atol=1e-12)
    np.testing.assert_allclose(matrix(sdata, sdata["detail"], sdata["overview"]), ZOOM_MATRIX)


def test_elements_move_along_links(sdata: SpatialData) -> None:
    moved = sdata.transform_to_coordinate_system("section")
    assert sorted(moved.labels) == ["detail", "overview"]
    extent = get_extent(moved["detail"], coordinate_system="section")
    corners = (SECTION.matrix @ ZOOM_MATRIX @ np.array([[0, 20, 0, 20], [0, 0, 20, 20], [1, 1, 1, 1]]))[:2]
    # A raster covers whole pixels.
    assert extent["x"][0] == pytest.approx(corners[0].min())
    assert extent["y"][0] == pytest.approx(corners[1].min())
    assert list(sdata.filter_by_coordinate_system("section").labels) == ["overview"]
    sdata.points["dots"] = PointsModel.parse(np.array([[10.0, 20.0]]), transformations={"detail": Identity()})
    dots = sdata.transform_element_to_coordinate_system("dots", "section")
    np.testing.assert_allclose(dots.compute()[["x", "y"]], [(SECTION.matrix @ ZOOM_MATRIX @ [10, 20, 1])[:2]])


def test_without_links_only_direct_members_move() -> None:
    both = {"a": Identity(), "b": Identity()}
    sdata = SpatialData(labels={"one": labels({"a": Identity()}), "two": labels(both)})
    assert list(sdata.transform_to_coordinate_system("b").labels) == ["two"]


def test_a_link_stays_right_when_its_element_is_cropped(sdata: SpatialData) -> None:
    before = matrix(sdata, "detail", "section")
    part = bounding_box_query(sdata, YX, [4, 6], [14, 16], "detail")
    assert part["detail"].shape == (10, 10)
    np.testing.assert_allclose(matrix(part, "detail", "section") if "overview" in part else before, before)
    whole = SpatialData(labels={"detail": part["detail"], "overview": sdata["overview"]}, attrs=part.attrs)
    np.testing.assert_allclose(matrix(whole, "detail", "section"), before)
    # A new link from the cropped one counts from its own first pixel.
    whole.link(whole["detail"], whole["overview"], ZOOM)
    np.testing.assert_allclose(matrix(whole, whole["detail"], whole["overview"]), ZOOM_MATRIX)
    assert len(whole.coordinate_links) == 1


def test_links_are_kept_everywhere(sdata: SpatialData, tmp_path: Path) -> None:
    expected = sdata.coordinate_links
    assert [(link.source, link.target) for link in expected] == [("detail/intrinsic", "overview/intrinsic")]
    sdata.write(tmp_path / "a.zarr")
    sdata.write(tmp_path / "b.zarr", ngff="0.6", update_sdata_path=False)
    others = [
        deepcopy(sdata),
        sdata.subset(["detail"]),
        read_zarr(tmp_path / "a.zarr"),
        read_zarr(tmp_path / "b.zarr"),
        concatenate([sdata, SpatialData()]),
    ]
    for other in others:
        assert other.coordinate_links == expected
    others[0].unlink("detail/intrinsic", "overview/intrinsic")
    assert (others[0].coordinate_links, sdata.coordinate_links) == ([], expected)
    sdata.rename_element("detail", "close")
    np.testing.assert_allclose(matrix(sdata, sdata["close"], "section"), SECTION.matrix @ ZOOM_MATRIX)


def test_renamed_systems_are_renamed_in_links(sdata: SpatialData) -> None:
    before = matrix(sdata, "detail", "section")
    sdata.rename_coordinate_systems({"overview/intrinsic": "overview", "section": "slide", "detail": "section"})
    assert sdata.coordinate_links[0].target == "overview"
    np.testing.assert_allclose(matrix(sdata, "section", "slide"), before)


def test_concatenated_objects_keep_their_links_apart(sdata: SpatialData) -> None:
    other = deepcopy(sdata)
    other.link("detail/intrinsic", "overview/intrinsic", Identity())
    both = concatenate({"a": sdata, "b": other})
    assert [link.source for link in both.coordinate_links] == ["detail/intrinsic-a", "detail/intrinsic-b"]
    np.testing.assert_allclose(matrix(both, "detail-a", "section-a"), SECTION.matrix @ ZOOM_MATRIX)
    np.testing.assert_allclose(matrix(both, "detail-b", "section-b"), SECTION.matrix)
    assert (
        len(concatenate({"a": sdata, "b": deepcopy(sdata)}, merge_coordinate_systems_on_name=True).coordinate_links)
        == 1
    )


def test_units_survive_concatenation_unless_they_contradict_one_another(sdata: SpatialData) -> None:
    sdata.set_units("section", "um")
    other = deepcopy(sdata)
    assert concatenate({"a": sdata, "b": other}).units("section-b")["x"] == "micrometer"
    other.set_units("section", "nm")
    with pytest.warns(UserWarning, match=r"different units of the coordinate systems 'section'"):
        both = concatenate({"a": sdata, "b": other}, merge_coordinate_systems_on_name=True)
    assert both.units("section") == {}


def test_systems_without_an_element(sdata: SpatialData) -> None:
    sdata.link("section", "atlas", Scale([3, 3], XY))
    sdata.link("atlas", "world", Translation([1, 1], XY))
    expected = np.array([[3, 0, 1], [0, 3, 1], [0, 0, 1]]) @ SECTION.matrix @ ZOOM_MATRIX
    np.testing.assert_allclose(matrix(sdata, "detail", "world"), expected)
    assert {"atlas", "world"} < set(sdata.coordinate_systems)


def test_a_warped_link(sdata: SpatialData, tmp_path: Path) -> None:
    warp = Displacements(np.random.default_rng(0).uniform(-1, 1, (5, 5, 2)), YX, [5, 5])
    sdata.link("section", "atlas", warp)
    path = get_transformation_between_coordinate_systems(sdata, "section", "atlas")
    at = np.array([[3.0, 4.0]])
    np.testing.assert_allclose(path.transform_coordinates(at, XY), warp.transform_coordinates(at, XY))
    sdata.write(tmp_path / "warped.zarr", ngff="0.6")
    scene = json.loads((tmp_path / "warped.zarr" / "zarr.json").read_text())["attributes"]["ome"]["scene"]
    (edge,) = [
        each for each in scene["coordinateTransformations"] if "transformations" in each and "displ" in str(each)
    ]
    # The axes of the section are x and y, those of the atlas y and x.
    bent, turned = edge["transformations"]
    assert turned["affine"] == [[0, 1, 0], [1, 0, 0]]
    named = bent["transformations"][0]["transformation"] if bent["type"] == "byDimension" else bent
    assert (tmp_path / "warped.zarr" / named["path"] / "zarr.json").is_file()
    back = read_zarr(tmp_path / "warped.zarr")
    assert back.coordinate_links == sdata.coordinate_links
    corners = np.array([[0.0, 0], [9, 0], [0, 9]])
    sdata.link("section", "atlas", ThinPlateSpline(corners, corners + 1, XY))
    with pytest.warns(UserWarning, match="other programs will not see it"):
        sdata.write(tmp_path / "spline.zarr", ngff="0.6")
    assert read_zarr(tmp_path / "spline.zarr").coordinate_links == sdata.coordinate_links


def test_the_scene_says_links_between_images(sdata: SpatialData, tmp_path: Path) -> None:
    sdata.write(tmp_path / "linked.zarr", ngff="0.6")
    scene = json.loads((tmp_path / "linked.zarr" / "zarr.json").read_text())["attributes"]["ome"]["scene"]
    edges = {
        edge["input"].get("path", ""): edge for edge in scene["coordinateTransformations"] if "path" in edge["output"]
    }
    edge = edges["labels/detail"]
    assert edge["input"] == {"path": "labels/detail", "name": "detail/intrinsic"}
    assert edge["output"] == {"path": "labels/overview", "name": "overview/intrinsic"}
    assert [step["type"] for step in edge["transformations"]] == ["scale", "translation"]
    assert edge["transformations"][0]["scale"] == [0.2, 0.1]


def test_several_ways_count_as_one_if_they_are_the_same_map() -> None:
    places = {"a": Identity(), "b": Scale([2, 2], XY)}
    sdata = SpatialData(labels={"one": labels(places), "two": labels(places)})
    np.testing.assert_allclose(matrix(sdata, "a", "b"), np.diag([2, 2, 1]))
    sdata.labels["two"] = labels({"a": Identity(), "b": Scale([3, 3], XY)})
    with pytest.raises(AmbiguousTransformationError, match="Several paths lead from a to b"):
        matrix(sdata, "a", "b")
    # A link says it directly.
    sdata.link("a", "b", Scale([4, 4], XY))
    np.testing.assert_allclose(matrix(sdata, "a", "b"), np.diag([4, 4, 1]))


def test_mistakes_are_named(sdata: SpatialData) -> None:
    before = dict(sdata.attrs)
    with pytest.raises(UnknownCoordinateSystemError, match=r"'sektion'. Known: .* Did you mean 'section'"):
        sdata.link("sektion", "detial", Identity())
    with pytest.raises(UnknownCoordinateSystemError, match="not to 'section'"):
        sdata.link("section", "section", Identity())
    with pytest.raises(ElementNotFoundError, match="not in the object"):
        sdata.link(labels({"global": Identity()}), "section", Identity())
    with pytest.raises(
        UnknownCoordinateSystemError, match=r"no link from 'a' to 'b'. Links: 'detail/intrinsic -> over"
    ):
        sdata.unlink("a", "b")
    large = Displacements(np.zeros((1500, 1500, 2)), YX)
    with pytest.raises(TransformationError, match="too large"):
        sdata.link("section", "atlas", large)
    assert sdata.attrs == before
    sdata.attrs["coordinate_links"] = [{"input": "a"}]
    with pytest.raises(StoreError, match="must be a list of links"):
        _ = sdata.coordinate_links


def test_what_the_element_says_is_not_touched(sdata: SpatialData) -> None:
    assert get_transformation(sdata["detail"], get_all=True) == {"detail": Identity(), "detail/intrinsic": Identity()}
    assert get_transformation(sdata["overview"], "section") == SECTION
