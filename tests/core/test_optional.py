from __future__ import annotations

import sys

import pytest

from spatialdata._core.optional import MissingPackageError, require
from spatialdata.errors import SpatialDataError


def test_an_installed_module_is_imported():
    assert require("collections.abc", "test").Mapping.__name__ == "Mapping"


def test_a_missing_package_is_named_with_its_wheel(monkeypatch):
    monkeypatch.setitem(sys.modules, "spatialdata_plot", None)
    with pytest.raises(MissingPackageError, match=r"draw a figure.*'spatialdata_plot'.*pip install spatialdata-plot"):
        require("spatialdata_plot", "draw a figure")
    assert issubclass(MissingPackageError, SpatialDataError)
    assert issubclass(MissingPackageError, ImportError)


def test_a_missing_parent_counts_as_missing():
    with pytest.raises(MissingPackageError, match="pip install nowhere_at_all"):
        require("nowhere_at_all.inner", "test")


def test_an_error_inside_a_package_is_not_hidden(tmp_path, monkeypatch):
    (tmp_path / "broken_inside.py").write_text("import another_missing_module\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="another_missing_module") as raised:
        require("broken_inside", "test")
    assert not isinstance(raised.value, MissingPackageError)
