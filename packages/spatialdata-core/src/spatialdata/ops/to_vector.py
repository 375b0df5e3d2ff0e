"""Labels and circles as polygons; labels, polygons and points as circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from spatialdata._core.collecting import making_many
from spatialdata._core.elements import is_points, is_raster, lazy_levels_of
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.shapes import ShapesModel
from spatialdata.models.times import at_one_time
from spatialdata.ops.circles import RADIUS_KEY, are_circles, centres_and_areas
from spatialdata.ops.frames import copied_attrs
from spatialdata.ops.label_polygons import label_polygons
from spatialdata.ops.region_pixels import gather_labels
from spatialdata.transformations.attach import attach_transformations, transformations_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import ArrayLike, NDArray

    from spatialdata.models.label_runs import BlockShapes
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["outlines_of_labels", "to_circles", "to_polygons"]

_SEGMENTS = 16


def to_polygons(data: Any, buffer_resolution: int | None = None, simplify: float | None = None) -> GeoDataFrame:
    """Labels or circles as polygons.

    The outlines of labels run along the edges of their pixels, around holes too, so that the area of a polygon is the
    number of its pixels. A label whose pixels fall into parts becomes a multipolygon.

    Parameters
    ----------
    data
        Labels (flat; the finest level counts) or shapes; polygons are returned as they are.
    buffer_resolution
        For circles, the number of segments in a quarter of a circle; 16 if not given.
    simplify
        For labels, leave out corners as long as the area between the outline and the one through all corners is below
        the square of this number of pixels at each. Neighbours keep the border that they share.

    Returns
    -------
    Shapes with the same transformations. Those of labels have the ids as index and in the column ``label``; other
    shapes keep their index and columns.

    Raises
    ------
    UnsupportedElementError
        The element is neither flat labels nor shapes.
    ValueError
        Labels hold nothing but background; ``simplify`` was given for shapes, or is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import ShapesModel
    >>> circles = ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0)
    >>> to_polygons(circles).geometry[0].geom_type
    'Polygon'
    >>> from spatialdata.models import Labels2DModel
    >>> to_polygons(Labels2DModel.parse(np.array([[0, 7], [0, 7]]))).geometry[7].bounds
    (1.0, 0.0, 2.0, 2.0)
    """
    import shapely

    if is_raster(data) and kind_of(data) is Kind.LABELS:
        return _polygons_of_labels(data, simplify)
    if kind_of(data) is not Kind.SHAPES:
        raise _refused(data, "polygons", "Labels and shapes")
    if simplify is not None:
        raise ValueError("simplify is for labels, whose outlines have a corner at each pixel. Leave it out.")
    if not are_circles(data):
        return data
    if RADIUS_KEY not in data.columns:
        raise ValueError("Circles need a column 'radius'. ShapesModel.parse(…, radius=…) gives them one.")
    segments = _SEGMENTS if buffer_resolution is None else buffer_resolution
    centres, radius = data.geometry.to_numpy(), data[RADIUS_KEY].to_numpy(dtype=np.float64)
    with making_many():
        geometry = shapely.buffer(centres, radius, quad_segs=segments)
    result = data.assign(**{data.geometry.name: geometry})
    result.attrs = copied_attrs(data)
    return result


def _polygons_of_labels(labels: Any, simplify: float | None) -> GeoDataFrame:
    import shapely

    if simplify is not None and not simplify >= 0:
        raise ValueError(f"simplify is a number of pixels from 0 on, not {simplify!r}.")
    ids, polygons = label_polygons(_flat(labels, "polygons"))
    _check_any(ids, "polygons")
    if simplify:
        # Neighbours share a border only if both have the same corners on it: one at each pixel.
        stepwise = shapely.transform(shapely.segmentize(polygons, 1.0), np.rint)
        polygons = shapely.coverage_simplify(stepwise, simplify)
    return _shapes_of(ids, polygons, labels)


def outlines_of_labels(labels: Any) -> GeoDataFrame:
    """The outlines of flat labels, as :func:`to_polygons` makes them; none of labels that are all background."""
    return _shapes_of(*label_polygons(_flat(labels, "polygons")), labels)


def _shapes_of(ids: NDArray[Any], polygons: NDArray[Any], labels: Any) -> GeoDataFrame:
    import geopandas
    import pandas as pd

    frame = geopandas.GeoDataFrame({"label": ids}, geometry=polygons, index=pd.Index(ids, name="label"))
    attach_transformations(frame, transformations_of(labels))
    return frame


def _flat(labels: Any, wanted: str) -> Any:
    """The pixels of the finest level of labels that are flat."""
    level = lazy_levels_of(at_one_time(labels, f"to_{wanted}"))[0]
    if "z" in level.dims:
        raise UnsupportedConversionError(
            f"Labels with the axes {tuple(map(str, level.dims))} are volumes and cannot be made {wanted}. "
            "Select a plane first, for example labels.isel(z=0)."
        )
    return level.data


def to_circles(data: Any, radius: float | ArrayLike | None = None) -> GeoDataFrame:
    """Labels and polygons as circles of the same area and centroid, or points as circles.

    Parameters
    ----------
    data
        Labels (flat; the finest level counts), shapes or points; circles are returned as they are.
    radius
        For points, one radius or one for each, in the units of their coordinates; their column ``radius`` if not given.

    Returns
    -------
    Circles with the same transformations and the same index, or the ids of the labels. Those of points keep the other
    columns and the keys of the points.

    Raises
    ------
    UnsupportedElementError
        The element is an image, a table, or labels with a z axis.
    ValueError
        Labels hold nothing but background; a radius is missing, or given for shapes or labels.

    Examples
    --------
    >>> import geopandas, shapely
    >>> from spatialdata.models import ShapesModel
    >>> square = ShapesModel.parse(geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 2, 2)]))
    >>> round(float(to_circles(square).radius[0]), 4)
    1.1284
    """
    kind = kind_of(data)
    if kind not in (Kind.SHAPES, Kind.POINTS, Kind.LABELS):
        raise _refused(data, "circles", "Labels, shapes and points")
    if is_points(data):
        return _circles_of_points(data, radius)
    if radius is not None:
        raise ValueError(
            "radius is for points; circles have one, and polygons and labels get that of the circle of the same area."
        )
    if kind is Kind.LABELS:
        return _circles_of_labels(data)
    if are_circles(data):
        return data
    centres, areas = centres_and_areas(data)
    return _circles(centres, np.sqrt(areas / np.pi), data)


def _circles_of_labels(labels: Any) -> GeoDataFrame:
    import pandas as pd

    _flat(labels, "circles")
    found = gather_labels(labels)
    _check_any(found.ids, "circles")
    shapes = cast("BlockShapes", found.shapes)
    return _circles(shapes.centre[:, 1::-1], np.sqrt(shapes.count / np.pi), labels, pd.Index(found.ids))


def _check_any(ids: Any, wanted: str) -> None:
    if not len(ids):
        raise ValueError(f"The labels hold nothing but background, so that there is nothing to make {wanted} of.")


def _circles_of_points(points: Any, radius: Any) -> GeoDataFrame:
    frame = points.compute()
    if radius is None:
        if RADIUS_KEY not in frame.columns:
            raise ValueError("Points need a radius to become circles: give radius, or a column of that name.")
        radius = frame[RADIUS_KEY].to_numpy()
    centres = frame[["x", "y"]].to_numpy(dtype=np.float64)
    radii = np.broadcast_to(np.asarray(radius, dtype=np.float64), len(frame))
    circles = _circles(centres, radii, points, others=frame.drop(columns=["x", "y", RADIUS_KEY], errors="ignore"))
    circles.attrs = {**copied_attrs(points), **circles.attrs}
    return circles


def _circles(places: FloatArray, radius: Any, source: Any, index: Any = None, others: Any = None) -> GeoDataFrame:
    """Circles in place of an element; ``others`` are columns that they have besides."""
    import geopandas

    from spatialdata.models.lazy_geometry import column_of_points

    centres = column_of_points(places)
    if others is None:
        frame = geopandas.GeoDataFrame(geometry=centres, index=source.index if index is None else index)
    else:
        frame = geopandas.GeoDataFrame(others, geometry=centres)
    frame = frame.assign(**{RADIUS_KEY: radius})
    frame.attrs = {}
    return ShapesModel.parse(frame, transformations=transformations_of(source))


class UnsupportedConversionError(UnsupportedElementError, RuntimeError):
    """An element cannot be made circles or polygons."""


def _refused(data: Any, wanted: str, possible: str) -> UnsupportedElementError:
    return UnsupportedConversionError(f"{kind_of(data).value} cannot be made {wanted}. {possible} can.")
