"""Points drawn onto a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import IdTypeError
from spatialdata.ops.canvas import Canvas
from spatialdata.ops.frames import over_blocks, over_partitions, plain_rows, windowed
from spatialdata.ops.rasterize_values import InstanceCodes, is_category
from spatialdata.regions.project import projection_of, window_around
from spatialdata.relations.ids import as_ids, check_same_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata._core.sources import Window
    from spatialdata.ops.rasterize_grid import Target
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Drawn", "draw_categories", "draw_numbers", "draw_point_ids"]

_MANY_PIXELS = 2**31 - 1


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
class _Pixels:
    """Finds the pixels of points, and the values that they bring.

    Attributes
    ----------
    axes
        The axes of the points.
    linear, offset
        The map to pixels; see :meth:`Target.to_pixels`.
    shape
        The number of pixels along the axes of the picture.
    key, table
        The values: a column of the points, or of a table by instance. None for no values.
    """

    axes: tuple[str, ...]
    linear: FloatArray
    offset: FloatArray
    shape: tuple[int, ...]
    key: str | None = None
    table: pd.Series | None = None

    @classmethod
    def of(cls, points: Any, target: Target, key: str | None = None, table: pd.Series | None = None) -> _Pixels:
        """The pixels of a box of the coordinate system."""
        projection = projection_of(points, target.coordinate_system)
        linear, offset = target.to_pixels(projection)
        return cls(projection.axes, np.ascontiguousarray(linear), offset, target.shape, key, table)

    @property
    def size(self) -> int:
        """The number of pixels."""
        return int(np.prod(self.shape))

    @property
    def columns(self) -> list[str]:
        """The columns of the points that are needed."""
        own = [self.key] if self.key is not None and self.table is None else []
        return list(dict.fromkeys([*self.axes, *own]))

    def of_columns(self, columns: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], int, int]:
        """The pixel of each point, -1 beside the picture; and the first and the last pixel, see the kernel."""
        from spatialdata.kernels.pixels import pixels_of, pixels_of_plane

        places = tuple(_for_reading(column) for column in columns)
        onto = self.linear, self.offset, np.array(self.shape, dtype=np.int64)
        if len(places) == len(self.shape) == 2 and self.size < _MANY_PIXELS:
            return pixels_of_plane(places[0], places[1], *onto)
        return pixels_of(places, *onto)

    def on_picture(self, part: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """The positions of the rows that lie on the picture, and the pixel of each."""
        pixel, _, _ = self.of_columns([part[axis].to_numpy(dtype=np.float64) for axis in self.axes])
        where = np.flatnonzero(pixel >= 0)
        return where, pixel if len(where) == len(pixel) else pixel[where]

    def values(self, part: pd.DataFrame, where: NDArray[np.intp]) -> pd.Series:
        """The values of some rows."""
        return _of_rows(part, where, str(self.key), self.table)


def _for_reading(column: NDArray[Any]) -> NDArray[np.float64]:
    """A column as the kernel takes it: all of them may be lent by Arrow, or none, but not some."""
    lent = np.ascontiguousarray(column, dtype=np.float64).view()
    lent.flags.writeable = False
    return lent


def _near(points: Any, target: Target, pixels: _Pixels) -> Any:
    """The rows that may lie on the picture; their index comes along only where a table is looked up by it."""
    window = _window(points, target)
    return plain_rows(points, pixels.columns, window) if pixels.table is None else windowed(points, window)


def _window(points: Any, target: Target) -> Window:
    """The box around the picture in the coordinates of the points."""
    projection = projection_of(points, target.coordinate_system)
    bounds = dict(zip(target.axes, zip(target.lower, target.upper, strict=True), strict=True))
    lower, upper = (
        np.array([bounds.get(axis, (-np.inf, np.inf))[side] for axis in projection.axes]) for side in (0, 1)
    )
    return window_around(projection, lower, upper)


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
    pixels = _Pixels.of(points, target, key, table)
    what: Any = {"description": "drawing of points", "merge": Canvas.merged}

    def count(blocks: Iterable[tuple[NDArray[Any], ...]]) -> Canvas:
        found = [pixels.of_columns(block) for block in blocks]
        start = min((first for _, first, last in found if first <= last), default=0)
        canvas = Canvas("count", max((last + 1 for _, _, last in found), default=start) - start, start)
        for pixel, _, _ in found:
            canvas.add(pixel, None)
        return canvas

    def draw(part: pd.DataFrame) -> Canvas:
        where, pixel = pixels.on_picture(part)
        canvas = Canvas.around(reduction, pixel)
        canvas.add(pixel, _numbers(pixels.values(part, where)))
        return canvas

    def finish(parts: list[Canvas]) -> Canvas:
        if len(parts) == 1 and len(parts[0].count) == pixels.size:
            return parts[0]
        canvas = Canvas(reduction, pixels.size)
        for part in parts:
            canvas.take_in(part)
        return canvas

    if key is None:
        canvas = over_blocks(points, pixels.axes, _window(points, target), count, finish, **what)
    else:
        canvas = over_partitions(_near(points, target, pixels), pixels.columns, draw, finish, **what)
    return Drawn(canvas.result().reshape(1, *target.shape), [0])


def _numbers(column: pd.Series) -> FloatArray:
    """Numbers as they are, and 1 for each category."""
    if is_category(column):
        return np.where(column.isna(), np.nan, 1.0)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def draw_categories(points: Any, target: Target, key: str, table: pd.Series | None, *, single: bool) -> Drawn:
    """The category of the first point on each pixel as a code, or the number of points by category in channels."""
    pixels = _Pixels.of(points, target, key, table)

    def look(part: pd.DataFrame) -> tuple[pd.Series, NDArray[np.int64]]:
        where, pixel = pixels.on_picture(part)
        return pixels.values(part, where), pixel

    def finish(parts: list[tuple[pd.Series, NDArray[np.int64]]]) -> Drawn:
        names, found = _codes([column for column, _ in parts])
        code, pixel = found[found >= 0], np.concatenate([pixel for _, pixel in parts])[found >= 0]
        if single:
            canvas = Canvas("first", pixels.size)
            canvas.add(pixel, (code + 1).astype(np.float64))
            return Drawn(canvas.result().reshape(1, *target.shape), [0], dict(enumerate(names, start=1)))
        counts = np.bincount(code * pixels.size + pixel, minlength=pixels.size * len(names)).astype(np.uint32)
        return Drawn(counts.reshape(len(names), *target.shape), names)

    drawn: Drawn = over_partitions(_near(points, target, pixels), pixels.columns, look, finish, "drawing of points")
    return drawn


def _codes(columns: list[pd.Series]) -> tuple[list[str], NDArray[np.int64]]:
    """The names of all categories, sorted unless all partitions have the same ones, and the number of each value."""
    from pandas.api.types import union_categoricals

    parts = [column.astype("category").array for column in columns]
    same = all(part.categories.equals(parts[0].categories) for part in parts)
    united = union_categoricals(parts, sort_categories=not same)
    return [str(name) for name in united.categories], united.codes.astype(np.int64)


def draw_point_ids(points: Any, target: Target) -> Drawn:
    """The id of the first point on each pixel."""
    pixels = _Pixels.of(points, target)

    def draw(part: pd.DataFrame) -> tuple[pd.Index, Canvas]:
        where, pixel = pixels.on_picture(part)
        canvas = Canvas.around("first", pixel)
        canvas.add(pixel, where.astype(np.float64))
        return part.index, canvas

    def finish(parts: list[tuple[pd.Index, Canvas]]) -> Drawn:
        canvas, before = Canvas("first", pixels.size), 0
        for index, part in parts:
            canvas.take_in(part, shift=before)
            before += len(index)
        codes = InstanceCodes.of(parts[0][0].append([index for index, _ in parts[1:]]))
        counted = canvas.occupied()
        data = np.zeros(pixels.size, dtype=codes.dtype)
        shown = canvas.result()[counted].astype(np.int64)
        data[counted] = codes.codes[shown]
        names = dict(zip(codes.codes[shown].tolist(), codes.ids[shown].tolist(), strict=True))
        return Drawn(data.reshape(1, *target.shape), [0], dict(sorted(names.items())))

    # All rows, since each is known by its number.
    drawn: Drawn = over_partitions(points, pixels.columns, draw, finish, "drawing of points")
    return drawn
