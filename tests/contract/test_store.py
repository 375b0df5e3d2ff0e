"""A store that one side writes is read by the other with the same values."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.contract
SCRIPTS = Path(__file__).parent / "scripts"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"contract_{name}", SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described(sdata: Any) -> dict[str, Any]:
    """Facts of an object here, as they look after a way through JSON."""
    return json.loads(json.dumps(load("describe_object").describe(sdata)))


def test_published_wheels_read_what_is_written_here(peer: Callable[..., Any], tmp_path: Path) -> None:
    sdata = load("make").make()
    expected = described(sdata)
    sdata.write(tmp_path / "store.zarr")
    assert peer(SCRIPTS / "describe_object.py", tmp_path / "store.zarr") == expected


@pytest.fixture(scope="module")
def published(peer: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A store that the published wheels wrote, and what they read from it."""
    store = tmp_path_factory.mktemp("published") / "store.zarr"
    peer(SCRIPTS / "make.py", store)
    return store, peer(SCRIPTS / "describe_object.py", store)


def test_what_published_wheels_write_is_read_here(published: tuple[Path, dict[str, Any]]) -> None:
    from spatialdata import read_zarr

    store, facts = published
    assert described(read_zarr(store)) == facts


def without_coarse_values(facts: dict[str, Any]) -> dict[str, Any]:
    """Leave out the values of lower levels: whether a mean is rounded or cut to an integer is each side's own."""
    for image in facts["images"].values():
        for level in image["levels"][1:]:
            del level["values"]
    return facts


def test_both_sides_parse_alike(published: tuple[Path, dict[str, Any]]) -> None:
    here, theirs = described(load("make").make()), json.loads(json.dumps(published[1]))
    assert without_coarse_values(here) == without_coarse_values(theirs)
