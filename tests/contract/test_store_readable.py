"""What is written here is read by the published release with every element equal."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import dask.array as da
import dask.dataframe as dd
import geopandas
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import shapely

from spatialdata import bounding_box_query
from spatialdata.models import (
    Image2DModel,
    Image3DModel,
    Labels2DModel,
    Labels3DModel,
    PointsModel,
    ShapesModel,
    TableModel,
)
from spatialdata.models.kind import Kind
from spatialdata.store.delete import delete_element
from spatialdata.store.metadata import write_channel_names, write_transformations
from spatialdata.store.options import WriteOptions
from spatialdata.store.store import Store
from spatialdata.store.write import write_element, write_store
from spatialdata.testing.conformance_store import write_conformance_store
from spatialdata.transformations import Affine, Identity, MapAxis, Scale, Sequence, Translation

pytestmark = pytest.mark.contract
SCRIPT = Path(__file__).parent / "scripts" / "describe.py"
Elements = dict[Kind, dict[str, Any]]


def describe(element: Any) -> Any:
    spec = importlib.util.spec_from_file_location("describe", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return json.loads(json.dumps(module.describe(element)))


def transformations() -> dict[str, Any]:
    turn = Affine([[0.6, -0.8, 3], [0.8, 0.6, -2], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y"))
    return {
        "global": Identity(),
        "moved": Translation([10, -3.5], axes=("x", "y")),
        "scaled": Scale([0.25, 4.0], axes=("y", "x")),
        "turned": turn,
        "swapped": MapAxis({"x": "y", "y": "x"}),
        "chain": Sequence([Scale([2.0], axes=("x",)), Sequence([turn, MapAxis({"x": "y", "y": "x"})]), Identity()]),
    }


def rasters() -> Elements:
    rng = np.random.default_rng(7)
    pixels = rng.integers(0, 60_000, (3, 2100, 1300), dtype=np.uint16)
    blobs = np.kron(rng.integers(0, 90_000, (21, 13)), np.ones((10, 10), dtype=np.int64))
    irregular = da.from_array(rng.random((2, 100, 90)).astype("float32"), chunks=((1, 1), (30, 50, 20), (17, 73)))
    pyramid: Any = Image2DModel.parse(pixels[:, :400, :300].astype(np.uint8), scale_factors=[2, 3])
    return {
        Kind.IMAGE: {
            "uint16": Image2DModel.parse(
                pixels, c_coords=["DAPI", "CD3", "µ-channel"], transformations=transformations()
            ),
            "pyramid": pyramid,
            "cut": bounding_box_query(pyramid, ("y", "x"), [7, 11], [381, 290], "global"),
            "irregular": Image2DModel.parse(irregular, transformations={"only": Identity()}),
            "volume": Image3DModel.parse(rng.random((2, 5, 12, 9))),
        },
        Kind.LABELS: {
            "ids": Labels2DModel.parse(blobs, scale_factors=[2, 2], transformations=transformations()),
            "mask": Labels2DModel.parse(blobs % 2 == 0),
            "volume_ids": Labels3DModel.parse(rng.integers(0, 9, (4, 10, 11), dtype=np.int16)),
        },
    }


def vectors() -> Elements:
    rng = np.random.default_rng(8)
    count = 150_000
    frame = pd.DataFrame(
        {
            "x": rng.uniform(0, 50, count),
            "y": rng.uniform(0, 50, count).astype("float32"),
            "gene": pd.Categorical.from_codes(rng.integers(0, 300, count), [f"gene{i}" for i in range(301)]),
            "cell": rng.integers(0, 90, count),
            "quality": rng.uniform(0, 40, count).astype("float32"),
            "inside": rng.random(count) > 0.5,
            "note": [f"n{i % 1000}" for i in range(count)],
        },
        index=rng.permutation(count),
    )
    spread = dd.from_pandas(frame, npartitions=3, sort=False)
    named = pd.DataFrame(
        {"x": [1, 2], "y": [3, 4], "z": [5, 6], "g": ["a", "b"]}, index=pd.Index(["p", "q"], name="molecule")
    )
    hole = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(3, 3), (6, 3), (6, 6)]])
    mixed = geopandas.GeoDataFrame(
        {"kind": pd.Categorical(["a", "b", "a"]), "area": [1.0, np.nan, 3.0]},
        geometry=[hole, shapely.MultiPolygon([hole, shapely.box(20, 20, 21, 22)]), shapely.box(1, 1, 2, 2)],
        index=["one", "two", "three"],
    )
    return {
        Kind.POINTS: {
            "molecules": PointsModel.parse(
                spread, feature_key="gene", instance_key="cell", transformations=transformations()
            ),
            "few": PointsModel.parse(named, feature_key="g"),
        },
        Kind.SHAPES: {
            "circles": ShapesModel.parse(rng.uniform(0, 9, (20_000, 2)), geometry=0, radius=rng.uniform(1, 2, 20_000)),
            "mixed": ShapesModel.parse(mixed, transformations=transformations()),
        },
    }


def tables() -> Elements:
    rng = np.random.default_rng(9)
    obs = pd.DataFrame(
        {
            "region": pd.Categorical(["circles"] * 4 + ["mixed"] * 3),
            "instance": [0, 1, 2, 3, 0, 1, 2],
            "type": pd.Categorical(["T", "B", "T", "NK", None, "B", "T"], categories=["NK", "T", "B", "unused"]),
            "note": [f"cell {i}" for i in range(7)],
            "score": [0.5, np.nan, 1, 2, 3, 4, 5],
            "flag": [True, False] * 3 + [True],
        },
        index=[f"c{i}" for i in range(7)],
    )
    counts = scipy.sparse.random(7, 5, density=0.5, format="csr", rng=rng, dtype="float32")
    table = anndata.AnnData(
        counts, obs=obs, var=pd.DataFrame({"symbol": list("abcde")}, index=[f"g{i}" for i in range(5)])
    )
    table.layers["dense"] = counts.toarray() * 2
    table.layers["columns"] = counts.tocsc()
    table.obsm["spatial"] = rng.random((7, 2))
    table.obsp["near"] = scipy.sparse.eye(7, format="csr")
    table.varm["loadings"] = rng.random((5, 2))
    table.uns["parameters"] = {"method": "demo", "k": 5, "names": np.array(["u", "v"]), "deep": {"alpha": 0.5}}
    table.raw = table.copy()
    alone = anndata.AnnData(np.eye(3, dtype=np.float32), obs=pd.DataFrame({"a": [1, 2, 3]}, index=["x", "y", "z"]))
    return {
        Kind.TABLE: {
            "counts": TableModel.parse(
                table, region=["circles", "mixed"], region_key="region", instance_key="instance"
            ),
            "alone": TableModel.parse(alone),
            "bare": anndata.AnnData(obs=pd.DataFrame(index=["x", "y"])),
        }
    }


def everything() -> Elements:
    return {**rasters(), **vectors(), **tables()}


def expected_of(elements: Elements) -> dict[str, Any]:
    return {f"{kind.container}/{name}": describe(e) for kind, group in elements.items() for name, e in group.items()}


def without_missing_members(facts: Any) -> Any:
    """uns without the members that the release fills with None when it reads."""
    own = facts.get("uns", {}).get("spatialdata_attrs")
    if own is not None:
        facts["uns"]["spatialdata_attrs"] = {key: value for key, value in own.items() if value is not None}
    return facts


def placed_by_sizes(facts: Any) -> Any:
    """Facts with coordinates as the release takes them: each level covers the finest, whatever its pixels come from."""
    full, *coarser = facts.get("levels", [{}])
    for level in coarser:
        for axis in set(level["dims"]) - {"c"}:
            whole, size = (each["shape"][each["dims"].index(axis)] for each in (full, level))
            found = (np.arange(size) + 0.5) * (whole / size)
            np.testing.assert_allclose(level["coords"][axis], found, atol=whole / size)
            level["coords"][axis] = np.round(found, 9).tolist()
    return facts


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("consolidate", [True, False])
def test_every_element_is_equal(peer: Callable[..., Any], tmp_path: Path, encoding: str, consolidate: bool) -> None:
    elements = everything()
    if encoding == "geoarrow":
        # This encoding makes multipolygons of all polygons of a mixed column.
        elements = {Kind.SHAPES: {"circles": elements[Kind.SHAPES]["circles"]}}
    attrs = {"project": "demo", "nested": {"list": [1, 2.5, "three", None, True]}, "μ": "ü"}
    write_store(
        tmp_path / "s.zarr",
        elements,
        attrs,
        options=WriteOptions.of(geometry_encoding=encoding),
        consolidate=consolidate,
    )
    found = peer(SCRIPT, tmp_path / "s.zarr")
    assert found["attrs"] == attrs
    assert found["consolidated"] is consolidate
    expected = expected_of(elements)
    assert set(found["elements"]) == set(expected)
    for path, facts in expected.items():
        there = placed_by_sizes(without_missing_members(found["elements"][path]))
        assert there == placed_by_sizes(without_missing_members(facts)), path


def test_changed_stores_are_equal(peer: Callable[..., Any], tmp_path: Path) -> None:
    elements = {**rasters(), **vectors()}
    root = tmp_path / "s.zarr"
    write_store(root, elements, {})
    write_transformations(root, Kind.IMAGE, "uint16", {"new": transformations()["turned"]})
    write_transformations(root, Kind.POINTS, "few", {"new": Translation([1, 2, 3], axes=("x", "y", "z"))})
    write_channel_names(root, "pyramid", ["r", "g", "b"])
    delete_element(root, Kind.LABELS, "mask")
    write_element(root, Kind.LABELS, "ids", elements[Kind.LABELS]["volume_ids"], overwrite=True)
    write_element(root, Kind.SHAPES, "more", elements[Kind.SHAPES]["mixed"])
    found = peer(SCRIPT, root)
    store = Store.open(root)
    assert found["consolidated"] is True
    assert set(found["elements"]) == {str(entry) for entry in store.entries()}
    for entry in store.entries():
        here = placed_by_sizes(describe(store.source(entry).load()))
        assert here == placed_by_sizes(found["elements"][str(entry)]), entry
    assert found["elements"]["images/pyramid"]["levels"][2]["coords"]["c"] == ["r", "g", "b"]
    assert list(found["elements"]["images/uint16"]["transformations"]) == ["new"]
    assert found["elements"]["labels/ids"]["levels"] == expected_of(elements)["labels/volume_ids"]["levels"]


def test_stores_of_the_release_are_read_equal(peer: Callable[..., Any], sample_data: Path) -> None:
    for name in ("upstream-0.7.3-container-v02", "upstream-container-v01-legacy-elements"):
        root = sample_data / "stores" / name / "store.zarr"
        store = Store.open(root)
        found = peer(SCRIPT, root)
        for entry in store.entries():
            assert describe(store.source(entry).load()) == found["elements"][str(entry)], entry


def test_the_conformance_store_is_read_equal(peer: Callable[..., Any], tmp_path: Path) -> None:
    facts = write_conformance_store(tmp_path)
    found = peer(SCRIPT, tmp_path / "store.zarr")
    store = Store.open(tmp_path / "store.zarr")
    assert set(found["elements"]) == set(facts["elements"]) == {str(entry) for entry in store.entries()}
    added = {"morton_code_2d", "gene_codes", "original_row"}
    for entry in store.entries():
        described = found["elements"][str(entry)]
        if entry.name == "points_none":
            # Without rows Parquet has no dictionary; only readers here know of the note with the categories.
            assert set(described["columns"]) == set(facts["elements"][str(entry)]["columns"])
            continue
        if "columns" in described:
            described["columns"] = {name: column for name, column in described["columns"].items() if name not in added}
        expected = describe(store.source(entry).load())
        assert without_missing_members(described) == without_missing_members(expected), entry
