"""The forms of labels and shapes, against scikit-image, shapely, and formulas of rectangles, ellipses and circles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from scipy import ndimage as ndi
from shapely import affinity
from skimage.draw import polygon2mask
from skimage.measure import regionprops

from spatialdata import SpatialData, get_region_properties
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, ShapesModel
from spatialdata.transformations import Affine, Identity, Scale

XY, XYZ = ("x", "y"), ("x", "y", "z")
SHEAR = Affine([[1.5, 0.4, 2], [-0.3, 0.7, 1], [0, 0, 1]], XY, XY)
FORMS = ["perimeter", "convex_area", "solidity", "circularity"]


def cells(shape: tuple[int, ...], count: int, reach: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    seeds = np.zeros(shape, dtype=np.int32)
    seeds[tuple(rng.integers(0, size, count) for size in shape)] = rng.permutation(count) * 7 + 3
    distance, nearest = ndi.distance_transform_edt(seeds == 0, return_indices=True)
    return np.where(distance < reach, seeds[tuple(nearest)], 0)


def same_direction(one: float, other: float) -> bool:
    """Whether two axes, which have no head, point alike."""
    return abs(np.sin(one - other)) < 1e-6


@pytest.mark.parametrize("chunks", [(60, 70), (17, 23)])
def test_ellipses_of_labels(chunks: tuple[int, int]) -> None:
    ids = cells((60, 70), 25, 6)
    found = get_region_properties(Labels2DModel.parse(ids, chunks=chunks))
    for region in regionprops(ids):
        row = found.loc[region.label]
        # scikit-image measures from the rows towards the columns.
        if row.eccentricity > 1e-3:
            assert same_direction(row.orientation, np.pi / 2 - region.orientation)
        assert row.major_axis_length == pytest.approx(region.axis_major_length)


@pytest.mark.parametrize("place", [Identity(), SHEAR])
def test_outlines_of_labels(place: Any) -> None:
    """Those of the squares of all pixels together, wherever they are cut into chunks."""
    ids = cells((40, 50), 15, 6)
    labels = Labels2DModel.parse(ids, chunks=(17, 23), transformations={"global": place})
    found = get_region_properties(labels, outlines=True)
    matrix = place.to_affine_matrix(XY, XY)
    for label, row in found.iterrows():
        y, x = np.nonzero(ids == label)
        outline = shapely.union_all(shapely.box(x, y, x + 1, y + 1))
        outline = affinity.affine_transform(outline, [*matrix[0, :2], *matrix[1, :2], *matrix[:2, 2]])
        hull = outline.convex_hull.area
        expected = [outline.length, hull, outline.area / hull, 4 * np.pi * outline.area / outline.length**2]
        np.testing.assert_allclose(row[FORMS].tolist(), expected)


def test_shapes_as_fine_pixels() -> None:
    rng = np.random.default_rng(4)
    angle, polygons = np.linspace(0, 2 * np.pi, 40, endpoint=False), []
    for _ in range(6):
        radius = 4 + rng.uniform(-1, 1, 40)
        a, b, turn = rng.uniform(0.5, 2), rng.uniform(0.5, 2), rng.uniform(0, 3)
        star = shapely.Polygon(np.column_stack([a * radius * np.cos(angle) + 12, b * radius * np.sin(angle) + 12]))
        polygons.append(affinity.rotate(star, turn, use_radians=True))
    found = get_region_properties(ShapesModel.parse(GeoDataFrame(geometry=polygons)), outlines=True)
    fine = 40
    for polygon, (_, row) in zip(polygons, found.iterrows(), strict=True):
        corners = np.array(polygon.exterior.coords)[:, ::-1] * fine - 0.5
        (region,) = regionprops(polygon2mask((24 * fine, 24 * fine), corners).astype(int))
        assert row.major_axis_length == pytest.approx(region.axis_major_length / fine, rel=2e-3)
        assert row.minor_axis_length == pytest.approx(region.axis_minor_length / fine, rel=2e-3)
        assert row.eccentricity == pytest.approx(region.eccentricity, rel=0.01)
        assert abs(np.sin(row.orientation - (np.pi / 2 - region.orientation))) < 0.01
        assert row.solidity == pytest.approx(region.solidity, rel=5e-3)
        assert row.perimeter == pytest.approx(polygon.length)


def test_rectangles_with_holes_and_ellipses() -> None:
    rectangle = affinity.rotate(shapely.box(0, 0, 12, 3), 30)
    frame = shapely.box(0, 0, 6, 6).difference(shapely.box(2, 2, 4, 4))
    ellipse = affinity.rotate(affinity.scale(shapely.Point(5, 5).buffer(1, quad_segs=512), 7, 2), -50)
    found = get_region_properties(ShapesModel.parse(GeoDataFrame(geometry=[rectangle, frame, ellipse])), outlines=True)
    long = [4 * 12 / 12**0.5, 4 * ((6**4 - 2**4) / 12 / 32) ** 0.5, 14]
    np.testing.assert_allclose(found.major_axis_length, long, rtol=1e-4)
    np.testing.assert_allclose(found.minor_axis_length, [4 * 3 / 12**0.5, found.major_axis_length[1], 4], rtol=1e-4)
    np.testing.assert_allclose(found.eccentricity[[0, 2]], [(1 - 1 / 16) ** 0.5, (1 - 4 / 49) ** 0.5], rtol=1e-4)
    np.testing.assert_allclose(np.degrees(found.orientation[[0, 2]]), [30, -50], rtol=1e-4)
    np.testing.assert_allclose(found.perimeter[:2], [30, 32])
    np.testing.assert_allclose(found.solidity, [1, 32 / 36, 1])


def test_what_is_as_long_in_all_directions_has_no_orientation() -> None:
    squares = [shapely.box(x, 1e6, x + 3, 1e6 + 3) for x in (0.0, 0.1, 7e5 + 0.3)]
    turned = [affinity.rotate(square, angle) for square, angle in zip(squares, (20, 45, 71), strict=True)]
    found = get_region_properties(ShapesModel.parse(GeoDataFrame(geometry=[*squares, *turned])))
    assert found.orientation.tolist() == [0] * 6


def test_circles_and_what_becomes_of_them() -> None:
    circles = ShapesModel.parse(
        np.array([[1.0, 2.0], [5.0, 5.0]]), geometry=0, radius=[2.0, 0.5], transformations={"um": Scale([3, 3], XY)}
    )
    found = get_region_properties(circles, coordinate_system="um", outlines=True)
    np.testing.assert_allclose(found.major_axis_length, [12, 3])
    np.testing.assert_allclose(found.minor_axis_length, [12, 3])
    np.testing.assert_allclose(found[["solidity", "circularity"]], 1)
    np.testing.assert_allclose(found[["eccentricity", "orientation"]], 0, atol=1e-7)
    np.testing.assert_allclose(found.convex_area, found.area)


def test_circles_that_a_map_stretches_are_ellipses() -> None:
    place = Affine([[3.0, 1.0, 4.0], [-0.5, 0.8, 2.0], [0.0, 0.0, 1.0]], XY, XY)
    circles = ShapesModel.parse(
        np.array([[1.0, 2.0], [5.0, 5.0]]), geometry=0, radius=[2.0, 0.5], transformations={"um": place}
    )
    found = get_region_properties(circles, coordinate_system="um", outlines=True)
    fine = shapely.buffer(circles.geometry.to_numpy(), circles.radius.to_numpy(), quad_segs=2048)
    ellipses = [affinity.affine_transform(one, [3, 1, -0.5, 0.8, 4, 2]) for one in fine]
    expected = get_region_properties(ShapesModel.parse(GeoDataFrame(geometry=ellipses)), outlines=True)
    names = [name for name in found if name not in ("instance_id", "region")]
    assert set(names) >= {"area", "x_min", "y_max", "major_axis_length", "orientation", "perimeter", "solidity"}
    np.testing.assert_allclose(found[names], expected[names], rtol=1e-6)


@pytest.mark.parametrize("chunks", [(12, 20, 25), (5, 8, 9)])
def test_ellipsoids_and_surfaces_of_volumes(chunks: tuple[int, ...]) -> None:
    ids = cells((12, 20, 25), 9, 5)
    shear = np.array([[1.5, 0.4, 0, 3], [0, 1, 0.2, 1], [0.3, 0, 2, 0], [0, 0, 0, 1]])
    placed = {"global": Identity(), "um": Affine(shear, XYZ, XYZ)}
    labels = Labels3DModel.parse(ids, chunks=chunks, transformations=placed)
    found = get_region_properties(labels, outlines=True)
    there = get_region_properties(labels, coordinate_system="um", outlines=True)
    sides = [np.linalg.norm(np.cross(*shear[:3, [one, other]].T)) for one, other in ((0, 1), (0, 2), (1, 2))]
    padded = np.pad(ids, 1)
    for region in regionprops(ids):
        row = found.loc[region.label]
        assert row.major_axis_length == pytest.approx(region.axis_major_length)
        assert row.minor_axis_length == pytest.approx(region.axis_minor_length)
        values = region.inertia_tensor_eigvals
        assert row.middle_axis_length == pytest.approx(np.sqrt(10 * (values[0] - values[1] + values[2])))
        count = [np.abs(np.diff((padded == region.label).astype(int), axis=axis)).sum() for axis in range(3)]
        assert row.surface_area == sum(count)
        assert there.loc[region.label].surface_area == pytest.approx(np.dot(count, sides))
        places = np.argwhere(ids == region.label)[:, ::-1] @ shear[:3, :3].T
        moments = np.linalg.eigvalsh(np.cov(places.T, ddof=0))
        assert there.loc[region.label].major_axis_length == pytest.approx(2 * np.sqrt(5 * moments[2]))


@pytest.mark.parametrize("kind", ["labels", "shapes", "labels by planes", "volumes"])
def test_medians_and_quantiles_by_name(kind: str) -> None:
    rng = np.random.default_rng(5)
    ids = np.zeros((12, 14), dtype=int)
    ids[1:7, 2:9], ids[8:12, 3:13] = 4, 9
    pixels = rng.normal(size=(2, 3, 12, 14))
    image: Any = Image2DModel.parse(pixels[:, 0], chunks=(1, 5, 6), c_coords=["a", "b"])
    regions: Any = Labels2DModel.parse(ids, chunks=5)
    under = {4: pixels[:, 0, 1:7, 2:9], 9: pixels[:, 0, 8:12, 3:13]}
    if kind == "shapes":
        regions = ShapesModel.parse(
            GeoDataFrame(geometry=[shapely.box(2, 1, 9, 7), shapely.box(3, 8, 13, 12)], index=[4, 9])
        )
    if kind in ("labels by planes", "volumes"):
        image = Image3DModel.parse(pixels, chunks=(2, 2, 5, 6), c_coords=["a", "b"])
        under = {4: pixels[:, :, 1:7, 2:9], 9: pixels[:, :, 8:12, 3:13]}
    if kind == "volumes":
        regions = Labels3DModel.parse(np.stack([ids] * 3), chunks=(2, 7, 5))
    names = ["median", "mean", "quantile(0.9)"]
    found = get_region_properties(regions, image, statistics=names, quantiles=[0.25])
    for label, values in under.items():
        for channel, one in zip("ab", values.reshape(2, -1), strict=True):
            expected = [np.median(one), one.mean(), np.quantile(one, 0.9), np.quantile(one, 0.25)]
            columns = [f"{channel}_{name}" for name in [*names, "q0.25"]]
            np.testing.assert_allclose(found.loc[label, columns].tolist(), expected)


def test_measures_of_outlines_go_into_the_table() -> None:
    ids = cells((40, 50), 15, 6)
    sdata = SpatialData(
        images={"image": Image2DModel.parse(np.ones((1, 40, 50)), c_coords=["a"])},
        labels={"cells": Labels2DModel.parse(ids)},
    )
    table = sdata.measure("cells", "image", statistics="median", outlines=True)
    assert table.var_names.tolist() == ["a_median"]
    expected = get_region_properties(sdata["cells"], outlines=True)
    pd.testing.assert_frame_equal(table.obs[FORMS].reset_index(drop=True), expected[FORMS].reset_index(drop=True))


def test_regions_without_an_area_or_pixels() -> None:
    line = shapely.Polygon([(0, 0), (4, 2), (0, 0)])
    empty = GeoDataFrame(geometry=[shapely.box(0, 0, 2, 1), shapely.Polygon(), line])
    found = get_region_properties(ShapesModel.parse(empty), outlines=True)
    assert found.loc[0, ["centroid_x", "solidity"]].tolist() == [1, 1]
    assert found.loc[1, ["centroid_x", "solidity", "major_axis_length"]].isna().all()
    assert found.loc[2, ["centroid_x", "centroid_y", "area"]].tolist() == [2, 1, 0]
    nothing = get_region_properties(Labels3DModel.parse(np.zeros((2, 3, 4), dtype=int)), outlines=True)
    assert len(nothing) == 0
    assert "surface_area" in nothing
    with pytest.raises(ValueError, match=r"'medain'.*'median', and 'quantile\(p\)'"):
        get_region_properties(Labels2DModel.parse(np.eye(3, dtype=int)), statistics="medain")
