"""Points drawn onto a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import IdTypeError
from spatialdata.ops.canvas import Canvas
from spatialdata.ops.frames import partitions_of
from spatialdata.ops.rasterize_values import InstanceCodes, is_category
from spatialdata.regions.project import projection_of
from spatialdata.relations.ids import as_ids, check_same_type
from spatialdata.relations.instances import instance_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.ops.rasterize_grid import Target
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Drawn", "draw_categories", "draw_numbers", "draw_point_ids"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture.

    Attributes
    ----------
    data
        Array of shape ``(channels, [depth,] height, width)``.
    channels
        The names of the channels.
    names
        What the numbers in the picture stand for, if they are codes.
    """

    data: Any
    channels: list[Any]
    names: dict[int, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a partition that lie on the grid.

    Attributes
    ----------
    part
        The partition.
    where
        The positions of the rows in it.
    pixel
        The pixel of each.
    first
        The number of rows before the partition.
    """

    part: pd.DataFrame
    where: NDArray[np.intp]
    pixel: NDArray[np.int64]
    first: int

    def column(self, key: str, table: pd.Series | None) -> pd.Series:
        """The values of the rows, from their own column or from a table."""
        return _of_rows(self.part if table is not None else self.part[[key]], self.where, key, table)


def _pixels(points: Any, target: Target, columns: list[str]) -> Iterator[_Rows]:
    from spatialdata.kernels.pixels import pixels_of

    projection = projection_of(points, target.coordinate_system)
    linear, offset = target.to_pixels(projection)
    shape = np.array(target.shape, dtype=np.int64)
    first = 0
    for part in partitions_of(points, list(dict.fromkeys([*projection.axes, *columns])), "drawing of points"):
        coordinates = np.stack([part[axis].to_numpy(dtype=np.float64) for axis in projection.axes])
        pixel = pixels_of(coordinates, np.ascontiguousarray(linear), offset, shape)
        where = np.flatnonzero(pixel >= 0)
        yield _Rows(part, where, pixel if len(where) == len(pixel) else pixel[where], first)
        first += len(part)


def _of_rows(part: pd.DataFrame, where: NDArray[np.intp], key: str, table: pd.Series | None) -> pd.Series:
    if table is None:
        return part[key].iloc[where]
    ids = as_ids(part.index[where])
    try:
        check_same_type(ids, as_ids(table.index), "points", "instance key")
    except IdTypeError as error:
        raise ValueError(str(error)) from error
    found: pd.Series = table.set_axis(as_ids(table.index)).reindex(ids)
    return found


def draw_numbers(points: Any, target: Target, key: str | None, table: pd.Series | None, reduction: str) -> Drawn:
    """One reduction of the numbers of the points on each pixel, or of their number without a key."""
    canvas = Canvas(reduction, int(np.prod(target.shape)))
    for rows in _pixels(points, target, [key] if key is not None and table is None else []):
        value: FloatArray | None = None
        if key is not None:
            column = rows.column(key, table)
            if is_category(column):
                value = np.where(column.isna(), np.nan, 1.0)
            else:
                value = column.to_numpy(dtype=np.float64, na_value=np.nan)
        canvas.add(rows.pixel, value)
    return Drawn(canvas.result().reshape(1, *target.shape), [0])


def draw_categories(points: Any, target: Target, key: str, table: pd.Series | None, *, single: bool) -> Drawn:
    """The category of the first point on each pixel as a code, or the number of points by category in channels."""
    size = int(np.prod(target.shape))
    columns, pixels = [], []
    for rows in _pixels(points, target, [key] if table is None else []):
        columns.append(rows.column(key, table))
        pixels.append(rows.pixel)
    names, found = _codes(columns)
    code, pixel = found[found >= 0], np.concatenate(pixels)[found >= 0]
    if single:
        canvas = Canvas("first", size)
        canvas.add(pixel, (code + 1).astype(np.float64))
        return Drawn(canvas.result().reshape(1, *target.shape), [0], dict(enumerate(names, start=1)))
    counts = np.bincount(code * size + pixel, minlength=size * len(names)).astype(np.uint32)
    return Drawn(counts.reshape(len(names), *target.shape), names)


def _codes(columns: list[pd.Series]) -> tuple[list[str], NDArray[np.int64]]:
    """The names of all categories, sorted unless all partitions have the same ones, and the number of each value."""
    from pandas.api.types import union_categoricals

    parts = [column.astype("category").array for column in columns]
    same = all(part.categories.equals(parts[0].categories) for part in parts)
    united = union_categoricals(parts, sort_categories=not same)
    return [str(name) for name in united.categories], united.codes.astype(np.int64)


def draw_point_ids(points: Any, target: Target) -> Drawn:
    """The id of the first point on each pixel."""
    codes = InstanceCodes.of(instance_ids(points))
    canvas = Canvas("first", int(np.prod(target.shape)))
    for rows in _pixels(points, target, []):
        canvas.add(rows.pixel, (rows.first + rows.where).astype(np.float64))
    counted = canvas.occupied()
    data = np.zeros(int(np.prod(target.shape)), dtype=codes.dtype)
    shown = canvas.result()[counted].astype(np.int64)
    data[counted] = codes.codes[shown]
    names = dict(zip(codes.codes[shown].tolist(), codes.ids[shown].tolist(), strict=True))
    return Drawn(data.reshape(1, *target.shape), [0], dict(sorted(names.items())))
