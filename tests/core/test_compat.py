"""Module paths of earlier releases."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest

import spatialdata
from spatialdata._compat.table import OLD_MODULES
from spatialdata.datasets import blobs

NAMES = [(module, name) for module, names in OLD_MODULES.items() for name in names]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_old_name(module: str, name: str) -> None:
    imported = importlib.import_module(module)
    value = getattr(imported, name)
    assert name in dir(imported)
    home = OLD_MODULES[module][name]
    if home == "spatialdata":
        assert value is getattr(spatialdata, name)


def test_what_exists_comes_before_the_table() -> None:
    program = (
        "import spatialdata, importlib.util as u;"
        "from spatialdata._compat.table import OLD_MODULES;"
        "specs = [u.find_spec(name) for name in OLD_MODULES];"
        "print([s.name for s in specs if s.origin is not None])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_unknown_name_is_an_import_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("spatialdata._core.query.nothing")
    with pytest.raises(ImportError, match="nothing"):
        from spatialdata._utils import nothing  # noqa: F401


def test_values_are_located() -> None:
    from spatialdata._core.query.relational_query import _locate_value

    sdata = blobs(length=32)
    (origin,) = _locate_value("instance_id", sdata=sdata, element_name="blobs_labels", table_name="table")
    assert (origin.origin, origin.is_categorical, origin.value_key) == ("obs", False, "instance_id")
    (origin,) = _locate_value("genes", element=sdata["blobs_points"])
    assert (origin.origin, origin.is_categorical) == ("df", True)
    assert _locate_value("nothing", element=sdata["blobs_points"]) == []


def test_left_join_by_kind() -> None:
    from spatialdata._core.query.relational_query import _left_join_spatialelement_table

    sdata = blobs(length=32)
    elements = {"labels": {"blobs_labels": sdata["blobs_labels"]}}
    found, table = _left_join_spatialelement_table(elements, sdata["table"], "left")
    assert found["labels"]["blobs_labels"] is sdata["blobs_labels"]
    assert table.n_obs == sdata["table"].n_obs


def test_deprecated_arguments() -> None:
    from spatialdata._utils import _deprecation_alias

    @_deprecation_alias(old="new", version="0.5")
    def double(new: int) -> int:
        return 2 * new

    assert double(new=2) == 4
    with pytest.warns(DeprecationWarning, match="'old' is now called 'new'"):
        assert double(old=3) == 6
    with pytest.raises(TypeError, match="both"):
        double(old=1, new=2)


def test_chunks_by_axis() -> None:
    from spatialdata.models.chunks_utils import normalize_chunks

    axes = ("c", "y", "x")
    assert normalize_chunks(64, axes) == {"c": 64, "y": 64, "x": 64}
    assert normalize_chunks((1, 2, 3), axes) == {"c": 1, "y": 2, "x": 3}
    assert normalize_chunks({"x": 1, "y": 2, "c": 3, "t": 9}, axes) == {"c": 3, "y": 2, "x": 1}
    for wrong in (None, "auto", {"x": 1}, (1, 2)):
        with pytest.raises(ValueError, match="Chunks are"):
            normalize_chunks(wrong, axes)


def test_a_request_is_answered() -> None:
    from spatialdata._core.query.spatial_query import BoundingBoxRequest

    sdata = blobs(length=32)
    request = BoundingBoxRequest("global", np.array([0, 0]), np.array([8, 8]), ("x", "y"))
    assert sdata.query(request)["blobs_image"].shape == (3, 8, 8)


@pytest.mark.parametrize("maintain", [True, False])
def test_elements_on_one_grid(maintain: bool) -> None:
    from spatialdata._core.operations._utils import transform_to_data_extent

    from spatialdata import get_extent
    from spatialdata.transformations import Scale, Translation, set_transformation

    sdata = blobs(length=64)
    set_transformation(sdata["blobs_image"], Scale([2.0, 2.0], ("x", "y")))
    set_transformation(sdata["blobs_points"], Translation([-10.0, 5.0], ("x", "y")))
    before = get_extent(sdata)
    grid = transform_to_data_extent(sdata, "global", maintain_positioning=maintain, target_width=69)
    extent = get_extent(grid)
    unit = 69 / (before["x"][1] - before["x"][0])
    lower = {axis: before[axis][0] for axis in ("x", "y")}
    for axis in ("x", "y"):
        expected = before[axis] if maintain else tuple((value - lower[axis]) * unit for value in before[axis])
        np.testing.assert_allclose(extent[axis], expected, atol=1)
    got = grid["blobs_points"].compute()
    was = sdata["blobs_points"].compute()
    np.testing.assert_allclose(got["x"], (was["x"] - 10 - lower["x"]) * unit)
    np.testing.assert_allclose(got["y"], (was["y"] + 5 - lower["y"]) * unit)
    assert grid["blobs_image"].sizes["x"] == grid["blobs_labels"].sizes["x"] == 69
    assert set(np.unique(grid["blobs_labels"])) <= set(np.unique(sdata["blobs_labels"]))
    assert "table" in grid
    with pytest.raises(ValueError, match="exactly one"):
        transform_to_data_extent(sdata, "global", target_width=3, target_height=3)


def test_all_levels_of_a_pyramid_change_at_once() -> None:
    pyramid = blobs(length=32)["blobs_multiscale_image"]
    turned = pyramid.msi.transpose("y", "x", "c")
    named = turned.msi.assign_coords(c=["r", "g", "b"])
    chosen = named.msi.reindex_data_arrays({"c": ["b", "r"]})
    sorted_again = named.msi.reindex_data_arrays({"c": ["b", "none"]}, None, None, True, 7)
    assert list(chosen.children) == list(pyramid.children)
    for name, level in pyramid.children.items():
        expected = np.moveaxis(level["image"].to_numpy(), 0, -1)
        assert level["image"].dims == ("c", "y", "x")
        assert turned[name]["image"].dims == ("y", "x", "c")
        np.testing.assert_array_equal(turned[name]["image"], expected)
        np.testing.assert_array_equal(chosen[name]["image"], expected[..., [2, 0]])
        np.testing.assert_array_equal(sorted_again[name]["image"][..., 1], 7)
        assert turned[name]["image"].attrs == level["image"].attrs


def test_a_library_may_register_that_accessor_itself() -> None:
    program = (
        "import warnings; warnings.simplefilter('error'); import xarray;"
        "from spatialdata.models.msi import offer_msi;"
        "offer_msi(); assert xarray.DataTree().msi is not None;"
        "xarray.register_datatree_accessor('msi')(lambda tree: 'own'); assert xarray.DataTree().msi == 'own';"
        "offer_msi(); print(xarray.DataTree().msi)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "own"
