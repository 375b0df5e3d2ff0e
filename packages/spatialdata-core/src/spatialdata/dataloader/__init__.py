"""Tiles of images around cells or other regions, for training models; torch is used where it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata._core.lazy import lazy_names

if TYPE_CHECKING:
    from spatialdata.dataloader.datasets import ImageTilesDataset
    from spatialdata.dataloader.tiles import ImageTiles

_HOMES = {
    "ImageTiles": "spatialdata.dataloader.tiles",
    "ImageTilesDataset": "spatialdata.dataloader.datasets",
}

__all__ = ["ImageTiles", "ImageTilesDataset"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES, __all__)
