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


def page_of(name: str) -> str:
    """Return the page of one public module."""
    module = importlib.import_module(name)
    sections: dict[str, list[str]] = {"Classes": [], "Functions": [], "Values": [], "Errors": []}
    for public in sorted(getattr(module, "__all__", ())):
        section = section_of(getattr(module, public))
        if section is not None and not public.startswith("__"):
            sections[section].append(public)
    lines = [name, "=" * len(name), "", f".. module:: {name}", "", inspect.getdoc(module) or "", ""]
    for title, names in sections.items():
        if not names:
            continue
        lines += [title, "-" * len(title), "", ".. autosummary::", "   :toctree: .", "   :nosignatures:", ""]
        lines += [f"   {public}" for public in names] + [""]
    return "\n".join(lines)


def write_pages(folder: Path, modules: tuple[str, ...]) -> None:
    """Write the pages into a folder, which is emptied first: a page of a name that is gone would fail the build."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in modules:
        (folder / f"module-{name}.rst").write_text(page_of(name), encoding="utf-8")
