"""All kinds of regions."""

from __future__ import annotations

from typing import TypeAlias

from spatialdata.regions.region import BoundingBox, Circle, PolygonRegion
from spatialdata.regions.volume import VolumeRegion

__all__ = ["Region"]

Region: TypeAlias = BoundingBox | PolygonRegion | Circle | VolumeRegion
