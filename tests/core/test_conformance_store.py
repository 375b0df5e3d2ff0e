"""A reader made of zarr, pyarrow and json alone, after the description of the format, finds what the facts say."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
import zarr

from spatialdata import read_zarr
from spatialdata.store.dialects import edges
from spatialdata.store.validate import validate_store
from spatialdata.testing.conformance_store import json_schemas, write_conformance_store

KINDS = ("images", "labels", "points", "shapes", "tables")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("conformance")
    return folder / "store.zarr", write_conformance_store(folder)


def attributes(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "zarr.json").read_text(encoding="utf-8"))["attributes"]


# The reader.


def matrix_of(edge: dict[str, Any], axes: list[str]) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The axes of the output, and a matrix from the axes of the input and 1 to these and 1."""
    eye = np.eye(len(axes) + 1)
    if edge["type"] == "identity":
        return axes, eye
    if edge["type"] == "translation":
        eye[:-1, -1] = edge["translation"]
        return axes, eye
    if edge["type"] == "scale":
        return axes, np.diag([*edge["scale"], 1.0])
    output = [axis["name"] for axis in edge["output"]["axes"]]
    if edge["type"] == "affine":
        return output, np.vstack([edge["affine"], eye[-1]])
    if edge["type"] == "mapAxis":
        rows = [eye[axes.index(edge["mapAxis"].get(axis, axis))] for axis in output]
        return output, np.vstack([*rows, eye[-1]])
    assert edge["type"] == "sequence"
    total, now = eye, axes
    for member in edge["transformations"]:
        now, matrix = matrix_of(member, now)
        total = matrix @ total
    return now, total


def read_edges(found: list[dict[str, Any]]) -> dict[str, tuple[list[str], list[str], np.ndarray[Any, Any]]]:
    result = {}
    for edge in found:
        axes = [axis["name"] for axis in edge["input"]["axes"]]
        output, matrix = matrix_of(edge, axes)
        result[edge["output"]["name"]] = (axes, output, matrix)
    return result


def check_transformations(found: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    read = read_edges(found)
    assert set(read) == set(facts["transformations"])
    for name, (axes, output, matrix) in read.items():
        wanted = facts["matrix_axes"]
        rows = [*(output.index(axis) for axis in wanted), len(output)]
        columns = [*(axes.index(axis) for axis in wanted), len(axes)]
        np.testing.assert_allclose(matrix[np.ix_(rows, columns)], facts["transformations"][name], atol=1e-12)


def read_parquet(files: list[Path]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for file in files:
        for name, values in pq.read_table(file).to_pydict().items():
            columns.setdefault(name, []).extend(values)
    return columns


def index_of(file: Path, columns: dict[str, list[Any]]) -> list[Any]:
    (described,) = json.loads(pq.read_schema(file).metadata[b"pandas"])["index_columns"]
    if isinstance(described, dict):
        return list(range(described["start"], described["stop"], described["step"]))
    return columns.pop(described)


@pytest.mark.parametrize("kind", ["images", "labels"])
def test_rasters(written: tuple[Path, dict[str, Any]], kind: str) -> None:
    store, facts = written
    for name, expected in of_kind(facts, kind):
        (multiscale,) = attributes(store / kind / name)["ome"]["multiscales"]
        assert [axis["name"] for axis in multiscale["axes"]] == expected["axes"]
        for dataset, level in zip(multiscale["datasets"], expected["levels"], strict=True):
            array = zarr.open_array(store / kind / name / dataset["path"], mode="r")
            assert str(array.dtype) == level["dtype"]
            assert array[:].tolist() == level["values"]
        channels = attributes(store / kind / name)["ome"].get("omero")
        assert (channels and [one["label"] for one in channels["channels"]]) == expected["channels"]
        check_transformations(multiscale["coordinateTransformations"], expected)


def test_points(written: tuple[Path, dict[str, Any]]) -> None:
    store, facts = written
    for name, expected in of_kind(facts, "points"):
        found = attributes(store / "points" / name)
        files = sorted((store / "points" / name / "points.parquet").iterdir())
        assert [file.name for file in files] == [f"part.{number}.parquet" for number in range(len(files))]
        columns = read_parquet(files)
        index = index_of(files[0], columns)
        note = json.loads(pq.read_schema(files[0]).metadata[b"spatialdata"])
        own = note.get("columns", list(columns))
        assert own == list(expected["columns"])
        order = np.argsort(index, kind="stable")
        assert [index[row] for row in order] == expected["index"]
        for column, values in expected["columns"].items():
            assert [columns[column][row] for row in order] == values
        for key in ("feature_key", "instance_key"):
            assert found["spatialdata_attrs"][key] == expected[key]
        check_transformations(found["coordinateTransformations"], expected)
    assert set(attributes(store / "points" / "points_tiled")) == set(attributes(store / "points" / "points_2d"))
    tiled = pq.read_table(store / "points" / "points_tiled" / "points.parquet" / "part.0.parquet")
    assert {"morton_code_2d", "gene_codes"} <= set(tiled.column_names)


def test_shapes(written: tuple[Path, dict[str, Any]]) -> None:
    store, facts = written
    orders = set()
    for name, expected in of_kind(facts, "shapes"):
        found = attributes(store / "shapes" / name)
        file = store / "shapes" / name / "shapes.parquet"
        columns = read_parquet([file])
        index = index_of(file, columns)
        geo = json.loads(pq.read_schema(file).metadata[b"geo"])
        geometry = shapely.from_wkb(columns.pop(geo["primary_column"]))
        assert geo["columns"][geo["primary_column"]]["encoding"] == "WKB"
        columns.pop("bbox")
        rows = np.arange(len(index))
        if "row_order" in found:
            column = found["row_order"]["column"]
            rows = np.argsort(index if column is None else columns.pop(column), kind="stable")
            orders.add(column)
        assert [index[row] for row in rows] == expected["index"]
        assert {key: [values[row] for row in rows] for key, values in columns.items()} == expected["columns"]
        assert (shapely.from_wkt(expected["geometry"]) == geometry[rows]).all()
        check_transformations(found["coordinateTransformations"], expected)
    assert orders == {None, "original_row"}


def dense(group: Any) -> list[Any]:
    if isinstance(group, zarr.Array):
        return group[:].tolist()
    assert group.attrs["encoding-type"] == "csr_matrix"
    result = np.zeros(group.attrs["shape"])
    starts = group["indptr"][:]
    for row, (start, stop) in enumerate(pairwise(starts)):
        result[row, group["indices"][start:stop]] = group["data"][start:stop]
    return result.tolist()


def column_of(node: Any) -> list[Any]:
    if isinstance(node, zarr.Array):
        return node[:].tolist()
    if node.attrs["encoding-type"] == "nullable-string-array":
        return node["values"][:].tolist()
    assert node.attrs["encoding-type"] == "categorical"
    categories = column_of(node["categories"])
    return [categories[code] for code in node["codes"][:]]


def test_tables(written: tuple[Path, dict[str, Any]]) -> None:
    store, facts = written
    for name, expected in of_kind(facts, "tables"):
        group = zarr.open_group(store / "tables" / name, mode="r")
        for key in ("region", "region_key", "instance_key"):
            assert group.attrs[key] == expected[key]
        assert dense(group["X"]) == expected["X"]
        for part in ("layers", "obsm"):
            assert {key: dense(group[part][key]) for key in group[part]} == expected[part]
        for part in ("obs", "var"):
            frame = group[part]
            assert column_of(frame[frame.attrs["_index"]]) == expected[part]["index"]
            assert list(frame.attrs["column-order"]) == list(expected[part]["columns"])
            for column, values in expected[part]["columns"].items():
                assert column_of(frame[column]) == values


def of_kind(facts: dict[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
    found = [(path.split("/")[1], fact) for path, fact in facts["elements"].items() if path.startswith(f"{kind}/")]
    assert found
    return found


def test_attributes_and_elements(written: tuple[Path, dict[str, Any]]) -> None:
    store, facts = written
    root = attributes(store)
    assert root.pop("spatialdata_attrs")["version"] == "0.2"
    assert root == facts["attrs"]
    assert {f"{kind}/{path.name}" for kind in KINDS for path in (store / kind).iterdir() if path.is_dir()} == set(
        facts["elements"]
    )
    assert json.loads((store.parent / "facts.json").read_text(encoding="utf-8")) == facts
    assert validate_store(store, deep=True) == []
    assert {f"{kind}/{name}" for kind, name, _ in read_zarr(store).gen_elements()} == set(facts["elements"])


# The schemas.


def validator(name: str, version: str = "0.2") -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schemas(version)[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_attributes_follow_the_schemas(written: tuple[Path, dict[str, Any]]) -> None:
    store, facts = written
    validator("container").validate(attributes(store))
    for path in facts["elements"]:
        validator(path.split("/")[0]).validate(attributes(store / path))


def test_rasters_in_the_other_version_follow_the_schemas(tmp_path: Path) -> None:
    from spatialdata.datasets import blobs

    blobs(length=32).write(tmp_path / "s.zarr", ngff="0.6")
    for kind in ("images", "labels"):
        for folder in (path for path in (tmp_path / "s.zarr" / kind).iterdir() if path.is_dir()):
            validator(kind).validate(attributes(folder))


def test_schemas_know_every_type_of_transformation() -> None:
    choices = json_schemas()["points"]["$defs"]["transformation"]["oneOf"]
    assert {choice["properties"]["type"]["const"] for choice in choices} == set(edges._READERS)


@pytest.mark.parametrize(
    ("path", "place", "value"),
    [
        ("points/points_2d", ("spatialdata_attrs", "version"), "0.1"),
        ("points/points_2d", ("coordinateTransformations", 1, "translation"), "far"),
        ("points/points_2d", ("coordinateTransformations", 0, "type"), "magic"),
        ("points/points_2d", ("coordinateTransformations", 0, "output"), {"axes": []}),
        ("images/image_2d", ("ome", "version"), "0.5"),
        ("images/image_2d", ("ome", "multiscales"), []),
        ("labels/labels_2d", ("ome", "multiscales", 0, "datasets"), []),
        ("shapes/circles", ("spatialdata_attrs",), {}),
        ("tables/table", ("version",), "0.9"),
    ],
)
def test_schemas_and_the_reader_refuse_the_same(
    written: tuple[Path, dict[str, Any]], tmp_path: Path, path: str, place: tuple[Any, ...], value: Any
) -> None:
    import shutil

    from spatialdata.errors import StoreError
    from spatialdata.store.store import Store

    store, _ = written
    kind = path.split("/")[0]
    shutil.copytree(store / path, tmp_path / "s.zarr" / path)
    shutil.copy(store / "zarr.json", tmp_path / "s.zarr" / "zarr.json")
    shutil.copy(store / kind / "zarr.json", tmp_path / "s.zarr" / kind / "zarr.json")
    document = json.loads((tmp_path / "s.zarr" / path / "zarr.json").read_text(encoding="utf-8"))
    holder = document["attributes"]
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    (tmp_path / "s.zarr" / path / "zarr.json").write_text(json.dumps(document), encoding="utf-8")
    assert not validator(kind).is_valid(document["attributes"])
    opened = Store.open(tmp_path / "s.zarr")
    (entry,) = [entry for entry in opened.entries() if str(entry) == path]
    with pytest.raises(StoreError):
        opened.source(entry).check()


def test_the_same_store_is_written_each_time(written: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    store, _ = written
    write_conformance_store(tmp_path)

    def digests(root: Path) -> dict[str, str]:
        files = (path for path in sorted(root.rglob("*")) if path.is_file())
        return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    assert digests(tmp_path) == digests(store.parent)
