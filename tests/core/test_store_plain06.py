"""OME-Zarr 0.6 of other tools opens as objects; what is expected is worked out by hand from the specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from scipy.ndimage import map_coordinates

from spatialdata import SpatialData, get_extent, read_zarr
from spatialdata.errors import StoreError
from spatialdata.transformations import get_transformation, get_transformation_between_coordinate_systems

XY, YX, ZYX = ("x", "y"), ("y", "x"), ("z", "y", "x")
TYPES = {"t": "time", "c": "channel"}


def system(name: str, axes: str, unit: str | None = "micrometer") -> dict[str, Any]:
    listed = [{"name": axis, "type": TYPES.get(axis, "space")} for axis in axes]
    for axis in listed:
        if unit and axis["type"] == "space":
            axis["unit"] = unit
    return {"name": name, "axes": listed}


def edge(source: Any, target: Any, **parameters: Any) -> dict[str, Any]:
    def end(given: Any) -> dict[str, str]:
        return {"name": given} if isinstance(given, str) else {"path": given[0], "name": given[1]}

    return {"input": end(source), "output": end(target), **parameters}


def write(
    path: Path,
    axes: str,
    pixels: np.ndarray,
    scale: list[float],
    shift: list[float] | None = None,
    systems: list[dict[str, Any]] | None = None,
    edges: list[dict[str, Any]] | None = None,
    **further: Any,
) -> zarr.Group:
    """An image with two levels, the coarser one half as large in y and x, whose levels lead to the system physical."""
    group = zarr.open_group(path, mode="w")
    datasets = []
    for level, data in enumerate([pixels, pixels[..., ::2, ::2]]):
        group.create_array(f"s{level}", data=data)
        step: dict[str, Any] = {
            "type": "scale",
            "scale": [size * (2**level if axis in "yx" else 1) for size, axis in zip(scale, axes, strict=True)],
        }
        if shift is not None:
            step = {"type": "sequence", "transformations": [step, {"type": "translation", "translation": shift}]}
        ends = {"input": {"path": f"s{level}"}, "output": {"name": "physical"}}
        datasets.append({"path": f"s{level}", "coordinateTransformations": [{**step, **ends}]})
    multiscale: dict[str, Any] = {
        "coordinateSystems": [system("physical", axes), *(systems or [])],
        "datasets": datasets,
    }
    if edges:
        multiscale["coordinateTransformations"] = edges
    group.attrs["ome"] = {"version": "0.6", "multiscales": [multiscale], **further}
    return group


def matrix(transformation: Any, axes: tuple[str, ...] = XY) -> np.ndarray:
    return transformation.to_affine_matrix(axes, axes)


def test_an_image_in_several_systems(tmp_path: Path) -> None:
    path = tmp_path / "slide.ome.zarr"
    pixels = np.arange(1 * 2 * 6 * 8, dtype=np.uint16).reshape(1, 2, 6, 8)
    rows = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, -2, 7], [0, 0, 2, 0, 9]]
    edges = [
        edge("physical", "turned", type="affine", affine=rows),
        # Backwards: the levels lead to the system that this one starts from only by its inverse.
        edge("stage", "turned", type="translation", translation=[0, 0, 5, 6]),
    ]
    write(
        path,
        "tcyx",
        pixels,
        [1, 1, 0.5, 0.25],
        [0, 0, 10, 20],
        [system("turned", "tcyx", "nanometer"), system("stage", "tcyx", None)],
        edges,
        omero={"channels": [{"label": "dapi"}, {"label": "cd3"}]},
    )
    sdata = read_zarr(path)
    assert sdata.coordinate_systems == ["physical", "stage", "turned"]
    image = sdata["slide"]["scale0"]["image"]
    assert (image.dims, image.coords["c"].values.tolist()) == (("c", "y", "x"), ["dapi", "cd3"])
    np.testing.assert_array_equal(image, pixels[0])
    # Index 0 is at (10, 20), and the centre of the first pixel, which is at 0.5 for us.
    physical = np.array([[0.25, 0, 20 - 0.125], [0, 0.5, 10 - 0.25], [0, 0, 1]])
    turned = np.array([[0, 2, 9], [-2, 0, 7], [0, 0, 1]]) @ physical
    np.testing.assert_allclose(matrix(get_transformation(sdata["slide"], "physical")), physical)
    np.testing.assert_allclose(matrix(get_transformation(sdata["slide"], "turned")), turned)
    stage = np.array([[1, 0, -6], [0, 1, -5], [0, 0, 1]]) @ turned
    np.testing.assert_allclose(matrix(get_transformation(sdata["slide"], "stage")), stage)
    assert sdata.units("physical") == {"y": "micrometer", "x": "micrometer"}
    assert sdata.pixel_size("slide", "physical", "nanometer") == {"y": 500, "x": 250}
    assert sdata.pixel_size("slide", "turned") == {"y": 1, "x": 0.5}
    assert sdata.units("stage") == {}
    for ngff in ("0.6", "0.5-dev-spatialdata"):
        sdata.write(tmp_path / "store.zarr", overwrite=True, ngff=ngff, update_sdata_path=False)  # type: ignore[arg-type]
        back = read_zarr(tmp_path / "store.zarr")
        assert back.coordinate_systems == sdata.coordinate_systems
        np.testing.assert_allclose(matrix(get_transformation(back["slide"], "stage")), stage)
        assert back.units("turned")["x"] == "nanometer"


def test_times_and_volumes(tmp_path: Path) -> None:
    movie = np.zeros((3, 1, 2, 4, 4))
    write(tmp_path / "movie.zarr", "tczyx", movie, [0.5, 1, 2, 1, 1], [10, 0, 1, 0.5, 0.5])
    image = read_zarr(tmp_path / "movie.zarr")["movie"]
    assert image["scale1"]["image"].dims == ("t", "c", "z", "y", "x")
    assert image["scale0"]["image"].coords["t"].values.tolist() == [10, 10.5, 11]
    np.testing.assert_allclose(matrix(get_transformation(image, "physical"), ZYX), np.diag([2, 1, 1, 1]))
    # A flat volume stays one: its transformations may name z.
    rows = [[1, 0, 0, 3], [0, 1, 0, 0], [0, 0, 1, 0]]
    edges = [edge("physical", "deep", type="affine", affine=rows)]
    write(tmp_path / "flat.zarr", "zyx", np.zeros((1, 4, 4)), [1, 1, 1], None, [system("deep", "zyx")], edges)
    flat = read_zarr(tmp_path / "flat.zarr")["flat"]
    assert flat["scale0"]["image"].shape == (1, 1, 4, 4)
    assert matrix(get_transformation(flat, "deep"), ZYX)[0, 3] == 3 - 0.5


def write_field(folder: Path, path: str, vectors: np.ndarray, spacing: float, kind: str = "displacement") -> None:
    """A field over y and x, the axis of vectors in front."""
    group = zarr.open_group(folder / path, mode="w")
    group.create_array("0", data=np.moveaxis(vectors, -1, 0))
    steps = [
        {"type": "scale", "scale": [1, spacing, spacing]},
        {"type": "translation", "translation": [0, 1.0, 2.0]},
    ]
    ends = {"input": {"path": "0"}, "output": {"name": "physical"}}
    axes = [{"name": "c", "type": kind, "discrete": True}, *system("", "yx", None)["axes"]]
    group.attrs["ome"] = {
        "version": "0.6",
        "multiscales": [
            {
                "coordinateSystems": [{"name": "physical", "axes": axes}],
                "datasets": [
                    {"path": "0", "coordinateTransformations": [{"type": "sequence", "transformations": steps, **ends}]}
                ],
            }
        ],
    }


@pytest.mark.parametrize("kind", ["displacements", "coordinates"])
def test_fields_beside_an_image(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bent.zarr"
    field = {"type": kind, "path": "coordinateTransformations/field", "interpolation": "linear"}
    members = [
        {"transformation": field, "inputAxes": [1, 2], "outputAxes": [1, 2]},
        {"transformation": {"type": "identity"}, "inputAxes": [0], "outputAxes": [0]},
    ]
    edges = [edge("physical", "bent", type="byDimension", transformations=members)]
    write(path, "cyx", np.zeros((1, 20, 20)), [1, 0.5, 0.5], None, [system("bent", "cyx")], edges)
    vectors = np.random.default_rng(0).uniform(-1, 1, (4, 4, 2))
    write_field(path, "coordinateTransformations/field", vectors, 3.0, kind.removesuffix("s"))
    found = get_transformation(read_zarr(path)["bent"], "bent")
    pixels = np.random.default_rng(1).uniform(6, 18, (30, 2))
    physical = (pixels - 0.5) * 0.5
    nodes = ((physical - [1, 2]) / 3).T
    sampled = np.stack([map_coordinates(vectors[..., part], nodes, order=1, mode="nearest") for part in (0, 1)], axis=1)
    inside = ((nodes >= 0) & (nodes <= 3)).all(axis=0)
    expected = sampled + physical if kind == "displacements" else sampled
    np.testing.assert_allclose(found.transform_coordinates(pixels, YX)[inside], expected[inside], atol=1e-12)
    assert inside.sum() > 10


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A detail with labels, in an overview, which lies in the world; and an atlas that the world lies in."""
    path = tmp_path / "scene.zarr"
    zarr.open_group(path, mode="w").attrs["ome"] = {
        "version": "0.6",
        "scene": {
            "coordinateSystems": [system("world", "yx", "millimeter"), system("atlas", "yx", None)],
            "coordinateTransformations": [
                edge(
                    ("close/detail.ome.zarr", "physical"),
                    ("overview", "physical"),
                    type="sequence",
                    transformations=[
                        {"type": "scale", "scale": [1, 0.5, 0.5]},
                        {"type": "translation", "translation": [0, 30, 40]},
                    ],
                ),
                edge(("overview", "physical"), "world", type="affine", affine=[[0, 0.01, 0, 1], [0, 0, 0.01, 2]]),
                edge("world", "atlas", type="scale", scale=[3, 3]),
            ],
        },
    }
    zarr.open_group(path / "close", mode="w")
    write(path / "overview", "cyx", np.zeros((1, 10, 12)), [1, 10, 10])
    detail = path / "close" / "detail.ome.zarr"
    write(
        detail,
        "cyx",
        np.zeros((1, 20, 24)),
        [1, 1, 1],
        edges=[edge(("labels/cells", "physical"), "physical", type="affine", affine=[[0, 0, 0], [2, 0, 0], [0, 2, 0]])],
    )
    zarr.open_group(detail / "labels", mode="w").attrs["ome"] = {"version": "0.6", "labels": ["cells"]}
    write(detail / "labels" / "cells", "yx", np.zeros((10, 12), dtype=np.int32), [1, 1], **{"image-label": {}})
    return path


def test_a_scene_of_images_in_images(scene: Path, tmp_path: Path) -> None:
    sdata = read_zarr(scene)
    assert (sorted(sdata.images), list(sdata.labels)) == (["detail", "overview"], ["detail_cells"])
    assert sdata.coordinate_systems == [
        "atlas",
        "detail/physical",
        "detail_cells/physical",
        "overview/physical",
        "world",
    ]
    # The labels lie in the detail, twice as large.
    np.testing.assert_allclose(
        matrix(get_transformation(sdata["detail_cells"], "detail/physical")), [[2, 0, -1], [0, 2, -1], [0, 0, 1]]
    )
    overview = np.array([[10, 0, -5], [0, 10, -5], [0, 0, 1]])
    world = np.array([[0.01, 0, 2], [0, 0.01, 1], [0, 0, 1]])
    zoom = np.array([[0.5, 0, 40], [0, 0.5, 30], [0, 0, 1]])
    np.testing.assert_allclose(matrix(get_transformation(sdata["overview"], "world")), world @ overview)
    path = get_transformation_between_coordinate_systems(sdata, "detail/physical", "atlas")
    np.testing.assert_allclose(matrix(path), np.diag([3, 3, 1]) @ world @ zoom)
    assert sdata.units("world")["x"] == "millimeter"
    assert sdata.pixel_size("overview", "world", "micrometer") == {"y": 100, "x": 100}
    moved = sdata.transform_to_coordinate_system("atlas")
    assert sorted(name for _, name, _ in moved.gen_spatial_elements()) == ["detail", "detail_cells", "overview"]
    extent = get_extent(moved["overview"], coordinate_system="atlas")
    assert extent["x"][0] == pytest.approx(3 * (2 - 0.05))
    sdata.write(tmp_path / "store.zarr", ngff="0.6")
    back = read_zarr(tmp_path / "store.zarr")
    assert back.coordinate_links == sdata.coordinate_links
    assert back.units("world") == sdata.units("world")
    again = get_transformation_between_coordinate_systems(back, back["detail"], "atlas")
    first = get_transformation_between_coordinate_systems(sdata, sdata["detail"], "atlas")
    np.testing.assert_allclose(matrix(again), matrix(first))


def test_part_of_a_scene(scene: Path) -> None:
    assert sorted(read_zarr(scene, selection="images").images) == ["detail", "overview"]
    assert read_zarr(scene, selection="overview").coordinate_systems == [
        "atlas",
        "detail/physical",
        "overview/physical",
        "world",
    ]


def test_labels_share_the_systems_of_their_image_where_nothing_else_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cells.zarr"
    write(path, "cyx", np.zeros((1, 8, 8)), [1, 2, 2])
    zarr.open_group(path / "labels", mode="w").attrs["ome"] = {"version": "0.6", "labels": ["cells"]}
    write(path / "labels" / "cells", "yx", np.zeros((4, 4), dtype=int), [4, 4])
    sdata = read_zarr(path)
    assert (list(sdata.images), list(sdata.labels)) == (["cells"], ["cells_cells"])
    assert sdata.coordinate_systems == ["physical"]
    assert matrix(get_transformation(sdata["cells_cells"], "physical"))[0, 0] == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coordinateSystems": []}, "coordinateSystems"),
        ({"datasets": [{"path": "s0", "coordinateTransformations": [{}, {}]}]}, "exactly one transformation"),
        ({"datasets": [{"path": "s9"}]}, "coordinateTransformations"),
        ({"coordinateTransformations": [{"type": "scale", "scale": [1, 1]}]}, "does not say its input"),
        (
            {"coordinateTransformations": [edge("physical", "physical", type="affine", path="../../matrix")]},
            "leads out of it",
        ),
        (
            {"coordinateTransformations": [edge("physical", "physical", type="affine", path="matrix")]},
            "there is no Zarr node",
        ),
        ({"coordinateTransformations": [edge("physical", "there", type="identity")]}, "'there'. Known: 'physical'"),
    ],
)
def test_faults_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    group = write(tmp_path / "bad.zarr", "yx", np.zeros((4, 4)), [1, 1])
    ome: Any = group.attrs["ome"]
    ome["multiscales"][0].update(change)
    group.attrs["ome"] = ome
    with pytest.raises(StoreError, match=message):
        read_zarr(tmp_path / "bad.zarr")


def test_a_scene_that_names_what_is_not_there(scene: Path) -> None:
    import shutil

    shutil.rmtree(scene / "overview")
    with pytest.raises(StoreError, match="names the image 'overview', but there is none"):
        read_zarr(scene)


def test_units_that_contradict_one_another(tmp_path: Path) -> None:
    path = tmp_path / "both.zarr"
    write(path, "cyx", np.zeros((1, 8, 8)), [1, 2, 2])
    zarr.open_group(path / "labels", mode="w").attrs["ome"] = {"version": "0.6", "labels": ["cells"]}
    group = write(path / "labels" / "cells", "yx", np.zeros((4, 4), dtype=int), [4, 4])
    ome: Any = group.attrs["ome"]
    ome["multiscales"][0]["coordinateSystems"] = [system("physical", "yx", "nm")]
    group.attrs["ome"] = ome
    with pytest.warns(UserWarning, match="different units of the coordinate systems 'physical'"):
        sdata = read_zarr(path)
    assert sdata.units("physical") == {}


def test_the_example_documents_open(sample_data: Path) -> None:
    folder = sample_data / "ome_zarr" / "rfc5_transforms"
    if not folder.is_dir():
        pytest.skip(f"no example documents: {folder} is not a folder")
    atlas = read_zarr(folder / "user_stories" / "human_organ_atlas.zarr")
    assert len(atlas.images) == 4
    assert [link.target for link in atlas.coordinate_links] == ["overview/physical"] * 3
    # The details lie in the overview by identities, and that in its anatomical system.
    anatomical = get_transformation_between_coordinate_systems(atlas, "overview/physical", "overview/anatomical")
    detail = matrix(get_transformation(atlas["VOI-02"], "VOI-02/physical"), ZYX)
    path = get_transformation_between_coordinate_systems(atlas, atlas["VOI-02"], "overview/anatomical")
    np.testing.assert_allclose(matrix(path, ZYX), matrix(anatomical, ZYX) @ detail, atol=1e-9)
    back = get_transformation_between_coordinate_systems(atlas, "overview/anatomical", atlas["VOI-02"])
    np.testing.assert_allclose(matrix(back, ZYX) @ matrix(path, ZYX), np.eye(4), atol=1e-9)
    lens: SpatialData = read_zarr(folder / "user_stories" / "lens_correction.zarr")
    assert not get_transformation(lens["image"], "corrected").is_linear
    tiles = read_zarr(folder / "user_stories" / "stitched_tiles_2d.zarr")
    world = get_transformation(tiles["tile_3"], "world")
    # The axes of the world are x, y and those of the tiles y, x: positions count.
    np.testing.assert_allclose(
        world.to_affine_matrix(YX, XY), [[1, 0, 276 - 0.5], [0, 1, 348 - 0.5], [0, 0, 1]], atol=1e-12
    )
