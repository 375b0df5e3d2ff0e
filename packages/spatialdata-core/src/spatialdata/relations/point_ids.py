"""Points found by their ids, and taken by their positions, where they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.text_types import text_as_it_is
from spatialdata.relations.blocks import computed
from spatialdata.relations.ids import as_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.models.points_frame import PointsFrame

__all__ = ["FoundPoints", "find_points", "index_of_points", "points_at", "rows_in_memory"]


@dataclass(frozen=True, slots=True)
class FoundPoints:
    """Where points with some ids lie among all points.

    Attributes
    ----------
    present
        Which ids a point has.
    positions
        The position of the point with each id; -1 for those that no point has, and for all if ids occur twice.
    sizes
        The number of points in each partition.
    first
        The ids of the first points, by which an error can tell their type.
    twice
        Ids that several points have.
    """

    present: NDArray[np.bool_]
    positions: NDArray[np.intp]
    sizes: NDArray[np.int64]
    first: pd.Index
    twice: pd.Index


def rows_in_memory(points: Any) -> bool:
    """Whether rows in the memory of this process go into a lazy frame."""
    from dask.dataframe.dask_expr.io import FromPandas

    return any(True for _ in points.expr.find_operations(FromPandas))


def index_of_points(points: Any) -> Any:
    """The lazy index of points, for which no column is read."""
    return points[[]].index


def find_points(points: Any, ids: pd.Index) -> FoundPoints:
    """Find points by their ids, wherever dask works; of the ids of all points nothing comes back.

    Parameters
    ----------
    points
        The points.
    ids
        The ids, as :func:`~spatialdata.relations.ids.as_ids` makes them.
    """
    import dask

    parts = index_of_points(points).to_delayed()
    (found,) = computed([dask.delayed(_found, pure=False)(parts, dask.delayed(ids, traverse=False))], "ids of points")
    return found  # type: ignore[no-any-return]


def _found(parts: Sequence[pd.Index], ids: pd.Index) -> FoundPoints:
    present = as_ids(parts[0].append(list(parts[1:])))
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    unique = present.is_unique
    positions = present.get_indexer(ids) if unique else np.full(len(ids), -1, dtype=np.intp)
    known = positions >= 0 if unique else ids.isin(present)
    twice = present[:0] if unique else present[present.duplicated()].unique()
    return FoundPoints(known, positions, sizes, present[:3].copy(), twice.copy())


def points_at(points: Any, positions: NDArray[np.intp], sizes: NDArray[np.int64]) -> PointsFrame:
    """The points at some positions, in their order, which are read when the result is computed.

    Parameters
    ----------
    points
        The points.
    positions
        The positions among all points, each at most once.
    sizes
        The number of points in each partition.
    """
    import dask
    import dask.dataframe as dd

    from spatialdata.models.points_frame import PointsFrame

    starts = np.concatenate([[0], np.cumsum(sizes)])
    ordered = np.sort(positions)
    cuts = np.searchsorted(ordered, starts)
    take = dask.delayed(_taken, pure=False)
    taken = [
        take(part, ordered[first:last] - start)
        for part, start, first, last in zip(points.to_delayed(), starts, cuts, cuts[1:], strict=False)
        if first < last
    ]
    if (np.diff(positions) < 0).any():
        taken = [dask.delayed(_in_order, pure=False)(taken, np.argsort(np.argsort(positions)))]
    # What is text in the points is text already.
    with text_as_it_is():
        frame = dd.from_delayed(taken, meta=points._meta, verify_meta=False)  # noqa: SLF001
    attrs = {key: dict(value) if isinstance(value, dict) else value for key, value in points.attrs.items()}
    return PointsFrame(frame, attrs)


def _taken(part: pd.DataFrame, rows: NDArray[np.intp]) -> pd.DataFrame:
    return part.iloc[rows]


def _in_order(parts: Sequence[pd.DataFrame], order: NDArray[np.intp]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(parts).iloc[order]
