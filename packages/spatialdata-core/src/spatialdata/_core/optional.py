"""Packages that the core uses when they are installed, and never imports by itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from spatialdata.errors import SpatialDataError

__all__ = ["MissingPackageError", "require"]

_WHEELS = {
    "spatialdata_io": "spatialdata-io",
    "spatialdata_plot": "spatialdata-plot",
    "napari_spatialdata": "napari-spatialdata",
    "matplotlib": "spatialdata-plot",
}


class MissingPackageError(SpatialDataError, ImportError):
    """Something was asked for that needs a package which is not installed."""


def require(module: str, purpose: str) -> Any:
    """Import a module of a package that the core does not depend on.

    Parameters
    ----------
    module
        The dotted name of the module.
    purpose
        What it is needed for, as an infinitive; it begins the error.

    Returns
    -------
    The module.

    Raises
    ------
    MissingPackageError
        The package is not installed; the error names the wheel to install. An error inside an installed package is
        raised as it is.

    Examples
    --------
    >>> require("math", "count").sqrt(4.0)
    2.0
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module != missing and not module.startswith(f"{missing}."):
            raise
        package = module.partition(".")[0]
        wheel = _WHEELS.get(package, package)
        raise MissingPackageError(
            f"Cannot {purpose}: the module {module!r} is not installed. Install it with: pip install {wheel}"
        ) from error
