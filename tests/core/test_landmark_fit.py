"""Fits of all models, wrong pairs, and alignment in an object; against scikit-image and known maps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from skimage.transform import AffineTransform, EuclideanTransform

from spatialdata import SpatialData
from spatialdata.errors import ElementNotFoundError, LandmarkError, UnknownCoordinateSystemError
from spatialdata.models import Labels2DModel, PointsModel
from spatialdata.transformations import (
    Landmarks,
    Scale,
    ThinPlateSpline,
    fit_landmarks,
    get_transformation,
    set_transformation,
)

XY = ("x", "y")
MODELS = ("rigid", "similarity", "affine", "thin_plate")


def cloud(count: int, depth: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1000, (count, depth))


@pytest.mark.parametrize("model", ["rigid", "affine"])
def test_least_squares_like_scikit_image_and_numpy(model: str) -> None:
    moving = cloud(20)
    turned = EuclideanTransform(rotation=0.7, translation=(5, -9))(moving)
    reference = turned + np.random.default_rng(1).normal(0, 3, moving.shape)
    if model == "rigid":
        expected = EuclideanTransform.from_estimate(moving, reference)
    else:
        known = np.column_stack([moving, np.ones(len(moving))])
        rows = np.linalg.lstsq(known, reference, rcond=None)[0].T
        expected = AffineTransform(matrix=np.vstack([rows, [0, 0, 1]]))
    fit = fit_landmarks(Landmarks(moving, reference), model)
    np.testing.assert_allclose(fit.transformation.to_affine_matrix(XY, XY), expected.params, atol=1e-8)
    np.testing.assert_allclose(fit.residuals, np.linalg.norm(expected(moving) - reference, axis=1), atol=1e-8)
    assert fit.rms == pytest.approx(np.sqrt((expected.residuals(moving, reference) ** 2).mean()))
    assert fit.used.all()


@given(st.integers(0, 10**6), st.sampled_from(["rigid", "similarity", "affine"]))
def test_in_space(seed: int, model: str) -> None:
    rng = np.random.default_rng(seed)
    linear = Rotation.random(rng=rng).as_matrix() * (1 if model == "rigid" else 2.5)
    moving = cloud(6, 3, seed)
    reference = moving @ linear.T + [1, 2, 3]
    axes = ("x", "y", "z")
    fit = fit_landmarks(Landmarks(moving, reference, axes), model)
    np.testing.assert_allclose(fit.transformation.to_affine_matrix(axes, axes)[:3, :3], linear, atol=1e-8)
    assert fit.residuals.max() < 1e-6


def test_a_thin_plate_fit_reproduces_its_landmarks() -> None:
    landmarks = Landmarks(cloud(15), cloud(15) + np.random.default_rng(2).normal(0, 20, (15, 2)))
    fit = fit_landmarks(landmarks, "thin_plate")
    assert isinstance(fit.transformation, ThinPlateSpline)
    assert fit.residuals.max() < 1e-6
    assert fit_landmarks(landmarks, "thin_plate", smoothing=1e5).residuals.max() > 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("count", [12, 60])
def test_wrong_pairs_are_found(model: str, count: int) -> None:
    rng = np.random.default_rng(3)
    moving = cloud(count)
    reference = EuclideanTransform(rotation=-0.4, translation=(50, 20))(moving) + rng.normal(0, 0.5, moving.shape)
    wrong = rng.choice(count, count // 3, replace=False)
    reference[wrong] = rng.uniform(0, 1000, (len(wrong), 2))
    fit = fit_landmarks(Landmarks(moving, reference), model, threshold=5)
    assert set(np.flatnonzero(~fit.used)) == set(wrong)
    assert fit.residuals[wrong].min() > 5
    again = fit_landmarks(Landmarks(moving, reference), model, threshold=5)
    assert again.transformation == fit.transformation


@pytest.mark.parametrize("model", MODELS)
def test_pairs_that_agree_on_nothing_are_refused(model: str) -> None:
    with pytest.raises(LandmarkError, match="brings more than"):
        fit_landmarks(Landmarks(cloud(8), cloud(8, seed=9)), model, threshold=1e-3)


@pytest.mark.parametrize(
    ("moving", "model", "arguments", "message"),
    [
        (cloud(1), "rigid", {}, "At least 2 pairs"),
        (cloud(2), "affine", {}, "At least 3 pairs"),
        (np.outer(np.arange(5), [1, 2]), "affine", {}, "on one line"),
        (np.ones((4, 2)), "rigid", {}, "on one spot"),
        (cloud(5), "elastic", {}, "no model 'elastic'.*'rigid'"),
        (cloud(5), "rigid", {"threshold": -1}, "threshold"),
    ],
)
def test_what_determines_nothing_is_refused(moving, model: str, arguments: dict, message: str) -> None:
    with pytest.raises(LandmarkError, match=message):
        fit_landmarks(Landmarks(moving, moving), model, **arguments)


def test_landmarks_are_checked() -> None:
    with pytest.raises(LandmarkError, match="5 moving and 4 reference"):
        Landmarks(cloud(5), cloud(4))
    with pytest.raises(LandmarkError, match="shape"):
        Landmarks(cloud(5), cloud(5, 3))
    pairs = Landmarks(cloud(3), cloud(3, seed=1))
    np.testing.assert_array_equal(pairs.swapped().moving, pairs.reference)


def objects() -> SpatialData:
    zeros = np.zeros((8, 8), dtype=np.int32)
    corners = np.array([[0.0, 0], [8, 0], [0, 8], [8, 8]])
    slide = Labels2DModel.parse(zeros, transformations={"um": Scale([0.5, 0.5], XY)})
    return SpatialData(
        labels={"slide": slide, "tissue": Labels2DModel.parse(zeros)},
        points={"on_slide": PointsModel.parse(corners), "on_tissue": PointsModel.parse(corners * 3 + 100)},
    )


@pytest.mark.parametrize("model", MODELS[1:])
@pytest.mark.parametrize("as_names", [True, False])
def test_alignment_in_an_object(model: str, as_names: bool) -> None:
    sdata = objects()
    names = ("on_slide", "on_tissue")
    landmarks = names if as_names else tuple(sdata[name].compute()[["x", "y"]].to_numpy() for name in names)
    fit = sdata.align("slide", "tissue", landmarks, model, moving_coordinate_system="um")
    assert fit.rms < 1e-8
    moved = get_transformation(sdata["slide"], "aligned").transform_coordinates([[4.0, 8.0]], XY)
    np.testing.assert_allclose(moved, [[106, 112]], atol=1e-8)
    assert get_transformation(sdata["tissue"], "aligned") == get_transformation(sdata["tissue"])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("slide", "nothing", ("on_slide", "on_tissue")), ElementNotFoundError),
        (("slide", "tissue", ("on_slide", "on_tissue")), UnknownCoordinateSystemError),
        (("tissue", "tissue", "on_slide"), LandmarkError),
        (("tissue", "tissue", (np.zeros((3, 2)), np.zeros((3, 2)))), LandmarkError),
    ],
)
def test_errors_change_nothing(arguments: tuple, error: type[Exception]) -> None:
    sdata = objects()
    with pytest.raises(error):
        sdata.align(*arguments)
    assert sdata.coordinate_systems == ["global", "um"]


def test_an_existing_coordinate_system_can_be_aligned_anew() -> None:
    sdata = objects()
    set_transformation(sdata["slide"], Scale([9, 9], XY), "aligned")
    sdata.align("slide", "tissue", ("on_slide", "on_tissue"), "rigid", moving_coordinate_system="um", threshold=500)
    assert get_transformation(sdata["slide"], "aligned") != Scale([9, 9], XY)
