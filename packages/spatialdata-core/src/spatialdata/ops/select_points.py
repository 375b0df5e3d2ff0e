"""Queries of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import spatial_axes_of
from spatialdata._core.sources import RowSource, Window
from spatialdata.ops.frames import (
    coordinates_of,
    copied_attrs,
    in_memory,
    known_bounds,
    partitions_of,
    points_of,
    rows_at_times,
    windowed,
)
from spatialdata.regions.place import Placed, PlacedBend, place
from spatialdata.regions.placed import PlacedBox
from spatialdata.regions.prune import union_of
from spatialdata.regions.region import BoundingBox

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.regions.kinds import Region
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["select_points"]


@dataclass(frozen=True, slots=True)
class _Inside:
    """Whether rows lie in a region.

    Attributes
    ----------
    axes
        The columns that tell: the spatial axes of the points, and then their time if the region says times.
    region
        The region, brought to the points.
    times
        The box that says times, if there is one.
    """

    axes: tuple[str, ...]
    region: Placed
    times: BoundingBox | None

    @classmethod
    def of(cls, points: Any, region: Region) -> _Inside:
        """The test for a region of some coordinate system."""
        axes: tuple[str, ...] = spatial_axes_of(points)
        placed = place(region, points)
        rows_at_times(points._meta, region)  # noqa: SLF001
        if isinstance(region, BoundingBox) and "t" in region.axes and "t" in points.columns:
            return cls((*axes, "t"), placed, region)
        return cls(axes, placed, None)

    def __call__(self, coordinates: FloatArray) -> NDArray[np.bool_]:
        # The border belongs to a region that does not say it, unless it is a box.
        bare = self.region.region if isinstance(self.region, PlacedBend) else self.region
        border = not isinstance(bare, PlacedBox)
        if self.times is None:
            return self.region.contains(coordinates, border=border)
        inside = self.region.contains(coordinates[:, :-1], border=border)
        return inside & self.times.holds_times(coordinates[:, -1])

    def rows(self, part: pd.DataFrame) -> pd.DataFrame:
        """The rows of a partition that lie inside."""
        return part.loc[self(coordinates_of(part, self.axes))]

    def window(self, points: Any) -> Window | None:
        """The box around the region, in time too; None if no point can lie in it."""
        placed = self.region
        known = known_bounds(points, placed.bend.axes) if isinstance(placed, PlacedBend) else None
        window = placed.window_within(*known) if isinstance(placed, PlacedBend) and known else placed.window()
        if window is None or self.times is None:
            return window
        lower, upper = self.times.bounds("t")
        return Window((*window.axes, "t"), (*window.lower, lower), (*window.upper, upper))


def select_points(points: Any, regions: Sequence[Region]) -> list[PointsFrame | None]:
    """The points inside each of several regions.

    Parameters
    ----------
    points
        The points.
    regions
        The regions. The border belongs to a polygon and a circle, and not to a box unless that says so.

    Returns
    -------
    One frame for each region, with the index, columns, dtypes, attributes and order of the source, or None where
    no point lies. Points of a store, or computed lazily from anything that is not in memory, stay lazy: only so many
    coordinates are looked at now as it takes to find one inside, and the rows are read where and when the result is
    computed. Points in memory are cut at once.
    """
    tests = [_Inside.of(points, region) for region in regions]
    windows = [test.window(points) for test in tests]
    met = [(window, test) for window, test in zip(windows, tests, strict=True) if window is not None]
    found = iter(_found(points, met) if met else [])
    return [None if window is None else next(found) for window in windows]


def _found(points: Any, wanted: list[tuple[Window, _Inside]]) -> list[PointsFrame | None]:
    source = getattr(points, "source", None)
    if isinstance(source, RowSource):
        return _of_source(points, source, wanted)
    candidates = windowed(points, union_of([window for window, _ in wanted]))
    tests = [test for _, test in wanted]
    if in_memory(candidates):
        return _of_memory(points, candidates, tests)
    return [_of_frame(points, candidates, test) for test in tests]


def _of_source(points: Any, source: RowSource, wanted: list[tuple[Window, _Inside]]) -> list[PointsFrame | None]:
    """From a store, of which only the pieces are read that a region may meet."""
    found = source.select(wanted)
    for frame in found:
        if frame is not None:
            frame.attrs = copied_attrs(points)
    return found


def _of_memory(points: Any, candidates: Any, tests: Sequence[_Inside]) -> list[PointsFrame | None]:
    """From rows in memory, in one pass over them."""
    found: list[list[pd.DataFrame]] = [[] for _ in tests]
    for part in partitions_of(candidates, description="query of points"):
        for rows, test in zip(found, tests, strict=True):
            inside = test(coordinates_of(part, test.axes))
            if inside.any():
                rows.append(part.loc[inside])
    return [_frame(points, rows) if rows else None for rows in found]


def _frame(points: Any, rows: list[pd.DataFrame]) -> PointsFrame:
    import pandas as pd

    frame = rows[0].copy() if len(rows) == 1 else pd.concat(rows)
    frame = frame[list(points.columns)]
    return points_of(frame, copied_attrs(points), points.npartitions)


def _of_frame(points: Any, candidates: Any, test: _Inside) -> PointsFrame | None:
    """From rows that are computed when they are needed."""
    import dask

    from spatialdata.models.points_frame import PointsFrame

    holds = dask.delayed(_holds_any, pure=False, traverse=False)
    coordinates = candidates[list(test.axes)]
    if not any(holds(part, test).compute() for part in coordinates.to_delayed()):
        return None
    inside = candidates.map_partitions(test.rows, meta=points._meta)  # noqa: SLF001
    return PointsFrame(inside, copied_attrs(points))


def _holds_any(part: pd.DataFrame, test: _Inside) -> bool:
    return bool(test(coordinates_of(part, test.axes)).any())
