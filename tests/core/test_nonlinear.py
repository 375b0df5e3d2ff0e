"""Non-linear transformations, against closed forms, scipy and scikit-image."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from dask.base import tokenize
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from spatialdata.errors import TransformationError
from spatialdata.transformations import (
    Affine,
    Bijection,
    Coordinates,
    Displacements,
    Identity,
    Inverse,
    Scale,
    Sequence,
    ThinPlateSpline,
    Translation,
)

XY = ("x", "y")
SQUARE = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0], [40.0, 60.0]])


def spline(seed: int = 0, axes: tuple[str, ...] = XY) -> ThinPlateSpline:
    rng = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(*[[0.0, 50, 100]] * len(axes)), axis=-1).reshape(-1, len(axes))
    source = corners + rng.uniform(-5, 5, corners.shape)
    return ThinPlateSpline(source, source + rng.uniform(-5, 5, source.shape), axes)


def wave(size: int = 41, interpolation: str = "linear") -> Displacements:
    """A gentle wave: 3 sin(y / 20) along x and 2 cos(x / 25) along y, at nodes in steps of 2.5 from -5 on."""
    steps = -5 + 2.5 * np.arange(size)
    y, x = np.meshgrid(steps, steps, indexing="ij")
    field = np.stack([2 * np.cos(x / 25), 3 * np.sin(y / 20)], axis=-1)
    return Displacements(field, ("y", "x"), [2.5, 2.5], [-5, -5], interpolation)


def points(count: int = 200, seed: int = 1, depth: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 90, (count, depth))


ALL = {
    "spline": spline(),
    "spline over yx": spline(2, ("y", "x")),
    "wave": wave(),
    "cubic wave": wave(interpolation="cubic"),
    "coordinates": Coordinates(wave().nodes() * [2, 3] + wave().field, ("y", "x"), [2.5, 2.5], [-5, -5]),
}


@given(st.integers(0, 2**32 - 1), st.sampled_from([XY, ("y", "x"), ("x", "y", "z")]))
def test_a_spline_goes_through_its_landmarks(seed: int, axes: tuple[str, ...]) -> None:
    warp = spline(seed, axes)
    np.testing.assert_allclose(warp.transform_coordinates(warp.source, axes), warp.target, atol=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_a_spline_of_affine_landmarks_is_that_affine_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    linear, offset = np.eye(2) + rng.uniform(-0.4, 0.4, (2, 2)), rng.uniform(-50, 50, 2)
    warp = ThinPlateSpline(SQUARE, SQUARE @ linear.T + offset, XY)
    np.testing.assert_allclose(warp.transform_coordinates(points(), XY), points() @ linear.T + offset, atol=1e-7)


def test_a_spline_like_its_formula() -> None:
    warp = spline()
    n = len(warp.source)
    kernel = lambda r: np.where(r > 0, r**2 * np.log(np.where(r > 0, r, 1)), 0)  # noqa: E731
    distances = np.linalg.norm(warp.source[:, None] - warp.source, axis=2)
    ones = np.column_stack([np.ones(n), warp.source])
    system = np.block([[kernel(distances), ones], [ones.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.vstack([warp.target, np.zeros((3, 2))]))
    at = points()
    far = kernel(np.linalg.norm(at[:, None] - warp.source, axis=2))
    expected = np.column_stack([far, np.ones(len(at)), at]) @ weights
    np.testing.assert_allclose(warp.transform_coordinates(at, XY), expected, atol=1e-8)


def test_displacements_like_scipy() -> None:
    warp = wave()
    steps = -5 + 2.5 * np.arange(41)
    oracle = RegularGridInterpolator((steps, steps), warp.field)
    yx = points()
    np.testing.assert_allclose(warp.transform_coordinates(yx, ("y", "x")), yx + oracle(yx), atol=1e-12)
    np.testing.assert_allclose(warp.transform_coordinates(yx[:, ::-1], XY), (yx + oracle(yx))[:, ::-1], atol=1e-12)


def test_cubic_displacements_are_closer_to_the_smooth_field_than_linear_ones() -> None:
    yx = 20 + points() * 0.6
    exact = yx + np.stack([2 * np.cos(yx[:, 1] / 25), 3 * np.sin(yx[:, 0] / 20)], axis=1)
    errors = {
        kind: np.abs(wave(interpolation=kind).transform_coordinates(yx, ("y", "x")) - exact).max()
        for kind in ("nearest", "linear", "cubic")
    }
    assert errors["cubic"] < 1e-3 < errors["linear"] < 1e-2 < errors["nearest"]


def test_beyond_the_nodes_the_displacement_of_the_border_goes_on() -> None:
    warp = wave()
    far = np.array([[-50.0, 20.0], [30.0, 500.0]])
    border = np.array([[-5.0, 20.0], [30.0, 95.0]])
    moved = warp.transform_coordinates(border, ("y", "x")) - border
    np.testing.assert_allclose(warp.transform_coordinates(far, ("y", "x")), far + moved, atol=1e-12)


def test_affine_coordinates_go_on_beyond_the_nodes() -> None:
    linear = np.array([[2.0, 0.5], [-0.25, 3.0]])
    nodes = wave().nodes()
    warp = Coordinates(nodes @ linear.T + [7, -9], ("y", "x"), [2.5, 2.5], [-5, -5])
    yx = np.random.default_rng(0).uniform(-300, 300, (50, 2))
    np.testing.assert_allclose(warp.transform_coordinates(yx, ("y", "x")), yx @ linear.T + [7, -9], atol=1e-8)


@pytest.mark.parametrize("name", ALL)
def test_the_inverse_undoes(name: str) -> None:
    warp = ALL[name]
    there = warp.transform_coordinates(points(), XY)
    back = warp.inverse().transform_coordinates(there, XY)
    residual = np.linalg.norm(warp.transform_coordinates(back, XY) - there, axis=1)
    assert residual.max() <= 1e-6
    np.testing.assert_allclose(back, points(), atol=1e-5)
    assert warp.inverse().inverse() is warp


def test_the_tolerance_is_kept() -> None:
    there = spline().transform_coordinates(points(), XY)
    for tolerance in (1e-2, 1e-10):
        back = Inverse(spline(), tolerance).transform_coordinates(there, XY)
        assert np.linalg.norm(spline().transform_coordinates(back, XY) - there, axis=1).max() <= tolerance


def test_a_spline_in_space() -> None:
    warp = spline(3, ("x", "y", "z"))
    at = points(depth=3)
    there = warp.transform_coordinates(at, ("z", "y", "x"))
    np.testing.assert_allclose(warp.inverse().transform_coordinates(there, ("z", "y", "x")), at, atol=1e-5)


def test_where_a_map_folds_the_inverse_says_so() -> None:
    fold = Coordinates(np.array([[[0.0, 0], [0, 1]], [[1, 0], [1, 1]], [[0, 0], [0, 1]]]), ("y", "x"))
    with pytest.raises(TransformationError, match=r"no inverse at 1 of 2 points.*folds"):
        fold.inverse().transform_coordinates([[0.5, 0.5], [5.0, 0.5]], ("y", "x"))


def test_other_axes_pass_and_missing_ones_are_an_error() -> None:
    at = np.array([[7.0, 1.0, 2.0]])
    moved = wave().transform_coordinates(at, ("z", "y", "x"))
    assert moved[0, 0] == 7
    np.testing.assert_array_equal(moved[:, 1:], wave().transform_coordinates(at[:, 1:], ("y", "x")))
    assert wave().axes_after(("c", "y", "x")) == ("c", "y", "x")
    with pytest.raises(TransformationError, match=r"maps the axes .* together"):
        spline(0, ("x", "y", "z")).transform_coordinates(at[:, 1:], ("y", "x"))


def test_places_that_are_not_numbers_stay_so() -> None:
    at = np.array([[np.nan, 1.0], [2.0, 3.0]])
    for warp in (*ALL.values(), spline().inverse(), wave().inverse()):
        moved = warp.transform_coordinates(at, XY)
        assert np.isnan(moved[0]).any()
        assert np.isfinite(moved[1]).all()


def test_composition_with_linear_maps() -> None:
    turn = Affine.similarity(2.0, 0.3, [5, 6])
    both = Sequence([Scale([0.5], ("y",)), spline(), turn])
    assert not both.is_linear
    by_hand = spline().transform_coordinates(points() * [1, 0.5], XY)
    expected = turn.transform_coordinates(by_hand, XY)
    np.testing.assert_allclose(both.transform_coordinates(points(), XY), expected, atol=1e-10)
    np.testing.assert_allclose(both.inverse().transform_coordinates(expected, XY), points(), atol=1e-5)
    nested = Sequence([Scale([0.5], ("y",)), Sequence([spline(), turn])])
    np.testing.assert_allclose(nested.transform_coordinates(points(), XY), expected, atol=1e-10)
    assert set(both.axes_after(("c", "y", "x"))) == {"c", "y", "x"}


def test_there_is_no_matrix() -> None:
    for warp in (*ALL.values(), Sequence([Identity(), spline()]), Bijection(spline(), Identity())):
        with pytest.raises(TransformationError, match="not linear"):
            warp.to_affine_matrix(XY, XY)


def test_a_bijection_knows_its_inverse() -> None:
    warp = Bijection(wave(), Inverse(wave(), 1e-9))
    assert warp.roundtrip_error(points(), XY) < 1e-6
    wrong = Bijection(Translation([1, 0], XY), Identity())
    assert wrong.roundtrip_error(points(), XY) == pytest.approx(1)
    assert wrong.is_linear
    np.testing.assert_array_equal(wrong.to_affine_matrix(XY, XY)[:2, 2], [1, 0])
    assert warp.inverse() == Bijection(Inverse(wave(), 1e-9), wave())


@pytest.mark.parametrize("name", ALL)
def test_they_are_values(name: str) -> None:
    warp = ALL[name]
    warp.transform_coordinates(points(), XY)
    same = pickle.loads(pickle.dumps(warp))
    assert same == warp
    assert tokenize(same) == tokenize(warp)
    assert warp != spline(99)
    np.testing.assert_array_equal(same.transform_coordinates(points(), XY), warp.transform_coordinates(points(), XY))
    assert type(warp).__name__ in repr(warp)
    array = warp.source if isinstance(warp, ThinPlateSpline) else warp.field
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0
    assert tokenize(warp.inverse()) != tokenize(warp)


def test_inputs_are_copied() -> None:
    field = np.zeros((3, 3, 2))
    warp = Displacements(field, ("y", "x"))
    field[:] = 5
    at = np.ones((1, 2))
    np.testing.assert_array_equal(warp.transform_coordinates(at, XY), at)
    wave().transform_coordinates(at, XY)
    np.testing.assert_array_equal(at, np.ones((1, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ThinPlateSpline(SQUARE[:2], SQUARE[:2], XY), "at least 3"),
        (lambda: ThinPlateSpline(SQUARE, SQUARE[:3], XY), "5 source and 3 target"),
        (lambda: ThinPlateSpline(SQUARE[[0, 1, 2, 2]], SQUARE[:4], XY), "at the same place"),
        (lambda: ThinPlateSpline(np.outer(np.arange(4), [1, 2]), SQUARE[:4], XY), "one line"),
        (lambda: ThinPlateSpline(SQUARE * np.nan, SQUARE, XY), "not finite"),
        (lambda: ThinPlateSpline(SQUARE, SQUARE, ("x", "y", "z")), "must have the shape"),
        (lambda: ThinPlateSpline(SQUARE, SQUARE, XY, smoothing=-1), "smoothing"),
        (lambda: Displacements(np.zeros((3, 3)), XY), "last one of 2 components"),
        (lambda: Displacements(np.zeros((1, 3, 2)), XY), "at least 2 nodes"),
        (lambda: Displacements(np.full((3, 3, 2), np.inf), XY), "not finite"),
        (lambda: Displacements(np.zeros((3, 3, 2)), XY, spacing=[1, 0]), "spacing"),
        (lambda: Displacements(np.zeros((3, 3, 2)), XY, interpolation="best"), "'best' is not known"),
        (lambda: Inverse(spline(), 0), "tolerance"),
    ],
)
def test_what_determines_no_map_is_refused(make, message: str) -> None:
    with pytest.raises(TransformationError, match=message):
        make()


def test_only_what_needs_it_is_inverted_numerically() -> None:
    with pytest.raises(TypeError, match="non-linear"):
        Inverse(Identity())
    with pytest.raises(TypeError, match="two transformations"):
        Bijection(Identity(), 3)


# rotations and similarities


@given(st.floats(-10, 10), st.floats(0.1, 10), st.booleans())
def test_similarities_keep_angles(angle: float, scale: float, reflect: bool) -> None:
    found = Affine.similarity(scale, angle, [3, 4], center=[5, 6], reflect=reflect)
    linear = found.matrix[:2, :2]
    np.testing.assert_allclose(linear @ linear.T, scale**2 * np.eye(2), atol=1e-9 * scale**2)
    assert np.sign(np.linalg.det(linear)) == (-1 if reflect else 1)
    np.testing.assert_allclose(found.transform_coordinates([[5, 6]], XY), [[8, 10]], atol=1e-9)


def test_rotations_turn_from_the_first_axis_to_the_second() -> None:
    at = np.array([[1.0, 0.0, 0.0]])
    np.testing.assert_allclose(Affine.rotation(np.pi / 2).transform_coordinates(at[:, :2], XY), [[0, 1]], atol=1e-12)
    turned = Affine.rotation(90, axes=("x", "z"), degrees=True).transform_coordinates(at, ("x", "y", "z"))
    np.testing.assert_allclose(turned, [[0, 0, 1]], atol=1e-12)
    with pytest.raises(TransformationError, match="two axes"):
        Affine.rotation(1, axes=("x", "y", "z"))
    with pytest.raises(TransformationError, match="reflect=True"):
        Affine.similarity(-1)
