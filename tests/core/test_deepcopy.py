"""Copies share nothing with what they were copied from."""

from __future__ import annotations

import numpy as np
import pytest

from spatialdata import deepcopy
from spatialdata.datasets import blobs
from spatialdata.testing import assert_elements_are_identical, assert_spatial_data_objects_are_identical
from spatialdata.transformations import Identity, get_transformation, set_transformation

NAMES = ["blobs_image", "blobs_multiscale_image", "blobs_labels", "blobs_points", "blobs_circles", "table"]


@pytest.mark.parametrize("name", NAMES)
def test_an_element_and_its_copy_are_equal_and_independent(name: str) -> None:
    element = blobs(length=32)[name]
    twin = deepcopy(element)
    assert_elements_are_identical(element, twin)
    if name == "table":
        twin.X.data[:] = 0
        twin.uns["spatialdata_attrs"]["region"] = "other"
        assert element.X.sum() > 0
        assert element.uns["spatialdata_attrs"]["region"] == "blobs_labels"
        return
    set_transformation(twin, Identity(), "other")
    assert list(get_transformation(element, get_all=True)) == ["global"]


def test_a_whole_object() -> None:
    sdata = blobs(length=32)
    sdata.attrs["nested"] = {"list": [1]}
    twin = deepcopy(sdata)
    assert_spatial_data_objects_are_identical(sdata, twin)
    twin.attrs["nested"]["list"].append(2)
    twin["blobs_circles"]["radius"] = 1.0
    assert sdata.attrs == {"nested": {"list": [1]}}
    assert (sdata["blobs_circles"]["radius"] != 1.0).all()


def test_what_is_no_element() -> None:
    with pytest.raises(TypeError, match=r"numpy\.ndarray is no element"):
        deepcopy(np.zeros(3))
