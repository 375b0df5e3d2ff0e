"""Transformations determined by landmarks: places that are known in two coordinate systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_points, is_shapes, type_name
from spatialdata.errors import LandmarkError, UnsupportedElementError
from spatialdata.transformations.attach import get_transformation, set_transformation
from spatialdata.transformations.landmark_fit import fit_similarity
from spatialdata.transformations.linear import Affine, Sequence

if TYPE_CHECKING:
    from dask.dataframe import DataFrame as DaskDataFrame
    from geopandas import GeoDataFrame

    from spatialdata._core.elements import SpatialElement
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = [
    "align_elements_using_landmarks",
    "fit_similarity",
    "get_transformation_between_landmarks",
    "landmark_coordinates",
]


def landmark_coordinates(landmarks: Any) -> FloatArray:
    """The coordinates of flat landmarks: array of shape ``(n, 2)``, columns x and y."""
    if is_shapes(landmarks):
        if bool(landmarks.geometry.array.has_z.any()):
            raise LandmarkError("Landmarks must be two-dimensional; these have a z coordinate.")
        return np.column_stack([landmarks.geometry.centroid.x, landmarks.geometry.centroid.y]).astype(np.float64)
    if is_points(landmarks):
        if "z" in landmarks.columns:
            raise LandmarkError("Landmarks must be two-dimensional; these have a column z.")
        return np.asarray(landmarks[["x", "y"]].compute().to_numpy(), dtype=np.float64)
    raise UnsupportedElementError(f"Landmarks are points or circles, not {type_name(landmarks)}.")


def get_transformation_between_landmarks(
    references_coords: GeoDataFrame | DaskDataFrame, moving_coords: GeoDataFrame | DaskDataFrame
) -> Affine:
    """The similarity that takes moving landmarks to reference landmarks.

    Parameters
    ----------
    references_coords, moving_coords
        Points or circles with the landmarks in the same order; two-dimensional, at least three.

    Returns
    -------
    An Affine over x and y that rotates, reflects where the landmarks ask for it, scales evenly, and shifts.

    Raises
    ------
    LandmarkError
        The landmarks are too few, do not pair up, or lie on one line.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import PointsModel
    >>> corners = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    >>> fit = get_transformation_between_landmarks(PointsModel.parse(corners + 3), PointsModel.parse(corners))
    >>> fit.matrix[:2, 2].round(6)
    array([3., 3.])
    """
    matrix = fit_similarity(landmark_coordinates(moving_coords), landmark_coordinates(references_coords))
    return Affine(matrix, input_axes=("x", "y"), output_axes=("x", "y"))


def align_elements_using_landmarks(
    references_coords: GeoDataFrame | DaskDataFrame,
    moving_coords: GeoDataFrame | DaskDataFrame,
    reference_element: SpatialElement,
    moving_element: SpatialElement,
    reference_coordinate_system: str = "global",
    moving_coordinate_system: str = "global",
    new_coordinate_system: str | None = None,
    write_to_sdata: Any = None,
) -> BaseTransformation:
    """Align one element to another through landmarks.

    Parameters
    ----------
    references_coords, moving_coords
        Landmarks in ``reference_coordinate_system`` and in ``moving_coordinate_system``; points or circles in the
        same order.
    reference_element, moving_element
        The elements to align.
    reference_coordinate_system, moving_coordinate_system
        The coordinate systems of the two elements in which the landmarks were placed.
    new_coordinate_system
        If given, both elements get a transformation to this coordinate system, in which they are aligned.
    write_to_sdata
        The backed SpatialData object that holds the elements; the new transformations are written to its store too.

    Returns
    -------
    The transformation of the moving element to the reference coordinate system.

    Raises
    ------
    LandmarkError
        The landmarks are too few, do not pair up, or lie on one line.
    UnknownCoordinateSystemError
        An element lacks the coordinate system named for it.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel, PointsModel
    >>> a, b = (Labels2DModel.parse(np.zeros((8, 8), dtype=np.int32)) for _ in range(2))
    >>> corners = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    >>> t = align_elements_using_landmarks(
    ...     PointsModel.parse(corners * 2), PointsModel.parse(corners), a, b, new_coordinate_system="aligned"
    ... )
    >>> t.to_affine_matrix(("x",), ("x", "y"))[0, 0].round(6)
    np.float64(2.0)
    """
    similarity = get_transformation_between_landmarks(references_coords, moving_coords)
    moving = get_transformation(moving_element, moving_coordinate_system)
    reference = get_transformation(reference_element, reference_coordinate_system)
    aligned = Sequence([moving, similarity])
    if new_coordinate_system is not None:
        set_transformation(moving_element, aligned, new_coordinate_system, write_to_sdata=write_to_sdata)
        set_transformation(reference_element, reference, new_coordinate_system, write_to_sdata=write_to_sdata)
    return aligned
