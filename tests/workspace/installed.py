"""Checks one installed wheel from outside the repository: ``python -I installed.py DISTRIBUTION``."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path


def check_names(name: str) -> None:
    """Import a module and resolve its public names. What needs a Qt binding may say so where there is none."""
    try:
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", ()):
            getattr(module, public)
    except ImportError as error:
        if name.startswith("napari_spatialdata") and "Qt" in str(error) and not importlib.util.find_spec("PyQt6"):
            return
        raise


def modules_of(package: str) -> list[str]:
    """List a package and all modules below it."""
    root = importlib.import_module(package)
    found = pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda name: None)
    return [package, *(module.name for module in found if not module.name.endswith("__main__"))]


def main(distribution: str) -> None:
    """Import everything, resolve every public name, start every command."""
    package = distribution.replace("-", "_")
    if not {"site-packages", "dist-packages"} & set(Path(importlib.import_module(package).__file__ or "").parts):
        sys.exit(f"{package} was imported from outside the environment")
    for name in modules_of(package):
        check_names(name)
    found = metadata.distribution(distribution)
    files = {str(path) for path in found.files or ()}
    needed = {f"{package}/py.typed"}
    if package == "napari_spatialdata":
        needed.add(f"{package}/napari.yaml")
    if not needed <= files:
        sys.exit(f"{distribution}: the wheel lacks {sorted(needed - files)}")
    for command in found.entry_points.select(group="console_scripts"):
        script = Path(sys.executable).parent / command.name
        subprocess.run([str(script), "--help"], check=True, stdout=subprocess.DEVNULL)
    print(f"{distribution} {found.version}: ok")


if __name__ == "__main__":
    main(sys.argv[1])
