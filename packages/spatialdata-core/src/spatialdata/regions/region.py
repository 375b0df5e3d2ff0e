"""What can be asked for: an axis-aligned box, a polygon or a circle, each in a coordinate system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES, T

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from shapely import MultiPolygon, Polygon

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["BoundingBox", "Circle", "Closed", "PolygonRegion", "boxes_of"]

Closed: TypeAlias = Literal["both", "left", "right", "neither"]
_CLOSED = ("both", "left", "right", "neither")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundingBox:
    """An axis-aligned box in a coordinate system, in time too if it has the axis ``"t"``.

    Times are those of the elements themselves; no transformation changes them.

    Attributes
    ----------
    target_coordinate_system
        The coordinate system that the bounds are in.
    axes
        The bounded axes; the box is unbounded along others.
    min_coordinate, max_coordinate
        Arrays of one number per axis.
    closed
        Which bounds belong to the box, for points, pixel centres and the centres of circles: ``"both"``, ``"left"``
        (the lower ones, so that boxes side by side share nothing), ``"right"`` or ``"neither"``. If None, none of
        them for points, and both for pixels, circles and times.

    Raises
    ------
    ValueError
        An axis is neither spatial nor ``"t"``, a bound is missing or no number, a lower bound exceeds the upper one,
        or ``closed`` is none of its values.

    Examples
    --------
    >>> box = BoundingBox(
    ...     target_coordinate_system="global", axes=("x", "y"), min_coordinate=[0, 0], max_coordinate=[2, 3]
    ... )
    >>> box.bounds("y")
    (0.0, 3.0)
    """

    target_coordinate_system: str
    axes: tuple[str, ...]
    min_coordinate: FloatArray
    max_coordinate: FloatArray
    closed: Closed | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", tuple(self.axes))
        for name in ("min_coordinate", "max_coordinate"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.float64))
        self._check()

    def _check(self) -> None:
        unknown = [axis for axis in self.axes if axis not in (*SPATIAL_AXES, T)]
        if unknown or not self.axes or len(set(self.axes)) != len(self.axes):
            raise ValueError(
                "A bounding box has spatial axes and maybe that of time, each once: some of 'x', 'y', 'z', 't'. "
                f"Found {self.axes}."
            )
        for name in ("min_coordinate", "max_coordinate"):
            found = getattr(self, name)
            if found.shape != (len(self.axes),):
                raise ValueError(f"{name} needs one number for each of the axes {self.axes}. Found {found.tolist()}.")
            if np.isnan(found).any():
                raise ValueError(f"{name} has values that are no numbers: {found.tolist()}.")
        if (self.min_coordinate > self.max_coordinate).any():
            raise ValueError(
                f"min_coordinate {self.min_coordinate.tolist()} exceeds max_coordinate "
                f"{self.max_coordinate.tolist()} along an axis of {self.axes}. Exchange them."
            )
        if self.closed is not None and self.closed not in _CLOSED:
            raise ValueError(f"closed must be one of {', '.join(map(repr, _CLOSED))}, or None. Found {self.closed!r}.")

    def to_dict(self) -> dict[str, Any]:
        """The arguments of :func:`spatialdata.bounding_box_query` that ask for this box."""
        return {
            "target_coordinate_system": self.target_coordinate_system,
            "axes": self.axes,
            "min_coordinate": self.min_coordinate,
            "max_coordinate": self.max_coordinate,
        }

    def bounds(self, axis: str) -> tuple[float, float]:
        """The bounds along one axis; infinite where the box is not bounded."""
        if axis not in self.axes:
            return -np.inf, np.inf
        index = self.axes.index(axis)
        return float(self.min_coordinate[index]), float(self.max_coordinate[index])

    def holds_times(self, times: ArrayLike) -> NDArray[np.bool_]:
        """Which of the times lie in the box; all if it has no bounds in time.

        Examples
        --------
        >>> box = BoundingBox(target_coordinate_system="global", axes=("t",), min_coordinate=[2], max_coordinate=[3])
        >>> box.holds_times([1, 2, 3, 4]).tolist()
        [False, True, True, False]
        """
        lower, upper = self.bounds(T)
        found = np.asarray(times, dtype=np.float64)
        above = found >= lower if self.closed in (None, "both", "left") else found > lower
        below = found <= upper if self.closed in (None, "both", "right") else found < upper
        return np.asarray(above & below)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolygonRegion:
    """A polygon, or several, in the x-y plane of a coordinate system.

    Attributes
    ----------
    target_coordinate_system
        The coordinate system that the polygon is in.
    polygon
        A valid, non-empty shapely Polygon or MultiPolygon; holes count as outside.

    Raises
    ------
    TypeError
        The geometry is neither a Polygon nor a MultiPolygon.
    ValueError
        The polygon is empty or not valid.
    """

    target_coordinate_system: str
    polygon: Polygon | MultiPolygon

    def __post_init__(self) -> None:
        import shapely

        given: Any = self.polygon
        found = given.geom_type if isinstance(given, shapely.Geometry) else type(given).__name__
        if found not in ("Polygon", "MultiPolygon"):
            raise TypeError(f"A polygon query needs a shapely Polygon or MultiPolygon, not {found}.")
        if self.polygon.is_empty:
            raise ValueError("The polygon is empty. Give one with an area.")
        if not self.polygon.is_valid:
            raise ValueError(
                f"The polygon is not valid: {shapely.is_valid_reason(self.polygon)}. shapely.make_valid may repair it."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Circle:
    """A disc in the x-y plane of a coordinate system; its border belongs to it.

    Attributes
    ----------
    target_coordinate_system
        The coordinate system that the circle is in.
    centre
        The x and the y of its centre.
    radius
        Its radius.

    Raises
    ------
    ValueError
        The centre are not two finite numbers, or the radius is not a finite number above 0.

    Examples
    --------
    >>> Circle(target_coordinate_system="global", centre=(1.0, 2.0), radius=3.0).bounds
    (-2.0, -1.0, 4.0, 5.0)
    """

    target_coordinate_system: str
    centre: FloatArray
    radius: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre", _array(self.centre, "centre"))
        if self.centre.shape != (2,) or not np.isfinite(self.centre).all():
            raise ValueError(f"The centre of a circle needs x and y. Found {self.centre.tolist()}.")
        if not (np.isfinite(self.radius) and self.radius > 0):
            raise ValueError(f"The radius of a circle must be a number above 0. Found {self.radius!r}.")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The box around it: x_min, y_min, x_max, y_max."""
        x, y = self.centre.tolist()
        return x - self.radius, y - self.radius, x + self.radius, y + self.radius


def boxes_of(
    axes: Sequence[str],
    min_coordinate: ArrayLike,
    max_coordinate: ArrayLike,
    target_coordinate_system: str,
    closed: Closed | None = None,
) -> tuple[list[BoundingBox], bool]:
    """Make the boxes that a call describes.

    Parameters
    ----------
    axes
        The axes of the boxes.
    min_coordinate, max_coordinate
        One number per axis, or an array of shape ``(n_boxes, n_axes)``.
    target_coordinate_system
        The coordinate system of the boxes.
    closed
        Which bounds belong to the boxes; see :class:`BoundingBox`.

    Returns
    -------
    boxes
        The boxes.
    many
        Whether the coordinates had a row for each box.
    """
    if isinstance(axes, str):
        axes = (axes,)
    lower, upper = _array(min_coordinate, "min_coordinate"), _array(max_coordinate, "max_coordinate")
    if lower.shape != upper.shape or lower.ndim not in (1, 2):
        raise ValueError(
            f"min_coordinate and max_coordinate need the same shape, (n_axes,) or (n_boxes, n_axes). "
            f"Found {lower.shape} and {upper.shape} for the axes {tuple(axes)}."
        )
    many = lower.ndim == 2
    pairs = zip(np.atleast_2d(lower), np.atleast_2d(upper), strict=True) if lower.size or not many else iter(())
    return [
        BoundingBox(
            target_coordinate_system=target_coordinate_system,
            axes=tuple(axes),
            min_coordinate=low,
            max_coordinate=high,
            closed=closed,
        )
        for low, high in pairs
    ], many


def _array(values: Any, name: str) -> FloatArray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} needs numbers, one per axis. Found {values!r}.") from error
