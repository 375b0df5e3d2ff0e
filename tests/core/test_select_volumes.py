"""Regions made of labels with a depth, against the labels under points and pixel centres, looked up by numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData
from geopandas import GeoDataFrame

from spatialdata import SpatialData, aggregate, read_zarr, region_of_labels, select
from spatialdata.errors import TransformationError
from spatialdata.models import Image2DModel, Image3DModel, Labels3DModel, PointsModel, ShapesModel, TableModel
from spatialdata.regions import Circle, PolygonRegion, VolumeRegion, tiles_of
from spatialdata.transformations import (
    Affine,
    BaseTransformation,
    Displacements,
    Identity,
    Scale,
    Sequence,
    Translation,
)

XYZ = ("x", "y", "z")
COS, SIN = np.cos(0.5), np.sin(0.5)
IN_PLANE = Affine([[COS, -SIN, 0, 2], [SIN, COS, 0, -1], [0, 0, 1.5, 3], [0, 0, 0, 1]], XYZ, XYZ)
IN_SPACE = Affine([[1, 0.2, 0, 1], [0, COS, -SIN, 2], [0.1, SIN, COS, 0], [0, 0, 0, 1]], XYZ, XYZ)
PLACES = [Identity(), Scale([0.5, 2, 3], XYZ), IN_PLANE, IN_SPACE]


def blocks(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, (4, 5, 6)).repeat(2, 0).repeat(2, 1).repeat(2, 2)


def under(ids: np.ndarray, of_labels: BaseTransformation, world: np.ndarray) -> np.ndarray:
    """The label under each place x, y, z of the world; 0 beyond."""
    matrix = np.linalg.inv(of_labels.to_affine_matrix(XYZ, XYZ))
    pixel = np.floor(world @ matrix[:3, :3].T + matrix[:3, 3]).astype(int)[:, ::-1]
    inside = ((pixel >= 0) & (pixel < ids.shape)).all(axis=1)
    found = np.zeros(len(world), dtype=ids.dtype)
    found[inside] = ids[tuple(pixel[inside].T)]
    return found


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("instances", [None, [1, 3]])
def test_points_in_volumes(place: BaseTransformation, instances: list[int] | None) -> None:
    ids, rng = blocks(), np.random.default_rng(1)
    labels = Labels3DModel.parse(ids, chunks=(3, 4, 5), transformations={"global": place})
    own = rng.uniform(-2, 13, (500, 3))
    frame = pd.DataFrame(own, columns=list(XYZ))
    points = PointsModel.parse(
        frame, npartitions=3, transformations={"global": Sequence([place, Translation([0.1], ("x",))])}
    )
    matrix = place.to_affine_matrix(XYZ, XYZ)
    world = own @ matrix[:3, :3].T + matrix[:3, 3] + [0.1, 0, 0]
    hit = under(ids, place, world)
    expected = np.flatnonzero(hit != 0 if instances is None else np.isin(hit, instances))
    found = select(points, region_of_labels(labels, instances))
    assert found.compute().index.tolist() == expected.tolist()


@pytest.mark.parametrize("place", PLACES)
def test_pixels_in_volumes(place: BaseTransformation) -> None:
    ids = blocks(2)
    ids[:, :3] = 0
    labels = Labels3DModel.parse(ids, transformations={"global": place})
    finer = Sequence([Scale([0.7, 0.6, 0.9], XYZ), place])
    pixels = np.random.default_rng(3).integers(1, 99, (2, 9, 15, 16))
    image = Image3DModel.parse(pixels, chunks=(1, 4, 6, 7), transformations={"global": finer})
    centres = np.argwhere(np.ones(pixels.shape[1:]))[:, ::-1] + 0.5
    matrix = finer.to_affine_matrix(XYZ, XYZ)
    inside = under(ids, place, centres @ matrix[:3, :3].T + matrix[:3, 3]) == 2
    found = select(image, region_of_labels(labels, [2]))
    shift = found.attrs["transform"]["global"].to_affine_matrix(XYZ, XYZ)
    first = np.linalg.solve(matrix, shift @ [0, 0, 0, 1])[2::-1].round().astype(int)
    whole = np.where(inside.reshape(pixels.shape[1:]), pixels, 0)
    window = tuple(slice(a, a + size) for a, size in zip(first, found.shape[1:], strict=True))
    np.testing.assert_array_equal(found, whole[(slice(None), *window)])
    assert found.sum() == whole.sum()
    rectangle = select(image, region_of_labels(labels, [2]), mask=False)
    np.testing.assert_array_equal(rectangle, pixels[(slice(None), *window)])


def test_flat_elements_lie_at_all_depths() -> None:
    ids = np.zeros((3, 6, 8), dtype=int)
    ids[0, 1:3, 1:4], ids[2, 2:5, 3:6] = 5, 5
    place = {"global": Scale([2.0, 2.0, 7.0], XYZ)}
    region = region_of_labels(Labels3DModel.parse(ids, transformations=place), [5])
    shadow = (ids == 5).any(axis=0)
    xy = np.random.default_rng(4).uniform(0, 16, (200, 2))
    pixel = (xy // 2).astype(int)
    expected = np.flatnonzero(np.pad(shadow, ((0, 4), (0, 4)))[pixel[:, 1], pixel[:, 0]])
    assert select(PointsModel.parse(xy), region).compute().index.tolist() == expected.tolist()
    squares = shapely.box(*(xy - 0.2).T, *(xy + 0.2).T)
    cells = np.argwhere(shadow)[:, ::-1] * 2.0
    outline = shapely.union_all(shapely.box(*cells.T, *(cells + 2).T))
    met = select(ShapesModel.parse(GeoDataFrame(geometry=squares)), region)
    assert met.index.tolist() == np.flatnonzero(shapely.intersects(squares, outline)).tolist()
    image = select(Image2DModel.parse(np.ones((1, 12, 16))), region)
    assert image.sum() == 4 * shadow.sum()


def test_objects_and_stores(tmp_path: Any) -> None:
    ids = blocks(5)
    labels = Labels3DModel.parse(ids, scale_factors=[2], chunks=(4, 5, 6))
    cells = Labels3DModel.parse(blocks(6), transformations={"global": Translation([1, 0, 2], XYZ)})
    rng = np.random.default_rng(7)
    points = PointsModel.parse(pd.DataFrame(rng.uniform(0, 10, (300, 3)), columns=list(XYZ)))
    obs = pd.DataFrame({"of": pd.Categorical(["cells"] * 3), "id": [1, 2, 3]}, index=list("abc"))
    table = TableModel.parse(AnnData(np.zeros((3, 1)), obs=obs), "cells", "of", "id")
    sdata = SpatialData(labels={"mask": labels, "cells": cells}, points={"p": points}, tables={"t": table})
    sdata.write(tmp_path / "s.zarr")
    region = region_of_labels(labels, [3])
    there = read_zarr(tmp_path / "s.zarr")
    one, other = select(sdata, region), select(there, region_of_labels(there["mask"], [3]))
    assert one["p"].compute().index.tolist() == other["p"].compute().index.tolist()
    world = points.compute()[list(XYZ)].to_numpy()
    assert one["p"].compute().index.tolist() == np.flatnonzero(under(ids, Identity(), world) == 3).tolist()
    np.testing.assert_array_equal(one["cells"], other["cells"])
    assert np.unique(one["cells"]).tolist() == [0, *one["t"].obs["id"]]
    coarse = one["mask"]["scale1"]["image"]
    assert set(np.unique(coarse)) == {0, 3}
    assert set(np.unique(one["mask"]["scale0"]["image"])) == {0, 3}


def test_volumes_that_are_no_region() -> None:
    with pytest.raises(ValueError, match="no instance 7"):
        region_of_labels(Labels3DModel.parse(blocks()), [7])
    with pytest.raises(ValueError, match="nothing but background"):
        region_of_labels(Labels3DModel.parse(np.zeros((2, 3, 4), dtype=int)))
    with pytest.raises(ValueError, match="No pixel belongs"):
        VolumeRegion(target_coordinate_system="a", pixels=np.zeros((1, 1, 1)), linear=np.eye(3), offset=np.zeros(3))
    with pytest.raises(ValueError, match="pixels along z, y and x"):
        VolumeRegion(target_coordinate_system="a", pixels=np.ones((1, 1)), linear=np.eye(3), offset=np.zeros(3))
    turned = region_of_labels(Labels3DModel.parse(blocks(), transformations={"global": IN_SPACE}))
    with pytest.raises(TransformationError, match="no outline to ask flat elements for"):
        select(PointsModel.parse(np.zeros((1, 2))), turned)
    bent = Displacements(np.zeros((2, 2, 2, 3)), axes=XYZ)
    with pytest.raises(TransformationError, match="not linear"):
        region_of_labels(Labels3DModel.parse(blocks(), transformations={"global": bent}))


def test_tiles_of_a_volume() -> None:
    region = region_of_labels(Labels3DModel.parse(np.ones((2, 4, 6), dtype=int)))
    assert len(tiles_of(region, size=2)) == 6


def test_bent_elements_in_volumes() -> None:
    field = np.zeros((2, 2, 2, 3))
    field[1, :, :, 2] = 3.0
    bent = Displacements(field, axes=XYZ, spacing=[12.0] * 3)
    ids, rng = blocks(8), np.random.default_rng(9)
    own = rng.uniform(0, 12, (300, 3))
    points = PointsModel.parse(pd.DataFrame(own, columns=list(XYZ)), transformations={"global": bent})
    found = select(points, region_of_labels(Labels3DModel.parse(ids), [1, 2]))
    world = own + np.column_stack([0 * own[:, 0], 0 * own[:, 0], own[:, 0] / 4])
    assert found.compute().index.tolist() == np.flatnonzero(np.isin(under(ids, Identity(), world), [1, 2])).tolist()


@pytest.mark.parametrize("region", ["polygon", "circle"])
def test_flat_regions_of_elements_that_are_turned_in_space(region: str) -> None:
    """A column along z of the world is none in the element, so that each place is asked for by itself."""
    polygon = shapely.Polygon([(0, 1), (9, 0), (6, 8)])
    asked: Any = PolygonRegion(target_coordinate_system="global", polygon=polygon)
    if region == "circle":
        asked = Circle(target_coordinate_system="global", centre=(4.0, 4.0), radius=3.0)
    matrix = IN_SPACE.to_affine_matrix(XYZ, XYZ)

    def inside(own: np.ndarray) -> np.ndarray:
        x, y = (own @ matrix[:3, :3].T + matrix[:3, 3])[:, :2].T
        return shapely.contains_xy(polygon, x, y) if region == "polygon" else (x - 4) ** 2 + (y - 4) ** 2 <= 9

    own = np.random.default_rng(10).uniform(-2, 12, (400, 3))
    points = PointsModel.parse(pd.DataFrame(own, columns=list(XYZ)), transformations={"global": IN_SPACE})
    assert select(points, asked).compute().index.tolist() == np.flatnonzero(inside(own)).tolist()
    pixels = np.random.default_rng(11).integers(1, 99, (1, 5, 9, 8))
    image = Image3DModel.parse(pixels, chunks=(1, 2, 4, 5), transformations={"global": IN_SPACE})
    centres = np.argwhere(np.ones((5, 9, 8)))[:, ::-1] + 0.5
    expected = np.where(inside(centres).reshape(5, 9, 8), pixels[0], 0)
    found = select(image, asked)
    shift = found.attrs["transform"]["global"].to_affine_matrix(XYZ, XYZ)
    first = np.linalg.solve(matrix, shift @ [0, 0, 0, 1])[2::-1].round().astype(int)
    window = tuple(slice(a, a + size) for a, size in zip(first, found.shape[1:], strict=True))
    np.testing.assert_array_equal(found[0], expected[window])
    assert found.sum() == expected.sum()
    if region == "polygon":
        by = ShapesModel.parse(GeoDataFrame(geometry=[polygon]))
        assert aggregate(points, by)["table"].X.toarray().tolist() == [[inside(own).sum()]]
