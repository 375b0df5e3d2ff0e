"""Units of coordinate systems and sizes of pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import (
    TransformationError,
    UnitError,
    UnknownCoordinateSystemError,
    UnsupportedElementError,
)
from spatialdata.models import Image3DModel, Labels2DModel, PointsModel
from spatialdata.transformations import Affine, MapAxis, Scale, Sequence, ThinPlateSpline, unit_scale
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
