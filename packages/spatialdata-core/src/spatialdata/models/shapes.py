"""The model of shapes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from spatialdata._core.collecting import making_many
from spatialdata._core.elements import is_shapes, type_name
from spatialdata.errors import Fault, UnsupportedElementError
from spatialdata.models.base import ATTRS_KEY, raise_faults, resolved_transformations, transform_faults
from spatialdata.models.inputs import geometries_of
from spatialdata.models.packed import kinds_of
from spatialdata.transformations.attach import TRANSFORM_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["ShapesModel"]

_POINT, _POLYGON, _MULTIPOLYGON = 0, 3, 6


def _radii(radius: Any, count: int) -> np.ndarray[Any, Any]:
    given = np.asarray(radius, dtype=float)
    if given.ndim > 1 or given.size not in (1, count):
        raise ValueError(
            f"There are {count} circles, but radius has the shape {given.shape}. Give one, or one for each."
        )
    return np.broadcast_to(given.ravel(), count).copy()


class ShapesModel:
    """Shapes: a GeoDataFrame of circles (points with a column ``radius``), or of polygons and multipolygons."""

    GEOMETRY_KEY: ClassVar[str] = "geometry"
    ATTRS_KEY: ClassVar[str] = ATTRS_KEY
    RADIUS_KEY: ClassVar[str] = "radius"
    TRANSFORM_KEY: ClassVar[str] = TRANSFORM_KEY

    @classmethod
    def parse(
        cls,
        data: Any,
        geometry: int | None = None,
        offsets: tuple[np.ndarray[Any, Any], ...] | None = None,
        radius: float | np.ndarray[Any, Any] | None = None,
        index: Any = None,
        transformations: Mapping[str, BaseTransformation] | None = None,
    ) -> GeoDataFrame:
        """Make a shapes element.

        Parameters
        ----------
        data
            A GeoDataFrame or GeoSeries; an array or a list of shapely geometries; a numpy array of coordinates of shape
            ``(n, 2)``; a GeoJSON object as a dict; or the path of a GeoJSON, GeoParquet, GeoPackage, shape or
            FlatGeobuf file.
        geometry
            For arrays, the type of the geometries: 0 circles, 3 polygons, 6 multipolygons.
        offsets
            For arrays of polygons, the ragged offsets as :func:`shapely.from_ragged_array` takes them.
        radius
            For circles, one radius or one per circle, in the units of the coordinates.
        index
            The ids of the shapes; whole numbers from 0 on if not given.
        transformations
            Transformations by coordinate system; the Identity to ``"global"`` if not given.

        Returns
        -------
        A new GeoDataFrame that shares the geometries.

        Raises
        ------
        ValidationError, ValueError
            Geometries are missing, empty, or of mixed types; circles have no radius; the element carries
            transformations already.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata.models import ShapesModel
        >>> circles = ShapesModel.parse(np.array([[0.0, 0.0], [5.0, 5.0]]), geometry=0, radius=2.0)
        >>> circles.radius.tolist()
        [2.0, 2.0]
        """
        frame = cls._frame(data, geometry, offsets, radius, index)
        frame.attrs = dict(frame.attrs)
        frame.attrs[TRANSFORM_KEY] = resolved_transformations(transformations, frame.attrs)
        cls.validate(frame)
        return frame

    @classmethod
    def _frame(cls, data: Any, geometry: int | None, offsets: Any, radius: Any, index: Any) -> GeoDataFrame:
        import geopandas
        import shapely

        if is_shapes(data):
            if any(value is not None for value in (geometry, offsets, radius, index)):
                raise ValueError(
                    "A GeoDataFrame brings its geometries, radii and index; give only transformations with it."
                )
            return data.copy(deep=False)
        if isinstance(data, np.ndarray) and data.dtype != object:
            if geometry not in (_POINT, _POLYGON, _MULTIPOLYGON):
                raise ValueError(f"geometry must be 0 (circles), 3 (polygons) or 6 (multipolygons), not {geometry!r}.")
            kind = shapely.GeometryType(geometry)
            ragged = None if kind == shapely.GeometryType.POINT else offsets
            with making_many():
                frame = geopandas.GeoDataFrame(geometry=shapely.from_ragged_array(kind, data, ragged))
        elif geometry is not None or offsets is not None:
            raise ValueError("geometry and offsets are for arrays of coordinates; geometries have a type already.")
        else:
            frame = geometries_of(data)
        if radius is not None:
            frame[cls.RADIUS_KEY] = _radii(radius, len(frame))
        return frame if index is None else frame.set_axis(index, axis=0)

    @classmethod
    def validate(cls, data: Any) -> None:
        """Raise unless ``data`` is a valid shapes element.

        Parameters
        ----------
        data
            The element.

        Raises
        ------
        ValidationError
            With everything that is wrong with it.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata.models import ShapesModel
        >>> ShapesModel.validate(ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1))
        """
        if not is_shapes(data):
            raise UnsupportedElementError(f"ShapesModel needs a geopandas.GeoDataFrame, not {type_name(data)}.")
        if cls.GEOMETRY_KEY not in data.columns:
            raise_faults("This is no valid shapes element:", [Fault((), "the column 'geometry' is missing")])
        types = kinds_of(data)
        faults = cls._geometry_faults(types)
        if not faults and types[0] == _POINT:
            faults.extend(cls._radius_faults(data))
        faults.extend(transform_faults(data.attrs))
        raise_faults("This is no valid shapes element:", faults)

    @classmethod
    def _geometry_faults(cls, types: NDArray[np.integer[Any]]) -> list[Fault]:
        import shapely

        path = (cls.GEOMETRY_KEY,)
        if len(types) == 0:
            return [Fault(path, "there are no shapes; an element needs at least one")]
        missing = int((types == -1).sum())
        if missing:
            return [Fault(path, f"{missing} of {len(types)} geometries are missing; drop these rows")]
        present = sorted({shapely.GeometryType(value).name.title() for value in np.unique(types)})
        if present == ["Point"] or set(present) <= {"Polygon", "Multipolygon"}:
            return []
        return [Fault(path, f"must be all points, or all polygons and multipolygons; found {', '.join(present)}")]

    @classmethod
    def _radius_faults(cls, data: GeoDataFrame) -> list[Fault]:
        if cls.RADIUS_KEY not in data.columns:
            return [Fault((), "circles need a column 'radius'")]
        radius = data[cls.RADIUS_KEY].to_numpy()
        if not np.issubdtype(radius.dtype, np.number):
            return [Fault((cls.RADIUS_KEY,), f"must be numbers, not {radius.dtype}")]
        bad = int((radius <= 0).sum())
        if bad:
            return [Fault((cls.RADIUS_KEY,), f"{bad} of {len(data)} radii are not positive")]
        odd = int((~np.isfinite(radius)).sum())
        if odd:
            warnings.warn(f"{odd} of {len(data)} circles have a radius that is not finite.", UserWarning, stacklevel=4)
        return []

    @classmethod
    def validate_shapes_not_mixed_types(cls, gdf: GeoDataFrame) -> None:
        """Raise unless all geometries are of one type: all points, all polygons, or all multipolygons.

        Parameters
        ----------
        gdf
            The shapes.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata.models import ShapesModel
        >>> ShapesModel.validate_shapes_not_mixed_types(ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1))
        """
        types = sorted(set(gdf.geom_type))
        if len(types) > 1:
            raise ValueError(f"The shapes are of several types: {', '.join(types)}. Keep one type in one element.")
