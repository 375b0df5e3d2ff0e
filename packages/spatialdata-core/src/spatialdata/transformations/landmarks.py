"""Transformations determined by landmarks: places that are known in two coordinate systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_points, is_shapes, type_name
from spatialdata.errors import LandmarkError, UnsupportedElementError
from spatialdata.transformations.attach import get_transformation, set_transformation
from spatialdata.transformations.linear import Affine, Sequence

if TYPE_CHECKING:
    from dask.dataframe import DataFrame as DaskDataFrame
    from geopandas import GeoDataFrame

    from spatialdata._core.elements import SpatialElement
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["align_elements_using_landmarks", "fit_similarity", "get_transformation_between_landmarks"]

_MINIMUM_PAIRS = 3
_DEGENERATE = 1e-9


def fit_similarity(moving_xy: FloatArray, reference_xy: FloatArray) -> FloatArray:
    """Fit the similarity that takes moving to reference points, by least squares.

    A similarity rotates or reflects, scales evenly, and shifts.

    Parameters
    ----------
    moving_xy, reference_xy
        Arrays of shape ``(n, 2)``, columns x and y; row i of both is the same landmark.

    Returns
    -------
    Homogeneous matrix of shape ``(3, 3)`` over x, y. Whether it reflects is decided by the best affine map.

    Raises
    ------
    LandmarkError
        Fewer than three pairs, unequal numbers, values that are not finite, or points on one line.

    References
    ----------
    S. Umeyama, Least-squares estimation of transformation parameters between two point patterns, IEEE TPAMI 13 (1991).

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> fit_similarity(square, 2 * square + 5).round(6)
    array([[2., 0., 5.],
           [0., 2., 5.],
           [0., 0., 1.]])
    """
    _check_pairs(moving_xy, reference_xy)
    moving_mean, reference_mean = moving_xy.mean(axis=0), reference_xy.mean(axis=0)
    moving, reference = moving_xy - moving_mean, reference_xy - reference_mean
    affine = np.linalg.lstsq(moving, reference, rcond=None)[0]
    handedness = -1.0 if np.linalg.det(affine) < 0 else 1.0
    u, singular, vt = np.linalg.svd(reference.T @ moving)
    signs = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt) * handedness)])
    rotation = u @ np.diag(signs) @ vt
    scale = float((singular * signs).sum() / (moving**2).sum())
    matrix = np.eye(3)
    matrix[:2, :2] = scale * rotation
    matrix[:2, 2] = reference_mean - matrix[:2, :2] @ moving_mean
    return matrix


def _check_pairs(moving_xy: FloatArray, reference_xy: FloatArray) -> None:
    for what, xy in (("moving", moving_xy), ("reference", reference_xy)):
        if xy.ndim != 2 or xy.shape[1] != 2:
            raise LandmarkError(f"The {what} landmarks must be an array of shape (n, 2). Found {xy.shape}.")
        if not np.isfinite(xy).all():
            raise LandmarkError(f"The {what} landmarks have coordinates that are not finite.")
    if len(moving_xy) != len(reference_xy):
        raise LandmarkError(
            f"Landmarks must pair up: found {len(moving_xy)} moving and {len(reference_xy)} reference landmarks."
        )
    if len(moving_xy) < _MINIMUM_PAIRS:
        raise LandmarkError(f"At least {_MINIMUM_PAIRS} pairs of landmarks are needed. Found {len(moving_xy)}.")
    for what, xy in (("moving", moving_xy), ("reference", reference_xy)):
        spread = np.linalg.svd(xy - xy.mean(axis=0), compute_uv=False)
        if spread[1] <= _DEGENERATE * max(spread[0], np.finfo(float).tiny):
            raise LandmarkError(
                f"The {what} landmarks lie on one line or on one spot. Choose some that span the tissue."
            )


def _coordinates(landmarks: Any) -> FloatArray:
    if is_shapes(landmarks):
        if bool(landmarks.geometry.has_z.any()):
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
    matrix = fit_similarity(_coordinates(moving_coords), _coordinates(references_coords))
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
