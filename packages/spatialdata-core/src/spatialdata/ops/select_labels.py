"""Labels as a region: what lies on the pixels of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata.errors import TransformationError, UnsupportedElementError, listing
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.times import at_one_time
from spatialdata.ops.bent import placed_outlines
from spatialdata.ops.label_polygons import label_polygons
from spatialdata.ops.region_pixels import gather_labels
from spatialdata.ops.to_vector import to_polygons
from spatialdata.ops.transform import transform
from spatialdata.regions.project import Projection, projection_of
from spatialdata.regions.region import PolygonRegion
from spatialdata.regions.volume import VolumeRegion
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

    from spatialdata._core.axes import ValidAxis

__all__ = ["region_of_labels"]

_XYZ: tuple[ValidAxis, ...] = ("x", "y", "z")


def region_of_labels(
    labels: DataArray | DataTree, instances: Sequence[int] | None = None, coordinate_system: str = "global"
) -> PolygonRegion | VolumeRegion:
    """The region that the pixels of labels cover, to select by.

    Parameters
    ----------
    labels
        Labels, for example a mask of tissue, or a volume.
    instances
        The ids of the labels that count; all but the background if not given.
    coordinate_system
        The coordinate system of the region.

    Returns
    -------
    A region whose border runs along the edges of pixels; of labels with a depth, their pixels in space, and for flat
    elements what they cover as seen along z.

    Raises
    ------
    UnsupportedElementError
        The element is not labels.
    ValueError
        There is no label, or an id is not found.
    TransformationError
        The place of labels with a depth is not linear.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> region_of_labels(Labels2DModel.parse(np.array([[0, 1, 1], [0, 2, 0]]))).polygon.area
    3.0
    """
    if kind_of(labels) is not Kind.LABELS:
        raise UnsupportedElementError(f"A region is made of labels, not of {kind_of(labels).value}.")
    if "z" in spatial_axes_of(labels):
        return _volume(labels, instances, coordinate_system)
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


def _volume(labels: DataArray | DataTree, instances: Sequence[int] | None, system: str) -> VolumeRegion:
    """The pixels of labels with a depth; only those of the box around the instances are held."""
    labels = at_one_time(labels, "making a region")
    if not get_transformation(labels, system).is_linear:
        raise TransformationError(
            f"The transformation of the labels to {system!r} is not linear, so that their pixels are no lattice there. "
            "Move them first, with spatialdata.transform(labels, to_coordinate_system=…)."
        )
    found = gather_labels(labels)
    chosen = np.arange(len(found.ids)) if instances is None else _positions(found.ids, instances)
    if not len(chosen) or found.shapes is None:
        raise ValueError("The labels hold nothing but background, which is no region.")
    first = found.shapes.lower[chosen].min(axis=0).astype(int)
    last = found.shapes.upper[chosen].max(axis=0).astype(int)
    window = lazy_levels_of(labels)[0].data[tuple(map(slice, first, last))]
    ids = found.ids[chosen]
    pixels = (window != 0 if instances is None else window.map_blocks(np.isin, ids, dtype=bool)).compute()
    there = projection_of(labels, system)
    in_box = Projection(there.axes, there.linear, there(first[None].astype(np.float64))[0]).over(_XYZ)
    return VolumeRegion(
        target_coordinate_system=system,
        pixels=pixels,
        linear=in_box.linear,
        offset=in_box.offset,
        outline=_outline(pixels, in_box),
    )


def _positions(ids: NDArray[Any], instances: Sequence[int]) -> NDArray[np.intp]:
    import pandas as pd

    index = pd.Index(ids)
    missing = [instance for instance in instances if instance not in index]
    if missing:
        raise ValueError(f"The labels have no instance {listing(missing)}. There are {listing(index)}.")
    return np.asarray(index.get_indexer(list(instances)))


def _outline(pixels: NDArray[np.bool_], projection: Projection) -> Any:
    """What pixels cover as they are seen along z; None if their planes are turned."""
    import dask.array as da
    import shapely

    z = projection.axes.index("z")
    if np.delete(projection.linear[z], z).any() or np.delete(projection.linear[:, z], z).any():
        return None
    _, outlines = label_polygons(da.from_array(pixels.any(axis=0).astype(np.uint8)))
    return shapely.transform(outlines[0], projection.plane())
