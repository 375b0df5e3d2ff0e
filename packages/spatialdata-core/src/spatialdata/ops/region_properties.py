"""Measures of instances: where they lie, how large they are, and how bright an image is on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import spatial_axes_of
from spatialdata.errors import TransformationError, UnsupportedElementError, listing
from spatialdata.models.channels import get_channel_names
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.times import at_one_time
from spatialdata.ops.bent import in_system
from spatialdata.ops.circles import RADIUS_KEY, are_circles
from spatialdata.ops.pixel_statistics import check_statistics
from spatialdata.ops.polygon_moments import moments_of_polygons
from spatialdata.ops.region_depths import gather_across_depths
from spatialdata.ops.region_pixels import MEASURING, Gathered, gather_labels, gather_shapes
from spatialdata.ops.to_vector import outlines_of_labels
from spatialdata.ops.transform_vector import moved_shapes
from spatialdata.regions.project import Projection, projection_of
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata.models.label_runs import BlockShapes
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["get_region_properties", "intensities", "morphology"]


def get_region_properties(
    regions: Any,
    image: Any = None,
    coordinate_system: str = "global",
    statistics: str | Sequence[str] = "mean",
    quantiles: Sequence[float] = (),
) -> pd.DataFrame:
    """Measure the instances of labels or shapes, in one pass over the pixels.

    Parameters
    ----------
    regions
        Labels or shapes.
    image
        An image whose pixels are measured too: for labels, those under the centres of their pixels, and for shapes
        those whose centre lies inside. Flat regions stand for all planes of an image with a depth, and a pixel of a
        flat image counts once for each label above or below it.
    coordinate_system
        The coordinate system of all measures, in which regions and image are brought together.
    statistics
        Statistics of the pixels, for each channel: some of ``"mean"``, ``"sum"``, ``"min"``, ``"max"``, ``"std"``,
        ``"var"`` (of a sample) and ``"count"``.
    quantiles
        Quantiles of the pixels, from 0 to 1. They need all pixels of the regions in memory.

    Returns
    -------
    One row for each instance, indexed by id. The columns ``area`` (``volume`` in 3D), ``centroid_x``, …, and the
    bounds ``x_min``, ``x_max``, …, in units of the coordinate system; those of labels that are turned against it are
    the bounds of the turned box around their pixels. For flat labels also ``major_axis_length``,
    ``minor_axis_length`` and ``eccentricity`` of the ellipse with the same second moments; for shapes the
    ``perimeter``. Of flat labels whose place is not linear, all that is measured on the outlines of their pixels.
    Then ``<channel>_<statistic>`` and ``<channel>_q<quantile>``; nan where an instance has no pixel of the image.

    Raises
    ------
    UnsupportedElementError
        The regions are neither labels nor shapes, or the image is no image.
    TransformationError
        The place of labels with a depth is not linear.
    ValueError
        A statistic or a quantile is not valid, or an element is not in the coordinate system.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Image2DModel, Labels2DModel
    >>> labels = Labels2DModel.parse(np.array([[0, 3, 3], [0, 3, 3]]))
    >>> image = Image2DModel.parse(np.arange(6.0).reshape(1, 2, 3), c_coords=["DAPI"])
    >>> found = get_region_properties(labels, image)
    >>> found[["area", "centroid_x", "centroid_y", "DAPI_mean"]].loc[3].tolist()
    [4.0, 2.0, 1.0, 3.0]
    """
    import pandas as pd

    names = check_statistics(statistics)
    _check_quantiles(quantiles)
    spread = not {"var", "std"}.isdisjoint(names)
    gathered = _gather(regions, image, coordinate_system, quantiles, spread=spread)
    columns = morphology(regions, gathered, coordinate_system)
    if image is not None:
        columns = {**columns, **intensities(gathered, get_channel_names(image), names, quantiles)}
    index = regions.index if kind_of(regions) is Kind.SHAPES else pd.Index(gathered.ids)
    return pd.DataFrame(columns, index=index)


def _gather(regions: Any, image: Any, system: str, quantiles: Sequence[float], *, spread: bool) -> Gathered:
    kind = kind_of(regions)
    if kind not in (Kind.LABELS, Kind.SHAPES):
        raise UnsupportedElementError(f"{kind.value} have no regions to measure. Labels and shapes have.")
    if image is not None and kind_of(image) is not Kind.IMAGE:
        raise UnsupportedElementError(f"The pixels of an image are measured, not those of {kind_of(image).value}.")
    for element in (regions, image):
        if element is not None:
            get_transformation(element, system)
    if kind is Kind.LABELS:
        if image is not None and len(spatial_axes_of(regions)) != len(spatial_axes_of(image)):
            regions, image = at_one_time(regions, MEASURING), at_one_time(image, MEASURING)
            return gather_across_depths(regions, image, system, quantiles, spread=spread)
        return gather_labels(regions, image, system, quantiles, spread=spread)
    if image is None:
        return Gathered(np.arange(len(regions)), None, None, None)
    return gather_shapes(regions, image, system, quantiles, spread=spread)


def _check_quantiles(quantiles: Sequence[float]) -> None:
    wrong = [value for value in quantiles if not 0 <= value <= 1]
    if wrong:
        raise ValueError(f"Quantiles are numbers from 0 to 1. Found {listing(wrong)}.")


def morphology(regions: Any, gathered: Gathered, system: str) -> dict[str, FloatArray]:
    """Where regions lie and how large they are, by the name of the measure."""
    if gathered.shapes is None:
        return _of_shapes(regions, system)
    if not get_transformation(regions, system).is_linear:
        return _of_outlines(regions, system)
    return _of_labels(gathered.shapes, projection_of(regions, system))


def _of_labels(found: BlockShapes, projection: Projection) -> dict[str, FloatArray]:
    axes = projection.axes
    pixel = float(abs(np.linalg.det(projection.linear)))
    columns = {"volume" if "z" in axes else "area": found.count * pixel}
    centre = projection(found.centre)
    columns |= {f"centroid_{axis}": centre[:, axes.index(axis)] for axis in ("x", "y", "z") if axis in axes}
    low, high = found.lower[:, None] * projection.linear, found.upper[:, None] * projection.linear
    lower = np.minimum(low, high).sum(axis=2) + projection.offset
    upper = np.maximum(low, high).sum(axis=2) + projection.offset
    for side, bound in (("min", lower), ("max", upper)):
        columns |= {f"{axis}_{side}": bound[:, axes.index(axis)] for axis in ("x", "y", "z") if axis in axes}
    if "z" not in axes:
        columns |= _ellipses(found, projection)
    return columns


def _ellipses(found: BlockShapes, projection: Projection) -> dict[str, FloatArray]:
    """The axes of the ellipses with the second moments of the pixel centres."""
    moments = found.scatter / np.maximum(found.count, 1)[:, None, None]
    return _axes_of_ellipses(projection.linear @ moments @ projection.linear.T)


def _axes_of_ellipses(moments: FloatArray) -> dict[str, FloatArray]:
    """The axes of the ellipses that have some second moments, an array of shape ``(n, 2, 2)``."""
    small, large = np.maximum(np.linalg.eigvalsh(moments), 0.0).T if len(moments) else np.zeros((2, 0))
    ratio = np.divide(small, large, out=np.ones_like(small), where=large > 0)
    return {
        "major_axis_length": 4 * np.sqrt(large),
        "minor_axis_length": 4 * np.sqrt(small),
        "eccentricity": np.sqrt(1 - ratio),
    }


def _of_outlines(labels: Any, system: str) -> dict[str, FloatArray]:
    """Measures of labels whose pixels a non-linear map bends, taken from the outlines that these form."""
    import shapely

    if "z" in spatial_axes_of(labels):
        raise TransformationError(
            f"The transformation to {system!r} is not linear, so that the pixels of labels with a depth have no common "
            "size and shape there. Move them first, with spatialdata.transform(labels, to_coordinate_system=…)."
        )
    bent = in_system(outlines_of_labels(labels), system).geometry.to_numpy()
    area, centre, moments = moments_of_polygons(bent)
    bounds = shapely.bounds(bent).reshape(-1, 4)
    columns = {"area": area, "centroid_x": centre[:, 0], "centroid_y": centre[:, 1]}
    columns |= {name: bounds[:, column] for column, name in ((0, "x_min"), (1, "y_min"), (2, "x_max"), (3, "y_max"))}
    return columns | _axes_of_ellipses(moments)


def _of_shapes(shapes: Any, system: str) -> dict[str, FloatArray]:
    import shapely

    moved = moved_shapes(shapes, get_transformation(shapes, system))
    geometry = shapely.force_2d(moved.geometry.to_numpy())
    centre = shapely.get_coordinates(shapely.centroid(geometry))
    bounds = shapely.bounds(geometry).reshape(-1, 4)
    area, perimeter = shapely.area(geometry), shapely.length(geometry)
    if are_circles(moved):
        radius = moved[RADIUS_KEY].to_numpy(dtype=np.float64)
        area, perimeter = np.pi * radius**2, 2 * np.pi * radius
        bounds = bounds + radius[:, None] * [-1, -1, 1, 1]
    columns = {"area": area, "centroid_x": centre[:, 0], "centroid_y": centre[:, 1]}
    columns |= dict(zip(("x_min", "y_min", "x_max", "y_max"), bounds.T, strict=True))
    return {**columns, "perimeter": perimeter}


def intensities(
    gathered: Gathered, channels: Sequence[Any], statistics: Sequence[str], quantiles: Sequence[float]
) -> dict[str, FloatArray]:
    """Statistics of the pixels, by ``<channel>_<statistic>`` and ``<channel>_q<quantile>``."""
    if gathered.pixels is None:
        return {}
    found = {name: gathered.pixels.statistic(name) for name in statistics}
    columns: dict[str, FloatArray] = {}
    for number, channel in enumerate(channels):
        columns |= {f"{channel}_{name}": values[:, number] for name, values in found.items()}
        if gathered.quantiles is not None:
            columns |= {f"{channel}_q{q:g}": gathered.quantiles[:, number, k] for k, q in enumerate(quantiles)}
    return columns
