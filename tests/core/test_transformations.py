"""The algebra of transformations, against plain homogeneous matrices."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spatialdata.errors import TransformationError
from spatialdata.transformations import Affine, BaseTransformation, Identity, MapAxis, Scale, Sequence, Translation

NUMBERS = st.floats(-100, 100, allow_nan=False, width=32)
FACTORS = st.floats(0.0625, 16, width=32) | st.floats(-16, -0.0625, width=32)
XY = ("x", "y")


@st.composite
def affines(draw: st.DrawFn) -> Affine:
    turn = draw(st.floats(-np.pi, np.pi))
    sx, sy, shear = draw(FACTORS), draw(FACTORS), draw(st.floats(-2, 2, width=32))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = np.eye(3)
    matrix[:2, :2] = rotation @ np.array([[sx, shear], [0, sy]])
    matrix[:2, 2] = draw(arrays(float, 2, elements=NUMBERS))
    return Affine(matrix, XY, XY)


def simple() -> st.SearchStrategy[BaseTransformation]:
    return st.one_of(
        st.just(Identity()),
        st.builds(lambda v: Translation(v, XY), st.lists(NUMBERS, min_size=2, max_size=2)),
        st.builds(lambda v: Scale(v, XY), st.lists(FACTORS, min_size=2, max_size=2)),
        st.just(MapAxis({"x": "y", "y": "x"})),
        affines(),
    )


def transformations() -> st.SearchStrategy[BaseTransformation]:
    return st.recursive(simple(), lambda inner: st.lists(inner, max_size=3).map(Sequence), max_leaves=5)


def matrix_of(t: BaseTransformation) -> np.ndarray:
    return t.to_affine_matrix(XY, XY)


@given(transformations(), transformations())
def test_composition_is_the_product_of_the_matrices(a: BaseTransformation, b: BaseTransformation) -> None:
    composed = a.compose_with(b)
    np.testing.assert_allclose(matrix_of(composed), matrix_of(b) @ matrix_of(a), rtol=1e-9, atol=1e-6)


@given(transformations(), transformations(), transformations())
def test_composition_is_associative(a: BaseTransformation, b: BaseTransformation, c: BaseTransformation) -> None:
    left, right = Sequence([Sequence([a, b]), c]), Sequence([a, Sequence([b, c])])
    np.testing.assert_allclose(matrix_of(left), matrix_of(right), rtol=1e-9, atol=1e-5)


@given(simple())
def test_the_inverse_undoes(t: BaseTransformation) -> None:
    np.testing.assert_allclose(matrix_of(Sequence([t, t.inverse()])), np.eye(3), atol=1e-4)


@given(transformations(), st.permutations(["c", "y", "x"]))
def test_the_order_of_the_axes_only_permutes_the_matrix(t: BaseTransformation, axes: list[str]) -> None:
    reference = t.to_affine_matrix(("c", "x", "y"), ("c", "x", "y"))
    order = [("c", "x", "y").index(axis) for axis in axes] + [3]
    np.testing.assert_allclose(t.to_affine_matrix(axes, axes), reference[np.ix_(order, order)])
    channel = np.eye(4)[0]
    np.testing.assert_array_equal(reference[0], channel)
    np.testing.assert_array_equal(reference[:, 0], channel)


@given(transformations())
def test_to_affine_and_pickle_keep_the_map(t: BaseTransformation) -> None:
    np.testing.assert_array_equal(t.to_affine(XY, XY).matrix, matrix_of(t))
    assert pickle.loads(pickle.dumps(t)) == t


def test_axes_that_are_not_named_pass_through() -> None:
    t = Translation([3.0], axes=("z",))
    np.testing.assert_array_equal(t.to_affine_matrix(XY, XY), np.eye(3))
    np.testing.assert_array_equal(t.to_affine_matrix(XY, ("x", "y", "z")), [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]])


def test_an_affine_may_create_and_drop_axes() -> None:
    up = Affine([[1, 0, 0], [0, 1, 0], [0, 0, 5], [0, 0, 1]], XY, ("x", "y", "z"))
    assert up.axes_after(XY) == ("x", "y", "z")
    np.testing.assert_array_equal(up.to_affine_matrix(XY, ("z",)), [[0, 0, 5], [0, 0, 1]])
    down = Affine([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], ("x", "y", "z"), XY)
    assert down.axes_after(("c", "z", "y", "x")) == ("c", "x", "y")
    both = Sequence([up, down])
    np.testing.assert_array_equal(matrix_of(both), np.eye(3))


@pytest.mark.parametrize(
    ("axes", "after"), [(("c", "y", "x"), ("c", "x", "y")), (("x", "y"), ("y", "x")), (("y", "x"), ("x", "y"))]
)
def test_map_axis_names_the_axes_after_it(axes: tuple[str, ...], after: tuple[str, ...]) -> None:
    assert MapAxis({"x": "y", "y": "x"}).axes_after(axes) == after


@pytest.mark.parametrize("t", [Identity(), Translation([1.0], ("x",)), Scale([2.0], ("x",)), Sequence([])])
def test_an_axis_is_never_dropped_silently(t: BaseTransformation) -> None:
    with pytest.raises(TransformationError, match="drops y"):
        t.to_affine_matrix(XY, ("x",))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Translation([1.0], XY),
        lambda: Scale([1.0, float("nan")], XY),
        lambda: Affine(np.eye(2), XY, XY),
        lambda: Affine([[1, 0, 0], [0, 1, 0], [0, 1, 1]], XY, XY),
        lambda: Scale([0.0, 1.0], XY).inverse(),
        lambda: Affine([[1, 1, 0], [1, 1, 0], [0, 0, 1]], XY, XY).inverse(),
        lambda: Affine([[1, 0, 0], [0, 0, 1]], XY, ("x",)).inverse(),
        lambda: MapAxis({"x": "y", "z": "y"}).inverse(),
        lambda: MapAxis({"x": "z"}).to_affine_matrix(XY, XY),
    ],
)
def test_bad_transformations_raise_by_name(make) -> None:
    with pytest.raises(TransformationError):
        make()


def test_unknown_and_repeated_axes() -> None:
    with pytest.raises(TypeError, match="'q' is not the name of an axis"):
        Translation([1.0], ("q",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="occurs twice"):
        Scale([1.0, 2.0], ("x", "x"))
    with pytest.raises(TypeError, match="consists of transformations"):
        Sequence([np.eye(3)])  # type: ignore[list-item]


def test_an_affine_that_names_none_of_the_axes_warns() -> None:
    with pytest.warns(UserWarning, match="none of which it names"):
        Affine([[2, 0], [0, 1]], ("z",), ("z",)).to_affine_matrix(XY, XY)


def test_equality_compares_class_axes_and_parameters() -> None:
    assert Translation((1, 2), XY) == Translation(np.array([1.0, 2.0]), list(XY))
    assert Translation([1, 2], XY) != Translation([2, 1], ("y", "x"))
    assert Scale([1, 1], XY) != Identity()
    assert Identity() != 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(Identity())


def test_transformations_are_frozen_and_independent_of_their_input() -> None:
    values = np.array([1.0, 2.0])
    t = Translation(values, XY)
    values[0] = 9
    assert t.translation[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        t.translation[0] = 5


def test_units_of_many_orders_of_magnitude_can_be_undone() -> None:
    metres = Affine([[1e-9, 0, 1e7], [0, 1e6, -1e7], [0, 0, 1]], ("x", "y"), ("x", "y"))
    back = metres.inverse().to_affine_matrix(("x", "y"), ("x", "y"))
    np.testing.assert_allclose(back, [[1e9, 0, -1e16], [0, 1e-6, 10], [0, 0, 1]], rtol=1e-12)
    for flat in ([[1, 2, 0], [2, 4, 0], [0, 0, 1]], [[1, 0, 5], [0, 0, 5], [0, 0, 1]]):
        with pytest.raises(TransformationError, match="singular"):
            Affine(flat, ("x", "y"), ("x", "y")).inverse()
