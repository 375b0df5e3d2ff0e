"""Which model an element has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata._core.elements import axes_of, require_shapes, spatial_axes_of
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.points import PointsModel
from spatialdata.models.raster import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel
from spatialdata.models.shapes import ShapesModel
from spatialdata.models.table import TableModel

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

__all__ = ["MODELS", "Schema", "force_2d", "get_axes_names", "get_model", "validate_element"]

Schema: TypeAlias = (
    type[Image2DModel]
    | type[Image3DModel]
    | type[Labels2DModel]
    | type[Labels3DModel]
    | type[PointsModel]
    | type[ShapesModel]
    | type[TableModel]
)

# By the number of spatial axes.
MODELS: dict[tuple[Kind, int], Schema] = {
    (Kind.IMAGE, 2): Image2DModel,
    (Kind.IMAGE, 3): Image3DModel,
    (Kind.LABELS, 2): Labels2DModel,
    (Kind.LABELS, 3): Labels3DModel,
}
_WITHOUT_DIMENSIONS: dict[Kind, Schema] = {
    Kind.POINTS: PointsModel,
    Kind.SHAPES: ShapesModel,
    Kind.TABLE: TableModel,
}


def get_model(e: Any, validate: bool = True) -> Schema:
    """The model of an element.

    Parameters
    ----------
    e
        An element or a table.
    validate
        Check that the element is valid.

    Returns
    -------
    The class.

    Raises
    ------
    TypeError
        The object is no element.
    ValidationError
        The element is not valid.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> get_model(Labels2DModel.parse(np.zeros((2, 2), dtype=int))).__name__
    'Labels2DModel'
    """
    kind = kind_of(e)
    model = _WITHOUT_DIMENSIONS.get(kind) or MODELS[kind, len(spatial_axes_of(e))]
    if validate:
        model.validate(e)
    return model


def validate_element(e: Any) -> None:
    """Raise unless an element is valid.

    Parameters
    ----------
    e
        An element or a table.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> validate_element(Labels2DModel.parse(np.zeros((2, 2), dtype=int)))
    """
    get_model(e, validate=True)


def get_axes_names(e: Any) -> tuple[str, ...]:
    """The axes of an element.

    Parameters
    ----------
    e
        An image, labels, points or shapes.

    Returns
    -------
    The dimensions of a raster in their order; ``("x", "y")`` or ``("x", "y", "z")`` for points and shapes.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> get_axes_names(Labels2DModel.parse(np.zeros((2, 2), dtype=int)))
    ('y', 'x')
    """
    return axes_of(e)


def force_2d(gdf: GeoDataFrame) -> None:
    """Drop z from all geometries of a frame, in place.

    Parameters
    ----------
    gdf
        The shapes. Holes are kept.

    Examples
    --------
    >>> import geopandas, shapely
    >>> frame = geopandas.GeoDataFrame(geometry=[shapely.Point(1, 2, 3)])
    >>> force_2d(frame)
    >>> frame.geometry[0].wkt
    'POINT (1 2)'
    """
    require_shapes(gdf, "force_2d")
    gdf.geometry = gdf.geometry.force_2d()
