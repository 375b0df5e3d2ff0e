"""The API pages list every public name."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_public_names() -> ModuleType:
    spec = importlib.util.spec_from_file_location("public_names", ROOT / "docs" / "_ext" / "public_names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


public_names = load_public_names()


@pytest.mark.parametrize("name", public_names.PUBLIC_MODULES)
def test_every_public_name_has_an_entry(name: str) -> None:
    module = importlib.import_module(name)
    entries = {line.strip() for line in public_names.page_of(name).splitlines() if line.startswith("   ")}
    names = {public for public in module.__all__ if not public.startswith("__")}
    undocumented = {public for public in names - entries if not isinstance(getattr(module, public), ModuleType)}
    assert undocumented == set()


@pytest.mark.parametrize("name", public_names.PUBLIC_MODULES)
def test_every_public_name_has_a_docstring(name: str) -> None:
    module = importlib.import_module(name)
    values = {public: getattr(module, public) for public in module.__all__ if not public.startswith("__")}
    bare = {public for public, value in values.items() if callable(value) and not getattr(value, "__doc__", None)}
    assert bare == set()


def test_submodules_that_are_public_have_a_page() -> None:
    for name in public_names.PUBLIC_MODULES:
        module = importlib.import_module(name)
        for public in module.__all__:
            value = getattr(module, public)
            if isinstance(value, ModuleType) and value.__name__.startswith(name):
                assert value.__name__ in public_names.PUBLIC_MODULES
