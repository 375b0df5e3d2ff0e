"""Units of coordinate systems and sizes of pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import (
    TransformationError,
    UnitError,
    UnknownCoordinateSystemError,
    UnsupportedElementError,
)
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.transformations import (
    Affine,
    Identity,
    MapAxis,
    Scale,
    Sequence,
    ThinPlateSpline,
    set_transformation,
    unit_scale,
)
from spatialdata.transformations.units import LENGTHS, check_unit, unit_factor

XY = ("x", "y")
CORNERS = np.array([[0.0, 0], [9, 0], [0, 9], [9, 9]])


def sdata_with(**systems) -> SpatialData:
    labels = Labels2DModel.parse(np.zeros((8, 6), dtype=np.int32), transformations=systems, scale_factors=[2])
    return SpatialData(labels={"cells": labels}, points={"dots": PointsModel.parse(CORNERS)})


@given(st.floats(-np.pi, np.pi), st.floats(0.01, 100), st.floats(0.01, 100))
def test_the_side_of_a_turned_pixel(angle: float, width: float, height: float) -> None:
    placed = Sequence(
        [Scale([width, height], XY), MapAxis({"x": "y", "y": "x"}), Affine.rotation(angle, center=[3, 4])]
    )
    sdata = sdata_with(um=placed)
    sdata.set_units("um", "um")
    assert sdata.pixel_size("cells", "um") == pytest.approx({"y": height, "x": width})
    found = sdata.pixel_size("cells", "um", "mm")
    assert found == pytest.approx({"y": height / 1000, "x": width / 1000})


def test_in_space_with_a_unit_for_each_axis() -> None:
    stack = Image3DModel.parse(np.zeros((1, 2, 3, 4)), transformations={"um": Scale([0.5, 0.5, 2.0], ("x", "y", "z"))})
    sdata = SpatialData(images={"stack": stack})
    sdata.set_units("um", {"x": "um", "y": "um", "z": "millimeter"})
    with pytest.raises(UnitError, match="different units"):
        sdata.pixel_size("stack", "um")
    assert sdata.pixel_size("stack", "um", "um") == pytest.approx({"z": 2000, "y": 0.5, "x": 0.5})


def test_units_are_stored_and_follow_their_system(tmp_path: Path) -> None:
    sdata = sdata_with(a=Scale([2, 2], XY), b=Scale([3, 3], XY))
    before = sdata.attrs
    sdata.set_units("a", "nanometer")
    sdata.set_units("b", "pixel")
    assert before == {}
    sdata.rename_coordinate_systems({"a": "b", "b": "a"})
    assert (sdata.units("b")["x"], sdata.units("a")["x"], sdata.units("global")) == ("nanometer", "pixel", {})
    sdata.write(tmp_path / "units.zarr")
    again = read_zarr(tmp_path / "units.zarr")
    assert again.units("b") == dict.fromkeys("xyz", "nanometer")
    assert again.pixel_size("cells", "b", "um") == pytest.approx({"y": 0.002, "x": 0.002})
    assert again.pixel_size("cells", "a", "pixel") == {"y": 3, "x": 3}


def test_errors() -> None:
    warp = ThinPlateSpline(CORNERS, CORNERS + CORNERS[::-1] ** 2, XY)
    sdata = sdata_with(um=Scale([2, 2], XY), bent=warp)
    with pytest.raises(UnitError, match=r"has no unit along 'y', 'x'.*set_units"):
        sdata.pixel_size("cells", "um", "mm")
    with pytest.raises(UnknownCoordinateSystemError, match="'um'"):
        sdata.set_units("microns", "um")
    with pytest.raises(UnitError, match="Did you mean 'micrometer'"):
        sdata.set_units("um", "micrometre")
    with pytest.raises(UnitError, match="no spatial axis"):
        sdata.set_units("um", {"c": "um"})
    with pytest.raises(UnsupportedElementError, match="no pixels"):
        sdata.pixel_size("dots")
    with pytest.raises(TransformationError, match="not linear"):
        sdata.pixel_size("cells", "bent")
    sdata.set_units("um", "pixel")
    with pytest.raises(UnitError, match="pixel_size"):
        sdata.pixel_size("cells", "um", "mm")


@pytest.mark.parametrize("unit", LENGTHS)
def test_conversions_are_those_of_the_metre(unit: str) -> None:
    assert unit_factor(unit, "meter") == pytest.approx(LENGTHS[unit])
    assert unit_factor("meter", unit) * LENGTHS[unit] == pytest.approx(1)
    assert unit_scale(unit, "um", ("x", "z")).to_scale_vector(("x", "y", "z")).tolist()[1] == 1
    assert check_unit(unit) == unit


@pytest.mark.parametrize("options", [{}, {"ngff": "0.6"}, {"sdata_formats": SpatialDataContainerFormatV01()}])
def test_units_are_in_the_axes_of_every_kind_and_version(tmp_path: Path, options: dict[str, Any]) -> None:
    """Another program that drops the attributes of the root leaves the units in the axes."""
    sdata = SpatialData(
        images={"photo": Image2DModel.parse(np.zeros((1, 4, 4)), scale_factors=[2])},
        labels={"cells": Labels2DModel.parse(np.eye(4, dtype=int))},
        points={"dots": PointsModel.parse(np.zeros((2, 3)), transformations={"stage": Identity()})},
        shapes={"spots": ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=1.0)},
    )
    sdata.set_units("global", {"x": "um", "y": "nanometer"})
    sdata.set_units("stage", "mm")
    sdata.write(tmp_path / "store.zarr", **options)
    group = zarr.open_group(tmp_path / "store.zarr", mode="r+")
    del group.attrs["coordinate_system_units"]
    for name in ("images", "labels", "shapes"):
        back = read_zarr(tmp_path / "store.zarr", selection=name)
        assert back.units("global") == {"x": "micrometer", "y": "nanometer"}
    back = read_zarr(tmp_path / "store.zarr")
    assert back.units("stage") == {"x": "millimeter", "y": "millimeter", "z": "millimeter"}
    assert back.pixel_size("photo", unit="nanometer") == {"y": 1, "x": 1000}
    # Written anew, they are in the attributes again.
    back.write_attrs()
    assert read_zarr(tmp_path / "store.zarr").attrs == back.attrs
    # What the attributes say counts.
    back.set_units("global", "pixel")
    back.write_attrs()
    assert read_zarr(tmp_path / "store.zarr").units("global")["x"] == "pixel"


def test_new_transformations_are_written_with_their_units(tmp_path: Path) -> None:
    sdata = SpatialData(labels={"cells": Labels2DModel.parse(np.eye(4, dtype=int))})
    sdata.write(tmp_path / "store.zarr")
    set_transformation(sdata["cells"], Scale([2, 2], ("x", "y")), "stage")
    sdata.set_units("stage", "um")
    sdata.write_transformations("cells")
    assert read_zarr(tmp_path / "store.zarr").units("stage") == {"x": "micrometer", "y": "micrometer"}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_units_of_plain_images_are_respected(tmp_path: Path, version: str) -> None:
    group = zarr.open_group(tmp_path / "slide.zarr", mode="w", zarr_format=2 if version == "0.4" else 3)
    group.create_array("0", data=np.zeros((4, 4)))
    axes = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "yx"]
    steps = [{"type": "scale", "scale": [500.0, 250.0]}]
    body = {"multiscales": [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": steps}]}]}
    group.attrs.update({**body, "version": "0.4"} if version == "0.4" else {"ome": {"version": "0.5", **body}})
    sdata = read_zarr(tmp_path / "slide.zarr")
    assert sdata.pixel_size("slide", unit="um") == {"y": 0.5, "x": 0.25}
    axes[1]["unit"] = "furlong"
    group.attrs.update({**body, "version": "0.4"} if version == "0.4" else {"ome": {"version": "0.5", **body}})
    with pytest.raises(UnitError, match="'furlong'"):
        read_zarr(tmp_path / "slide.zarr").pixel_size("slide", unit="um")
