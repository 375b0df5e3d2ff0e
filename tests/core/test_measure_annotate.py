"""Tables of measures, and annotation carried over from regions, against scikit-image, geopandas and numpy."""

from __future__ import annotations

import anndata as ad
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from skimage.measure import regionprops

from spatialdata import SpatialData, deepcopy
from spatialdata.errors import UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel, TableModel
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Affine, Scale

COS, SIN = np.cos(0.7), np.sin(0.7)
TURN = Affine([[COS, -SIN, 5.03], [SIN, COS, -2.01], [0, 0, 1]], ("x", "y"), ("x", "y"))


def table_of(name: str, ids: list, **columns: object) -> ad.AnnData:
    obs = pd.DataFrame(
        {"region": pd.Categorical([name] * len(ids)), "id": ids, **columns}, index=[f"{name}_{i}" for i in ids]
    )
    return TableModel.parse(ad.AnnData(np.ones((len(ids), 1)), obs=obs), name, "region", "id")


@pytest.fixture
def sdata() -> SpatialData:
    rng = np.random.default_rng(0)
    ids = np.kron(np.arange(1, 13).reshape(3, 4), np.ones((5, 5), dtype=int))
    ids[::5] = 0
    regions = gpd.GeoDataFrame(
        {"tissue": pd.Categorical(["tumour", "stroma", None]), "grade": [3.0, 1.0, 2.0], "dense": [True, False, True]},
        geometry=[shapely.box(0, 0, 8, 8), shapely.Point(12, 8).buffer(4), shapely.box(30, 30, 31, 31)],
        index=["a", "b", "c"],
    )
    points = PointsModel.parse(pd.DataFrame(rng.uniform(0, 20, (300, 2)), columns=["x", "y"]), npartitions=3)
    return SpatialData(
        images={
            "stain": Image2DModel.parse(rng.normal(size=(2, 15, 20)), c_coords=["a", "b"]),
            "fine": Image2DModel.parse(
                rng.normal(size=(1, 30, 40)), transformations={"global": Scale([0.5, 0.5], ("x", "y"))}
            ),
        },
        labels={"cells": Labels2DModel.parse(ids, chunks=8)},
        points={"molecules": points},
        shapes={
            "regions": ShapesModel.parse(regions),
            "nuclei": ShapesModel.parse(rng.uniform(0, 20, (40, 2)), geometry=0, radius=0.5),
        },
        tables={"table": table_of("cells", list(range(12, 0, -1)), layer=list("AAABBBCCCDDD"))},
    )


def test_measure(sdata: SpatialData) -> None:
    before = deepcopy(sdata)
    table = sdata.measure("cells", "stain", statistics=["mean", "max"], quantiles=[0.5])
    ids, pixels = sdata["cells"].values, sdata["stain"].values
    oracle = regionprops(ids, np.moveaxis(pixels, 0, -1))
    assert table.var_names.tolist() == ["a_mean", "a_max", "a_q0.5", "b_mean", "b_max", "b_q0.5"]
    assert table.obs["instance_id"].tolist() == [region.label for region in oracle]
    np.testing.assert_allclose(table[:, ["a_mean", "b_mean"]].X, [region.intensity_mean for region in oracle])
    np.testing.assert_allclose(table[:, "b_q0.5"].X.ravel(), [np.median(pixels[1][ids == r.label]) for r in oracle])
    np.testing.assert_allclose(table.obsm["spatial"], [np.add(r.centroid[::-1], 0.5) for r in oracle])
    np.testing.assert_array_equal(table.obs["area"], [r.area for r in oracle])
    assert table.uns["spatialdata_attrs"]["region"] == "cells"
    sdata["measures"] = table
    both = sdata.measure("nuclei", ["stain", "fine"])
    assert both.var_names.tolist() == ["stain_a_mean", "stain_b_mean", "fine_0_mean"]
    assert both.var["image"].tolist() == ["stain", "stain", "fine"]
    bare = sdata.measure("regions")
    assert bare.shape == (3, 0)
    assert bare.obs["instance_id"].tolist() == ["a", "b", "c"]
    del sdata["measures"]
    assert_spatial_data_objects_are_identical(sdata, before)
    with pytest.raises(KeyError, match="'nucleus'"):
        sdata.measure("nucleus")
    with pytest.raises(UnsupportedElementError, match="no regions"):
        sdata.measure("molecules")


def region_of(sdata: SpatialData, xy: np.ndarray, column: str) -> list:
    """The value of the first region around each place, by geopandas."""
    regions = sdata["regions"]
    hits = [regions.index[regions.intersects(shapely.Point(place))] for place in xy]
    return [regions.loc[hit[0], column] if len(hit) else np.nan for hit in hits]


@pytest.mark.parametrize("column", ["tissue", "grade", "dense"])
@pytest.mark.filterwarnings("ignore:The centres of")
def test_points_shapes_and_labels_get_the_annotation_of_regions(sdata: SpatialData, column: str) -> None:
    before = deepcopy(sdata)
    found = sdata.annotate("molecules", by="regions", column=column)
    frame = found["molecules"].compute()
    expected = region_of(sdata, frame[["x", "y"]].to_numpy(), column)
    assert [None if pd.isna(v) else v for v in frame[column]] == [None if pd.isna(v) else v for v in expected]
    assert found["molecules"].npartitions == 3
    found = sdata.annotate("nuclei", by="regions", column=column, new_column="where")
    centres = shapely.get_coordinates(sdata["nuclei"].geometry.to_numpy())
    expected = region_of(sdata, centres, column)
    assert [None if pd.isna(v) else v for v in found["nuclei"]["where"]] == [
        None if pd.isna(v) else v for v in expected
    ]
    assert found["nuclei"].attrs["transform"] == sdata["nuclei"].attrs["transform"]
    found = sdata.annotate("cells", by="regions", column=column)
    centre = {r.label: np.add(r.centroid[::-1], 0.5) for r in regionprops(sdata["cells"].values)}
    expected = region_of(sdata, np.array([centre[i] for i in found["table"].obs["id"]]), column)
    assert [None if pd.isna(v) else v for v in found["table"].obs[column]] == [
        None if pd.isna(v) else v for v in expected
    ]
    assert_spatial_data_objects_are_identical(sdata, before)


def test_regions_that_are_labels_and_ids(sdata: SpatialData) -> None:
    found = sdata.annotate("molecules", by="cells", column="layer")
    frame = found["molecules"].compute()
    ids = sdata["cells"].values
    layers = dict(zip(sdata["table"].obs["id"], sdata["table"].obs["layer"], strict=True))
    for x, y, layer in zip(frame.x, frame.y, frame.layer, strict=True):
        label = ids[int(y), int(x)] if y < 15 else 0
        assert (layers[label] == layer) if label else pd.isna(layer)
    frame = sdata.annotate("molecules", by="cells")["molecules"].compute()
    assert set(frame["cells"].dropna()) <= set(range(1, 13))
    assert [0 if pd.isna(v) else v for v in frame["cells"]] == [
        ids[int(y), int(x)] if y < 15 else 0 for x, y in zip(frame.x, frame.y, strict=True)
    ]


def test_in_another_coordinate_system_and_several_regions(sdata: SpatialData) -> None:
    shapes = gpd.GeoDataFrame({"name": ["big", "small"]}, geometry=[shapely.box(0, 0, 8, 8), shapely.box(0, 0, 2, 2)])
    points = PointsModel.parse(np.array([[1.0, 1.0], [7.0, 7.0], [9.0, 9.0]]), transformations={"cs": TURN})
    cells = ShapesModel.parse(np.array([[1.0, 1.0]]), geometry=0, radius=1.0, transformations={"cs": TURN})
    placed = SpatialData(
        points={"points": points},
        shapes={"cells": cells, "regions": ShapesModel.parse(shapes, transformations={"cs": TURN})},
    )
    found = placed.annotate("points", "regions", "name", target_coordinate_system="cs")["points"].compute()
    assert [None if pd.isna(v) else v for v in found["name"]] == ["big", "big", None]
    with pytest.warns(UserWarning, match="1 of 1 instances"):
        assert placed.annotate("cells", "regions", "name", "cs")["cells"]["name"].tolist() == ["big"]


def test_rows_of_other_elements_keep_what_they_had() -> None:
    boxes = gpd.GeoDataFrame({"tissue": ["tumour"]}, geometry=[shapely.box(0, 0, 9, 9)])
    circles = ShapesModel.parse(np.array([[1.0, 1.0], [20.0, 20.0]]), geometry=0, radius=1.0)
    obs = pd.DataFrame(
        {"region": pd.Categorical(["a", "a", "b", "b"]), "id": [0, 1, 0, 1], "tissue": ["x", "x", "y", "z"]},
        index=list("pqrs"),
    )
    table = TableModel.parse(ad.AnnData(np.ones((4, 1)), obs=obs), ["a", "b"], "region", "id")
    sdata = SpatialData(
        shapes={"a": circles, "b": circles.copy(), "regions": ShapesModel.parse(boxes)}, tables={"table": table}
    )
    found = sdata.annotate("a", "regions", "tissue")["table"].obs["tissue"]
    assert [None if pd.isna(v) else v for v in found] == ["tumour", None, "y", "z"]


def volume(seed: int, most: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, most, (4, 6, 8)).astype(np.int32)


@pytest.mark.parametrize("chunks", [(4, 6, 8), (2, 3, 5)])
def test_molecules_by_labels_with_a_depth(chunks: tuple[int, ...]) -> None:
    ids = volume(1, 9)
    frame = pd.DataFrame(np.random.default_rng(2).uniform([-1, -1, -2], [9, 7, 14], (500, 3)), columns=["x", "y", "z"])
    placed = {"global": Scale([1, 1, 3], ("x", "y", "z"))}
    sdata = SpatialData(
        labels={"cells": Labels3DModel.parse(ids, chunks=chunks, transformations=placed)},
        points={"molecules": PointsModel.parse(frame, npartitions=2), "flat": PointsModel.parse(frame[["x", "y"]])},
    )
    x, y, z = np.floor(frame.to_numpy() / [1, 1, 3]).astype(int).T
    inside = (x >= 0) & (x < 8) & (y >= 0) & (y < 6) & (z >= 0) & (z < 4)
    expected = np.zeros(500, dtype=int)
    expected[inside] = ids[z[inside], y[inside], x[inside]]
    found = sdata.annotate("molecules", "cells")["molecules"].compute()["cells"]
    assert [0 if pd.isna(label) else label for label in found] == expected.tolist()
    found = sdata.annotate("flat", "cells")["flat"].compute()["cells"]
    for row, label in enumerate(found):
        above = ids[:, y[row], x[row]] if 0 <= x[row] < 8 and 0 <= y[row] < 6 else np.zeros(1)
        assert (0 if pd.isna(label) else label) == (min(above[above > 0]) if above.any() else 0)


def test_instances_by_labels_with_a_depth() -> None:
    """Labels with a depth take theirs along; circles lie at all depths, so that several regions may be around them."""
    ids = np.kron(np.arange(1, 17).reshape(2, 2, 4), np.ones((2, 3, 2), dtype=np.int32)).astype(np.int32)
    regions = np.zeros((4, 6, 8), dtype=np.int32)
    regions[:2, :, :4], regions[2:, :, :6] = 5, 3
    sdata = SpatialData(
        labels={"cells": Labels3DModel.parse(ids), "layers": Labels3DModel.parse(regions)},
        shapes={"circles": ShapesModel.parse(np.array([[1.0, 1.0], [5.0, 1.0], [7.0, 1.0]]), geometry=0, radius=0.5)},
        tables={"table": table_of("cells", list(range(1, 17)))},
    )
    found = sdata.annotate("cells", "layers")["table"].obs["layers"]
    centres = [np.argwhere(ids == label).mean(axis=0) + 0.5 for label in range(1, 17)]
    expected = [regions[tuple(np.floor(centre).astype(int))] for centre in centres]
    assert [0 if pd.isna(label) else label for label in found] == expected
    with pytest.warns(UserWarning, match="1 of 3 instances of the shapes lie in several"):
        found = sdata.annotate("circles", "layers")["circles"]["layers"]
    assert [0 if pd.isna(label) else label for label in found] == [3, 3, 0]


def test_annotation_keeps_large_numbers_and_times() -> None:
    when = pd.to_datetime(["2024-05-01", "2025-06-02"])
    frame = gpd.GeoDataFrame(
        {"id": [2**60 + 1, 3], "code": np.array([2**63 + 1, 5], dtype="uint64"), "small": [7, 8], "when": when},
        geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)],
    )
    points = PointsModel.parse(np.array([[0.5, 0.5], [1.5, 0.5], [9.0, 9.0]]))
    sdata = SpatialData(points={"points": points}, shapes={"regions": ShapesModel.parse(frame)})
    for column, first, second in (("id", 2**60 + 1, 3), ("code", 2**63 + 1, 5), ("small", 7, 8), ("when", *when)):
        found = sdata.annotate("points", by="regions", column=column)["points"]
        values = found.compute()[column]
        assert [values[0], values[1]] == [first, second]
        assert pd.isna(values[2])
        assert found.dtypes[column] == values.dtype
    assert values.dtype.kind == "M"


def test_large_numbers_of_tables_stay_where_some_are_missing() -> None:
    labels = Labels2DModel.parse(np.array([[1, 2, 3]]))
    table = table_of("labels", [1, 3], code=[2**60 + 1, 2**60 + 3])
    points = PointsModel.parse(np.array([[0.5, 0.5], [1.5, 0.5], [2.5, 0.5]]))
    sdata = SpatialData(labels={"labels": labels}, points={"points": points}, tables={"table": table})
    found = sdata.annotate("points", by="labels", column="code")["points"].compute()["code"]
    assert found[0] == 2**60 + 1
    assert found[2] == 2**60 + 3
    assert pd.isna(found[1])


def test_of_several_tables_the_one_with_the_column_counts(sdata: SpatialData) -> None:
    ids = list(range(1, 13))
    sdata["measures"] = table_of("cells", ids, size=[10.0 * number for number in ids])
    values = sdata.annotate("molecules", by="cells", column="size")["molecules"].compute()
    pixels = sdata["cells"].to_numpy()
    under = [pixels[int(y), int(x)] if y < 15 else 0 for x, y in values[["x", "y"]].to_numpy()]
    np.testing.assert_array_equal(values["size"].fillna(0), 10.0 * np.array(under))
    sdata["more"] = table_of("cells", ids, size=ids)
    with pytest.raises(ValueError, match=r"'size' is in the tables 'measures', 'more'\. Give by_table_name"):
        sdata.annotate("molecules", by="cells", column="size")
    with pytest.raises(ValueError, match=r"The regions 'nuclei' have no 'layer'.*It is in 'table': annotate by"):
        sdata.annotate("molecules", by="nuclei", column="layer")
    with pytest.raises(ValueError, match=r"\('geometry', 'radius'\).*\(none\)\.$"):
        sdata.annotate("molecules", by="nuclei", column="nothing")


def test_annotate_arguments_are_checked(sdata: SpatialData) -> None:
    with pytest.raises(UnsupportedElementError, match="no instances"):
        sdata.annotate("stain", by="regions")
    with pytest.raises(UnsupportedElementError, match="Regions are shapes or labels"):
        sdata.annotate("cells", by="molecules")
    with pytest.raises(KeyError, match="'areas'"):
        sdata.annotate("cells", by="areas")
    with pytest.raises(ValueError, match="'tisue'"):
        sdata.annotate("cells", by="regions", column="tisue")
    with pytest.raises(ValueError, match="does not annotate 'molecules'"):
        sdata.annotate("molecules", by="regions", table_name="table")
    with pytest.raises(ValueError, match="'um'"):
        sdata.annotate("molecules", by="regions", target_coordinate_system="um")
    sdata["second"] = table_of("cells", [1, 2])
    with pytest.raises(ValueError, match="Give table_name"):
        sdata.annotate("cells", by="regions", column="tissue")


def test_an_element_in_the_place_of_its_name_is_an_error_that_says_so(sdata: SpatialData) -> None:
    for call in (
        lambda: sdata.measure(sdata["cells"], "stain"),
        lambda: sdata.measure("cells", sdata["stain"]),
        lambda: sdata.measure("cells", ["stain", sdata["fine"]]),
        lambda: sdata.annotate(sdata["molecules"], by="regions"),
        lambda: sdata.annotate("molecules", by=sdata["regions"]),
    ):
        with pytest.raises(TypeError, match="Give the name of an element of the object, not"):
            call()
    assert list(sdata.measure("cells", ()).var_names) == []
