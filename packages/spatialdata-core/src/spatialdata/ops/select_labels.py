"""Labels as a region: what lies on the pixels of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spatialdata.errors import UnsupportedElementError, listing
from spatialdata.models.kind import Kind, kind_of
from spatialdata.ops.bent import placed_outlines
from spatialdata.ops.to_vector import to_polygons
from spatialdata.ops.transform import transform
from spatialdata.regions.project import projection_of
from spatialdata.regions.region import PolygonRegion
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

__all__ = ["region_of_labels"]


def region_of_labels(
    labels: DataArray | DataTree, instances: Sequence[int] | None = None, coordinate_system: str = "global"
) -> PolygonRegion:
    """The region that the pixels of labels cover, to select by.

    Parameters
    ----------
    labels
        2D labels, for example a mask of tissue.
    instances
        The ids of the labels that count; all but the background if not given.
    coordinate_system
        The coordinate system of the region.

    Returns
    -------
    A region whose border runs along the edges of pixels.

    Raises
    ------
    UnsupportedElementError
        The element is not labels.
    ValueError
        There is no label, or an id is not found.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> region_of_labels(Labels2DModel.parse(np.array([[0, 1, 1], [0, 2, 0]]))).polygon.area
    3.0
    """
    if kind_of(labels) is not Kind.LABELS:
        raise UnsupportedElementError(f"A region is made of labels, not of {kind_of(labels).value}.")
    polygons: Any = to_polygons(labels)
    if instances is not None:
        missing = [instance for instance in instances if instance not in polygons.index]
        if missing:
            raise ValueError(f"The labels have no instance {listing(missing)}. There are {listing(polygons.index)}.")
        attrs = polygons.attrs
        polygons = polygons.loc[list(instances)]
        polygons.attrs = attrs
    if not len(polygons):
        raise ValueError("The labels hold nothing but background, which is no region.")
    transformation = get_transformation(polygons, coordinate_system)
    if not transformation.is_linear:
        polygons = placed_outlines(polygons, transformation, coordinate_system)
    elif not projection_of(polygons, coordinate_system).is_identity:
        polygons = transform(polygons, to_coordinate_system=coordinate_system)
    return PolygonRegion(target_coordinate_system=coordinate_system, polygon=polygons.union_all())
