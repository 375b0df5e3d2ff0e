"""Flat regions on images with a depth, labels with a depth on flat images, and bent ones; against numpy and shapely."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.interpolate import RBFInterpolator
from skimage.measure import regionprops

from spatialdata import SpatialData, get_region_properties
from spatialdata.errors import TransformationError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, ShapesModel
from spatialdata.transformations import Scale, Sequence, ThinPlateSpline, Translation

XY, XYZ = ("x", "y"), ("x", "y", "z")
STATISTICS = ["mean", "sum", "min", "max", "std", "count"]
SOURCE = np.array([[0.0, 0], [40, 0], [0, 30], [40, 30], [20, 15], [8, 24]])
TARGET = SOURCE + np.array([[2, 1], [-3, 1], [1, -2], [3, 2], [4, -3], [-2, 2]])
BENT = {"global": ThinPlateSpline(SOURCE, TARGET, XY)}


def forward(xy: np.ndarray) -> np.ndarray:
    return np.asarray(RBFInterpolator(SOURCE, TARGET, kernel="thin_plate_spline", degree=1)(xy))


def assert_statistics(row: Any, channel: str, values: np.ndarray) -> None:
    values = values[~np.isnan(values)]
    assert row[f"{channel}_count"] == len(values)
    for name in ("mean", "sum", "min", "max"):
        assert row[f"{channel}_{name}"] == pytest.approx(getattr(values, name)())
    assert row[f"{channel}_std"] == pytest.approx(values.std(ddof=1))
    assert row[f"{channel}_q0.3"] == pytest.approx(np.quantile(values, 0.3))


def measured(regions: Any, image: Any, **kwargs: Any) -> Any:
    return get_region_properties(regions, image, statistics=STATISTICS, quantiles=[0.3], **kwargs)


def blocks(shape: tuple[int, ...], most: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).integers(0, most, [side // 2 + 1 for side in shape])
    for axis in range(len(shape)):
        found = found.repeat(2, axis)
    return found[tuple(slice(side) for side in shape)]


@pytest.mark.parametrize("chunks", [(2, 5, 14, 18), (1, 2, 5, 7)])
def test_flat_labels_stand_for_all_planes(chunks: tuple[int, ...]) -> None:
    ids, pixels = blocks((14, 18), 6, 0), np.random.default_rng(1).normal(size=(2, 5, 14, 18))
    pixels[0, 2, :5] = np.nan
    image = Image3DModel.parse(pixels, chunks=chunks, transformations={"global": Scale([2, 2, 9], XYZ)})
    labels = Labels2DModel.parse(ids, chunks=(8, 8), transformations={"global": Scale([2, 2], XY)})
    found = measured(labels, image)
    oracle = regionprops(ids)
    assert found.index.tolist() == [region.label for region in oracle]
    assert found.area.tolist() == [4 * region.area for region in oracle]
    for label, row in found.iterrows():
        for channel in range(2):
            assert_statistics(row, str(channel), pixels[channel][:, ids == label].ravel())


def test_flat_labels_on_planes_elsewhere() -> None:
    """The pixels of the planes under the centres of those of the labels; nan where there are none."""
    ids = np.arange(1, 13).reshape(3, 4).repeat(4, 0).repeat(4, 1)
    pixels = np.random.default_rng(2).normal(size=(1, 3, 24, 28))
    shifted = Sequence([Scale([0.5, 0.5, 1], XYZ), Translation([2.0, 0.0, 7.0], XYZ)])
    image = Image3DModel.parse(pixels, transformations={"global": shifted}, chunks=(1, 2, 7, 9))
    found = measured(Labels2DModel.parse(ids, chunks=5), image)
    for label in range(1, 13):
        y, x = (np.argwhere(ids == label) + 0.5).T
        row, column = np.floor(y * 2).astype(int), np.floor((x - 2) * 2).astype(int)
        inside = (row >= 0) & (row < 24) & (column >= 0) & (column < 28)
        assert_statistics(found.loc[label], "0", pixels[0][:, row[inside], column[inside]].ravel())


def test_shapes_stand_for_all_planes() -> None:
    pixels = np.random.default_rng(3).normal(size=(2, 4, 20, 30))
    image = Image3DModel.parse(pixels, chunks=(1, 3, 7, 9), transformations={"global": Scale([2, 1, 5], XYZ)})
    xy, radii = np.array([[10.0, 9.0], [40.0, 12.0], [12.0, 8.0]]), np.array([4.3, 7.7, 3.1])
    found = measured(ShapesModel.parse(xy, geometry=0, radius=radii), image)
    y, x = np.mgrid[:20, :30] + 0.5
    for number in range(3):
        inside = np.hypot(2 * x - xy[number, 0], y - xy[number, 1]) <= radii[number]
        for channel in range(2):
            assert_statistics(found.loc[number], str(channel), pixels[channel][:, inside].ravel())


@pytest.mark.parametrize("chunks", [(5, 14, 18), (2, 5, 7)])
def test_labels_with_a_depth_on_a_flat_image(chunks: tuple[int, ...]) -> None:
    """A pixel counts once for each label, as in aggregate."""
    ids, pixels = blocks((5, 14, 18), 6, 4), np.random.default_rng(5).normal(size=(2, 14, 18))
    placed = {"global": Scale([0.5, 0.5, 2], XYZ)}
    labels = Labels3DModel.parse(ids, chunks=chunks, transformations=placed)
    image = Image2DModel.parse(pixels, chunks=(1, 6, 6), transformations={"global": Scale([0.5, 0.5], XY)})
    found = measured(labels, image)
    assert found.volume.tolist() == [0.5 * region.area for region in regionprops(ids)]
    for label, row in found.iterrows():
        for channel in range(2):
            assert_statistics(row, str(channel), pixels[channel][(ids == label).any(axis=0)])


def test_measure_makes_tables_of_all_of_them() -> None:
    rng = np.random.default_rng(6)
    sdata = SpatialData(
        labels={
            "flat": Labels2DModel.parse(blocks((8, 8), 4, 7)),
            "deep": Labels3DModel.parse(blocks((3, 8, 8), 4, 8)),
        },
        images={
            "plane": Image2DModel.parse(rng.normal(size=(1, 8, 8))),
            "volume": Image3DModel.parse(rng.normal(size=(1, 3, 8, 8))),
        },
    )
    for name, size in (("flat", "area"), ("deep", "volume")):
        table = sdata.measure(name, ["plane", "volume"])
        assert table.var_names.tolist() == ["plane_0_mean", "volume_0_mean"]
        assert size in table.obs
        assert np.isfinite(table.X).all()


def test_nothing_but_background_across_depths() -> None:
    flat, deep = Labels2DModel.parse(np.zeros((4, 4), dtype=int)), Labels3DModel.parse(np.zeros((2, 4, 4), dtype=int))
    assert len(measured(flat, Image3DModel.parse(np.zeros((1, 2, 4, 4))))) == 0
    assert len(measured(deep, Image2DModel.parse(np.zeros((1, 4, 4))))) == 0


# places that are not linear


IDS = np.zeros((30, 40), dtype=int)
IDS[4:16, 5:11], IDS[15:22, 20:32], IDS[2:9, 25:33], IDS[4:7, 28:30] = 3, 8, 5, 0


def fine(label: int, parts: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Where small parts of the pixels of a label are brought, and the areas that they have there."""
    corners = np.argwhere(label == IDS)[:, ::-1]
    steps = (np.arange(parts) + 0.5) / parts
    offsets = np.stack([np.tile(steps, parts), np.repeat(steps, parts)], axis=1)
    places = (corners[:, None] + offsets).reshape(-1, 2)
    step = 1e-4
    right, up = np.array([step, 0]), np.array([0, step])
    along_x = (forward(places + right) - forward(places - right)) / (2 * step)
    along_y = (forward(places + up) - forward(places - up)) / (2 * step)
    return forward(places), np.abs(along_x[:, 0] * along_y[:, 1] - along_x[:, 1] * along_y[:, 0]) / parts**2


def test_bent_labels_are_measured_by_their_outlines() -> None:
    found = get_region_properties(Labels2DModel.parse(IDS, chunks=(16, 16), transformations=BENT))
    assert found.index.tolist() == [3, 5, 8]
    for label, row in found.iterrows():
        places, area = fine(label)
        centre = np.average(places, axis=0, weights=area)
        large = np.sort(np.linalg.eigvalsh(np.cov(places.T, aweights=area, ddof=0)))
        assert row.area == pytest.approx(area.sum(), rel=1e-3)
        np.testing.assert_allclose(row[["centroid_x", "centroid_y"]].to_numpy(float), centre, atol=0.01)
        np.testing.assert_allclose(row[["x_min", "y_min"]].to_numpy(float), places.min(axis=0), atol=0.2)
        np.testing.assert_allclose(row[["x_max", "y_max"]].to_numpy(float), places.max(axis=0), atol=0.2)
        lengths = row[["minor_axis_length", "major_axis_length"]].to_numpy(float)
        np.testing.assert_allclose(lengths, 4 * np.sqrt(large), rtol=5e-3)
        assert row.eccentricity == pytest.approx(np.sqrt(1 - large[0] / large[1]), rel=0.02)


@pytest.mark.parametrize("bent", ["labels", "image", "both"])
def test_pixels_under_bent_labels(bent: str) -> None:
    """The image holds a smooth function of the world, so that what is under a label is known there."""

    def brightness(world: np.ndarray) -> np.ndarray:
        return np.asarray(100 + 5 * world[:, 0] + 3 * world[:, 1])

    third = Scale([1 / 3, 1 / 3], XY)
    y, x = (np.mgrid[0:90, 0:120] + 0.5) / 3
    own = np.column_stack([x.ravel(), y.ravel()])
    values = brightness(own if bent == "labels" else forward(own)).reshape(1, 90, 120)
    placed = third if bent == "labels" else Sequence([third, BENT["global"]])
    image = Image2DModel.parse(values, chunks=(1, 25, 25), transformations={"global": placed})
    labels = Labels2DModel.parse(IDS, transformations=None if bent == "image" else BENT)
    found = get_region_properties(labels, image)
    for label, row in found.iterrows():
        centres = np.argwhere(label == IDS)[:, ::-1] + 0.5
        places = centres if bent == "image" else forward(centres)
        assert row["0_mean"] == pytest.approx(brightness(places).mean(), abs=0.1)


@pytest.mark.parametrize("bent", ["shapes", "image", "both"])
def test_pixels_under_bent_shapes(bent: str) -> None:
    pixels = np.random.default_rng(9).integers(0, 100, (2, 30, 40))
    squares = np.array([shapely.box(x, y, x + 9, y + 8) for x in (1, 13, 27) for y in (2, 17)])
    image = Image2DModel.parse(pixels, chunks=(1, 16, 16), transformations=BENT if bent != "shapes" else None)
    shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=squares), transformations=BENT if bent != "image" else None)
    found = get_region_properties(shapes, image, statistics=["sum", "count"])
    y, x = np.mgrid[0:30, 0:40] + 0.5
    centres = np.column_stack([x.ravel(), y.ravel()])
    places = forward(centres) if bent != "shapes" else centres
    regions = shapely.transform(shapely.segmentize(squares, 0.02), forward) if bent != "image" else squares
    inside = np.array([shapely.intersects_xy(region, *places.T) for region in regions])
    np.testing.assert_array_equal(found["0_sum"], inside.astype(int) @ pixels[0].ravel())
    np.testing.assert_array_equal(found["1_count"], inside.sum(axis=1))


def test_bent_labels_with_a_depth_are_to_be_moved_first() -> None:
    labels = Labels3DModel.parse(np.ones((2, 4, 4), dtype=int), transformations=BENT)
    with pytest.raises(TransformationError, match=r"not linear.*Move them first"):
        get_region_properties(labels)
