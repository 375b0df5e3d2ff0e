"""Points read a partition at a time, and put back into a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from spatialdata._core.direct import threads_of
from spatialdata._core.elements import element_attrs
from spatialdata._core.sources import Bounded, RowSource, Window
from spatialdata._core.text_types import text_as_it_is
from spatialdata.regions.region import BoundingBox
from spatialdata.relations.point_ids import rows_in_memory

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.regions.kinds import Region
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = [
    "EVERYWHERE",
    "coordinates_of",
    "copied_attrs",
    "in_memory",
    "known_bounds",
    "over_blocks",
    "over_partitions",
    "partitions_of",
    "plain_rows",
    "plane_coordinates",
    "points_of",
    "rows_at_times",
    "windowed",
]

_ROWS_PER_PARTITION = 2_000_000
_MERGED_AT_ONCE = 4
_GROUPS_PER_THREAD = 2
EVERYWHERE = Window((), (), ())


def copied_attrs(element: Any) -> dict[str, Any]:
    """A copy of the attributes of an element; the transformations are values and are shared."""
    return {key: dict(value) if isinstance(value, dict) else value for key, value in element_attrs(element).items()}


def windowed(points: Any, window: Window) -> Any:
    """The points that may lie in a window: read from the source with the window where the frame still is its source."""
    source = getattr(points, "source", None)
    if source is None or not window.axes:
        return points
    return source.load(window=window)


def known_bounds(points: Any, axes: Sequence[str]) -> tuple[FloatArray, FloatArray] | None:
    """The bounds that the source of points knows, as long as they are what was loaded from there."""
    source = getattr(points, "source", None)
    found = source.bounds(axes) if isinstance(source, Bounded) else None
    if found is None or not np.isfinite(found).all():
        return None
    return np.array(found[0]), np.array(found[1])


def plain_rows(points: Any, columns: Sequence[str], window: Window) -> Any:
    """Some columns of the points that may lie in a window; without their index, where reading it can be spared."""
    source = getattr(points, "source", None)
    if isinstance(source, RowSource):
        return source.rows(columns, window)
    return windowed(points, window)[list(columns)]


def in_memory(points: Any) -> bool:
    """Whether rows in the memory of this process go into a lazy frame."""
    return rows_in_memory(points)


def partitions_of(
    points: Any, columns: Sequence[str] | None = None, description: str = "points"
) -> Iterator[pd.DataFrame]:
    """The rows of a points element, one partition in memory at a time."""
    from tqdm import tqdm

    frame = points if columns is None else points[list(columns)]
    numbers = range(frame.npartitions)
    for number in tqdm(numbers, desc=description, unit="partition", disable=None, leave=False, delay=0.5):
        yield frame.partitions[number].compute()


def over_partitions(
    points: Any, columns: Sequence[str], work: Any, finish: Any, description: str = "points", *, merge: Any = None
) -> Any:
    """Work on the partitions of points at once, wherever dask works, and put the results together in their order.

    Parameters
    ----------
    points
        The points, or a pandas frame as the only partition.
    columns
        The columns that are needed.
    work
        Takes the rows of a partition.
    finish
        Takes the list of what ``work`` returned, and gives the result.
    description
        What the progress bar says.
    merge
        Takes what ``work`` returned for some neighbours and gives the same for all of them, so that there need not be
        all of it at once.
    """
    import dask

    frame = points[list(columns)]
    if not hasattr(frame, "to_delayed"):
        return finish([work(frame)])
    task, held = dask.delayed(_on, pure=False), _held(work)
    return _put_together([task(held, part) for part in frame.to_delayed()], finish, description, merge)


def over_blocks(
    points: Any, columns: Sequence[str], window: Window, work: Any, finish: Any, description: str, *, merge: Any = None
) -> Any:
    """Work on some columns of the points that may lie in a window, block by block, and put the results together.

    Parameters
    ----------
    points
        The points.
    columns
        The columns that are needed.
    window
        The window; of points in memory all are worked on.
    work
        Takes an iterator of blocks, each a tuple of the values of the columns, which it may not keep or change.
    finish, description, merge
        See :func:`over_partitions`.
    """
    import dask

    source = getattr(points, "source", None)
    if not isinstance(source, RowSource):

        def on_rows(part: pd.DataFrame) -> Any:
            return work(iter([tuple(part[column].to_numpy() for column in columns)]))

        return over_partitions(windowed(points, window), columns, on_rows, finish, description, merge=merge)
    task, held = dask.delayed(_on_chain, pure=False), _held(work)
    portions = [task(held, dask.delayed(some, traverse=False)) for some in _shared(source.blocks(columns, window))]
    return _put_together(portions, finish, description, merge)


def _shared(portions: Sequence[Any]) -> list[list[Any]]:
    """Portions in groups of neighbours: as many groups as keep all threads busy, each with one result to put together.

    Elsewhere than in the threads of this process each portion is worked on by itself.
    """
    threads = threads_of({})
    size = 1 if threads is None else max(len(portions) // (threads * _GROUPS_PER_THREAD), 1)
    return [list(portions[at : at + size]) for at in range(0, len(portions), size)]


def _on_chain(work: Any, portions: Sequence[Any]) -> Any:
    """What ``work`` makes of the blocks of some portions, one after the other."""
    return work(chain.from_iterable(portions))


def _on(work: Any, part: Any) -> Any:
    return work(part)


def _held(work: Any) -> Any:
    """What is done with each part, which may hold many regions, once in the graph and once on each worker."""
    import dask

    return dask.delayed(work, name=f"work-{uuid4().hex}", traverse=False)


def _put_together(parts: list[Any], finish: Any, description: str, merge: Any) -> Any:
    """What the tasks give, put together in their order."""
    import dask

    from spatialdata.relations.blocks import computed

    while merge is not None and len(parts) > 1:
        join = dask.delayed(merge, pure=False, traverse=False)
        few = [parts[at : at + _MERGED_AT_ONCE] for at in range(0, len(parts), _MERGED_AT_ONCE)]
        parts = [join(*some) if len(some) > 1 else some[0] for some in few]
    (result,) = computed([dask.delayed(finish, pure=False, traverse=False)(parts)], description)
    return result


def coordinates_of(part: pd.DataFrame, axes: Sequence[str]) -> FloatArray:
    """The coordinates of rows, as an array of shape ``(rows, axes)``."""
    return np.stack([part[axis].to_numpy(dtype=np.float64) for axis in axes]).T


def rows_at_times(rows: pd.DataFrame, region: Region) -> NDArray[np.bool_]:
    """Which rows of points or shapes lie at the times of a region, by their column t; all without one."""
    if not isinstance(region, BoundingBox) or "t" not in region.axes or "t" not in rows.columns:
        return np.ones(len(rows), dtype=bool)
    times = rows["t"]
    if times.dtype.kind not in "iuf":
        raise ValueError(
            f"The box is bounded along t, but the column 't' is of the type {times.dtype}. Make it numbers, or leave "
            "t out of the box."
        )
    return region.holds_times(times.to_numpy())


def plane_coordinates(part: pd.DataFrame, plane: Projection) -> tuple[FloatArray, FloatArray]:
    """The x and the y of rows, mapped, each as an array without gaps."""
    columns = [part[axis].to_numpy(dtype=np.float64) for axis in plane.axes]
    mapped = []
    for row, offset in zip(plane.linear, plane.offset, strict=True):
        terms = [
            column if factor == 1 else column * factor for column, factor in zip(columns, row, strict=True) if factor
        ]
        total = terms[0] + terms[1] if len(terms) == 2 else terms[0] if terms else np.zeros(len(part))
        mapped.append(np.ascontiguousarray(total + offset if offset else total))
    return mapped[0], mapped[1]


def points_of(frame: pd.DataFrame, attrs: Mapping[str, Any], partitions: int = 1) -> PointsFrame:
    """A points element of rows in memory; index, order and dtypes stay as they are."""
    import dask.dataframe as dd

    from spatialdata.models.points_frame import PointsFrame

    frame.attrs = {}
    partitions = max(min(partitions, -(-len(frame) // _ROWS_PER_PARTITION) * 4, len(frame)), 1)
    with text_as_it_is():
        lazy = dd.from_pandas(frame, npartitions=partitions, sort=bool(frame.index.is_monotonic_increasing))
    return PointsFrame(lazy, dict(attrs))
