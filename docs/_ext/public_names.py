"""Writes one API page for every public module, from the module's own ``__all__``."""

from __future__ import annotations

import importlib
import inspect
import shutil
from pathlib import Path
from types import ModuleType

PUBLIC_MODULES = (
    "spatialdata",
    "spatialdata.models",
    "spatialdata.transformations",
    "spatialdata.regions",
    "spatialdata.dataloader",
    "spatialdata.datasets",
    "spatialdata.testing",
    "spatialdata.testing.conformance",
    "spatialdata.testing.conformance_store",
    "spatialdata.testing.strategies",
    "spatialdata.errors",
    "spatialdata.config",
    "spatialdata_io",
    "spatialdata_io.simulate",
    "spatialdata_plot",
    "spatialdata_plot.pl",
    "napari_spatialdata",
)


def section_of(value: object) -> str | None:
    """Name the section that a public object is listed in; None for a module."""
    if isinstance(value, ModuleType):
        return None
    if inspect.isclass(value):
        return "Errors" if issubclass(value, BaseException) else "Classes"
    return "Functions" if callable(value) else "Values"


def home_of(value: object) -> str | None:
    """Name the first public module that offers a class or function, which is where it is described."""
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return None
    for name in PUBLIC_MODULES:
        module = importlib.import_module(name)
        if any(getattr(module, public) is value for public in getattr(module, "__all__", ())):
            return name
    return None


def page_of(name: str) -> str:
    """Return the page of one public module."""
    module = importlib.import_module(name)
    sections: dict[str, list[str]] = {"Classes": [], "Functions": [], "Values": [], "Errors": []}
    elsewhere = []
    for public in sorted(getattr(module, "__all__", ())):
        value = getattr(module, public)
        section = section_of(value)
        if section is None or public.startswith("__"):
            continue
        home = home_of(value)
        if home in (None, name):
            sections[section].append(public)
        else:
            elsewhere.append(f"   {public}\n      the same as :obj:`{home}.{public}`")
    lines = [name, "=" * len(name), "", f".. module:: {name}", "", inspect.getdoc(module) or "", ""]
    for title, names in sections.items():
        if not names:
            continue
        lines += [title, "-" * len(title), "", ".. autosummary::", "   :toctree: .", "   :nosignatures:", ""]
        lines += [f"   {public}" for public in names] + [""]
    if elsewhere:
        lines += ["Described elsewhere", "-------------------", "", *elsewhere, ""]
    return "\n".join(lines)


def write_pages(folder: Path, modules: tuple[str, ...]) -> None:
    """Write the pages into a folder, which is emptied first: a page of a name that is gone would fail the build."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in modules:
        (folder / f"module-{name}.rst").write_text(page_of(name), encoding="utf-8")
