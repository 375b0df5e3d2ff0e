"""Elements: which there are, and where they lie in a coordinate system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot._logging import logger

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray

    from spatialdata import SpatialData
    from spatialdata_plot.spec.base import LayerSpec

__all__ = [
    "affine_xy",
    "apply_affine",
    "coordinate_systems_of",
    "element_of",
    "get_element",
    "has_time",
    "levels_of",
    "names_of",
    "project_corners",
    "raster_affine",
]


def names_of(sdata: SpatialData, container: str) -> list[str]:
    """The names of all elements of a kind, in their order."""
    return [str(name) for name in getattr(sdata, container)]


def get_element(sdata: SpatialData, container: str, name: str) -> Any:
    """Look an element up.

    Raises
    ------
    spatialdata.errors.ElementNotFoundError
        There is no such element of this kind.
    """
    from spatialdata.errors import ElementNotFoundError, unknown_name

    elements = getattr(sdata, container)
    if name in elements:
        return elements[name]
    found = [kind for kind in ("images", "labels", "points", "shapes", "tables") if name in getattr(sdata, kind)]
    elsewhere = f" {name!r} is in {found[0]!r}." if found else ""
    what = unknown_name(f"element in {container!r} named", name, names_of(sdata, container))
    raise ElementNotFoundError(f"Could not find element with name {name!r}. {what}{elsewhere}")


def has_time(element: Any) -> bool:
    """Whether an element has an axis or a column t."""
    columns = getattr(element, "columns", None)
    return "t" in (levels_of(element)[0].dims if columns is None else columns)


def element_of(sdata: SpatialData, spec: LayerSpec) -> Any:
    """The element of a layer at the time that the layer shows.

    Raises
    ------
    spatialdata.errors.ElementNotFoundError
        There is no such element of this kind.
    ValueError
        It has nothing at that time.
    """
    from spatialdata import select_time

    element = get_element(sdata, spec.container, spec.element)
    if spec.t is None:
        return _first(element, spec.element) if spec.container in ("images", "labels") else element
    found = select_time(element, spec.t)
    if found is None:
        raise ValueError(f"{spec.element!r} has nothing at the time {spec.t:g}.")
    return found


def _first(raster: Any, name: str) -> Any:
    """A raster at its first point in time, if it has several."""
    from spatialdata import select_time

    if not has_time(raster):
        return raster
    times = levels_of(raster)[0].coords["t"].to_numpy()
    if len(times) > 1:
        logger.info("%r has %d points in time, of which the first is drawn: t=%g.", name, len(times), times[0])
    return select_time(raster, times[0])


def coordinate_systems_of(element: Any) -> list[str]:
    """The coordinate systems in which an element has a place."""
    from spatialdata.transformations import get_transformation

    return [str(name) for name in get_transformation(element, get_all=True)]


def affine_xy(element: Any, coordinate_system: str) -> NDArray[np.float64]:
    """The matrix from the element's own axes to x and y of a coordinate system.

    Parameters
    ----------
    element
        A spatial element.
    coordinate_system
        A system in which the element has a place.

    Returns
    -------
    A matrix of shape (3, 3), from (x, y, 1) to (x, y, 1); (3, 4) from (x, y, z, 1) for an element with z.
    """
    from spatialdata.models import get_axes_names
    from spatialdata.transformations import get_transformation

    axes = tuple(axis for axis in ("x", "y", "z") if axis in get_axes_names(element))
    matrix = np.asarray(get_transformation(element, coordinate_system).to_affine_matrix(axes, axes), dtype=float)
    return matrix[[0, 1, -1]]


def levels_of(raster: Any) -> list[DataArray]:
    """The levels of a raster, the finest first."""
    children = getattr(raster, "children", None)
    if children is None:
        return [raster]
    names = sorted(children, key=lambda name: int(str(name).removeprefix("scale")))
    return [next(iter(raster[name].data_vars.values())) for name in names]


def raster_affine(element: Any, coordinate_system: str, name: str) -> NDArray[np.float64]:
    """The matrix of a flat raster, shape (3, 3); ``name`` is for messages.

    Raises
    ------
    ValueError
        The raster has no area in the coordinate system, so it cannot be drawn.
    """
    matrix = affine_xy(element, coordinate_system)
    if not np.isfinite(matrix).all() or np.linalg.matrix_rank(matrix[:2, :2]) < 2:
        raise ValueError(
            f"{name!r} has no area in {coordinate_system!r}: its transformation {matrix.tolist()} has no inverse. "
            "Give it another transformation, or choose another coordinate system."
        )
    return matrix


def apply_affine(matrix: NDArray[np.float64], coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map coordinates of shape (n, 2) or (n, 3) by a matrix of :func:`affine_xy` to x and y, shape (n, 2)."""
    return coordinates @ matrix[:2, :-1].T + matrix[:2, -1]


def project_corners(shape: tuple[int, int], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The four corners of a raster of ``shape`` (y, x) pixels in x and y of a coordinate system, shape (4, 2)."""
    height, width = shape
    return apply_affine(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float))
