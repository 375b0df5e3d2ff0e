"""Non-linear transformations in a store: exact for this package, and close for others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata import SpatialData, read_zarr, transform
from spatialdata.errors import StoreError, TransformationError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.store.dialects import exact
from spatialdata.store.dialects.edges import edges_of, transformations_of_edges
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
CORNERS = np.array([[0.0, 0], [16, 0], [0, 16], [16, 16], [7, 9]])
SPLINE = ThinPlateSpline(CORNERS, CORNERS * 3 + np.random.default_rng(0).normal(0, 0.5, (5, 2)), XY, smoothing=0.1)
FIELD = np.random.default_rng(1).normal(0, 0.3, (4, 5, 2))
ALL = {
    "spline": SPLINE,
    "field": Displacements(FIELD, YX, [4, 4], [0.5, 0.5], "cubic"),
    "coordinates": Coordinates(FIELD + np.stack(np.indices((4, 5)), axis=-1), YX),
    "inverse": SPLINE.inverse(),
    "bijection": Bijection(SPLINE, SPLINE.inverse()),
    "sequence": Sequence(
        [
            Identity(),
            MapAxis({"x": "y", "y": "x"}),
            Scale([2.0, 1 / 3], XY),
            Sequence([SPLINE, Translation([0.1], ("x",))]),
            Affine.rotation(0.1),
        ]
    ),
}


@pytest.mark.parametrize("name", ALL)
def test_they_come_back_exactly(name: str) -> None:
    written = json.loads(json.dumps(edges_of({"bent": ALL[name]}, ("c", "y", "x"))))
    again = transformations_of_edges(written, ("c", "y", "x"), "here")["bent"]
    assert again == ALL[name]
    at = np.random.default_rng(2).uniform(2, 12, (20, 2))
    np.testing.assert_array_equal(again.transform_coordinates(at, XY), ALL[name].transform_coordinates(at, XY))


def test_others_see_the_closest_affine_map() -> None:
    (edge,) = edges_of({"bent": SPLINE}, ("c", "y", "x"))
    assert edge["type"] == "affine"
    known = np.column_stack([SPLINE.source, np.ones(5)])
    mapped = SPLINE.transform_coordinates(SPLINE.source, XY)
    expected = np.linalg.lstsq(known, mapped, rcond=None)[0].T
    matrix = np.array(edge["affine"])
    order = [axis["name"] for axis in edge["output"]["axes"]]
    rows = matrix[[order.index(axis) for axis in XY]]
    np.testing.assert_allclose(rows[:, [2, 1, 3]], expected, atol=1e-9)
    np.testing.assert_allclose(rows[:, 0], 0, atol=1e-9)
    np.testing.assert_allclose(matrix[order.index("c")], [1, 0, 0, 0], atol=1e-9)


def elements(transformation: Any) -> SpatialData:
    t = {"bent": transformation}
    pixels = np.random.default_rng(0).integers(0, 255, (1, 16, 16)).astype(np.uint8)
    return SpatialData(
        images={"image": Image2DModel.parse(pixels, transformations=t)},
        labels={"labels": Labels2DModel.parse(pixels[0].astype(np.int32), scale_factors=[2], transformations=t)},
        points={"points": PointsModel.parse(CORNERS, transformations=t)},
        shapes={"circles": ShapesModel.parse(CORNERS, geometry=0, radius=1.0, transformations=t)},
    )


@pytest.mark.filterwarnings("ignore:The transformation stretches")
@pytest.mark.parametrize("name", ["spline", "field", "sequence"])
def test_the_same_before_and_after_a_round_trip(tmp_path: Path, name: str) -> None:
    sdata = elements(ALL[name])
    sdata.write(tmp_path / "bent.zarr")
    again = read_zarr(tmp_path / "bent.zarr")
    for _, element_name, element in sdata.gen_spatial_elements():
        assert get_transformation(again[element_name], "bent") == ALL[name]
        first, second = (transform(item, to_coordinate_system="bent") for item in (element, again[element_name]))
        if element_name in ("image", "labels"):
            levels = (
                [(first, second)]
                if element_name == "image"
                else [(first[f"scale{k}"].image, second[f"scale{k}"].image) for k in range(2)]
            )
            for one, other in levels:
                np.testing.assert_array_equal(one.values, other.values)
        elif element_name == "points":
            np.testing.assert_array_equal(first[["x", "y"]].compute(), second[["x", "y"]].compute())
        else:
            assert first.geometry.geom_equals_exact(second.geometry, tolerance=0).all()
    set_transformation(again["image"], SPLINE.inverse(), "new", write_to_sdata=again)
    assert get_transformation(read_zarr(tmp_path / "bent.zarr")["image"], "new") == SPLINE.inverse()


def test_what_cannot_be_stored_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "_LARGEST_FIELD", 100)
    with pytest.raises(TransformationError, match="too large"):
        exact.exact_json(ALL["field"])

    class Mine(ThinPlateSpline):
        pass

    with pytest.raises(TransformationError, match=r"class Mine cannot be stored.*ThinPlateSpline"):
        exact.exact_json(Mine(CORNERS, CORNERS, XY))


@pytest.mark.parametrize(
    "found",
    [None, {"type": "magic"}, {"type": "thinPlateSpline"}, {"type": "displacements", "field": {"zlib": "a"}}],
)
def test_malformed(found: Any) -> None:
    with pytest.raises(StoreError, match=r"cannot be read|malformed"):
        exact.read_exact(found, "here")
