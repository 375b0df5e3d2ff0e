"""Regions: parts of space that elements are asked for."""

from __future__ import annotations

from spatialdata.regions.region import BoundingBox, Circle, PolygonRegion, Region

__all__ = ["BoundingBox", "Circle", "PolygonRegion", "Region"]
