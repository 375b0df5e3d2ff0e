"""SpatialData: images, labels, points, shapes and tables of spatial omics in one object and one store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata._core.lazy import lazy_names

if TYPE_CHECKING:
    from spatialdata import models, transformations
    from spatialdata._core.names import sanitize_name
    from spatialdata.config import settings
    from spatialdata.models.table import sanitize_table
    from spatialdata.sdata import SpatialData, read_zarr

__version__ = "0.9.0"

_HOMES = {
    "SpatialData": "spatialdata.sdata",
    "models": "spatialdata.models",
    "read_zarr": "spatialdata.sdata",
    "sanitize_name": "spatialdata._core.names",
    "sanitize_table": "spatialdata.models.table",
    "settings": "spatialdata.config",
    "transformations": "spatialdata.transformations",
}

__all__ = [
    "SpatialData",
    "__version__",
    "models",
    "read_zarr",
    "sanitize_name",
    "sanitize_table",
    "settings",
    "transformations",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES, __all__)
