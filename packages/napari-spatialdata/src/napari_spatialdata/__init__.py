"""Browse SpatialData in napari.

``Interactive(sdata)`` opens a viewer from Python; inside napari, ``.zarr`` stores open through File ▸ Open Folder
and are listed in the dock widget "SpatialData".
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_spatialdata.interactive import Interactive
    from napari_spatialdata.layers.notes import LossyDisplayWarning
    from napari_spatialdata.model.reference import LayerRef, reference_of
    from napari_spatialdata.reader import get_reader
    from napari_spatialdata.widgets.browser import BrowserWidget

__version__ = "0.9.0"

__all__ = ["BrowserWidget", "Interactive", "LayerRef", "LossyDisplayWarning", "get_reader", "reference_of"]

_HOMES = {
    "BrowserWidget": "widgets.browser",
    "Interactive": "interactive",
    "LayerRef": "model.reference",
    "LossyDisplayWarning": "layers.notes",
    "get_reader": "reader",
    "reference_of": "model.reference",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
