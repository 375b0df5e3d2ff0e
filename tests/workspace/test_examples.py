"""The examples in docstrings run, and show what they say."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil
from pathlib import Path

import pytest

WHEELS = ("spatialdata", "spatialdata_io", "spatialdata_plot", "napari_spatialdata")


def modules() -> list[str]:
    """The modules with examples, found by their text, so that nothing is imported to list them."""
    found = []
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)
        if spec is None or not spec.submodule_search_locations:
            continue
        (folder,) = spec.submodule_search_locations
        names = [wheel, *(info.name for info in pkgutil.walk_packages([folder], f"{wheel}.", onerror=lambda _: None))]
        found += [name for name in names if ">>> " in source_of(Path(folder), name)]
    return found


def source_of(folder: Path, name: str) -> str:
    path = folder.joinpath(*name.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8") if file.is_file() else ""


@pytest.mark.parametrize("name", modules())
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
    assert results.failed == 0, capsys.readouterr().out
