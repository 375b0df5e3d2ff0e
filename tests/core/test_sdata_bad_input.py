"""What is asked of an object and cannot be: named errors, counted warnings, and nothing changed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialdata import SpatialData, read_zarr, sanitize_name
from spatialdata.datasets import blobs, raccoon
from spatialdata.errors import IdTypeError, StoreExistsError, ValidationError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Scale, get_transformation


def table_of(ids: list[Any], region: str) -> ad.AnnData:
    obs = pd.DataFrame({"region": pd.Categorical([region] * len(ids)), "id": ids}, index=[f"r{i}" for i in ids])
    return TableModel.parse(ad.AnnData(np.ones((len(ids), 1)), obs=obs), region, "region", "id")


ANNOTATED = {
    "circles": ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=1.0, index=[1, 2]),
    "named": ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=1.0, index=["a", "b"]),
    "cells": Labels2DModel.parse(np.array([[1, 2]])),
    "molecules": PointsModel.parse(np.zeros((2, 2))),
}


@pytest.mark.parametrize(
    ("name", "ids", "wrong"),
    [
        ("circles", ["1", "2"], "strings.*whole numbers"),
        ("named", [1, 2], "whole numbers.*strings"),
        ("cells", ["1"], "strings.*whole numbers"),
        ("molecules", ["0"], "strings.*whole numbers"),
        ("circles", [1, 99], None),
        ("named", ["a"], None),
    ],
)
def test_ids_of_another_type_are_noticed_when_a_table_is_attached(name: str, ids: list[Any], wrong: str | None) -> None:
    table = table_of(ids, name)
    if wrong is None:
        SpatialData.init_from_elements({name: ANNOTATED[name], "table": table}).validate_table_in_spatialdata(table)
        return
    with pytest.warns(UserWarning, match=wrong):
        sdata = SpatialData.init_from_elements({name: ANNOTATED[name], "table": table})
    with pytest.raises(IdTypeError, match=wrong):
        sdata.validate_table_in_spatialdata(table)


def test_names_that_do_not_exist_are_warned_of() -> None:
    sdata = blobs(length=32)
    with pytest.warns(UserWarning, match=r"no coordinate system 'globall'.*Did you mean 'global'"):
        assert not list(sdata.filter_by_coordinate_system("globall").gen_elements())
    with pytest.warns(UserWarning, match=r"no element 'blobs_imag'.*left out"):
        kept = sdata.subset(["blobs_imag", "blobs_circles"])
    assert {name for _, name, _ in kept.gen_elements()} == {"blobs_circles"}


@pytest.mark.parametrize(("name", "valid"), [(".hidden", "_hidden"), ("zarr.json", "zarr_json")])
def test_names_that_would_be_lost_in_a_store_are_refused(name: str, valid: str) -> None:
    image = Image2DModel.parse(np.ones((1, 2, 2)))
    with pytest.raises(ValidationError, match=f"he name '{name}'"):
        SpatialData(images={name: image})
    assert sanitize_name(name) == valid
    assert list(SpatialData(images={valid: image}).images) == [valid]


def test_no_store_is_written_into_another(tmp_path: Path) -> None:
    sdata = SpatialData(images={"image": Image2DModel.parse(np.ones((1, 2, 2)))})
    outer = tmp_path / "outer.zarr"
    sdata.write(outer)
    for inside in (outer / "inner.zarr", outer / "images" / "inner.zarr", outer / "images", outer / "images" / "image"):
        with pytest.raises(StoreExistsError, match="lies inside of the store"):
            SpatialData().write(inside, overwrite=True)
    assert list(read_zarr(outer).images) == ["image"]


def test_the_names_of_old_stores_may_be_odd(tmp_path: Path) -> None:
    sdata = SpatialData(
        images={"ok": Image2DModel.parse(np.ones((1, 2, 2))), "Abc": Image2DModel.parse(np.ones((1, 2, 2)))}
    )
    sdata.write(tmp_path / "s.zarr", consolidate_metadata=False)
    (tmp_path / "s.zarr/images/ok").rename(tmp_path / "s.zarr/images/old name")
    if not (tmp_path / "s.zarr/images/abc").exists():
        SpatialData(images={"abc": sdata["ok"]}).write(tmp_path / "t.zarr", consolidate_metadata=False)
        (tmp_path / "t.zarr/images/abc").rename(tmp_path / "s.zarr/images/abc")
    opened = read_zarr(tmp_path / "s.zarr")
    assert {"old name", "Abc"} <= set(opened.images)
    assert opened["old name"].shape == (1, 2, 2)
    part = opened.subset(["old name"])
    assert list(part.images) == ["old name"]
    assert set(copy.copy(opened).images) == set(opened.images)
    opened["old name"] = opened["old name"]
    with pytest.raises(ValueError, match=r"contains ' '.*sanitize_name gives 'new_name'"):
        opened["new name"] = opened["old name"]
    with pytest.raises(ValidationError, match=r"'old name' contains ' '"):
        opened.write(tmp_path / "new.zarr")
    del opened["old name"]
    assert "old name" not in opened


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s["nothing"], KeyError, "no element 'nothing'"),
        (lambda s: s.__setitem__("blobs_labels", s["blobs_image"]), KeyError, "taken in labels"),
        (lambda s: s.__setitem__("new", np.zeros(3)), TypeError, "is no element"),
        (lambda s: s.__setitem__("new", pd.DataFrame({"x": [1], "y": [2]})), TypeError, "is no element"),
        (lambda s: s.images.__setitem__("new", s["blobs_labels"]), TypeError, "cannot be put into 'images'"),
        (lambda s: s.__delitem__("nothing"), KeyError, "no element 'nothing'"),
        (lambda s: setattr(s, "attrs", 3), TypeError, "attrs must be a mapping"),
        (lambda s: setattr(s, "path", 3), TypeError, "path must be"),
        (lambda s: s.rename_coordinate_systems({"um": "mm"}), ValueError, "no coordinate system 'um'"),
        (lambda s: s.set_channel_names("blobs_image", ["a"]), ValueError, "3 channels"),
        (lambda s: s.set_channel_names("blobs_labels", ["a"]), KeyError, "'blobs_labels'"),
        (lambda s: s.write_element("blobs_image"), ValueError, "not backed by a store"),
        (lambda s: s.delete_element_from_disk("blobs_image"), ValueError, "not backed by a store"),
        (lambda s: s.elements_paths_on_disk(), ValueError, "not backed"),
        (lambda s: s.set_table_annotates_spatialelement("nothing", "blobs_labels"), KeyError, "'nothing'"),
        (lambda s: s.set_table_annotates_spatialelement("table", "nothing"), ValueError, "'nothing'"),
        (lambda s: s.set_table_annotates_spatialelement("table", "blobs_circles"), ValueError, "differ in"),
        (lambda s: s.transform_element_to_coordinate_system("nothing", "global"), KeyError, "'nothing'"),
        (lambda s: s.transform_element_to_coordinate_system("blobs_image", "um"), ValueError, "um"),
        (lambda s: s.aggregate(values="nothing", by="blobs_circles"), KeyError, "'nothing'"),
        (lambda s: s.get_annotated_regions(ad.AnnData(np.ones((1, 1)))), ValueError, "annotates no element"),
        (
            lambda s: s.update_annotated_regions_metadata(ad.AnnData(np.ones((1, 1)))),
            ValueError,
            "annotates no element",
        ),
        (lambda s: SpatialData.init_from_elements({"a": 3}), TypeError, "is no element"),
        (lambda s: SpatialData(images={"a b": s["blobs_image"], "c": 3}), TypeError, "is no element"),
    ],
)
def test_named_errors_that_change_nothing(call: Any, error: type[Exception], message: str) -> None:
    sdata, twin = blobs(length=32), blobs(length=32)
    with pytest.raises(error, match=message):
        call(sdata)
    assert_spatial_data_objects_are_identical(sdata, twin)


def test_all_faults_of_a_new_object_are_reported_at_once() -> None:
    image = Image2DModel.parse(np.ones((1, 2, 2)))
    with pytest.raises(ValidationError) as caught:
        SpatialData(images={"a b": image, "x": image, "X": image})
    assert {fault.path for fault in caught.value.faults} == {("images", "a b"), ("images", "X")}


def test_iteration_as_packages_of_earlier_releases_call_it() -> None:
    sdata = blobs(length=32)
    assert [name for _, name, _ in sdata._gen_elements()] == [name for _, name, _ in sdata.gen_spatial_elements()]
    assert len(list(sdata._gen_elements(include_tables=True))) == 9
    assert sdata._shared_keys == {name for _, name, _ in sdata.gen_elements()}
    assert {name: sdata._element_type_from_element_name(name) for name in ("blobs_points", "table")} == {
        "blobs_points": "points",
        "table": "tables",
    }
    with pytest.raises(ValueError, match="no element 'nowhere'"):
        sdata._element_type_from_element_name("nowhere")


def test_raccoon() -> None:
    sdata = raccoon()
    labels = np.asarray(sdata["segmentation"])
    assert sdata["raccoon"].shape == (3, *labels.shape)
    areas = np.bincount(labels.ravel(), minlength=10)[1:]
    circles = sdata["circles"]
    # Nothing lies on top of the parts from 7 on, so that their pixels are as many as their circles are large.
    np.testing.assert_allclose(np.pi * circles.radius.loc[7:] ** 2, areas[6:], rtol=0.02)
    y, x = np.nonzero(labels == 9)
    np.testing.assert_allclose([(x + 0.5).mean(), (y + 0.5).mean()], circles.geometry.loc[9].coords[0], atol=0.6)
    assert_spatial_data_objects_are_identical(sdata, raccoon())


def test_blobs_of_given_channels() -> None:
    sdata = blobs(length=32, c_coords=["a", "b"], extra_coord_system="um")
    assert sdata["blobs_image"].coords["c"].values.tolist() == ["a", "b"]
    assert sdata["table"].var_names.tolist() == ["channel_a_sum", "channel_b_sum"]
    assert set(sdata.coordinate_systems) == {"global", "um"}
    scaled = PointsModel.parse(np.zeros((1, 2)), transformations={"um": Scale([2, 2], ("x", "y"))})
    assert get_transformation(scaled, "um") == Scale([2, 2], ("x", "y"))
