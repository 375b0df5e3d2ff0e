"""Measures of instances: where they lie, how large they are, and how bright an image is on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import spatial_axes_of
from spatialdata.errors import UnsupportedElementError, listing
from spatialdata.models.channels import get_channel_names
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.times import at_one_time
from spatialdata.ops.morphology import morphology
from spatialdata.ops.pixel_statistics import check_statistics, probabilities_of
from spatialdata.ops.region_depths import gather_across_depths
from spatialdata.ops.region_pixels import MEASURING, Gathered, gather_labels, gather_shapes
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["get_region_properties"]


def get_region_properties(
    regions: Any,
    image: Any = None,
    coordinate_system: str = "global",
    statistics: str | Sequence[str] = "mean",
    quantiles: Sequence[float] = (),
    outlines: bool = False,
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
        ``"var"`` (of a sample), ``"count"``, ``"median"`` and ``"quantile(0.9)"``, the last two of which need all
        pixels of the regions in memory.
    quantiles
        Quantiles of the pixels, from 0 to 1, in columns of their own.
    outlines
        Measure the outlines too, for which those of labels are traced.

    Returns
    -------
    One row for each instance, indexed by id. The columns ``area`` (``volume`` in 3D), ``centroid_x``, …, and the
    bounds ``x_min``, ``x_max``, …, in units of the coordinate system; those of labels that are turned against it are
    the bounds of the turned box around their pixels. Then ``major_axis_length``, ``minor_axis_length``,
    ``eccentricity`` and ``orientation`` (of the major axis, in radians from x towards y; 0 if none is longer) of the
    ellipse with the same second moments, in 3D ``middle_axis_length`` instead of the last two. The moments are those of
    the areas of shapes, and of the centres of the pixels of labels, as in scikit-image. For shapes also the
    ``perimeter``.
    With ``outlines``, ``perimeter``, ``convex_area``, ``solidity`` (of the area in its convex hull) and ``circularity``
    (4 π area / perimeter²) for flat ones, of labels along the edges of their pixels, which is longer than a smooth
    line; in 3D the ``surface_area``, along the sides of pixels.
    Of flat labels whose place is not linear, all that is measured on the outlines of their pixels.
    Then ``<channel>_<statistic>`` and ``<channel>_q<quantile>``; nan where an instance has no pixel of the image. All
    are floating point numbers, which round whole ones from 2**53 on; :func:`aggregate` sums those as they are.

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
    sampled = [*quantiles, *probabilities_of(names).values()] if image is not None else []
    gathered = _gather(regions, image, coordinate_system, sampled, spread=spread)
    columns = morphology(regions, gathered, coordinate_system, outlines=outlines)
    if image is not None:
        columns = {**columns, **_intensities(gathered, get_channel_names(image), names, quantiles)}
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


def _intensities(
    gathered: Gathered, channels: Sequence[Any], statistics: Sequence[str], quantiles: Sequence[float]
) -> dict[str, FloatArray]:
    """Statistics of the pixels, by ``<channel>_<statistic>`` and ``<channel>_q<quantile>``."""
    if gathered.pixels is None:
        return {}
    found = _statistics(gathered, statistics, len(quantiles))
    columns: dict[str, FloatArray] = {}
    for number, channel in enumerate(channels):
        columns |= {f"{channel}_{name}": values[:, number] for name, values in found.items()}
        if gathered.quantiles is not None:
            columns |= {f"{channel}_q{q:g}": gathered.quantiles[:, number, k] for k, q in enumerate(quantiles)}
    return columns


def _statistics(gathered: Gathered, names: Sequence[str], others: int) -> dict[str, FloatArray]:
    """Statistics of shape ``(instances, channels)`` by name; quantiles among them follow so many others."""
    if gathered.pixels is None:
        return {}
    sampled = {name: others + number for number, name in enumerate(probabilities_of(names))}
    found = {}
    for name in names:
        if name in sampled and gathered.quantiles is not None:
            found[name] = gathered.quantiles[:, :, sampled[name]]
        else:
            found[name] = gathered.pixels.statistic(name)
    return found
