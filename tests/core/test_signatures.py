"""The public names, their parameters and their defaults are those of the published release 0.7.3."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

FACTS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "facts" / "signatures.json").read_text())

# Where the published signature is not a contract: name -> why.
DIFFERENCES = {
    "spatialdata.aggregate: buffer_resolution": "None stands for exact circles; a number is honored",
    "spatialdata.aggregate: kwargs": "unknown keywords are an error",
    "spatialdata.bounding_box_query: kwargs": "unknown keywords are an error",
    "spatialdata.models.Labels2DModel.parse: args": "the parameters are spelled out",
    "spatialdata.models.Labels3DModel.parse: args": "the parameters are spelled out",
    "spatialdata.models.Labels2DModel.parse: order": "the parameters are spelled out",
    "spatialdata.models.Labels3DModel.parse: order": "the parameters are spelled out",
    "spatialdata.models.PointsModel.parse: order": "the parameters are spelled out",
    "spatialdata.models.ShapesModel.parse: kwargs": "the parameters are spelled out",
    "spatialdata.read_zarr: on_bad_files": "the published default is a member of an enum that equals 'error'",
    "spatialdata.transformations.Sequence.to_affine_matrix: _nested_sequence": "private",
    "*.from_ngff": "the JSON of transformations belongs to the dialects of the store",
    "*.to_ngff": "the JSON of transformations belongs to the dialects of the store",
}


def parameters(function: Any) -> list[list[Any]]:
    found = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
    return [[p.name, p.kind.name, None if p.default is p.empty else repr(p.default)] for p in found]


def differences(key: str, published: list[list[Any]] | None, ours: Any) -> list[str]:
    if published is None:
        return []
    have = {name: (kind, default) for name, kind, default in parameters(ours)}
    faults = []
    for name, _, default in published:
        if f"{key}: {name}" in DIFFERENCES:
            continue
        if name not in have:
            faults.append(f"{key} has no parameter {name}")
        elif have[name][1] != default:
            faults.append(f"{key}: {name}={have[name][1]} instead of {default}")
    if f"{key}: order" not in DIFFERENCES:
        common = [name for name, _, _ in published if name in have]
        if [name for name in have if name in common] != common:
            faults.append(f"{key} has the order {list(have)}")
        # A further parameter may not come between, where positional arguments would reach it.
        positional = [name for name, kind, _ in published if kind == "POSITIONAL_OR_KEYWORD" and name in have]
        if list(have)[: len(positional)] != positional:
            faults.append(f"{key} has further parameters among the published ones: {list(have)}")
    return faults


def looked_up(key: str) -> Any:
    module, _, name = key.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("key", sorted(FACTS))
def test_public_name(key: str) -> None:
    fact, ours = FACTS[key], looked_up(key)
    if "call" in fact:
        assert differences(key, fact["call"], ours) == []
    if "class" in fact:
        assert inspect.isclass(ours)
        assert differences(key, fact["class"], ours) == []


MEMBERS = [
    (key, name)
    for key, fact in sorted(FACTS.items())
    for name in fact.get("members", {})
    if f"*.{name}" not in DIFFERENCES
]


@pytest.mark.parametrize(("key", "name"), MEMBERS)
def test_member(key: str, name: str) -> None:
    cls, fact = looked_up(key), FACTS[key]["members"][name]
    assert hasattr(cls, name) or name in getattr(cls, "__dataclass_fields__", {})
    found = inspect.getattr_static(cls, name, None)
    if isinstance(fact, list):
        assert differences(f"{key}.{name}", fact, getattr(cls, name)) == []
    elif fact == "property settable" and isinstance(found, property):
        assert found.fset is not None
    elif fact == "property":
        assert isinstance(found, property)


def test_the_facade_is_listed_lazily() -> None:
    import spatialdata

    assert set(spatialdata.__all__) <= set(dir(spatialdata))
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        spatialdata.no_such_name  # noqa: B018
