"""Measures of labels and shapes, against scikit-image, scipy and numpy."""

from __future__ import annotations

import dask.array as da
import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy import ndimage as ndi
from skimage.measure import regionprops

from spatialdata import get_region_properties
from spatialdata.errors import UnsupportedElementError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel
from spatialdata.transformations import Affine, Scale, Sequence, Translation

COS, SIN = np.cos(0.7), np.sin(0.7)
TURN = Affine([[COS, -SIN, 5.03], [SIN, COS, -2.01], [0, 0, 1]], ("x", "y"), ("x", "y"))
ALL = ["mean", "sum", "min", "max", "std", "var", "count"]


def cells(shape: tuple[int, ...], count: int) -> np.ndarray:
    """Labels around random seeds, without a background at one corner."""
    rng = np.random.default_rng(1)
    seeds = np.zeros(shape, dtype=np.int32)
    seeds[tuple(rng.integers(0, size, count) for size in shape)] = rng.permutation(count) * 7 + 3
    distance, nearest = ndi.distance_transform_edt(seeds == 0, return_indices=True)
    return np.where(distance < 6, seeds[tuple(nearest)], 0)


@pytest.mark.parametrize("chunks", [(60, 70), (17, 23)])
def test_labels(chunks: tuple[int, int]) -> None:
    ids, rng = cells((60, 70), 25), np.random.default_rng(2)
    pixels = rng.normal(1e6, 1.0, (2, 60, 70))
    labels = Labels2DModel.parse(ids, chunks=chunks)
    image = Image2DModel.parse(da.from_array(pixels, chunks=(1, 20, 31)), c_coords=["a", "b"])
    found = get_region_properties(labels, image, statistics=ALL, quantiles=[0.0, 0.25, 0.9])
    oracle = regionprops(ids, np.moveaxis(pixels, 0, -1))
    assert found.index.tolist() == [region.label for region in oracle]
    for region, (_, row) in zip(oracle, found.iterrows(), strict=True):
        assert row.area == region.area
        np.testing.assert_allclose(row[["centroid_y", "centroid_x"]].tolist(), np.array(region.centroid) + 0.5)
        assert row[["y_min", "x_min", "y_max", "x_max"]].tolist() == list(region.bbox)
        assert row.major_axis_length == pytest.approx(region.axis_major_length)
        assert row.minor_axis_length == pytest.approx(region.axis_minor_length, abs=1e-6)
        assert row.eccentricity == pytest.approx(region.eccentricity, abs=1e-6)
        for channel, values in zip("ab", pixels[:, ids == region.label], strict=True):
            for name in ("mean", "sum", "min", "max"):
                assert row[f"{channel}_{name}"] == pytest.approx(getattr(values, name)(), rel=1e-12)
            assert row[f"{channel}_count"] == len(values)
            assert row[f"{channel}_std"] == pytest.approx(values.std(ddof=1), rel=1e-8)
            assert row[f"{channel}_var"] == pytest.approx(values.var(ddof=1), rel=1e-8)
            for q in (0.0, 0.25, 0.9):
                assert row[f"{channel}_q{q:g}"] == pytest.approx(np.quantile(values, q))


def test_measures_are_in_units_of_the_coordinate_system() -> None:
    ids = cells((60, 70), 25)
    turned = Sequence([Scale([0.5, 0.5], ("x", "y")), TURN])
    plain = get_region_properties(Labels2DModel.parse(ids))
    placed = get_region_properties(Labels2DModel.parse(ids, transformations={"um": turned}), coordinate_system="um")
    np.testing.assert_allclose(placed.area, plain.area / 4)
    np.testing.assert_allclose(placed.major_axis_length, plain.major_axis_length / 2)
    np.testing.assert_allclose(placed.eccentricity, plain.eccentricity)
    centre = plain[["centroid_x", "centroid_y"]].to_numpy() / 2 @ TURN.matrix[:2, :2].T + TURN.matrix[:2, 2]
    np.testing.assert_allclose(placed[["centroid_x", "centroid_y"]], centre)


def test_volumes() -> None:
    ids, pixels = cells((12, 20, 25), 9), np.random.default_rng(2).integers(0, 255, (1, 12, 20, 25)).astype(np.uint8)
    found = get_region_properties(
        Labels3DModel.parse(ids, chunks=(5, 8, 25)), Image3DModel.parse(pixels), statistics=["mean"]
    )
    oracle = regionprops(ids, pixels[0])
    np.testing.assert_array_equal(found.volume, [region.area for region in oracle])
    np.testing.assert_allclose(
        found[["centroid_z", "centroid_y", "centroid_x"]], [np.add(region.centroid, 0.5) for region in oracle]
    )
    np.testing.assert_allclose(found["0_mean"], [region.intensity_mean for region in oracle])


def test_an_image_of_another_resolution_and_extent() -> None:
    ids = np.kron(np.arange(1, 13).reshape(3, 4), np.ones((4, 4), dtype=int))
    pixels = np.random.default_rng(0).normal(size=(1, 24, 28))
    shifted = Sequence([Scale([0.5, 0.5], ("x", "y")), Translation([2.0, 0.0], ("x", "y"))])
    image = Image2DModel.parse(pixels, transformations={"global": shifted}, chunks=(1, 7, 9))
    found = get_region_properties(Labels2DModel.parse(ids, chunks=5), image, statistics=["mean", "count"])
    for label in range(1, 13):
        values = []
        for y, x in np.argwhere(ids == label) + 0.5:
            row, column = int(np.floor(y * 2)), int(np.floor((x - 2) * 2))
            if 0 <= row < 24 and 0 <= column < 28:
                values.append(pixels[0, row, column])
        assert found.loc[label, "0_count"] == len(values)
        assert found.loc[label, "0_mean"] == pytest.approx(np.mean(values))


@pytest.mark.parametrize("chunks", [(1, 40, 50), (2, 13, 9)])
def test_shapes_that_overlap(chunks: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.normal(size=(2, 40, 50))
    pixels[:, 5:8] = np.nan
    image = Image2DModel.parse(da.from_array(pixels, chunks=chunks), transformations={"global": TURN})
    xy, radius = rng.uniform(0, 30, (9, 2)), rng.uniform(2, 6, 9)
    y, x = np.mgrid[:40, :50] + 0.5
    world = np.stack([x, y], axis=-1) @ TURN.matrix[:2, :2].T + TURN.matrix[:2, 2]
    circles = ShapesModel.parse(xy, geometry=0, radius=radius)
    octagons = gpd.GeoDataFrame(
        geometry=shapely.buffer(shapely.points(xy), radius, quad_segs=2), index=list("abcdefghi")
    )
    octagons.loc["z"] = shapely.box(500, 500, 501, 501)
    for element in (circles, ShapesModel.parse(octagons)):
        found = get_region_properties(element, image, statistics=["mean", "std", "count"], quantiles=[0.5])
        assert found.index.equals(element.index)
        for number, geometry in enumerate(element.geometry):
            if element is circles:
                inside = np.linalg.norm(world - xy[number], axis=-1) <= radius[number]
            else:
                inside = shapely.contains_xy(geometry, world[..., 0], world[..., 1])
            row = found.iloc[number]
            values = pixels[1][inside]
            values = values[~np.isnan(values)]
            assert row["1_count"] == len(values)
            if len(values):
                assert row["1_mean"] == pytest.approx(values.mean())
                assert row["1_std"] == pytest.approx(values.std(ddof=1), nan_ok=True)
                assert row["1_q0.5"] == pytest.approx(np.median(values))
            else:
                assert np.isnan(row["1_mean"])
                assert np.isnan(row["1_q0.5"])
    np.testing.assert_allclose(get_region_properties(circles).area, np.pi * radius**2)
    np.testing.assert_allclose(get_region_properties(circles).x_max, xy[:, 0] + radius)
    np.testing.assert_allclose(found.perimeter, octagons.length)


def test_arguments_are_checked() -> None:
    labels, image = Labels2DModel.parse(np.eye(3, dtype=int)), Image2DModel.parse(np.zeros((1, 3, 3)))
    with pytest.raises(UnsupportedElementError, match="no regions"):
        get_region_properties(PointsModel.parse(np.zeros((1, 2))))
    with pytest.raises(UnsupportedElementError, match="pixels of an image"):
        get_region_properties(labels, labels)
    with pytest.raises(ValueError, match="'medain'"):
        get_region_properties(labels, image, statistics="medain")
    with pytest.raises(ValueError, match="from 0 to 1"):
        get_region_properties(labels, image, quantiles=[50])
    with pytest.raises(ValueError, match="'um'"):
        get_region_properties(labels, coordinate_system="um")


def test_nothing_but_background() -> None:
    labels, image = Labels2DModel.parse(np.zeros((4, 4), dtype=int), chunks=2), Image2DModel.parse(np.zeros((1, 4, 4)))
    found = get_region_properties(labels, image, quantiles=[0.5])
    assert len(found) == 0
    assert "0_q0.5" in found
