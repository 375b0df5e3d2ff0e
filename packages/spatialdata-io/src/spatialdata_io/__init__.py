"""Readers that bring the output of spatial omics instruments into SpatialData.

:func:`read` finds out which instrument wrote a folder; every instrument also has a function of its own name.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spatialdata_io.detection import describe, detect, read, scan
    from spatialdata_io.readers.visium import visium
    from spatialdata_io.readers.xenium import xenium, xenium_aligned_image, xenium_explorer_selection
    from spatialdata_io.registry import list_readers

__version__ = "0.9.0"

_HOMES = {
    "describe": "spatialdata_io.detection",
    "detect": "spatialdata_io.detection",
    "read": "spatialdata_io.detection",
    "list_readers": "spatialdata_io.registry",
    "scan": "spatialdata_io.detection",
    "visium": "spatialdata_io.readers.visium",
    "xenium": "spatialdata_io.readers.xenium",
    "xenium_aligned_image": "spatialdata_io.readers.xenium",
    "xenium_explorer_selection": "spatialdata_io.readers.xenium",
}

__all__ = [
    "__version__",
    "describe",
    "detect",
    "list_readers",
    "read",
    "scan",
    "visium",
    "xenium",
    "xenium_aligned_image",
    "xenium_explorer_selection",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
