"""Squares or hexagons over the extent of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from spatialdata.errors import listing
from spatialdata.ops.extent import get_extent
from spatialdata.regions.lattice import HexagonGrid, SquareGrid
from spatialdata.regions.region import BoundingBox

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["grid_over"]

_CELLS: Mapping[str, type[SquareGrid] | type[HexagonGrid]] = {"squares": SquareGrid, "hexagons": HexagonGrid}


def grid_over(
    data: Any,
    size: float,
    cells: Literal["squares", "hexagons"] = "squares",
    target_coordinate_system: str = "global",
) -> SquareGrid | HexagonGrid:
    """Cover an element, an object or a box with squares or hexagons.

    Parameters
    ----------
    data
        An element or a SpatialData object, whose extent is covered, or a ``BoundingBox`` over x and y.
    size
        The distance between the centres of neighbours, in units of the coordinate system.
    cells
        ``"squares"`` or ``"hexagons"``.
    target_coordinate_system
        The coordinate system of the grid; a box has its own.

    Returns
    -------
    The grid. Give it to :func:`aggregate` as ``by``: each point and each pixel counts for exactly one cell.
    Its method ``shapes`` makes an element of the cells.

    Raises
    ------
    ValueError
        The size is not above 0, the kind of cells is unknown, or the box is not bounded along x and y.
    UnknownCoordinateSystemError
        The data are not in the coordinate system.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata import aggregate
    >>> from spatialdata.models import PointsModel
    >>> points = PointsModel.parse(np.array([[0.0, 0.0], [5.0, 0.0], [9.0, 0.0]]))
    >>> aggregate(points, grid_over(points, size=5))["table"].X.toarray().tolist()
    [[1], [2]]
    """
    if cells not in _CELLS:
        raise ValueError(f"cells must be one of {listing(_CELLS)}. Found {cells!r}.")
    if isinstance(data, BoundingBox):
        missing = [axis for axis in ("x", "y") if axis not in data.axes]
        if missing:
            raise ValueError(f"The box has no bounds along {listing(missing)}. Give it some.")
        extent = {axis: data.bounds(axis) for axis in ("x", "y")}
        target_coordinate_system = data.target_coordinate_system
    else:
        extent = get_extent(data, target_coordinate_system)
    lower, upper = ([extent[axis][side] for axis in ("x", "y")] for side in (0, 1))
    return _CELLS[cells].covering(lower, upper, size, target_coordinate_system)
