"""Landmark fits, against scikit-image's estimate and known maps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from spatialdata.errors import LandmarkError
from spatialdata.models import Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import (
    Sequence,
    Translation,
    align_elements_using_landmarks,
    get_transformation,
    get_transformation_between_landmarks,
)
from spatialdata.transformations.landmark_fit import fit_similarity

XY = ("x", "y")


@given(
    st.integers(0, 2**32 - 1),
    st.floats(-np.pi, np.pi),
    st.floats(0.1, 10),
    st.booleans(),
    st.integers(3, 12),
)
def test_an_exact_similarity_is_found(seed: int, turn: float, scale: float, mirror: bool, count: int) -> None:
    moving = np.random.default_rng(seed).uniform(-100, 100, (count, 2))
    spread = np.linalg.svd(moving - moving.mean(axis=0), compute_uv=False)
    if spread[1] < 1:
        return
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if mirror:
        rotation = rotation @ np.diag([1, -1])
    reference = moving @ rotation.T + [7, -3]
    matrix = fit_similarity(moving, reference)
    np.testing.assert_allclose(matrix[:2, :2], rotation, atol=1e-8)
    np.testing.assert_allclose(matrix[:2, 2], [7, -3], atol=1e-7)


def test_a_noisy_fit_equals_the_least_squares_estimate_of_scikit_image() -> None:
    rng = np.random.default_rng(0)
    moving = rng.uniform(0, 1000, (20, 2))
    exact = SimilarityTransform(scale=1.7, rotation=0.4, translation=(10, 20))
    reference = exact(moving) + rng.normal(0, 2, (20, 2))
    oracle = SimilarityTransform.from_estimate(moving, reference)
    np.testing.assert_allclose(fit_similarity(moving, reference), oracle.params, atol=1e-9)


def test_points_and_circles_give_the_same() -> None:
    moving, reference = np.array([[0.0, 0], [10, 0], [0, 10]]), np.array([[5.0, 5], [5, 25], [-15, 5]])
    points = get_transformation_between_landmarks(PointsModel.parse(reference), PointsModel.parse(moving))
    circles = get_transformation_between_landmarks(
        ShapesModel.parse(reference, geometry=0, radius=1), ShapesModel.parse(moving, geometry=0, radius=1)
    )
    assert points == circles
    np.testing.assert_allclose(points.to_affine_matrix(XY, XY), [[0, -2, 5], [2, 0, 5], [0, 0, 1]], atol=1e-12)


def test_alignment_sets_both_elements() -> None:
    reference = Labels2DModel.parse(np.zeros((4, 4), dtype=int))
    shift = Translation([100, 0], XY)
    moving = Labels2DModel.parse(np.zeros((4, 4), dtype=int), transformations={"slide": shift})
    corners = np.array([[0.0, 0], [10, 0], [0, 10]])
    landmarks = PointsModel.parse(corners * 3), PointsModel.parse(corners)
    result = align_elements_using_landmarks(
        *landmarks, reference, moving, moving_coordinate_system="slide", new_coordinate_system="aligned"
    )
    assert isinstance(result, Sequence)
    np.testing.assert_allclose(
        get_transformation(moving, "aligned").to_affine_matrix(XY, XY), [[3, 0, 300], [0, 3, 0], [0, 0, 1]], atol=1e-12
    )
    np.testing.assert_array_equal(get_transformation(reference, "aligned").to_affine_matrix(XY, XY), np.eye(3))


@pytest.mark.parametrize(
    ("moving", "reference", "message"),
    [
        (np.zeros((2, 2)), np.zeros((2, 2)), "At least 3 pairs"),
        (np.zeros((4, 2)), np.zeros((3, 2)), "4 moving and 3 reference"),
        (np.array([[0.0, 0], [1, 1], [2, 2]]), np.array([[0.0, 0], [1, 0], [0, 1]]), "on one line"),
        (np.array([[0.0, 0], [1, 0], [0, 1]]), np.ones((3, 2)), "on one line or on one spot"),
        (np.array([[0.0, np.nan], [1, 0], [0, 1]]), np.eye(3, 2), "not finite"),
    ],
)
def test_landmarks_that_determine_nothing_are_refused(moving, reference, message: str) -> None:
    with pytest.raises(LandmarkError, match=message):
        fit_similarity(moving, reference)


def test_three_dimensional_landmarks_are_refused() -> None:
    with pytest.raises(LandmarkError, match="column z"):
        get_transformation_between_landmarks(PointsModel.parse(np.zeros((3, 3))), PointsModel.parse(np.zeros((3, 3))))
