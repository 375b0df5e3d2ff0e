"""Which dialect the metadata of a raster are in."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from spatialdata.store.dialects import v04, v05_spatialdata, v06_spatialdata

__all__ = ["dialect_of"]


def dialect_of(zarr_format: int, attributes: Mapping[str, Any]) -> ModuleType:
    """The module that reads and writes attributes like these.

    Each has ``read``, ``with_channels`` and ``labels_listing``.

    Parameters
    ----------
    zarr_format
        The version of Zarr of the store.
    attributes
        The attributes of a raster, of the group of labels or of the root.
    """
    if zarr_format == 2:
        return v04
    return v06_spatialdata if v06_spatialdata.is_spoken(attributes) else v05_spatialdata
