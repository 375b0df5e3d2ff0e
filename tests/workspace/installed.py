"""Checks one installed wheel from outside the repository: ``python -I installed.py DISTRIBUTION``."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path


def packages_of_extras(distribution: str) -> set[str]:
    """The packages that only an extra of a distribution installs."""
    required = [line.partition(";") for line in metadata.requires(distribution) or ()]
    return {
        re.split(r"[^\w.-]", name)[0].replace("-", "_").lower() for name, _, marker in required if "extra" in marker
    }


def check_names(name: str, optional: set[str]) -> None:
    """Import a module and resolve its public names. What an extra installs may be missing, with a word about it."""
    try:
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", ()):
            getattr(module, public)
    except ImportError as error:
        if name.startswith("napari_spatialdata") and "Qt" in str(error) and not importlib.util.find_spec("PyQt6"):
            return
        missing = getattr(error.__cause__, "name", None) or ""
        if missing.partition(".")[0].lower() in optional and "pip install" in str(error):
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
    optional = packages_of_extras(distribution)
    for name in modules_of(package):
        check_names(name, optional)
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
