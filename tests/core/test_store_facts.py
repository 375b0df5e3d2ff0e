"""The published example stores open with the values that the release which wrote them saw."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spatialdata import read_zarr
from spatialdata.models.kind import Kind
from spatialdata.store.store import Entry, Store
from spatialdata.transformations import get_transformation

STORES = (
    "upstream-0.7.3-container-v02",
    "upstream-container-v01",
    "upstream-container-v01-legacy-elements",
    "upstream-0.7.3-geoarrow-unconsolidated",
    "upstream-0.8.1dev-container-v02",
)
# How strings are typed depends on the version of pandas; partitions and the order of columns are no contract.
NO_CONTRACT = {"npartitions", "categories_dtype", "kind_of_string"}


@pytest.fixture(scope="module")
def collector(sample_data: Path) -> ModuleType:
    """The script that wrote the facts; it knows public names only."""
    path = sample_data / "stores" / "generator" / "facts.py"
    spec = importlib.util.spec_from_file_location("facts", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=STORES)
def example(request: pytest.FixtureRequest, sample_data: Path) -> tuple[Store, dict[str, Any]]:
    folder = sample_data / "stores" / request.param
    return Store.open(folder / "store.zarr"), json.loads((folder / "facts.json").read_text())


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{path}: {found!r} is no dict"]
        wrong = [f"{path}: keys {sorted(set(expected) ^ set(found))}"] if set(expected) != set(found) else []
        for key in expected.keys() & found.keys() - NO_CONTRACT:
            wrong += differences(expected[key], found[key], f"{path}/{key}")
        return wrong
    if path.endswith("/dtype") and {str(expected), str(found)} <= {"object", "string", "str"}:
        return []
    if path.endswith("/columns"):
        expected, found = sorted(expected), sorted(found)
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            line
            for number, pair in enumerate(zip(expected, found, strict=True))
            for line in differences(*pair, f"{path}/{number}")
        ]
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return (
            [] if found == pytest.approx(expected, rel=1e-12, abs=1e-12) else [f"{path}: {found!r} is not {expected!r}"]
        )
    return [] if expected == found else [f"{path}: {found!r} is not {expected!r}"]


def test_differences_sees_a_difference() -> None:
    assert differences({"a": [1, 2.0]}, {"a": [1, 2.5]}) == ["/a/1: 2.5 is not 2.0"]


def test_elements_and_attributes(example: tuple[Store, dict[str, Any]]) -> None:
    store, facts = example
    names = {kind: sorted(elements) for kind, elements in facts["elements"].items()}
    found: dict[str, list[str]] = {}
    for entry in store.entries():
        found.setdefault(entry.kind.container, []).append(entry.name)
    assert found == names
    assert store.attrs == facts["attrs"]


def test_values(example: tuple[Store, dict[str, Any]], collector: ModuleType) -> None:
    store, facts = example
    for entry in store.entries():
        source = store.source(entry)
        source.check()
        expected = facts["elements"][entry.kind.container][entry.name]
        found = json.loads(json.dumps(collector.element_facts(entry.kind.container, source.load())))
        assert differences(expected, found, str(entry)) == []


def test_transformations_are_known_without_loading(
    example: tuple[Store, dict[str, Any]], collector: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, facts = example
    for entry in store.entries():
        source = store.source(entry)
        monkeypatch.setattr(type(source), "load", None)
        if entry.kind is Kind.TABLE:
            continue
        expected = facts["elements"][entry.kind.container][entry.name]["transformations"]
        found = {name: collector.tr_desc(t) for name, t in source.attrs["transform"].items()}
        assert differences({name: t["transformation"] for name, t in expected.items()}, found) == []


@pytest.mark.parametrize("with_index_file", [True, False])
def test_entries_with_and_without_consolidated_metadata(
    sample_data: Path, tmp_path: Path, with_index_file: bool
) -> None:
    import shutil

    for name in ("upstream-0.7.3-container-v02", "upstream-container-v01"):
        shutil.copytree(sample_data / "stores" / name / "store.zarr", tmp_path / name)
        store = Store.open(tmp_path / name)
        before = store.entries()
        assert store.has_consolidated_metadata()
        if not with_index_file:
            _remove_consolidated(tmp_path / name)
        again = Store.open(tmp_path / name)
        assert again.has_consolidated_metadata() is with_index_file
        assert again.entries() == before


def _remove_consolidated(root: Path) -> None:
    (root / ".zmetadata").unlink(missing_ok=True)
    if (root / "zarr.json").exists():
        document = json.loads((root / "zarr.json").read_text())
        del document["consolidated_metadata"]
        (root / "zarr.json").write_text(json.dumps(document))


def test_consolidated_metadata_hold_what_the_release_wrote(sample_data: Path, tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "store.zarr"
    shutil.copytree(sample_data / "stores" / "upstream-0.7.3-container-v02" / "store.zarr", root)
    expected = json.loads((root / "zarr.json").read_text())
    _remove_consolidated(root)
    Store.open(root).consolidate()
    found = json.loads((root / "zarr.json").read_text())
    assert set(found["consolidated_metadata"]["metadata"]) == set(expected["consolidated_metadata"]["metadata"])
    for path, node in expected["consolidated_metadata"]["metadata"].items():
        own = found["consolidated_metadata"]["metadata"][path]
        assert {key: own[key] for key in ("attributes", "node_type", "zarr_format")} == {
            key: node[key] for key in ("attributes", "node_type", "zarr_format")
        }


def test_opening_reads_the_root_only(sample_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    real_open = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *args, **kwargs: opened.append(path) or real_open(path, *args, **kwargs)
    )
    root = sample_data / "stores" / "upstream-0.7.3-container-v02" / "store.zarr"
    Store.open(root).entries()
    assert {path.parent for path in opened} == {root}


def test_names_that_are_invalid_today_still_open(sample_data: Path, tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "store.zarr"
    shutil.copytree(sample_data / "stores" / "upstream-0.7.3-geoarrow-unconsolidated" / "store.zarr", root)
    (root / "shapes" / "circles").rename(root / "shapes" / "my circles (1)")
    store = Store.open(root)
    entry = Entry(Kind.SHAPES, "my circles (1)")
    assert entry in store.entries()
    assert len(store.source(entry).load()) == 5


def test_a_store_without_versions_is_of_the_oldest(sample_data: Path, tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "store.zarr"
    shutil.copytree(sample_data / "stores" / "upstream-container-v01" / "store.zarr", root)
    (root / ".zattrs").write_text(json.dumps({"something": 1}))
    store = Store.open(root)
    assert store.version == "0.1"
    assert store.attrs == {}


def test_a_store_of_an_early_release(sample_data: Path) -> None:
    sdata = read_zarr(sample_data / "spatialdata_zarr" / "bento_small_shapes_v01.zarr")
    assert len(sdata["transcripts"]) == 11_773
    assert {name: len(sdata[name]) for name in sdata.shapes} == {
        "cell_boundaries": 27,
        "cell_circles": 41,
        "nucleus_boundaries": 35,
    }
    scale = get_transformation(sdata["transcripts"]).to_affine_matrix(("x", "y"), ("x", "y"))
    np.testing.assert_allclose(scale, np.diag([4.705882352941177, 4.705882352941177, 1]))
