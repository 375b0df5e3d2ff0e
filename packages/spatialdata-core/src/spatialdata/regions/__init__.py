"""Regions: parts of space that elements are asked for."""

from __future__ import annotations

from spatialdata.regions.lattice import HexagonGrid, SquareGrid
from spatialdata.regions.region import BoundingBox, Circle, PolygonRegion, Region
from spatialdata.regions.tiles import Tile, tiles_of

__all__ = ["BoundingBox", "Circle", "HexagonGrid", "PolygonRegion", "Region", "SquareGrid", "Tile", "tiles_of"]
