"""A part of space made of pixels, as a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.sources import Window
from spatialdata.errors import TransformationError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    from spatialdata._core.axes import ValidAxis
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["PlacedVolume", "VolumeRegion"]

_XYZ: tuple[ValidAxis, ...] = ("x", "y", "z")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolumeRegion:
    """Pixels in space, as :func:`spatialdata.region_of_labels` makes them of labels with a depth.

    Attributes
    ----------
    target_coordinate_system
        The coordinate system that the pixels are in.
    pixels
        Boolean array of shape ``(z, y, x)``: which pixels belong to the region.
    linear, offset
        The map from their coordinates x, y, z to the coordinate system: arrays of shape ``(3, 3)`` and ``(3,)``. Pixel
        i covers i to i + 1.
    outline
        What the region covers as it is seen along z, which is the region for flat elements; None if planes of pixels
        are none in the coordinate system.

    Raises
    ------
    ValueError
        No pixel belongs to the region, or the arrays have other shapes.

    Examples
    --------
    >>> two = np.array([[[True, False]], [[True, True]]])
    >>> region = VolumeRegion(
    ...     target_coordinate_system="global", pixels=two, linear=np.diag([1, 1, 5]), offset=[0, 0, 10]
    ... )
    >>> region.bounds()[1].tolist()
    [2.0, 1.0, 20.0]
    """

    target_coordinate_system: str
    pixels: NDArray[np.bool_]
    linear: FloatArray
    offset: FloatArray
    outline: Polygon | MultiPolygon | None = None

    def __post_init__(self) -> None:
        for name, dtype in (("pixels", np.bool_), ("linear", np.float64), ("offset", np.float64)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=dtype))
        shapes: tuple[Any, ...] = (self.linear.shape, self.offset.shape)
        if self.pixels.ndim != 3 or shapes != ((3, 3), (3,)):
            raise ValueError(
                "A volume has pixels along z, y and x, and a map of shape (3, 3) with an offset of shape (3,). Found "
                f"{self.pixels.shape}, {shapes[0]} and {shapes[1]}."
            )
        if not self.pixels.any():
            raise ValueError("No pixel belongs to the region, which is none then.")

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lower and upper corner of the box around all pixels, as x, y, z."""
        sides = self.linear * np.array(self.pixels.shape[::-1], dtype=np.float64)
        return self.offset + np.minimum(sides, 0).sum(axis=1), self.offset + np.maximum(sides, 0).sum(axis=1)


@dataclass(frozen=True, slots=True)
class PlacedVolume:
    """Pixels in space, tested in their own coordinates through the map of an element with a depth.

    Attributes
    ----------
    projection
        The map of the element to the coordinate system of the region.
    region
        The region.
    """

    projection: Projection
    region: VolumeRegion

    def window(self) -> Window:
        """The bounding box of the region in intrinsic coordinates."""
        axes = self.projection.axes
        order = [_XYZ.index(axis) for axis in axes]
        low, high = (side[order] for side in self.region.bounds())
        lower, upper = self.projection.inverse().box(low, high)
        return Window(axes, tuple(lower.tolist()), tuple(upper.tolist()))

    def contains(self, coordinates: FloatArray, *, border: bool = True) -> NDArray[np.bool_]:  # noqa: ARG002
        """Which points, of shape ``(points, 3)`` in intrinsic coordinates, lie inside.

        Of the border between pixels, the part towards lower coordinates belongs to a pixel.
        """
        order = [self.projection.axes.index(axis) for axis in _XYZ]
        back = np.linalg.inv(self.region.linear)
        inside = np.zeros(len(coordinates), dtype=bool)
        pixel = ((self.projection(coordinates)[:, order] - self.region.offset) @ back.T)[:, ::-1]
        with np.errstate(invalid="ignore"):
            near = np.flatnonzero(((pixel >= 0) & (pixel < self.region.pixels.shape)).all(axis=1))
        inside[near] = self.region.pixels[tuple(np.floor(pixel[near]).astype(np.int64).T)]
        return inside

    def polygon(self, bounds: FloatArray) -> Polygon | MultiPolygon:  # noqa: ARG002
        """What the region covers as it is seen along z, in the intrinsic x-y plane."""
        import shapely

        polygon: Polygon = shapely.transform(outline_of(self.region), self.projection.plane().inverse())
        return polygon


def outline_of(region: VolumeRegion) -> Polygon | MultiPolygon:
    """What a region covers as it is seen along z.

    Raises
    ------
    TransformationError
        It is not known.
    """
    if region.outline is None:
        raise TransformationError(
            "The pixels of the region do not lie in planes of the coordinate system "
            f"{region.target_coordinate_system!r}, so that it has no outline to ask flat elements for. Move the labels "
            "there first, with spatialdata.transform, or ask elements with a depth only."
        )
    return region.outline
