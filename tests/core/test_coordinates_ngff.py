"""Transformations of OME-Zarr 0.6: the community's example documents, and there and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialdata._core.levels import Along
from spatialdata.errors import StoreError, TransformationError
from spatialdata.store.dialects import v06
from spatialdata.store.dialects.v06_read import Field, read_transformation
from spatialdata.store.dialects.v06_write import write_edge, write_system, write_transformation
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
)

ZYX, YX, CYX = ("z", "y", "x"), ("y", "x"), ("c", "y", "x")


@pytest.fixture
def examples(sample_data: Path) -> Path:
    folder = sample_data / "ome_zarr" / "rfc5_transforms"
    if not folder.is_dir():
        pytest.skip(f"no example documents: {folder} is not a folder")
    return folder


def ome(path: Path) -> dict[str, Any]:
    return json.loads((path / "zarr.json").read_text())["attributes"]["ome"]


def to_centres(transformation: Any, axes: tuple[str, ...]) -> Any:
    """A transformation of pixel coordinates as one of indices, which are half a pixel less."""
    space = [axis for axis in axes if axis != "c"]
    return Sequence([Translation([0.5] * len(space), space), transformation])


PARAMETERS = {
    "affineParams": np.array([[3, 0.4, 30], [0.3, 2, 20]]),
    "rotationParams": np.array([[0.0, 1], [-1, 0]]),
}


def arrays(path: str) -> Field:
    """Stand-ins for the arrays of the documents, which come without their chunks."""
    if path in PARAMETERS:
        return Field(PARAMETERS[path])
    return Field(np.full((3, 4, 2), 0.5))


def homogeneous(*rows: list[float]) -> np.ndarray:
    return np.vstack([rows, np.eye(1, len(rows[0]), len(rows[0]) - 1)])


# From the index of the finest level to the intrinsic system, and from there along the first edge; y, x or z, y, x.
EXPECTED = {
    "2d/basic/identity": [np.eye(3)],
    "2d/basic/scale": [np.diag([3.0, 2, 1])],
    "2d/basic/scale_multiscale": [np.diag([6.0, 4, 1])],
    "2d/basic/sequenceScaleTranslation": [homogeneous([3, 0, 30], [0, 2, 20])],
    "2d/simple/affine": [np.eye(3), homogeneous([3, 0.4, 30], [0.3, 2, 20])],
    "2d/simple/affineParams": [np.diag([0.5, 0.5, 1]), homogeneous([3, 0.4, 30], [0.3, 2, 20])],
    "2d/simple/rotation": [np.eye(3), homogeneous([0, 1, 0], [-1, 0, 0])],
    "2d/axis_dependent/mapAxis": [np.eye(3), homogeneous([0, 1, 0], [1, 0, 0])],
    "2d/axis_dependent/byDimension": [np.eye(3), homogeneous([1, 0, -10], [0, 2, 0])],
    "2d/basic/sequenceScaleTranslation_multiscale": [np.diag([3.0, 2, 1])],
    "2d/simple/affine_multiscale": [np.eye(3), homogeneous([3, 0.4, 30], [0.3, 2, 20])],
    "2d/simple/rotationParams": [np.diag([1.4, 1.4, 1]), homogeneous([0, 1, 0], [-1, 0, 0])],
    "3d/basic/scale_multiscale": [np.diag([4.0, 3, 2, 1])],
    "3d/simple/affine_multiscale": [np.eye(4), homogeneous([4, 0, 1, 0], [0, 3, 0, 0], [0, 0, 2, 0])],
    "3d/simple/rotation": [np.eye(4), homogeneous([0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0])],
    # x = 3 dim_0, y = 2 dim_1, z = dim_2 + 10.
    "3d/axis_dependent/byDimension": [np.eye(4), homogeneous([0, 0, 1, 10], [0, 2, 0, 0], [3, 0, 0, 0])],
    "3d/basic/scale": [np.diag([4.0, 3, 2, 1])],
    "3d/basic/sequenceScaleTranslation": [homogeneous([4, 0, 0, 30], [0, 3, 0, 20], [0, 0, 2, 10])],
    "3d/simple/affine": [
        np.eye(4),
        homogeneous([4, 0.8, 0.6, 30], [0.8, 3, 0.4, 20], [0.1, 0.3, 2, 10]),
    ],
    "3d/axis_dependent/mapAxis": [np.eye(4), homogeneous([0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0])],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_matrices_of_the_example_documents(examples: Path, name: str) -> None:
    image = v06.parse_image(ome(examples / f"{name}.zarr"), name, arrays)
    level, *edges = EXPECTED[name]
    axes = image.systems[image.intrinsic].axes
    found = to_centres(image.placed[0], axes).to_affine_matrix(axes, axes)
    np.testing.assert_allclose(found, level, atol=1e-12)
    for edge, matrix in zip(image.edges, edges, strict=True):
        source, target = (image.systems[end[1]].axes for end in (edge.source, edge.target))
        np.testing.assert_allclose(edge.transformation.to_affine_matrix(source, target), matrix, atol=1e-12)


def attributes_of(path: Path) -> dict[str, Any]:
    """The ome attributes of a group; empty where it has none."""
    document = path / "zarr.json"
    return json.loads(document.read_text()).get("attributes", {}).get("ome", {}) if document.is_file() else {}


def parsed(folder: Path, name: str) -> int:
    """Parse the image or the scene of a group, and count its transformations."""
    depth = 3 if "3d" in name else 2
    shapes = {"affineParams": (depth, depth + 1), "rotationParams": (depth, depth)}

    def fields(path: str) -> Field:
        return Field(np.zeros(shapes.get(path, (2,) * depth + (depth,))))

    attributes = attributes_of(folder)
    if "multiscales" in attributes:
        image = v06.parse_image(attributes, name, fields)
        return len(image.levels) + len(image.edges)
    children = [child for child in folder.iterdir() if "multiscales" in attributes_of(child)]
    systems = {child.name: v06.systems_of(attributes_of(child), child.name) for child in children}
    return len(v06.parse_scene(attributes, name, systems, fields).edges)


def test_all_example_documents_are_read_but_those_that_contradict_themselves(examples: Path) -> None:
    refused, count = {}, 0
    for path in sorted(examples.rglob("zarr.json")):
        name = path.parent.relative_to(examples).as_posix()
        if {"multiscales", "scene"} & set(attributes_of(path.parent)):
            try:
                assert parsed(path.parent, name)
                count += 1
            except StoreError as error:
                refused[name] = str(error)
    assert count > 45
    # The translation of this one has two numbers for three axes.
    assert "malformed (translation)" in refused.pop("user_stories/SCAPE.zarr")
    # The levels of these lead to a coordinate system that they do not list.
    group = "user_stories/image_registration_3d.zarr"
    assert set(refused) == {f"{group}/FCWB", f"{group}/JRC2018F"}
    assert all("Known: 'physical'" in message for message in refused.values())


def test_units_of_the_example_documents(examples: Path) -> None:
    image = v06.parse_image(ome(examples / "2d/simple/affine.zarr"), "affine")
    assert image.systems["sheared"].units == {"y": "micrometer", "x": "micrometer"}


def test_the_half_pixel_rule() -> None:
    """Index 0 is the centre of the first pixel there, and 0.5 is here."""
    scale = Scale([2.0, 3.0], YX)
    ours = v06.from_centres(scale, CYX)
    np.testing.assert_allclose(ours.transform_coordinates([[0.5, 0.5], [1.5, 0.5]], YX), [[0, 0], [2, 0]])
    assert np.allclose(to_centres(ours, CYX).to_affine_matrix(CYX, CYX), scale.to_affine_matrix(CYX, CYX))
    # A level of half the size, as it is to be written: its first pixel covers two of the finest level.
    steps = v06.level_steps({"y": Along(0.0, 2.0), "x": Along(0.0, 2.0)}, CYX)
    written = read_transformation({"type": "sequence", "transformations": steps}, CYX, CYX, "here")
    np.testing.assert_allclose(written.transform_coordinates([[0, 0]], YX), [[1, 1]])
    corner = v06.from_centres(written, CYX).transform_coordinates([[0, 0]], YX)
    np.testing.assert_allclose(corner, [[0, 0]])


numbers = st.floats(-5, 5).map(lambda value: round(value, 3))
linear = st.one_of(
    st.just(Identity()),
    st.lists(numbers, min_size=2, max_size=2).map(lambda v: Translation(v, ("x", "y"))),
    st.lists(numbers, min_size=2, max_size=2).map(lambda v: Scale(v, ("x", "y"))),
    st.just(MapAxis({"x": "y", "y": "x"})),
    st.lists(numbers, min_size=6, max_size=6).map(lambda v: Affine([v[:3], v[3:], [0, 0, 1]], ("x", "y"), ("x", "y"))),
)


@given(st.one_of(linear, st.lists(linear, min_size=1, max_size=3).map(Sequence)), st.sampled_from([YX, CYX, ZYX]))
def test_linear_ones_there_and_back(transformation, axes) -> None:
    fields: dict[str, Field] = {}
    entry = write_transformation(transformation, axes, axes, fields)
    assert not fields
    again = read_transformation(json.loads(json.dumps(entry)), axes, axes, "here")
    np.testing.assert_allclose(
        again.to_affine_matrix(axes, axes), transformation.to_affine_matrix(axes, axes), atol=1e-12
    )
    if entry["type"] == "scale":
        assert min(entry["scale"]) > 0


def test_channels_are_dropped_on_the_way_to_a_flat_system() -> None:
    entry = write_edge(Scale([2.0, 3.0], YX), ("photo", "cyx", CYX), ("", "global", YX), {})
    assert entry["affine"] == [[0, 2, 0, 0], [0, 0, 3, 0]]
    assert (entry["input"], entry["output"]) == ({"name": "cyx", "path": "photo"}, {"name": "global"})
    read = read_transformation(entry, CYX, YX, "here")
    assert read.axes_after(CYX) == YX
    again = read_transformation({"type": "projectAxis", "droppedInputs": [0]}, CYX, YX, "here")
    np.testing.assert_array_equal(again.to_affine_matrix(CYX, YX), [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    deeper = read_transformation({"type": "projectAxis", "createdOutputs": [0]}, YX, ZYX, "here")
    np.testing.assert_array_equal(deeper.to_affine_matrix(YX, ZYX)[0], [0, 0, 0])


def field(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.4, 0.4, (4, 5, 2))


@pytest.mark.parametrize("axes", [YX, CYX])
@pytest.mark.parametrize("kind", [Displacements, Coordinates])
def test_fields_there_and_back(axes: tuple[str, ...], kind: type) -> None:
    warp = kind(field(), YX, [2, 3], [1, -1], "cubic")
    both = Sequence([Scale([2, 2], YX), Bijection(warp, warp), Translation([1, 1], YX)])
    fields: dict[str, Field] = {}
    entry = json.loads(json.dumps(write_transformation(both, axes, axes, fields)))
    again = read_transformation(entry, axes, axes, "here", fields.__getitem__)
    at = np.random.default_rng(1).uniform(0, 5, (20, 2))
    np.testing.assert_allclose(
        again.transform_coordinates(at, YX)
        if axes == YX
        else again.transform_coordinates(np.column_stack([np.zeros(20), at]), CYX)[:, 1:],
        both.transform_coordinates(at, YX),
        atol=1e-12,
    )


def test_a_field_between_axes_in_another_order() -> None:
    warp = Displacements(field(), YX, [2, 3])
    fields: dict[str, Field] = {}
    for source, target in ((("x", "y"), YX), (CYX, YX)):
        entry = json.loads(json.dumps(write_transformation(warp, source, target, fields)))
        again = read_transformation(entry, source, target, "here", fields.__getitem__)
        at = np.random.default_rng(1).uniform(0, 5, (20, len(source)))
        mapped = again.transform_coordinates(at, source, target)
        expected = warp.transform_coordinates(at, source, target)
        np.testing.assert_allclose(mapped, expected, atol=1e-12)


def test_systems_are_written_with_their_units() -> None:
    system = write_system("um", CYX, {"x": "micrometer"})
    assert [axis["type"] for axis in system["axes"]] == ["channel", "space", "space"]
    assert [axis.get("unit") for axis in system["axes"]] == [None, None, "micrometer"]


def test_what_has_no_word_is_refused() -> None:
    corners = np.array([[0.0, 0], [1, 0], [0, 1]])
    spline = ThinPlateSpline(corners, corners, YX)
    for warp in (spline, spline.inverse(), Sequence([spline])):
        with pytest.raises(TransformationError, match=r"cannot say.*Displacements"):
            write_transformation(warp, YX, YX, {})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"type": "wormhole"}, "'wormhole', which cannot be read"),
        ({"type": "scale", "scale": [1, 2, 3]}, "malformed"),
        ({"type": "mapAxis", "mapAxis": [0, 0]}, "permutation"),
        ({"type": "affine", "path": "matrix"}, "not at hand"),
        ({"type": "sequence"}, "malformed"),
        ({"type": "rotation", "rotation": [1, 2, 3]}, "malformed"),
    ],
)
def test_malformed_transformations(entry: dict, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        read_transformation(entry, YX, YX, "here")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({}, "multiscales"),
        ({"multiscales": [{}]}, "coordinateSystems"),
        ({"multiscales": [{"coordinateSystems": [{"name": "a", "axes": [{"name": "q"}]}]}]}, "Valid: 't', 'c'"),
    ],
)
def test_malformed_images(attributes: dict, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        v06.parse_image(attributes, "here")
