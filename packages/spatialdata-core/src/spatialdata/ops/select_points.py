"""Queries of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import spatial_axes_of
from spatialdata._core.sources import Window
from spatialdata.ops.frames import (
    coordinates_of,
    copied_attrs,
    known_bounds,
    partitions_of,
    points_of,
    rows_at_times,
    windowed,
)
from spatialdata.regions.project import Placed, PlacedBend, PlacedBox, place
from spatialdata.regions.prune import union_of
from spatialdata.regions.region import BoundingBox

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.regions.region import Region

__all__ = ["select_points"]


def select_points(points: Any, regions: Sequence[Region]) -> list[PointsFrame | None]:
    """The points inside each of several regions, found in one pass over the partitions.

    Parameters
    ----------
    points
        The points. Those that come from a store are read only where a region may meet them.
    regions
        The regions. The border belongs to a polygon and a circle, and not to a box unless that says so.

    Returns
    -------
    One frame for each region, with the index, columns, dtypes, attributes and order of the source, or None where
    no point lies. At most one partition is in memory at a time, besides the points found.
    """
    axes = spatial_axes_of(points)
    placed = [place(region, points) for region in regions]
    found: list[list[pd.DataFrame]] = [[] for _ in regions]
    windows = [_window(area, region, points) for area, region in zip(placed, regions, strict=True)]
    met = [window for window in windows if window is not None]
    if not met:
        return [None for _ in regions]
    candidates = windowed(points, union_of(met))
    for part in partitions_of(candidates, description="query of points"):
        coordinates = coordinates_of(part, axes)
        for rows, area, region in zip(found, placed, regions, strict=True):
            inside = area.contains(coordinates, border=_border(area)) & rows_at_times(part, region)
            if inside.any():
                rows.append(part.loc[inside])
    return [_frame(points, rows) if rows else None for rows in found]


def _window(placed: Placed, region: Region, points: Any) -> Window | None:
    """The box around a region, in time too where the points say theirs in numbers; None if no point can lie in it."""
    known = known_bounds(points, placed.bend.axes) if isinstance(placed, PlacedBend) else None
    window = placed.window_within(*known) if isinstance(placed, PlacedBend) and known else placed.window()
    if window is None or not isinstance(region, BoundingBox) or "t" not in region.axes or "t" not in points.columns:
        return window
    if points.dtypes["t"].kind not in "iuf":
        return window
    lower, upper = region.bounds("t")
    return Window((*window.axes, "t"), (*window.lower, lower), (*window.upper, upper))


def _border(placed: Placed) -> bool:
    """Whether the border belongs to a region that does not say it."""
    return not isinstance(placed.region if isinstance(placed, PlacedBend) else placed, PlacedBox)


def _frame(points: Any, rows: list[pd.DataFrame]) -> PointsFrame:
    import pandas as pd

    frame = rows[0].copy() if len(rows) == 1 else pd.concat(rows)
    frame = frame[list(points.columns)]
    return points_of(frame, copied_attrs(points), points.npartitions)
