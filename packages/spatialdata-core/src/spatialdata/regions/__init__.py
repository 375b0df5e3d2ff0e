"""Regions: parts of space that elements are asked for."""

from __future__ import annotations

from spatialdata.regions.kinds import Region
from spatialdata.regions.lattice import HexagonGrid, SquareGrid
from spatialdata.regions.region import BoundingBox, Circle, PolygonRegion
from spatialdata.regions.tiles import Tile, tiles_of
from spatialdata.regions.volume import VolumeRegion

__all__ = [
    "BoundingBox",
    "Circle",
    "HexagonGrid",
    "PolygonRegion",
    "Region",
    "SquareGrid",
    "Tile",
    "VolumeRegion",
    "tiles_of",
]
