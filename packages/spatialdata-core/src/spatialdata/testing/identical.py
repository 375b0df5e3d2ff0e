"""Whether two elements, or two objects, are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import axes_of, element_attrs, is_tree, levels_of, type_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.testing.strings import with_plain_strings
from spatialdata.testing.tables import assert_tables_equal
from spatialdata.transformations.attach import TRANSFORM_KEY, transformations_of

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata._core.axes import ValidAxis
    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = [
    "assert_elements_are_identical",
    "assert_elements_dict_are_identical",
    "assert_spatial_data_objects_are_identical",
]


def assert_elements_are_identical(
    element0: Any, element1: Any, check_transformations: bool = True, check_metadata: bool = True
) -> None:
    """Raise an AssertionError unless two elements are the same; their data are read.

    Parameters
    ----------
    element0, element1
        Elements or tables.
    check_transformations
        Compare the transformations too; they are the same if they do the same to the element, however they are written.
    check_metadata
        Compare the other attributes too.

    Raises
    ------
    AssertionError
        The elements differ; the message says in what.
    ValueError
        Transformations are to be checked, but metadata, which they belong to, are not.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> a = Labels2DModel.parse(np.zeros((4, 4), dtype=np.int32))
    >>> assert_elements_are_identical(a, a.copy())
    """
    if check_transformations and not check_metadata:
        raise ValueError("Transformations are metadata: check_transformations=True needs check_metadata=True.")
    kinds = kind_of(element0), kind_of(element1)
    if kinds[0] is not kinds[1]:
        raise AssertionError(f"The elements are of the kinds {kinds[0].value} and {kinds[1].value}.")
    if kinds[0] is Kind.TABLE:
        assert_tables_equal(element0, element1, check_metadata=check_metadata)
        return
    COMPARE[kinds[0]](element0, element1)
    if check_transformations:
        _assert_transformations_equal(element0, element1)
    if check_metadata:
        _assert_attrs_equal(element0, element1)


def _assert_transformations_equal(a: Any, b: Any) -> None:
    first, second = transformations_of(a), transformations_of(b)
    if set(first) != set(second):
        raise AssertionError(f"The elements are in the coordinate systems {sorted(first)} and {sorted(second)}.")
    for name, transformation in first.items():
        if transformation != second[name] and not _same_map(transformation, second[name], axes_of(a)):
            raise AssertionError(f"The transformations to {name!r} differ:\n{transformation}\n{second[name]}")


def _same_map(a: BaseTransformation, b: BaseTransformation, axes: tuple[ValidAxis, ...]) -> bool:
    """Whether two transformations do the same to an element, however they are written; by value if not linear."""
    if not (a.is_linear and b.is_linear):
        return False
    (first, rows), (second, others) = a.linear_map(axes), b.linear_map(axes)
    if set(first) != set(second):
        return False
    return bool(np.allclose(rows, others[[second.index(axis) for axis in first]]))


def _assert_attrs_equal(a: Any, b: Any) -> None:
    first, second = ({k: v for k, v in element_attrs(e).items() if k != TRANSFORM_KEY} for e in (a, b))
    if first != second:
        raise AssertionError(f"The attributes {first} and {second} differ.")


def _rasters(a: Any, b: Any) -> None:
    from xarray.testing import assert_equal

    if is_tree(a) != is_tree(b):
        raise AssertionError(f"The rasters are {type_name(a)} and {type_name(b)}.")
    levels = levels_of(a), levels_of(b)
    if len(levels[0]) != len(levels[1]):
        raise AssertionError(f"The rasters have {len(levels[0])} and {len(levels[1])} levels.")
    for number, (first, second) in enumerate(zip(*levels, strict=True)):
        if first.dtype != second.dtype:
            raise AssertionError(f"The dtypes of level {number} are {first.dtype} and {second.dtype}.")
        assert_equal(first, second)


def _points(a: Any, b: Any) -> None:
    from pandas.testing import assert_frame_equal

    first, second = with_plain_strings(a.compute()), with_plain_strings(b.compute())
    first.attrs, second.attrs = {}, {}
    if not first.index.is_unique:
        # Rows cannot be found by their index then.
        first, second = (_in_one_order(frame) for frame in (first, second))
    assert_frame_equal(*_with_columns_alike(first, second), check_like=first.index.is_unique)


def _in_one_order(points: pd.DataFrame) -> pd.DataFrame:
    """The rows in an order that follows from their index and coordinates."""
    from pandas.util import hash_pandas_object

    axes = [axis for axis in ("x", "y", "z") if axis in points.columns]
    return points.iloc[np.argsort(hash_pandas_object(points[axes]).to_numpy(), kind="stable")]


def _with_columns_alike(first: Any, second: Any) -> tuple[Any, Any]:
    """Two frames with their columns in the same order, if they have the same."""
    is_alike = len(first.columns) == len(second.columns) and set(first.columns) == set(second.columns)
    return first, second[list(first.columns)] if is_alike else second


def _shapes(a: Any, b: Any) -> None:
    from geopandas.testing import assert_geodataframe_equal

    first, second = with_plain_strings(a), with_plain_strings(b)
    first.attrs, second.attrs = {}, {}
    alike = _with_columns_alike(first, second)
    assert_geodataframe_equal(*alike, check_less_precise=True, check_like=first.index.is_unique)


COMPARE: dict[Kind, Callable[[Any, Any], None]] = {
    Kind.IMAGE: _rasters,
    Kind.LABELS: _rasters,
    Kind.POINTS: _points,
    Kind.SHAPES: _shapes,
}


def assert_elements_dict_are_identical(
    elements0: Mapping[str, Any],
    elements1: Mapping[str, Any],
    check_transformations: bool = True,
    check_metadata: bool = True,
) -> None:
    """Raise an AssertionError unless two mappings hold the same elements under the same names.

    Parameters
    ----------
    elements0, elements1
        Elements by name, for example ``sdata.images``.
    check_transformations, check_metadata
        See :func:`assert_elements_are_identical`.

    Examples
    --------
    >>> assert_elements_dict_are_identical({}, {})
    """
    if set(elements0) != set(elements1):
        raise AssertionError(f"The names {sorted(elements0)} and {sorted(elements1)} differ.")
    for name in elements0:
        try:
            assert_elements_are_identical(elements0[name], elements1[name], check_transformations, check_metadata)
        except AssertionError as error:
            raise AssertionError(f"{name!r}: {error}") from error


def assert_spatial_data_objects_are_identical(
    sdata0: SpatialData, sdata1: SpatialData, check_transformations: bool = True, check_metadata: bool = True
) -> None:
    """Raise an AssertionError unless two objects hold the same elements, tables and attributes.

    Parameters
    ----------
    sdata0, sdata1
        The objects.
    check_transformations, check_metadata
        See :func:`assert_elements_are_identical`.

    Examples
    --------
    >>> from spatialdata import SpatialData
    >>> assert_spatial_data_objects_are_identical(SpatialData(), SpatialData())
    """
    for kind in Kind:
        assert_elements_dict_are_identical(
            getattr(sdata0, kind.container), getattr(sdata1, kind.container), check_transformations, check_metadata
        )
    if check_metadata and dict(sdata0.attrs) != dict(sdata1.attrs):
        raise AssertionError(f"The attributes of the objects differ: {sdata0.attrs} and {sdata1.attrs}.")
