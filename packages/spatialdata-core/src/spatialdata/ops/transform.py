"""Elements moved into another coordinate system."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from spatialdata._core.container import is_container, new_container
from spatialdata.errors import UnsupportedElementError, listing
from spatialdata.models.kind import Kind, kind_of
from spatialdata.ops.resample import ORDERS
from spatialdata.ops.transform_raster import moved_raster
from spatialdata.ops.transform_vector import moved_points, moved_shapes
from spatialdata.transformations.attach import attach_transformations, get_transformation, transformations_of
from spatialdata.transformations.linear import Identity
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["transform"]

T = TypeVar("T")


def _move_image(element: Any, transformation: BaseTransformation, order: int) -> tuple[Any, BaseTransformation]:
    return moved_raster(element, transformation, order)


def _move_labels(element: Any, transformation: BaseTransformation, order: int) -> tuple[Any, BaseTransformation]:
    if order != 0:
        raise ValueError(
            f"Labels are ids, which cannot be interpolated. Found order={order} for labels; only order=0 is valid."
        )
    return moved_raster(element, transformation)


def _move_points(element: Any, transformation: BaseTransformation, order: int) -> tuple[Any, BaseTransformation]:
    _check_no_order(order)
    return moved_points(element, transformation), Identity()


def _move_shapes(element: Any, transformation: BaseTransformation, order: int) -> tuple[Any, BaseTransformation]:
    _check_no_order(order)
    return moved_shapes(element, transformation), Identity()


def _refuse_table(element: Any, transformation: BaseTransformation, order: int) -> tuple[Any, BaseTransformation]:  # noqa: ARG001
    raise UnsupportedElementError("A table has no coordinates to transform. Transform the elements that it annotates.")


def _check_no_order(order: int) -> None:
    if order != 0:
        raise ValueError(f"Only images are interpolated. Found order={order} for points or shapes; leave it out.")


MOVE: dict[Kind, Callable[[Any, BaseTransformation, int], tuple[Any, BaseTransformation]]] = {
    Kind.IMAGE: _move_image,
    Kind.LABELS: _move_labels,
    Kind.POINTS: _move_points,
    Kind.SHAPES: _move_shapes,
    Kind.TABLE: _refuse_table,
}


def transform(
    data: T,
    transformation: BaseTransformation | None = None,
    maintain_positioning: bool = False,
    to_coordinate_system: str | None = None,
    *,
    order: int = 0,
) -> T:
    """Move the data of an element into another coordinate system.

    Vectors get the coordinates that they have there: points exactly, polygons at their vertices, between which edges
    stay straight. Images and labels are resampled onto square pixels of size 1 (a pure shift only moves them): the
    centre of each pixel is looked up in the source, and 0 where there is nothing. Images, labels and points stay lazy.

    Parameters
    ----------
    data
        An image, labels, points, shapes, or a SpatialData object; of an object all elements in the coordinate
        system are moved, and the tables kept.
    transformation
        With ``maintain_positioning``, the transformation to apply instead of one of the element's own.
    maintain_positioning
        If False, the result is in ``to_coordinate_system`` only. If True, the data are changed but stay where they
        are in all coordinate systems: each transformation is preceded by the inverse.
    to_coordinate_system
        The coordinate system whose transformation is applied.
    order
        How images are interpolated: 0 by nearest pixel, 1 linearly, 3 by cubic splines. Labels are always taken from
        the nearest pixel.

    Returns
    -------
    A new element of the same kind.

    Raises
    ------
    UnknownCoordinateSystemError
        The element is not in that coordinate system.
    TransformationError
        The transformation cannot be applied to the axes of the element, or has no inverse where one is needed.
    ValueError, RuntimeError
        The arguments do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import ShapesModel
    >>> from spatialdata.transformations import Scale
    >>> t = {"microns": Scale([0.5, 0.5], axes=("x", "y"))}
    >>> circles = ShapesModel.parse(np.array([[4.0, 6.0]]), geometry=0, radius=2.0, transformations=t)
    >>> moved = transform(circles, to_coordinate_system="microns")
    >>> moved.geometry[0].wkt, moved.radius[0]
    ('POINT (2 3)', np.float64(1.0))
    """
    if order not in ORDERS:
        raise ValueError(f"The order of interpolation must be one of {listing(ORDERS)}. Found {order!r}.")
    if is_container(data):
        return _transform_object(data, transformation, maintain_positioning, to_coordinate_system, order)  # type: ignore[return-value]
    kind = kind_of(data)
    if kind is Kind.TABLE:
        MOVE[kind](data, Identity(), order)
    if maintain_positioning:
        in_place: T = _transform_in_place(data, _one_of(data, transformation, to_coordinate_system), order)
        return in_place
    system = _system(data, transformation, to_coordinate_system)
    moved, position = MOVE[kind](data, get_transformation(data, system), order)
    attach_transformations(moved, {system: position})
    return moved  # type: ignore[no-any-return]


def _transform_in_place(data: Any, applied: BaseTransformation, order: int) -> Any:
    inverse = applied.inverse()
    moved, position = MOVE[kind_of(data)](data, applied, order)
    steps = [inverse] if isinstance(position, Identity) else [position, inverse]
    attach_transformations(moved, {name: Chain([*steps, t]) for name, t in transformations_of(data).items()})
    return moved


def _one_of(data: Any, transformation: BaseTransformation | None, system: str | None) -> BaseTransformation:
    if (transformation is None) == (system is None):
        raise ValueError(
            "With maintain_positioning=True give either transformation or to_coordinate_system, and not both."
        )
    return transformation if transformation is not None else get_transformation(data, system)


def _system(data: Any, transformation: BaseTransformation | None, system: str | None) -> str:
    own = transformations_of(data)
    if system is not None:
        if transformation is not None:
            raise ValueError(
                "Give to_coordinate_system without transformation: the transformation that the element has is applied. "
                "Another one can be applied with maintain_positioning=True."
            )
        return system
    if transformation is None:
        raise ValueError(f"Give to_coordinate_system. The element is in {listing(own)}.")
    if len(own) == 1 and next(iter(own.values())) == transformation:
        only = next(iter(own))
        warnings.warn(
            f"The transformation given is the one to {only!r}. Give to_coordinate_system={only!r} instead.",
            UserWarning,
            stacklevel=3,
        )
        return only
    raise RuntimeError(
        "A transformation alone does not say in which coordinate system the result is. Give to_coordinate_system, "
        f"one of {listing(own)}, or maintain_positioning=True."
    )


def _transform_object(
    sdata: SpatialData,
    transformation: BaseTransformation | None,
    maintain_positioning: bool,
    system: str | None,
    order: int,
) -> SpatialData:
    if not maintain_positioning:
        if transformation is not None or system is None:
            raise ValueError(
                "A SpatialData object is transformed to a coordinate system. Give to_coordinate_system only."
            )
        return sdata.transform_to_coordinate_system(system, order=order)
    if (transformation is None) == (system is None):
        raise ValueError(
            "With maintain_positioning=True give either transformation or to_coordinate_system, and not both."
        )
    elements: dict[str, Any] = {}
    for name, found in sdata.gen_transformations():
        applied = transformation if transformation is not None else found.get(system or "")
        if applied is not None:
            element = sdata[name]
            elements[name] = _transform_in_place(element, applied, order if kind_of(element) is Kind.IMAGE else 0)
    return new_container({**elements, **dict(sdata.tables.items())}, sdata.attrs)
