"""Lattices of squares and hexagons: cells that cover a box, so that each place lies in exactly one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["HexagonGrid", "SquareGrid"]

_MOST = 2**31 - 1
# Cells more than needed by this part of one, so that no place falls out by rounding.
_SPARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lattice:
    """Cells in rows and columns, numbered row by row.

    Attributes
    ----------
    target_coordinate_system
        The coordinate system that the cells lie in.
    x, y
        Where the lattice starts.
    size
        The distance between the centres of neighbours, in units of the coordinate system.
    columns, rows
        The number of cells.
    """

    target_coordinate_system: str
    x: float
    y: float
    size: float
    columns: int
    rows: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.size) and self.size > 0 and math.isfinite(self.x) and math.isfinite(self.y)):
            raise ValueError(
                f"A grid needs a size above 0 and a place. Found size={self.size!r} at x={self.x!r}, y={self.y!r}."
            )
        if self.columns < 1 or self.rows < 1 or self.columns * self.rows > _MOST:
            raise ValueError(
                f"A grid has from 1 to {_MOST} cells, but this would have {self.columns} columns and {self.rows} rows. "
                "Choose another size."
            )

    def __len__(self) -> int:
        return self.columns * self.rows

    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The row and the column of each cell."""
        row, column = np.divmod(np.arange(len(self)), self.columns)
        return row, column

    def _shapes(self, x: FloatArray, y: FloatArray) -> GeoDataFrame:
        """Shapes of the corners, each of shape ``(cells, corners)``."""
        import geopandas

        from spatialdata.models.lazy_geometry import column_of_rings
        from spatialdata.models.shapes import ShapesModel

        row, column = self._places()
        polygons = column_of_rings(np.stack([x, y], axis=2))
        frame = geopandas.GeoDataFrame({"row": row, "column": column}, geometry=polygons)
        return ShapesModel.parse(frame, transformations={self.target_coordinate_system: Identity()})


def _box(lower: Sequence[float], upper: Sequence[float]) -> tuple[float, float, float, float]:
    (left, bottom), (right, top) = (tuple(map(float, corner)) for corner in (lower, upper))
    if not all(map(math.isfinite, (left, bottom, right, top))) or left > right or bottom > top:
        raise ValueError(
            f"A grid covers a box with a lower and an upper corner x, y. Found {tuple(lower)}, {tuple(upper)}."
        )
    return left, bottom, right, top


def _check_size(size: object) -> None:
    if not (isinstance(size, Real) and math.isfinite(size) and float(size) > 0):
        raise ValueError(f"The size of cells must be a number above 0, not {size!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareGrid(_Lattice):
    """Squares side by side.

    The lower edges belong to a square and the upper ones to the next, so that each place lies in exactly one.

    Attributes
    ----------
    target_coordinate_system
        The coordinate system that the squares lie in.
    x, y
        The lower corner of the first square.
    size
        The length of the sides, in units of the coordinate system.
    columns, rows
        The number of squares.

    Examples
    --------
    >>> grid = SquareGrid.covering([0, 0], [10, 4], size=5)
    >>> grid.columns, grid.rows
    (3, 1)
    >>> grid.cell_at(np.array([4.9, 5.0, 12.0, 20.0]), np.array([1.0, 1.0, 1.0, 1.0])).tolist()
    [0, 1, 2, -1]
    """

    @classmethod
    def covering(
        cls, lower: Sequence[float], upper: Sequence[float], size: float, target_coordinate_system: str = "global"
    ) -> SquareGrid:
        """The squares that cover a box, its upper edges included.

        Parameters
        ----------
        lower, upper
            The corners x, y of the box; the first square starts at the lower one.
        size
            The length of the sides.
        target_coordinate_system
            The coordinate system of the box.

        Raises
        ------
        ValueError
            The box is empty or not bounded, or the size is not above 0 or much too small.
        """
        left, bottom, right, top = _box(lower, upper)
        _check_size(size)
        columns, rows = (math.floor(span / size + _SPARE) + 1 for span in (right - left, top - bottom))
        return cls(
            target_coordinate_system=target_coordinate_system, x=left, y=bottom, size=size, columns=columns, rows=rows
        )

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lower and the upper corner x, y of all squares."""
        lower = np.array([self.x, self.y])
        return lower, lower + self.size * np.array([self.columns, self.rows], dtype=np.float64)

    def cell_at(self, x: FloatArray, y: FloatArray) -> NDArray[np.int32]:
        """The number of the square at each place, of shape ``(n,)``; -1 beside the grid."""
        from spatialdata.kernels.lattice import square_at

        return square_at(x, y, (float(self.x), float(self.y)), float(self.size), self.columns, self.rows)

    def shapes(self) -> GeoDataFrame:
        """The squares as shapes, with their numbers as index and the columns ``row`` and ``column``."""
        row, column = self._places()
        left, right = self.x + column * self.size, self.x + (column + 1) * self.size
        bottom, top = self.y + row * self.size, self.y + (row + 1) * self.size
        return self._shapes(np.stack([right, right, left, left], axis=1), np.stack([bottom, top, top, bottom], axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class HexagonGrid(_Lattice):
    """Hexagons side by side, with a corner upwards; odd rows are shifted by half a hexagon.

    A place belongs to the hexagon with the nearest centre; one on a border belongs to the higher row, or in a row to
    the higher column, so that each lies in exactly one.

    Attributes
    ----------
    target_coordinate_system
        The coordinate system that the hexagons lie in.
    x, y
        The centre of the first hexagon.
    size
        The distance between the centres of neighbours, in units of the coordinate system.
    columns, rows
        The number of hexagons.

    Examples
    --------
    >>> grid = HexagonGrid.covering([0, 0], [10, 4], size=5)
    >>> grid.columns, grid.rows
    (3, 2)
    >>> grid.cell_at(np.array([0.0, 2.5, 2.4]), np.array([0.0, 0.0, 4.0])).tolist()
    [0, 1, 3]
    """

    @classmethod
    def covering(
        cls, lower: Sequence[float], upper: Sequence[float], size: float, target_coordinate_system: str = "global"
    ) -> HexagonGrid:
        """The hexagons that cover a box, its upper edges included.

        Parameters
        ----------
        lower, upper
            The corners x, y of the box; the centre of the first hexagon is left of the lower one by a quarter of the
            size, so that odd rows cover it too.
        size
            The distance between the centres of neighbours.
        target_coordinate_system
            The coordinate system of the box.

        Raises
        ------
        ValueError
            The box is empty or not bounded, or the size is not above 0 or much too small.
        """
        left, bottom, right, top = _box(lower, upper)
        _check_size(size)
        columns = math.floor((right - left) / size + 0.75 + _SPARE) + 1
        rows = math.floor((top - bottom + size / math.sqrt(3.0)) / (size * math.sqrt(3.0) / 2) + _SPARE) + 1
        x = left - size / 4
        return cls(
            target_coordinate_system=target_coordinate_system, x=x, y=bottom, size=size, columns=columns, rows=rows
        )

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lower and the upper corner x, y of all hexagons."""
        half, reach = self.size / 2, self.size / math.sqrt(3.0)
        right = self.x + (self.columns - 1) * self.size + half * (2 if self.rows > 1 else 1)
        top = self.y + (self.rows - 1) * self.size * math.sqrt(3.0) / 2 + reach
        return np.array([self.x - half, self.y - reach]), np.array([right, top])

    def cell_at(self, x: FloatArray, y: FloatArray) -> NDArray[np.int32]:
        """The number of the hexagon at each place, of shape ``(n,)``; -1 beside the grid."""
        from spatialdata.kernels.lattice import hexagon_at

        return hexagon_at(x, y, (float(self.x), float(self.y)), float(self.size), self.columns, self.rows)

    def shapes(self) -> GeoDataFrame:
        """The hexagons as shapes, with their numbers as index and the columns ``row`` and ``column``."""
        row, column = self._places()
        # Corners are counted in whole steps, so that neighbours have them in common to the last bit.
        across = (2 * column + row % 2)[:, None] + np.array([0, 1, 1, 0, -1, -1])
        up = (3 * row)[:, None] + np.array([2, 1, -1, -2, -1, 1])
        x, y = self.x + across * (self.size / 2), self.y + up * (self.size / (2 * math.sqrt(3.0)))
        return self._shapes(x, y)
