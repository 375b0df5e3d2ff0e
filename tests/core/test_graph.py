"""Paths between coordinate systems."""

from __future__ import annotations

import numpy as np
import pytest

from spatialdata import SpatialData
from spatialdata.errors import AmbiguousTransformationError, NoTransformationError, UnknownCoordinateSystemError
from spatialdata.models import Labels2DModel
from spatialdata.transformations import (
    Affine,
    Identity,
    Scale,
    Sequence,
    ThinPlateSpline,
    Translation,
    get_transformation_between_coordinate_systems,
    remove_transformations_to_coordinate_system,
)
from spatialdata.transformations.graph import CoordinateGraph
from spatialdata.transformations.links import CoordinateLink

XY = ("x", "y")


def labels(**transformations):
    return Labels2DModel.parse(np.zeros((4, 4), dtype=int), transformations=transformations)


def matrix(t) -> np.ndarray:
    return t.to_affine_matrix(XY, XY)


def chain() -> SpatialData:
    one = labels(a=Scale([2, 2], XY), b=Translation([1, 1], XY))
    two = labels(b=Identity(), c=Scale([5, 5], XY))
    return SpatialData(labels={"one": one, "two": two})


def two_ways() -> SpatialData:
    one, two = labels(a=Scale([2, 2], XY), b=Identity()), labels(a=Identity(), b=Identity())
    return SpatialData(labels={"one": one, "two": two})


def test_several_hops() -> None:
    t = get_transformation_between_coordinate_systems(chain(), "a", "c")
    assert isinstance(t, Sequence)
    np.testing.assert_allclose(matrix(t), [[2.5, 0, 5], [0, 2.5, 5], [0, 0, 1]])


def test_elements_stand_for_their_intrinsic_coordinates() -> None:
    sdata = chain()
    t = get_transformation_between_coordinate_systems(sdata, sdata["one"], sdata["two"])
    np.testing.assert_allclose(matrix(t), matrix(Translation([1, 1], XY)))
    stranger = labels(c=Scale([5, 5], XY))
    t = get_transformation_between_coordinate_systems(sdata, stranger, "b")
    np.testing.assert_allclose(matrix(t), np.eye(3))
    assert get_transformation_between_coordinate_systems(sdata, "a", "a") == Identity()


def test_a_direct_transformation_wins() -> None:
    sdata = SpatialData(
        labels={"one": labels(a=Scale([2, 2], XY), b=Identity()), "two": labels(a=Identity(), b=Identity())}
    )
    t = get_transformation_between_coordinate_systems(sdata, sdata["one"], "a")
    assert t == Sequence([Scale([2, 2], XY)])


def test_equally_short_paths_are_an_error_until_one_is_chosen() -> None:
    sdata = SpatialData(
        labels={"one": labels(a=Scale([2, 2], XY), b=Identity()), "two": labels(a=Identity(), b=Identity())}
    )
    with pytest.raises(AmbiguousTransformationError, match=r"a -> <one> -> b; a -> <two> -> b"):
        get_transformation_between_coordinate_systems(sdata, "a", "b")
    t = get_transformation_between_coordinate_systems(sdata, "a", "b", sdata["one"])
    np.testing.assert_allclose(matrix(t), matrix(Scale([0.5, 0.5], XY)))


def test_no_path_lists_what_can_be_reached() -> None:
    sdata = SpatialData(labels={"one": labels(a=Identity(), b=Identity()), "two": labels(far=Identity())})
    with pytest.raises(NoTransformationError, match="Reachable from a: 'b'"):
        get_transformation_between_coordinate_systems(sdata, "a", "far")
    with pytest.raises(UnknownCoordinateSystemError, match="Did you mean 'far'"):
        get_transformation_between_coordinate_systems(sdata, "a", "fa")


def test_transformations_without_inverse_are_followed_forwards_only() -> None:
    flat = Affine([[1, 0, 0], [0, 0, 0], [0, 0, 1]], XY, XY)
    sdata = SpatialData(labels={"one": labels(a=flat, b=Identity())})
    np.testing.assert_allclose(matrix(get_transformation_between_coordinate_systems(sdata, "b", "a")), matrix(flat))
    with pytest.raises(NoTransformationError):
        get_transformation_between_coordinate_systems(sdata, "a", "b")


def test_images_linked_to_images() -> None:
    detail, overview = CoordinateGraph.element("detail"), CoordinateGraph.element("overview")
    links = [CoordinateLink(detail, overview, Sequence([Scale([0.1, 0.1], XY), Translation([50, 60], XY)]))]
    graph = CoordinateGraph({"overview": {"um": Scale([2, 2], XY)}, "detail": {}}, links)
    np.testing.assert_allclose(matrix(graph.between(detail, "um")), [[0.2, 0, 100], [0, 0.2, 120], [0, 0, 1]])
    np.testing.assert_allclose(matrix(graph.between("um", detail)), [[5, 0, -500], [0, 5, -600], [0, 0, 1]])
    assert graph.coordinate_systems == ["um"]


def test_non_linear_edges_are_followed_both_ways() -> None:
    corners = np.array([[0.0, 0], [9, 0], [0, 9], [9, 9]])
    warp = ThinPlateSpline(corners, corners + np.array([[0, 0], [1, 0], [0, 0], [0, 1]]), XY)
    sdata = SpatialData(labels={"one": labels(flat=Scale([2, 2], XY), bent=warp)})
    there = get_transformation_between_coordinate_systems(sdata, "flat", "bent")
    back = get_transformation_between_coordinate_systems(sdata, "bent", "flat")
    at = np.array([[4.0, 6.0]])
    np.testing.assert_allclose(there.transform_coordinates(at, XY), warp.transform_coordinates(at / 2, XY))
    np.testing.assert_allclose(back.transform_coordinates(there.transform_coordinates(at, XY), XY), at, atol=1e-5)


def test_many_elements_in_many_systems_are_no_burden() -> None:
    systems = {f"s{k}": Scale([k + 1.0, k + 1.0], XY) for k in range(10)}
    elements = {f"e{k}": labels(**systems) for k in range(10)}
    sdata = SpatialData(labels=elements)
    t = get_transformation_between_coordinate_systems(sdata, "s0", "s9")
    np.testing.assert_allclose(matrix(t), matrix(Scale([10, 10], XY)))
    # One of ten says otherwise.
    sdata.labels["e9"] = labels(**{**systems, "s9": Scale([3.0, 3.0], XY)})
    with pytest.raises(AmbiguousTransformationError):
        get_transformation_between_coordinate_systems(sdata, "s0", "s9")
    t = get_transformation_between_coordinate_systems(sdata, "s0", "s9", elements["e3"])
    np.testing.assert_allclose(matrix(t), matrix(Scale([10, 10], XY)))


def test_removing_a_system_removes_it_everywhere_or_nowhere() -> None:
    sdata = chain()
    with pytest.raises(KeyError):
        remove_transformations_to_coordinate_system(sdata, "a")
    assert sdata.coordinate_systems == ["a", "b", "c"]
    remove_transformations_to_coordinate_system(sdata, "b")
    assert sdata.coordinate_systems == ["a", "c"]
