"""Transformations are spelled as the published release spells them, and mean the same after a round trip."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialdata.errors import StoreError
from spatialdata.store.dialects.edges import edges_of, transformations_of_edges
from spatialdata.store.dialects.exact import EXACT
from spatialdata.transformations import Affine, BaseTransformation, Identity, MapAxis, Scale, Sequence, Translation

CYX = ("c", "y", "x")
TURN = Affine([[0.866, -0.5, 0.0], [0.5, 0.866, 0.0], [0.0, 0.0, 1.0]], input_axes=("x", "y"), output_axes=("x", "y"))


def system(name: str, axes: str) -> dict[str, Any]:
    """A coordinate system as the description of the format abbreviates it."""
    types = {"c": {"name": "c", "type": "channel"}}
    return {"name": name, "axes": [types.get(a, {"name": a, "type": "space", "unit": "unit"}) for a in axes]}


# From the description of the format: what the release writes for an image with the axes c, y, x.
SPELLINGS: dict[str, tuple[BaseTransformation, dict[str, Any]]] = {
    "global": (Identity(), {"type": "identity", "output": system("global", "cyx")}),
    "translated": (
        Translation([10.0, -3.5], axes=("x", "y")),
        {"type": "translation", "translation": [0.0, -3.5, 10.0], "output": system("translated", "cyx")},
    ),
    "scaled": (
        Scale([2.0, 0.5], axes=("x", "y")),
        {"type": "scale", "scale": [1.0, 0.5, 2.0], "output": system("scaled", "cyx")},
    ),
    "rotated": (
        TURN,
        {
            "type": "affine",
            "affine": [[1.0, 0.0, 0.0, 0.0], [0.0, -0.5, 0.866, 0.0], [0.0, 0.866, 0.5, 0.0]],
            "output": system("rotated", "cxy"),
        },
    ),
    "affine_yx": (
        Affine([[1, 0.2, 5], [-0.1, 1.5, -7], [0, 0, 1]], input_axes=("y", "x"), output_axes=("y", "x")),
        {
            "type": "affine",
            "affine": [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.2, 5.0], [0.0, -0.1, 1.5, -7.0]],
            "output": system("affine_yx", "cyx"),
        },
    ),
    "swapped": (
        MapAxis({"x": "y", "y": "x"}),
        {"type": "mapAxis", "mapAxis": {"x": "y", "y": "x"}, "output": system("swapped", "cxy")},
    ),
    "nested": (
        Sequence(
            [
                Identity(),
                Sequence([MapAxis({"x": "y", "y": "x"}), Scale([2.0], axes=("x",))]),
                Translation([0.5], axes=("y",)),
            ]
        ),
        {
            "type": "sequence",
            "transformations": [
                {"type": "identity", "input": system("cyx", "cyx"), "output": system("global", "cyx")},
                {
                    "type": "sequence",
                    "transformations": [
                        {
                            "type": "mapAxis",
                            "mapAxis": {"x": "y", "y": "x"},
                            "input": system("cyx", "cyx"),
                            "output": system("global", "cxy"),
                        },
                        {
                            "type": "scale",
                            "scale": [1.0, 2.0, 1.0],
                            "input": system("cxy", "cxy"),
                            "output": system("global", "cxy"),
                        },
                    ],
                    "input": system("cyx", "cyx"),
                    "output": system("global", "cxy"),
                },
                {
                    "type": "translation",
                    "translation": [0.0, 0.0, 0.5],
                    "input": system("cxy", "cxy"),
                    "output": system("global", "cxy"),
                },
            ],
            "output": system("nested", "cxy"),
        },
    ),
}


def plain(value):
    """JSON without the key that only this package reads."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != EXACT}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SPELLINGS)
def test_spelling(name: str) -> None:
    transformation, expected = SPELLINGS[name]
    assert plain(edges_of({name: transformation}, CYX)) == [{**expected, "input": system("cyx", "cyx")}]


@pytest.mark.parametrize("name", SPELLINGS)
def test_meaning_survives(name: str) -> None:
    transformation = SPELLINGS[name][0]
    edges = json.loads(json.dumps(edges_of({name: transformation}, CYX)))
    found = transformations_of_edges(edges, CYX, "it")[name]
    assert type(found) is type(transformation)
    assert np.allclose(found.to_affine_matrix(CYX, CYX), transformation.to_affine_matrix(CYX, CYX))


def test_axes_that_are_not_named_stay_so() -> None:
    flat = Scale([2.0, 3.0], ("x", "y"))
    edges = json.loads(json.dumps(edges_of({"a": flat}, CYX)))
    assert transformations_of_edges(edges, CYX, "it")["a"] == flat
    edges[0]["scale"] = [1.0, 5.0, 5.0]
    changed = transformations_of_edges(edges, CYX, "it")["a"]
    assert changed.to_scale_vector(("x", "y")).tolist() == [5, 5]


numbers = st.floats(-1e6, 1e6, allow_subnormal=False)


def linear(axes: tuple[str, ...]) -> st.SearchStrategy[BaseTransformation]:
    some = st.lists(st.sampled_from(axes), min_size=1, unique=True)
    row = st.lists(numbers, min_size=len(axes) + 1, max_size=len(axes) + 1)
    rows = st.lists(row, min_size=len(axes), max_size=len(axes))
    last = [[0.0] * len(axes) + [1.0]]
    return st.one_of(
        st.just(Identity()),
        some.flatmap(lambda a: st.lists(numbers, min_size=len(a), max_size=len(a)).map(lambda v: Translation(v, a))),
        some.flatmap(lambda a: st.lists(numbers, min_size=len(a), max_size=len(a)).map(lambda v: Scale(v, a))),
        st.permutations(axes).map(lambda p: MapAxis(dict(zip(axes, p, strict=True)))),
        st.tuples(rows, st.permutations(axes), st.permutations(axes)).map(lambda t: Affine(t[0] + last, t[1], t[2])),
    )


@given(
    st.sampled_from([("c", "y", "x"), ("x", "y"), ("z", "y", "x"), ("x", "y", "z"), ("c", "z", "y", "x")]).flatmap(
        lambda axes: st.tuples(
            st.just(axes), st.recursive(linear(axes[1:]), lambda inner: st.lists(inner, max_size=3).map(Sequence))
        )
    )
)
def test_any_transformation_survives(case: tuple[tuple[str, ...], BaseTransformation]) -> None:
    axes, transformation = case
    edges = json.loads(json.dumps(edges_of({"target": transformation}, axes)))
    found = transformations_of_edges(edges, axes, "it")["target"]
    assert np.allclose(found.to_affine_matrix(axes, axes), transformation.to_affine_matrix(axes, axes), rtol=1e-9)


def test_units_may_be_missing() -> None:
    bare = {"name": "cyx", "axes": [{"name": "c", "type": "channel"}, {"name": "y"}, {"name": "x"}]}
    edge = {"type": "scale", "scale": [1, 2, 3], "input": bare, "output": {**bare, "name": "target"}}
    assert transformations_of_edges([edge], CYX, "it") == {"target": Scale([1, 2, 3], CYX)}


def test_axes_may_be_those_of_the_element() -> None:
    edge = {
        "type": "sequence",
        "transformations": [
            {"type": "mapAxis", "mapAxis": {"x": "y", "y": "x"}},
            {"type": "scale", "scale": [1, 2, 3]},
        ],
        "output": {"name": "target"},
    }
    found = transformations_of_edges([edge], CYX, "it")["target"]
    assert found == Sequence([MapAxis({"x": "y", "y": "x"}), Scale([1, 2, 3], ("c", "x", "y"))])


def test_rotation_and_by_dimension() -> None:
    ends = {"input": system("yx", "yx"), "output": system("turned", "yx")}
    rotation = {"type": "rotation", "rotation": [0, -1, 1, 0], **ends}
    parts = [
        {"type": "scale", "scale": [3], "input": system("y", "y"), "output": system("y", "y")},
        {"type": "translation", "translation": [4], "input": system("x", "x"), "output": system("x", "x")},
    ]
    split = {"type": "byDimension", "transformations": parts, **ends, "output": system("split", "yx")}
    found = transformations_of_edges([rotation, split], ("y", "x"), "it")
    point = np.array([10.0, 20.0, 1.0])
    assert (found["turned"].to_affine_matrix(("y", "x"), ("y", "x")) @ point)[:2].tolist() == [-20, 10]
    assert (found["split"].to_affine_matrix(("y", "x"), ("y", "x")) @ point)[:2].tolist() == [30, 24]


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        ({"type": "affine", "affine": [[1, 0]], "input": system("yx", "yx")}, "malformed"),
        ({"type": "rotation", "rotation": [1, 0, 0], "input": system("yx", "yx")}, "needs 4 numbers, found 3"),
        ({"type": "scale", "scale": [1, float("nan")], "input": system("yx", "yx")}, "not finite"),
        ({"type": "identity", "input": system("qyx", "qyx")}, "Valid: 't', 'c', 'x', 'y', 'z'"),
        ({"type": "displacements", "path": "d"}, "type 'displacements', which cannot be read. Known: 'identity'"),
        ({"type": "byDimension", "transformations": [{"type": "identity"}]}, "axes of their own"),
        ({"type": "sequence"}, "malformed"),
    ],
)
def test_what_cannot_be_read(edge: dict[str, Any], message: str) -> None:
    axes = "tyx" if "t" in str(edge.get("input")) else "yx"
    with pytest.raises(StoreError, match=message) as caught:
        transformations_of_edges([{"output": system("target", "yx"), **edge}], tuple(axes[-2:]), "images/a of store")
    assert "images/a of store to 'target'" in str(caught.value)
