"""Transformations on elements."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatialdata.errors import UnknownCoordinateSystemError, UnsupportedElementError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import (
    Identity,
    Scale,
    Translation,
    get_transformation,
    remove_transformation,
    set_transformation,
)

XY = ("x", "y")


def elements() -> dict[str, object]:
    circles = gpd.GeoDataFrame({"radius": [1.0]}, geometry=[shapely.Point(0, 0)])
    return {
        "image": Image2DModel.parse(np.zeros((2, 8, 6))),
        "tree": Image2DModel.parse(np.zeros((2, 8, 6)), scale_factors=[2]),
        "labels": Labels2DModel.parse(np.zeros((8, 6), dtype=int)),
        "points": PointsModel.parse(np.zeros((3, 2))),
        "shapes": ShapesModel.parse(circles),
    }


@pytest.mark.parametrize("kind", list(elements()))
def test_set_get_remove(kind: str) -> None:
    element = elements()[kind]
    shift = Translation([1, 2], XY)
    live = get_transformation(element, get_all=True)
    assert live == {"global": Identity()}
    set_transformation(element, shift, "a")
    assert get_transformation(element, "a") == shift
    assert live["a"] == shift
    remove_transformation(element)
    assert list(get_transformation(element, get_all=True)) == ["a"]
    set_transformation(element, {"b": Identity(), "c": shift}, set_all=True)
    assert list(live) == ["b", "c"]
    remove_transformation(element, remove_all=True)
    assert get_transformation(element, get_all=True) == {}


def test_coarser_levels_carry_their_scale() -> None:
    tree = Image2DModel.parse(np.zeros((1, 8, 6)), scale_factors=[2])
    set_transformation(tree, Translation([10, 20], XY), "a")
    level = tree["scale1"]["image"]
    corner = get_transformation(level, "a").to_affine_matrix(("y", "x"), ("y", "x")) @ [4, 3, 1]
    np.testing.assert_allclose(corner, [8 + 20, 6 + 10, 1])


@pytest.mark.parametrize("kind", list(elements()))
def test_an_unknown_system_lists_those_that_exist(kind: str) -> None:
    element = elements()[kind]
    with pytest.raises(UnknownCoordinateSystemError, match=r"'globl'.*'global'.*Did you mean 'global'"):
        get_transformation(element, "globl")
    with pytest.raises(KeyError, match="has no transformation to 'x'"):
        remove_transformation(element, "x")


def test_arguments_that_do_not_fit_change_nothing() -> None:
    element = elements()["points"]
    for bad in (
        lambda: set_transformation(element, {"a": Identity()}),
        lambda: set_transformation(element, Identity(), set_all=True),
        lambda: set_transformation(element, {"a": 1}, set_all=True),
        lambda: set_transformation(element, {1: Identity()}, set_all=True),
        lambda: get_transformation(element, "global", get_all=True),
        lambda: remove_transformation(element, "global", remove_all=True),
    ):
        with pytest.raises((TypeError, ValueError)):
            bad()
    assert get_transformation(element, get_all=True) == {"global": Identity()}


def test_a_stranger_cannot_carry_transformations() -> None:
    with pytest.raises(UnsupportedElementError, match="cannot carry transformations"):
        set_transformation(np.zeros(3), Identity())


def test_parsing_does_not_keep_the_dict_of_the_caller() -> None:
    given = {"a": Scale([2, 2], XY)}
    for element in (
        PointsModel.parse(np.zeros((3, 2)), transformations=given),
        ShapesModel.parse(np.zeros((3, 2)), geometry=0, radius=1, transformations=given),
        Labels2DModel.parse(np.zeros((3, 2), dtype=int), transformations=given),
    ):
        set_transformation(element, Identity(), "b")
    assert list(given) == ["a"]
