"""Labels with a depth as values, and images with a depth by flat labels; compared with numpy pixel by pixel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData
from geopandas import GeoDataFrame

from spatialdata import SpatialData, aggregate
from spatialdata.models import Image3DModel, Labels2DModel, Labels3DModel, ShapesModel, TableModel
from spatialdata.regions import SquareGrid
from spatialdata.transformations import Scale, Sequence, Translation

AXES = ("x", "y", "z")


def volume(shape: tuple[int, int, int], most: int, seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, most, [side // 2 + 1 for side in shape])
    return coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)[: shape[0], : shape[1], : shape[2]]


def annotated(values: np.ndarray, most: int, **kwargs) -> SpatialData:
    labels = Labels3DModel.parse(values, **kwargs)
    ids = np.arange(1, most)
    obs = pd.DataFrame({"of": pd.Categorical(["nuclei"] * len(ids)), "id": ids}, index=[str(i) for i in ids])
    obs["kind"] = pd.Categorical.from_codes(ids % 3, ["p", "q", "r"])
    table = TableModel.parse(AnnData((ids * 10.0)[:, None], obs=obs), "nuclei", "of", "id")
    table.var_names = ["size"]
    return SpatialData(labels={"nuclei": labels}, tables={"table": table})


def shared(values: np.ndarray, by: np.ndarray) -> pd.DataFrame:
    inside = (values != 0) & (by != 0)
    return pd.crosstab(pd.Series(values[inside], name="value"), pd.Series(by[inside], name="by"))


@pytest.mark.parametrize("chunks", [(7, 9, 11), (2, 4, 5)])
def test_labels_by_labels_with_a_depth(chunks: tuple[int, ...]) -> None:
    values, by = volume((7, 9, 11), 12, 0), volume((7, 9, 11), 5, 1)
    sdata = annotated(values, 12, chunks=chunks)
    found = aggregate("nuclei", Labels3DModel.parse(by), sdata, value_key="size", table_name="table")["table"]
    pairs = shared(values, by) > 0
    expected = [10 * pairs.index[pairs[region]].to_numpy().sum() for region in found.obs["instance_id"]]
    assert found.obs["instance_id"].tolist() == [1, 2, 3, 4]
    assert found.X.toarray()[:, 0].tolist() == expected


def test_categories_of_labels_by_volume() -> None:
    values, by = volume((6, 8, 8), 12, 2), volume((6, 8, 8), 5, 3)
    sdata = annotated(values, 12)
    found = aggregate(
        "nuclei", Labels3DModel.parse(by), sdata, value_key="kind", table_name="table", fractions=True
    )["table"]  # fmt: skip
    sizes = pd.Series(values[values != 0]).value_counts()
    part = shared(values, by).div(sizes, axis=0)
    kind = pd.Categorical.from_codes(part.index % 3, ["p", "q", "r"])
    expected = part.groupby(kind, observed=False).sum().T
    np.testing.assert_allclose(found.X.toarray(), expected[found.var_names])


@pytest.mark.parametrize("finer", ["values", "by"])
def test_labels_on_other_pixels_and_elsewhere(finer: str) -> None:
    fine, coarse = volume((6, 8, 10), 9, 4), volume((3, 4, 5), 6, 5)
    scaled = {"global": Sequence([Scale([2, 2, 2], AXES), Translation([2, 0, 0], AXES)])}
    large = coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    moved = np.zeros_like(fine)
    moved[:, :, 2:] = large[:, :, :-2]
    of_fine, of_coarse = Labels3DModel.parse(fine), Labels3DModel.parse(coarse, transformations=scaled)
    if finer == "values":
        found = aggregate(of_fine, of_coarse, fractions=True)["table"]
        expected = shared(fine, moved).div(pd.Series(fine.ravel()).value_counts(), axis=0).sum(axis=0)
    else:
        found = aggregate(of_coarse, of_fine, fractions=True)["table"]
        sizes = pd.Series(large.ravel()).value_counts()
        expected = shared(moved, fine).div(sizes, axis=0).sum(axis=0)
    ids = found.obs["instance_id"]
    np.testing.assert_allclose(found.X.toarray()[:, 0], expected.reindex(ids, fill_value=0))


@pytest.mark.parametrize("fractions", [False, True])
def test_labels_with_a_depth_by_flat_shapes_and_cells(fractions: bool) -> None:
    values = volume((4, 10, 12), 15, 6)
    labels = Labels3DModel.parse(values, chunks=(3, 4, 5), transformations={"global": Scale([2, 1, 3], AXES)})
    y, x = np.mgrid[:10, :12]
    pixels = shapely.box(2 * x, y, 2 * x + 2, y + 1)
    polygons = np.array(
        [shapely.box(1.3, 0.2, 9.2, 6.1), shapely.Point(12, 5).buffer(4.3), shapely.box(90, 90, 99, 99)]
    )
    found = aggregate(labels, ShapesModel.parse(GeoDataFrame(geometry=polygons)), fractions=fractions)["table"]
    grid = SquareGrid.covering([0, 0], [23, 9], 5)
    by_cells = aggregate(labels, grid, fractions=fractions)["table"]
    sizes = pd.Series(values.ravel()).value_counts()
    for table, regions in ((found, polygons), (by_cells, grid.shapes().geometry)):
        for row, region in enumerate(regions):
            part = np.broadcast_to(shapely.area(shapely.intersection(pixels, region)) / 2, values.shape)
            under = pd.Series(part[part > 0]).groupby(values[part > 0]).sum().drop(0, errors="ignore")
            expected = (under / sizes.reindex(under.index)).sum() if fractions else len(under)
            assert table.X[row].sum() == pytest.approx(expected)
    if fractions:
        assert by_cells.X.sum() == pytest.approx((sizes.index != 0).sum())


@pytest.mark.parametrize("func", ["mean", "max", "median"])
@pytest.mark.parametrize("scale", [1, 2])
def test_flat_labels_stand_for_all_planes_of_an_image(func: str, scale: int) -> None:
    rng = np.random.default_rng(7)
    pixels, ids = rng.integers(0, 99, (2, 3, 8, 10)), rng.integers(0, 6, (8 // scale, 10 // scale))
    placed = {"global": Scale([2.0, 2.0, 5.0], AXES)}
    image = Image3DModel.parse(pixels, chunks=(1, 2, 5, 4), transformations=placed)
    labels = Labels2DModel.parse(ids, transformations={"global": Scale([2.0 * scale] * 2, ("x", "y"))})
    found = aggregate(image, labels, agg_func=func)["table"]
    under = np.broadcast_to(ids.repeat(scale, 0).repeat(scale, 1), (3, 8, 10))
    assert found.obs["instance_id"].tolist() == list(range(1, 6))
    for row, label in enumerate(range(1, 6)):
        expected = [getattr(np, func)(channel[under == label]) for channel in pixels]
        np.testing.assert_allclose(found.X[row].toarray()[0], expected)
