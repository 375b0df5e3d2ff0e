"""All elements of an object brought onto one grid of pixels, which covers their common extent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import is_raster, spatial_axes_of
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.shallow import with_transformations
from spatialdata.transformations.linear import Identity, Scale, Sequence, Translation

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData

__all__ = ["transform_to_data_extent"]


def transform_to_data_extent(
    sdata: SpatialData,
    coordinate_system: str,
    maintain_positioning: bool = True,
    target_unit_to_pixels: float | None = None,
    target_width: float | None = None,
    target_height: float | None = None,
    target_depth: float | None = None,
) -> SpatialData:
    """Elements whose intrinsic coordinates are the pixels of one grid.

    Parameters
    ----------
    sdata
        The object; it is not changed.
    coordinate_system
        The coordinate system of the grid. Elements that do not have it are left out.
    maintain_positioning
        Keep the elements where they are in the coordinate system; otherwise the pixels become its coordinates.
    target_unit_to_pixels, target_width, target_height, target_depth
        The resolution, as pixels per unit or as the size of the grid along one axis. Exactly one is given.

    Returns
    -------
    A new object with the elements under the same names, and the same tables.

    Raises
    ------
    ValueError
        Not exactly one resolution is given.
    """
    from spatialdata.ops.extent import get_extent

    sizes = {"x": target_width, "y": target_height, "z": target_depth}
    resolution = {"target_unit_to_pixels": target_unit_to_pixels}
    resolution |= {"target_width": target_width, "target_height": target_height, "target_depth": target_depth}
    given = {name: value for name, value in resolution.items() if value is not None}
    if len(given) != 1:
        raise ValueError(f"Give exactly one of {', '.join(resolution)}. Found {given or 'none'}.")
    placed = sdata.filter_by_coordinate_system(coordinate_system, filter_tables=False)
    extent: dict[str, tuple[float, float]] = dict(get_extent(placed, coordinate_system))
    factor = target_unit_to_pixels or next(
        size / (extent[axis][1] - extent[axis][0]) for axis, size in sizes.items() if size is not None
    )
    for _, name, element in list(placed.gen_spatial_elements()):
        axes = tuple(axis for axis in spatial_axes_of(element) if axis in extent)
        lower = [extent[axis][0] for axis in axes]
        to_pixels = Sequence([Translation([-value for value in lower], axes), Scale([factor] * len(axes), axes)])
        if is_raster(element):
            upper = [extent[axis][1] for axis in axes]
            drawn = _drawn(element, axes, lower, upper, coordinate_system, given)
        else:
            drawn = _moved(element, to_pixels, coordinate_system)
        back = to_pixels.inverse() if maintain_positioning else Identity()
        placed[name] = with_transformations(drawn, {coordinate_system: back})
    return placed


def _drawn(raster: Any, axes: tuple[str, ...], lower: list[float], upper: list[float], system: str, given: Any) -> Any:
    from spatialdata.ops.rasterize import rasterize

    as_labels = kind_of(raster) is Kind.LABELS
    return rasterize(raster, axes, lower, upper, system, return_regions_as_labels=as_labels, **given)


def _moved(element: Any, to_pixels: Sequence, system: str) -> Any:
    from spatialdata.ops.transform import transform

    inside = transform(element, to_coordinate_system=system)
    return transform(with_transformations(inside, {system: to_pixels}), to_coordinate_system=system)
