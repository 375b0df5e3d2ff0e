"""One point in time of elements that have several."""

from __future__ import annotations

from typing import Any

import numpy as np

from spatialdata._core.container import is_container, new_container
from spatialdata._core.elements import has_time, is_raster, lazy_levels_of
from spatialdata.errors import UnknownTimeError, UnsupportedElementError, listing
from spatialdata.models.kind import kind_of
from spatialdata.models.times import time_values, without_time
from spatialdata.ops.select_points import select_points
from spatialdata.ops.select_shapes import select_shapes
from spatialdata.regions.region import BoundingBox
from spatialdata.relations.filter import tables_of
from spatialdata.transformations.attach import transformations_of

__all__ = ["select_time"]


def select_time(element: Any, t: float, filter_table: bool = True) -> Any:
    """What of an element or a SpatialData object is there at one point in time.

    Parameters
    ----------
    element
        An image or labels with an axis t, points or shapes with a column t, or a SpatialData object.
    t
        The time, in the unit of the element.
    filter_table
        For objects, keep only the rows of tables that annotate what remains.

    Returns
    -------
    The image or labels without the axis t; the points or shapes of that time, or None if there are none. For an
    object one with the elements that have something at that time, and those that have no time at all.

    Raises
    ------
    UnknownTimeError
        The raster, or no element of the object, has that time; the message lists those that there are.
    UnsupportedElementError
        The element has no time.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> pixels = np.arange(8).reshape(2, 2, 2)
    >>> labels = Labels2DModel.parse(pixels, dims=("t", "y", "x"), t_coords=[0.0, 2.5], t_unit="second")
    >>> select_time(labels, 2.5).values.tolist()
    [[4, 5], [6, 7]]
    """
    time = float(t)
    if is_container(element):
        return _object(element, time, filter_table=filter_table)
    if not has_time(element):
        raise UnsupportedElementError(
            f"These {kind_of(element).value} have no time: images and labels have it as an axis t, points and shapes "
            "as a column t."
        )
    return _raster(element, time) if is_raster(element) else _rows(element, time)


def _raster(raster: Any, time: float) -> Any:
    times = time_values(lazy_levels_of(raster)[0])
    found = np.flatnonzero(times == time)
    if not len(found):
        raise UnknownTimeError(f"The raster has no point in time {time:g}. It has {listing(times.tolist())}.")
    return without_time(raster, int(found[0]))


def _rows(element: Any, time: float) -> Any:
    system = next(iter(transformations_of(element)), "global")
    at = np.array([time])
    box = BoundingBox(target_coordinate_system=system, axes=("t",), min_coordinate=at, max_coordinate=at)
    find: Any = select_shapes if "geometry" in element.columns else select_points
    return find(element, [box])[0]


def _object(sdata: Any, time: float, *, filter_table: bool) -> Any:
    elements = {name: element for _, name, element in sdata.gen_spatial_elements()}
    timed = {name for name, element in elements.items() if has_time(element)}
    kept: dict[str, Any] = {}
    for name, element in elements.items():
        if name not in timed:
            kept[name] = element
        elif not is_raster(element) or time in time_values(lazy_levels_of(element)[0]):
            found = _raster(element, time) if is_raster(element) else _rows(element, time)
            if found is not None:
                kept[name] = found
    if not timed & set(kept):
        raise UnknownTimeError(
            f"No element has the point in time {time:g}. Elements with times: {listing(sorted(timed))}."
        )
    tables = dict(sdata.tables.items())
    return new_container({**kept, **(tables_of(kept, tables) if filter_table else tables)}, sdata.attrs)
