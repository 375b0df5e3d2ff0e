"""What JavaScript readers see of a store is what was written: Vitessce, SpatialData.js, and plain Zarr and Parquet."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.testing.conformance_store import write_conformance_store
from spatialdata.transformations import Affine, Identity, Scale, Sequence, Translation, get_transformation

pytestmark = pytest.mark.contract
Node = Callable[..., Any]
SYSTEMS = {
    "global": Identity(),
    "um": Sequence([Scale([0.5, 0.5], ("x", "y")), Translation([7, -3], ("x", "y"))]),
    "turned": Affine([[0.6, -0.8, 3], [0.8, 0.6, -2], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y")),
}
POINTS = 140_000


def make() -> SpatialData:
    rng = np.random.default_rng(11)
    pixels = rng.integers(0, 60_000, (3, 200, 300), dtype=np.uint16)
    ids = np.kron(rng.integers(0, 90_000, (10, 15)), np.ones((20, 20))).astype("uint32")
    frame = pd.DataFrame(
        {
            "x": rng.uniform(0, 300, POINTS).astype("float32"),
            "y": rng.uniform(0, 200, POINTS).astype("float32"),
            "gene": pd.Categorical.from_codes(rng.integers(0, 300, POINTS), [f"g{i}" for i in range(300)]),
            "note": [f"n{i % 7}" for i in range(POINTS)],
        }
    )
    cells = [f"cell-{number}" for number in rng.permutation(50)]
    corner = rng.uniform(0, 150, (50, 2))
    hole = [[(3, 3), (6, 3), (6, 6), (3, 3)]]
    outlines = [shapely.box(x, y, x + 9, y + 5) for x, y in corner[:-1]]
    outlines.append(shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], hole))
    obs = pd.DataFrame(
        {"region": pd.Categorical(["circles"] * 50), "cell": cells, "size": np.arange(50.0)},
        index=[f"row{number}" for number in range(50)],
    )
    counts = anndata.AnnData(
        rng.poisson(2.0, (50, 4)).astype("float32"), obs=obs, var=pd.DataFrame(index=["a", "b", "c", "d"])
    )
    return SpatialData(
        images={
            "pyramid": Image2DModel.parse(
                pixels, c_coords=["DAPI", "CD3", "µ"], scale_factors=[2], transformations=SYSTEMS
            )
        },
        labels={"cells": Labels2DModel.parse(ids, scale_factors=[2], transformations=SYSTEMS)},
        points={
            "molecules": PointsModel.parse(frame, feature_key="gene", transformations=SYSTEMS),
            "few": PointsModel.parse(frame.iloc[:60], feature_key="gene"),
        },
        shapes={
            "circles": ShapesModel.parse(
                corner, geometry=0, radius=rng.uniform(1, 2, 50), index=cells, transformations=SYSTEMS
            ),
            "outlines": ShapesModel.parse(
                geopandas.GeoDataFrame(geometry=outlines, index=cells), transformations=SYSTEMS
            ),
        },
        tables={"counts": TableModel.parse(counts, region="circles", region_key="region", instance_key="cell")},
        attrs={"project": "demo"},
    )


LAYOUTS: dict[str, dict[str, Any]] = {
    "usual": {},
    "0.6": {"ngff": "0.6"},
    "tiled, sharded": {
        "points_layout": "vitessce",
        "raster_compressor": {"zstd": 3},
        "raster_chunks": {"y": 64, "x": 64},
        "raster_shards": {"y": 128, "x": 128},
    },
}


@pytest.fixture(scope="module", params=list(LAYOUTS))
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[SpatialData, Path, str]:
    sdata = make()
    path = tmp_path_factory.mktemp("node") / "store.zarr"
    sdata.write(path, update_sdata_path=False, **LAYOUTS[request.param])
    return sdata, path, request.param


def matrix_of(element: Any, system: str) -> np.ndarray[Any, Any]:
    """The transformation over x, y and z as the graphics of browsers take it: columns first."""
    matrix = np.eye(4)
    plane = get_transformation(element, system).to_affine_matrix(("x", "y"), ("x", "y"))
    matrix[np.ix_([0, 1, 3], [0, 1, 3])] = plane
    return matrix.T.ravel()


def mapped(element: Any, system: str, coordinates: Any) -> np.ndarray[Any, Any]:
    matrix = get_transformation(element, system).to_affine_matrix(("x", "y"), ("x", "y"))
    return np.asarray(coordinates) @ matrix[:2, :2].T + matrix[:2, 2]


def levels_of(raster: Any) -> list[np.ndarray[Any, Any]]:
    return [raster[name]["image"].to_numpy() for name in sorted(raster.children)]


def test_vitessce_loads_rasters(node: Node, stored: tuple[SpatialData, Path, str]) -> None:
    sdata, path, _ = stored
    question = {
        "image": {"kind": "image", "path": "images/pyramid", "system": "um", "level": 1, "selection": {"c": 1}},
        "labels": {"kind": "labels", "path": "labels/cells", "system": "turned", "level": 1, "selection": {}},
    }
    found = node("vitessce.mjs", path, json.dumps(question))
    image, labels = levels_of(sdata["pyramid"]), levels_of(sdata["cells"])
    assert found["image"]["shapes"] == [list(level.shape) for level in image]
    assert found["image"]["channels"] == ["DAPI", "CD3", "µ"]
    assert found["image"]["matrix"] == pytest.approx(matrix_of(sdata["pyramid"], "um"))
    assert found["labels"]["matrix"] == pytest.approx(matrix_of(sdata["cells"], "turned"))
    for key, level in (("image", image[1][1]), ("labels", labels[1])):
        pixels = np.reshape(found[key]["pixels"], (found[key]["height"], found[key]["width"]))
        np.testing.assert_array_equal(pixels[: level.shape[0], : level.shape[1]], level)


def test_vitessce_loads_shapes_and_tables(node: Node, stored: tuple[SpatialData, Path, str]) -> None:
    sdata, path, _ = stored
    question = {
        "circles": {"kind": "circles", "path": "shapes/circles", "system": "um"},
        "outlines": {"kind": "polygons", "path": "shapes/outlines", "system": "turned"},
        "table": {"kind": "table", "path": "tables/counts", "columns": ["region", "size"], "matrix": "X"},
    }
    found = node("vitessce.mjs", path, json.dumps(question))
    circles, outlines, table = sdata["circles"], sdata["outlines"], sdata["counts"]
    assert found["circles"]["index"] == list(circles.index)
    centres = mapped(circles, "um", shapely.get_coordinates(circles.geometry))
    np.testing.assert_allclose(np.transpose(found["circles"]["xy"]), centres, rtol=1e-5)
    np.testing.assert_allclose(found["circles"]["radius"], circles["radius"] * 0.5, rtol=1e-5)
    assert found["outlines"]["index"] == list(outlines.index)
    for ring, outline in zip(found["outlines"]["rings"], outlines.geometry, strict=True):
        np.testing.assert_allclose(ring, mapped(outlines, "turned", outline.exterior.coords), rtol=1e-9)
    assert found["table"]["ids"] == table.obs["cell"].tolist()
    assert found["table"]["genes"] == ["a", "b", "c", "d"]
    # Columns are loaded as text, for the names of sets of cells.
    assert found["table"]["columns"] == [["circles"] * 50, [str(number) for number in range(50)]]
    np.testing.assert_array_equal(np.reshape(found["table"]["first"], table.shape), table.X)


def test_vitessce_loads_points(node: Node, stored: tuple[SpatialData, Path, str]) -> None:
    sdata, path, layout = stored
    boxes = [[20, 30, 60, 50], [0, 0, 10, 10], [150, 100, 299, 199]]
    question = {
        "molecules": {"kind": "points", "path": "points/molecules", "system": "um", "boxes": boxes},
        "few": {"kind": "points", "path": "points/few", "system": "global"},
    }
    found = node("vitessce.mjs", path, json.dumps(question))
    frame = sdata["molecules"].compute()
    assert found["molecules"]["matrix"] == pytest.approx(matrix_of(sdata["molecules"], "um"))
    if layout != "tiled, sharded":
        for name in ("molecules", "few"):
            assert found[name]["tiling"] == "full"
            rows = sdata[name].compute().loc[[int(label) for label in found[name]["index"]]]
            assert len(rows) == len(sdata[name])
            np.testing.assert_array_equal(found[name]["xy"], rows[["x", "y"]].to_numpy().T)
            assert found[name]["features"] == rows["gene"].tolist()
        return
    assert {found[name]["tiling"] for name in ("molecules", "few")} == {"tiled"}
    size = sum(part.stat().st_size for part in (path / "points" / "molecules").rglob("*.parquet"))
    known = set(zip(frame["x"].tolist(), frame["y"].tolist(), frame["gene"].cat.codes.tolist(), strict=True))
    for (left, top, right, bottom), tile in zip(boxes, found["molecules"]["boxes"], strict=True):
        loaded = list(zip(tile["x"], tile["y"], tile["featureIndices"], strict=True))
        assert set(loaded) <= known
        inside = frame[frame["x"].between(left, right) & frame["y"].between(top, bottom)]
        expected = set(zip(inside["x"].tolist(), inside["y"].tolist(), inside["gene"].cat.codes.tolist(), strict=True))
        assert expected
        assert expected <= set(loaded)
    corner = found["molecules"]["boxes"][1]
    assert len(corner["x"]) < POINTS / 2
    assert corner["bytes"] < size


def test_spatialdata_js_loads_every_element(node: Node, stored: tuple[SpatialData, Path, str]) -> None:
    sdata, path, _ = stored
    found = node("spatialdata_js.mjs", path)
    assert found["bad"] == []
    assert sorted(found["systems"]) == sorted(SYSTEMS)
    elements = found["elements"]
    assert set(elements) == {f"{kind}/{name}" for kind, name, _ in sdata.gen_elements()}
    assert elements["images/pyramid"]["channels"] == ["DAPI", "CD3", "µ"]
    assert elements["images/pyramid"]["axes"] == ["c", "y", "x"]
    for kind, name, element in sdata.gen_spatial_elements():
        matrices = elements[f"{kind}/{name}"]["matrices"]
        assert set(matrices) == set(get_transformation(element, get_all=True))
        for system, matrix in matrices.items():
            assert matrix == pytest.approx(matrix_of(element, system)), (name, system)
    circles = elements["shapes/circles"]
    assert (circles["kind"], circles["ids"]) == ("circle", list(sdata["circles"].index))
    centres = shapely.get_coordinates(sdata["circles"].geometry)
    np.testing.assert_allclose(np.transpose(circles["circles"]["positions"]), centres, rtol=1e-6)
    np.testing.assert_allclose(circles["circles"]["radii"], sdata["circles"]["radius"], rtol=1e-6)
    outlines = elements["shapes/outlines"]
    assert (outlines["kind"], outlines["ids"]) == ("polygon", list(sdata["outlines"].index))
    for ring, outline in zip(outlines["polygons"], sdata["outlines"].geometry, strict=True):
        np.testing.assert_array_equal(ring, outline.exterior.coords)
    table = elements["tables/counts"]
    assert table["keys"] == {"region": ["circles"], "regionKey": "region", "instanceKey": "cell"}
    assert table["obs"]["size"] == sdata["counts"].obs["size"].tolist()
    frame = sdata["molecules"].compute()
    found_points = np.array(elements["points/molecules"]["coordinates"])
    order = np.lexsort(found_points)
    np.testing.assert_array_equal(
        found_points[:, order].T, frame[["x", "y"]].to_numpy()[np.lexsort(frame[["x", "y"]].to_numpy().T)]
    )


def test_plain_readers_see_the_values(node: Node, stored: tuple[SpatialData, Path, str]) -> None:
    sdata, path, _ = stored
    found = node("plain.mjs", path)
    for kind, name in (("images", "pyramid"), ("labels", "cells")):
        paths = found["images"][f"{kind}/{name}"]["datasets"]
        for level, dataset in zip(levels_of(sdata[name]), paths, strict=True):
            array = found["arrays"][f"{kind}/{name}/{dataset}"]
            assert array["dtype"] == str(level.dtype)
            np.testing.assert_array_equal(np.reshape(array["values"], array["shape"]), level)
    counts = found["arrays"]["tables/counts/X"]
    np.testing.assert_array_equal(np.reshape(counts["values"], counts["shape"]), sdata["counts"].X)
    circles = pd.DataFrame(found["rows"]["shapes/circles/shapes.parquet"])
    assert circles["radius"].tolist() == sdata["circles"]["radius"].tolist()
    centres = np.array([geometry["coordinates"] for geometry in circles["geometry"]])
    np.testing.assert_array_equal(centres, shapely.get_coordinates(sdata["circles"].geometry))
    few = pd.DataFrame(found["rows"]["points/few/points.parquet/part.0.parquet"]).set_index("__null_dask_index__")
    expected = sdata["few"].compute()
    for column in ("x", "y", "gene", "note"):
        assert few[column].loc[expected.index].tolist() == expected[column].tolist()


def test_spatialdata_js_reads_the_conformance_store(node: Node, tmp_path: Path) -> None:
    facts = write_conformance_store(tmp_path)
    found = node("spatialdata_js.mjs", tmp_path / "store.zarr")
    # It leaves out what has a transformation of the type mapAxis anywhere.
    left_out = {path for path, each in facts["elements"].items() if "swapped" in each.get("transformations", {})}
    assert {line.partition(":")[0] for line in found["bad"]} == left_out
    assert set(found["elements"]) == set(facts["elements"]) - left_out
    for name in ("circles_sorted", "circles_sorted_named"):
        expected = facts["elements"][f"shapes/{name}"]
        circles = found["elements"][f"shapes/{name}"]
        centres = dict(zip(circles["ids"], np.transpose(circles["circles"]["positions"]).tolist(), strict=True))
        wanted = shapely.get_coordinates(shapely.from_wkt(expected["geometry"])).tolist()
        assert centres == dict(zip(map(str, expected["index"]), wanted, strict=True))
