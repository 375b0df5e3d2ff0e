"""The assertions for tests see every difference."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.testing import (
    assert_elements_are_identical,
    assert_elements_dict_are_identical,
    assert_spatial_data_objects_are_identical,
)
from spatialdata.transformations import Scale, set_transformation


def table(value: float = 1.0) -> ad.AnnData:
    made = ad.AnnData(csr_matrix(np.full((2, 2), value)), obs=pd.DataFrame({"a": [1, 2]}, index=["p", "q"]))
    made.obsm["pca"] = np.zeros((2, 2))
    made.uns["settings"] = {"k": [1, 2], "frame": pd.DataFrame({"a": [1]}), "series": pd.Series([1])}
    return made


def study() -> SpatialData:
    return SpatialData(
        images={"image": Image2DModel.parse(np.ones((1, 4, 4)), scale_factors=[2])},
        labels={"labels": Labels2DModel.parse(np.ones((4, 4), dtype=int))},
        points={"points": PointsModel.parse(pd.DataFrame({"x": [1.0], "y": [2.0], "g": ["a"]}))},
        shapes={"shapes": ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0)},
        tables={"table": table()},
        attrs={"k": 1},
    )


def test_equal_objects_pass() -> None:
    assert_spatial_data_objects_are_identical(study(), study())


def replaced(name: str, make: Callable[[], Any]) -> Callable[[SpatialData], None]:
    def change(sdata: SpatialData) -> None:
        del sdata[name]
        sdata[name] = make()

    return change


def moved(name: str) -> Callable[[SpatialData], None]:
    return lambda sdata: set_transformation(sdata[name], Scale([2.0, 2.0], ("x", "y")))


def noted(name: str) -> Callable[[SpatialData], None]:
    return lambda sdata: sdata[name].attrs.update(note=1)


def other_table(change: Callable[[ad.AnnData], None]) -> Callable[[SpatialData], None]:
    return lambda sdata: change(sdata["table"])


def set_obsm(adata: ad.AnnData) -> None:
    adata.obsm["pca"] = np.ones((2, 2))


def set_settings(key: str, value: Any) -> Callable[[ad.AnnData], None]:
    return lambda adata: adata.uns["settings"].update({key: value})


CHANGES = [
    replaced("image", lambda: Image2DModel.parse(np.ones((1, 4, 4)))),
    replaced("image", lambda: Image2DModel.parse(np.zeros((1, 4, 4)), scale_factors=[2])),
    replaced("image", lambda: Image2DModel.parse(np.ones((1, 4, 4)), scale_factors=[2, 2])),
    replaced("labels", lambda: Labels2DModel.parse(np.ones((4, 4), dtype=np.int8))),
    replaced("points", lambda: PointsModel.parse(pd.DataFrame({"x": [1.0], "y": [3.0], "g": ["a"]}))),
    replaced("shapes", lambda: ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=2.0)),
    replaced("shapes", lambda: PointsModel.parse(np.zeros((1, 2)))),
    replaced("table", lambda: table(2.0)),
    other_table(set_obsm),
    other_table(set_settings("k", [1, 3])),
    other_table(set_settings("frame", pd.DataFrame({"a": [2]}))),
    other_table(set_settings("series", pd.Series([2]))),
    other_table(set_settings("new", 1)),
    other_table(lambda adata: adata.obs.__setitem__("a", [1, 3])),
    moved("image"),
    moved("labels"),
    moved("points"),
    moved("shapes"),
    noted("points"),
    lambda sdata: sdata.attrs.update(k=2),
    lambda sdata: sdata.__delitem__("labels"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(change: Callable[[SpatialData], None]) -> None:
    other = study()
    change(other)
    with pytest.raises(AssertionError):
        assert_spatial_data_objects_are_identical(study(), other)


def test_transformations_and_metadata_can_be_left_out() -> None:
    other = study()
    moved("points")(other)
    noted("points")(other)
    with pytest.raises(AssertionError, match="attributes"):
        assert_elements_are_identical(study()["points"], other["points"], check_transformations=False)
    assert_elements_dict_are_identical(study().points, other.points, check_transformations=False, check_metadata=False)
    with pytest.raises(ValueError, match="needs check_metadata"):
        assert_elements_are_identical(study()["points"], other["points"], check_metadata=False)
    with pytest.raises(AssertionError, match="'points': The transformations to 'global' differ"):
        assert_elements_dict_are_identical(study().points, other.points)


def test_transformations_are_the_same_if_they_do_the_same() -> None:
    a, b = study()["image"], study()["image"]
    set_transformation(a, Scale([2.0, 3.0], ("x", "y")))
    set_transformation(b, Scale([1.0, 3.0, 2.0], ("c", "y", "x")))
    assert_elements_are_identical(a, b)
    set_transformation(b, Scale([1.0, 2.0, 3.0], ("c", "y", "x")))
    with pytest.raises(AssertionError, match="differ"):
        assert_elements_are_identical(a, b)


def test_nothing_is_changed_by_looking() -> None:
    sdata = study()
    attrs = copy.copy(sdata["points"].attrs)
    assert_spatial_data_objects_are_identical(sdata, sdata)
    assert sdata["points"].attrs == attrs
    assert "transform" in sdata["shapes"].attrs


def repeated(order: list[int], x: float = 0.0) -> Any:
    """Points with an index that names several by one number, as frames have that were put together."""
    frame = pd.DataFrame({"x": [x, 1.0, 2.0, 3.0], "y": 1.0, "g": list("abcd")}, index=[0, 1, 0, 1])
    return PointsModel.parse(frame.iloc[order])


def test_points_with_a_repeated_index_are_compared_in_any_order() -> None:
    assert_elements_are_identical(repeated([0, 1, 2, 3]), repeated([3, 2, 0, 1]))
    with pytest.raises(AssertionError):
        assert_elements_are_identical(repeated([0, 1, 2, 3]), repeated([0, 1, 2, 3], x=0.5))


PARTS: dict[str, tuple[Any, Any, Any]] = {
    "categories": (pd.Categorical(["a", "b"]), pd.Categorical(["a", "b"]), pd.Categorical(["b", "b"])),
    "nullable": (pd.array([1, None]), pd.array([1, None]), pd.array([2, None])),
    "missing": (np.nan, np.nan, 1.0),
    "records": (
        np.array([(1, "a")], dtype=[("n", "i4"), ("s", "U3")]),
        np.array([(1, "a")], dtype=[("n", "i4"), ("s", "O")]),
        np.array([(1, "b")], dtype=[("n", "i4"), ("s", "O")]),
    ),
    "booleans": (csr_matrix([[True, False]]), csr_matrix([[True, False]]), csr_matrix([[True, True]])),
    "sparse-nan": (csr_matrix([[np.nan, 0.0]]), csr_matrix([[np.nan, 0.0]]), csr_matrix([[1.0, 0.0]])),
    "stored-zeros": (csr_matrix(([0.0, 1.0], [0, 1], [0, 2])), csr_matrix([[0.0, 1.0]]), csr_matrix([[1.0, 1.0]])),
}


@pytest.mark.parametrize("case", PARTS)
def test_values_in_uns(case: str) -> None:
    value, same, other = PARTS[case]
    tables = []
    for one in (value, same, other):
        tables.append(table())
        tables[-1].uns["value"] = one
    assert_elements_are_identical(tables[0], tables[1])
    with pytest.raises(AssertionError, match="uns/value"):
        assert_elements_are_identical(tables[0], tables[2])


def test_raw_is_compared() -> None:
    first, same, other = table(), table(), table()
    for one, value in ((first, 1.0), (same, 1.0), (other, 2.0)):
        one.raw = ad.AnnData(np.full((2, 3), value), obs=one.obs)
    assert_elements_are_identical(first, same)
    for different in (other, table()):
        with pytest.raises(AssertionError, match="raw"):
            assert_elements_are_identical(first, different)
