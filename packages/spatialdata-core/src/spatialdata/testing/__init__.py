"""Assertions that elements and objects are the same, for tests."""

from __future__ import annotations

from spatialdata.testing.identical import (
    assert_elements_are_identical,
    assert_elements_dict_are_identical,
    assert_spatial_data_objects_are_identical,
)

__all__ = [
    "assert_elements_are_identical",
    "assert_elements_dict_are_identical",
    "assert_spatial_data_objects_are_identical",
]
