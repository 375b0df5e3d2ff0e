"""The area that all slides show, and the spots in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.studies.breast_cancer.names import ALIGNED, SLIDES, SPOTS, images
from spatialdata.studies.errors import StudyInputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely import Polygon

    from spatialdata.sdata import SpatialData

__all__ = ["find_common_area", "footprint", "slide_image", "spots_within"]


def slide_image(sdata: SpatialData, slide: str) -> str:
    """The name of the best image of a slide.

    Raises
    ------
    StudyInputError
        The slide has no image.
    """
    for name in images(slide):
        if name in sdata.images:
            return name
    raise StudyInputError(
        f"The slide {slide} has no image. Looked for {listing(images(slide))}; found {listing(sdata.images)}."
    )


def footprint(sdata: SpatialData, slide: str, system: str = ALIGNED) -> Polygon:
    """The outline of a slide's image in a coordinate system.

    Parameters
    ----------
    sdata
        The slides.
    slide
        The name of one of them.
    system
        A coordinate system that its image has.
    """
    import shapely

    from spatialdata.transformations import get_transformation

    raster: Any = sdata.images[slide_image(sdata, slide)]
    finest = raster["scale0"]["image"] if "scale0" in getattr(raster, "children", ()) else raster
    width, height = finest.sizes["x"], finest.sizes["y"]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    matrix = get_transformation(raster, system).to_affine_matrix(("x", "y"), ("x", "y"))
    return shapely.Polygon(corners @ matrix[:2, :2].T + matrix[:2, 2])


def find_common_area(sdata: SpatialData, system: str = ALIGNED) -> Polygon:
    """The area that the images of all slides show.

    Parameters
    ----------
    sdata
        The aligned slides.
    system
        The coordinate system that they share.

    Returns
    -------
    A convex polygon in that coordinate system.

    Raises
    ------
    StudyInputError
        The slides have no area in common.
    """
    import shapely

    outlines = {slide: footprint(sdata, slide, system) for slide in SLIDES}
    area: Polygon = shapely.intersection_all(list(outlines.values()))
    if area.is_empty or area.area == 0:
        bounds = "; ".join(f"{slide}: {np.round(outline.bounds, 1).tolist()}" for slide, outline in outlines.items())
        raise StudyInputError(
            f"The aligned slides have no area in common. Bounds (x_min, y_min, x_max, y_max) in {system!r}: {bounds}. "
            "Check the landmarks."
        )
    return area


def spots_within(sdata: SpatialData, area: Polygon, system: str = ALIGNED) -> GeoDataFrame:
    """The spots that lie wholly in an area.

    Parameters
    ----------
    sdata
        The aligned slides.
    area
        A polygon in ``system``.
    system
        The coordinate system of the area.

    Returns
    -------
    The circles, in their own coordinates.

    Raises
    ------
    StudyInputError
        No spot lies in the area.
    """
    from spatialdata import polygon_query, transform

    spots = sdata.shapes[SPOTS]
    radius = float(transform(spots, to_coordinate_system=system)["radius"].max())
    inner = area.buffer(-2 * radius)
    found = None if inner.is_empty else polygon_query(spots, inner, target_coordinate_system=system)
    if found is None or len(found) == 0:
        raise StudyInputError(
            f"None of the {len(spots)} spots lies in the area that all slides show, of {area.area:.0f} square "
            "micrometres. Check the landmarks."
        )
    return found
