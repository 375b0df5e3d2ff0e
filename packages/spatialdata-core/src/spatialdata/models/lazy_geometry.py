"""A column of geometries that makes its geometry objects when they are first asked for.

geopandas keeps geometries as an array of objects, one for each row, which takes longer to make than most questions take
to answer. This column holds the coordinates instead. Whatever geopandas does with it makes the objects first, and from
then on it is a column like any other; what this package asks of it needs none.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from geopandas.array import GeometryArray, from_wkb

from spatialdata.kernels.polygons import Polygons
from spatialdata.models.packed import PackedPoints, PackedPolygons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.models.packed import Packed

__all__ = ["LazyGeometry", "column_of_points", "column_of_rings"]

# Of fewer, objects are made at once, so that nothing needs compiled code for their sake.
_MANY = 10_000


def column_of_points(places: NDArray[np.float64]) -> GeometryArray:
    """Points as a column of geometries; those that are nowhere are empty.

    Parameters
    ----------
    places
        Array of shape ``(n, 2)`` of x, y; nan where there is none.

    Examples
    --------
    >>> column_of_points(np.array([[0.0, 1.0], [np.nan, np.nan]])).is_empty.tolist()
    [False, True]
    """
    if np.isfinite(places).all():
        return LazyGeometry(PackedPoints(np.ascontiguousarray(places, dtype=np.float64)))
    points = shapely.points(places)
    points[np.isnan(places).any(axis=1)] = shapely.Point()
    return GeometryArray(points)


def column_of_rings(corners: NDArray[np.float64]) -> GeometryArray:
    """Polygons with as many corners each as a column of geometries.

    Parameters
    ----------
    corners
        Array of shape ``(polygons, corners, 2)`` of x, y; the last corner is not the first one again.

    Examples
    --------
    >>> column_of_rings(np.array([[[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]])).area.tolist()
    [1.0]
    """
    count, edges = corners.shape[0], corners.shape[1] + 1
    closed = np.concatenate([corners, corners[:, :1]], axis=1, dtype=np.float64)
    start, first = np.arange(count + 1, dtype=np.int64) * edges, np.arange(count + 1, dtype=np.int64)
    polygons = Polygons(closed.reshape(-1, 2), start, first, np.zeros(count, dtype=bool))
    packed = PackedPolygons(polygons, np.full(count, shapely.GeometryType.POLYGON, dtype=np.int8))
    return GeometryArray(packed.geometries()) if count < _MANY else LazyGeometry(packed)


class _Cell:
    """What views of one column share: its coordinates, until the objects are made of them."""

    def __init__(self, packed: Packed | None, objects: NDArray[Any] | None = None) -> None:
        self.packed = packed
        self._objects = objects
        self._lock = threading.Lock()

    def objects(self) -> NDArray[Any]:
        with self._lock:
            if self._objects is None and self.packed is not None:
                self._objects = self.packed.geometries()
                # Who holds the objects may put others into their places.
                self.packed = None
            return self._objects  # type: ignore[return-value]


class _SameAsPlain(type):
    """Makes the column equal to a plain one in the eyes of pandas, which compares types before it compares columns."""

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is GeometryArray

    def __ne__(cls, other: object) -> bool:
        return not cls == other

    def __hash__(cls) -> int:
        return type.__hash__(cls)


class LazyGeometry(GeometryArray, metaclass=_SameAsPlain):  # type: ignore[misc]
    """Geometries whose objects are made when they are first asked for.

    Parameters
    ----------
    packed
        The coordinates.
    crs
        The coordinate reference system, as geopandas takes it.
    """

    def __init__(self, packed: Packed, crs: Any = None) -> None:
        self._cell = _Cell(packed)
        self._crs = None
        self.crs = crs
        self._sindex = None

    @property
    def packed(self) -> Packed | None:
        """The coordinates; None as soon as the objects were made."""
        return self._cell.packed

    @property
    def _data(self) -> NDArray[Any]:
        return self._cell.objects()

    @_data.setter
    def _data(self, objects: NDArray[Any]) -> None:
        self._cell = _Cell(None, objects)

    @property
    def size(self) -> int:
        """The number of geometries."""
        packed = self.packed
        return len(packed) if packed is not None else len(self._data)

    @property
    def nbytes(self) -> int:
        """The size in memory."""
        packed = self.packed
        return packed.nbytes if packed is not None else int(self._data.nbytes)

    @property
    def has_z(self) -> NDArray[np.bool_]:
        """Which geometries have a z."""
        packed = self.packed
        return np.zeros(len(packed), dtype=bool) if packed is not None else super().has_z

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The bounding boxes."""
        packed = self.packed
        return packed.bounds.copy() if packed is not None else super().bounds

    def isna(self) -> NDArray[np.bool_]:
        """Which geometries are missing."""
        packed = self.packed
        return np.zeros(len(packed), dtype=bool) if packed is not None else super().isna()

    def _of(self, packed: Packed) -> LazyGeometry:
        return type(self)(packed, self._crs)

    def __getitem__(self, item: Any) -> Any:
        packed = self.packed
        if packed is None or (np.ndim(item) == 0 and not isinstance(item, slice)):
            return super().__getitem__(item)
        if isinstance(item, slice) and item == slice(None):
            view = type(self).__new__(type(self))
            view.__dict__.update(self.__dict__)
            return view
        rows = np.arange(len(packed))[pd.api.indexers.check_array_indexer(self, item)]
        return self._of(packed.take(rows))

    def copy(self, *args: Any, **kwargs: Any) -> GeometryArray:
        """A copy, which changes of this one do not reach."""
        packed = self.packed
        return self._of(packed) if packed is not None else super().copy(*args, **kwargs)

    def take(self, indices: Any, allow_fill: bool = False, fill_value: Any = None) -> GeometryArray:
        """Some of the geometries; see :meth:`pandas.api.extensions.ExtensionArray.take`."""
        packed, rows = self.packed, np.asarray(indices, dtype=np.intp)
        if packed is None or (allow_fill and (rows < 0).any()):
            return super().take(indices, allow_fill=allow_fill, fill_value=fill_value)
        return self._of(packed.take(np.arange(len(packed))[rows]))

    def __reduce__(self) -> tuple[Any, ...]:
        packed = self.packed
        if packed is not None:
            return type(self), (packed, self._crs)
        objects, crs = super().__getstate__()
        return from_wkb, (objects, crs)
