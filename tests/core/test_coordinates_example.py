"""The example of many slides in one section, against where the slides really are."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import shapely

pytest.importorskip("spatialdata_plot")

from spatialdata import polygon_query, read_zarr
from spatialdata.transformations import get_transformation

XY = ("x", "y")


@pytest.fixture(scope="module")
def example() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "examples" / "prostate_sections" / "place.py"
    spec = importlib.util.spec_from_file_location("prostate_sections", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_slides_are_placed_where_they_are(example: ModuleType) -> None:
    sdata, landmarks = example.simulate()
    residuals = example.place(sdata, landmarks)
    assert len(residuals) == 12
    assert max(residuals.values()) < 12
    inside = []
    region = shapely.Point(3000, 2400).buffer(1500)
    for number, name in enumerate(residuals):
        spots = sdata[f"{name}_spots"]
        pixels = shapely.get_coordinates(spots.geometry)
        truth = example.true_place(number).transform_coordinates(pixels, XY)
        placed = get_transformation(spots, "section").transform_coordinates(pixels, XY)
        assert np.linalg.norm(placed - truth, axis=1).max() < 15
        radius = spots.radius.iloc[0] * np.linalg.norm(
            get_transformation(spots, "section").to_affine_matrix(XY, XY)[:2, 0]
        )
        distance = np.linalg.norm(placed - [3000, 2400], axis=1)
        sure = abs(distance - 1500) > radius + 10
        inside.append((f"{name}_spots", distance < 1500, sure))
    found = polygon_query(sdata, region, target_coordinate_system="section")
    for name, within, sure in inside:
        chosen = np.isin(sdata[name].index, found[name].index if name in found else [])
        np.testing.assert_array_equal(chosen[sure], within[sure])


def test_the_example_runs(example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example.main(tmp_path / "out")
    printed = capsys.readouterr().out
    assert "slide_11" in printed
    assert "spots of" in printed
    assert (tmp_path / "out" / "section.png").stat().st_size > 10_000
    sdata = read_zarr(tmp_path / "out" / "section.zarr")
    assert sdata.units("section") == dict.fromkeys("xyz", "micrometer")
    assert sdata.pixel_size("slide_03_image", "section", "um")["x"] == pytest.approx(4.0, rel=0.02)
