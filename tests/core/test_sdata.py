"""The SpatialData object."""

from __future__ import annotations

import copy

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialdata import SpatialData, get_element_annotators
from spatialdata._core.accessors import register_accessor
from spatialdata._core.sources import InMemory
from spatialdata.errors import ValidationError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.models.kind import Kind
from spatialdata.transformations import Identity, Scale


def elements() -> dict[str, object]:
    obs = pd.DataFrame({"region": pd.Categorical(["labels"] * 2), "id": [1, 2]}, index=["a", "b"])
    return {
        "image": Image2DModel.parse(np.zeros((2, 8, 6))),
        "labels": Labels2DModel.parse(np.arange(48).reshape(8, 6) // 24 + 1),
        "points": PointsModel.parse(np.zeros((3, 2)), transformations={"um": Scale([2, 2], ("x", "y"))}),
        "circles": ShapesModel.parse(np.zeros((3, 2)), geometry=0, radius=1),
        "table": TableModel.parse(ad.AnnData(np.eye(2), obs=obs), "labels", "region", "id"),
    }


def whole() -> SpatialData:
    return SpatialData.init_from_elements(elements(), attrs={"a": 1})


def test_elements_find_their_kind() -> None:
    sdata = whole()
    assert list(sdata.images) == ["image"]
    assert list(sdata.labels) == ["labels"]
    assert list(sdata.points) == ["points"]
    assert list(sdata.shapes) == ["circles"]
    assert list(sdata.tables) == ["table"]
    assert [(kind, name) for kind, name, _ in sdata.gen_elements()] == [
        ("images", "image"),
        ("labels", "labels"),
        ("points", "points"),
        ("shapes", "circles"),
        ("tables", "table"),
    ]
    assert sdata.coordinate_systems == ["global", "um"]
    assert sdata.locate_element(sdata["points"]) == ["points/points"]
    assert sdata.locate_element(elements()["points"]) == []


def test_access_by_name() -> None:
    sdata = whole()
    assert sdata["image"] is sdata.images["image"]
    assert sdata.get("nothing", 3) == 3
    del sdata["image"]
    assert "image" not in sdata
    with pytest.raises(KeyError, match=r"'imag'.*Known: 'labels'"):
        sdata["imag"]
    with pytest.raises(KeyError, match="no element 'image'"):
        del sdata["image"]


@pytest.mark.parametrize("name", ["labels", "LABELS", "Circles"])
def test_names_are_unique_over_all_kinds_in_any_case(name: str) -> None:
    sdata = whole()
    image = sdata["image"]
    with pytest.raises(KeyError, match=r"taken in labels|only in upper and lower case"):
        sdata[name] = image
    with pytest.raises(KeyError):
        sdata.images = {name: image}
    assert list(sdata.images) == ["image"]


@pytest.mark.parametrize(
    ("name", "error"), [("", ValueError), ("a b", ValueError), ("__a", ValueError), (3, TypeError)]
)
def test_invalid_names(name, error) -> None:
    with pytest.raises(error, match=r"[Nn]ame"):
        whole()[name] = elements()["image"]


def test_the_wrong_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="kind 'labels' and cannot be put into 'images'"):
        SpatialData(images={"a": elements()["labels"]})
    with pytest.raises(TypeError, match=r"numpy\.ndarray is no element"):
        whole()["a"] = np.zeros(3)


def test_the_constructor_reports_all_faults() -> None:
    bad = elements()["points"]
    broken = bad.rename(columns={"x": "w"})
    with pytest.raises(ValidationError) as error:
        SpatialData(points={"a b": bad, "c": broken, "fine": bad})
    assert [fault.path for fault in error.value.faults] == [("points", "a b"), ("points", "c")]


def test_a_copy_shares_the_elements_but_not_the_shelf() -> None:
    sdata = whole()
    twin = copy.copy(sdata)
    assert twin["image"] is sdata["image"]
    del twin["image"]
    assert "image" in sdata
    assert twin.attrs is sdata.attrs


def test_sources_are_loaded_on_first_use() -> None:
    loads = []

    class Counting(InMemory):
        def load(self, **kwargs):
            loads.append(kwargs)
            return self.element

    sdata = SpatialData()
    sdata.shelf[Kind.SHAPES].put_source("circles", Counting(elements()["circles"]))
    assert sdata.coordinate_systems == ["global"]
    assert "circles" in repr(sdata)
    other = SpatialData(shapes=sdata.shapes)
    assert copy.copy(sdata).coordinate_systems == ["global"]
    assert loads == []
    assert sdata["circles"] is sdata["circles"]
    assert loads == [{}]
    assert len(other["circles"]) == 3


def test_renaming_coordinate_systems_may_swap() -> None:
    sdata = whole()
    sdata.rename_coordinate_systems({"um": "global", "global": "um"})
    assert list(sdata["points"].attrs["transform"]) == ["global"]
    assert sdata["image"].attrs["transform"] == {"um": Identity()}
    with pytest.raises(ValueError, match="no coordinate system 'px'"):
        sdata.rename_coordinate_systems({"px": "a"})
    with pytest.raises(ValueError, match="'um' is that of another"):
        sdata.rename_coordinate_systems({"global": "um"})
    assert sdata.coordinate_systems == ["global", "um"]


def test_filters_keep_elements_and_their_tables() -> None:
    sdata = whole()
    kept = sdata.filter_by_coordinate_system("global")
    assert [name for _, name, _ in kept.gen_elements()] == ["image", "labels", "circles", "table"]
    assert kept["labels"] is sdata["labels"]
    assert [name for _, name, _ in sdata.filter_by_coordinate_system("um").gen_elements()] == ["points"]
    assert [name for _, name, _ in sdata.subset(["points", "table"]).gen_elements()] == ["points", "table"]
    assert [name for _, name, _ in sdata.subset(["points"], filter_tables=False).gen_elements()] == ["points", "table"]


def test_tables_and_what_they_annotate() -> None:
    sdata = whole()
    assert SpatialData.get_annotated_regions(sdata["table"]) == ["labels"]
    assert SpatialData.get_instance_key_column(sdata["table"]).tolist() == [1, 2]
    sdata["table"].obs["region"] = pd.Categorical(["circles", "circles"])
    sdata.set_table_annotates_spatialelement("table", "circles")
    assert sdata["table"].uns["spatialdata_attrs"]["region"] == "circles"
    with pytest.raises(ValueError, match="no spatial element 'circle'"):
        sdata.set_table_annotates_spatialelement("table", "circle")
    with pytest.warns(UserWarning, match="'circles', which is not among"):
        SpatialData(tables={"table": sdata["table"]})


def test_writing_without_a_store_says_so() -> None:
    sdata = whole()
    with pytest.warns(UserWarning, match="not backed"):
        sdata.write_transformations()
    with pytest.raises(ValueError, match="not backed"):
        sdata.write_element("image")
    assert not sdata.is_backed()


def test_the_repr_shows_shapes_and_systems() -> None:
    text = repr(whole())
    assert "'image': DataArray[cyx] (2, 8, 6) float64" in text
    assert "'circles': GeoDataFrame shape: (3, 2) (2D shapes)" in text
    assert "'table': AnnData (2, 2)" in text
    assert "▸ 'um', with elements:\n        points (Points)" in text


def test_accessors() -> None:
    @register_accessor("probe")
    class Probe:
        def __init__(self, sdata: SpatialData) -> None:
            self.names = list(sdata.images)

    assert whole().probe.names == ["image"]
    assert "probe" in dir(whole())
    with pytest.raises(AttributeError, match="no attribute 'prob'"):
        _ = whole().prob


class Shy:
    """A source that must not be loaded."""

    def __init__(self, attrs: dict) -> None:
        self.attrs = attrs
        self.location = None

    def load(self, **_: object) -> object:
        raise AssertionError("loaded, though nothing of it is needed")


def test_mappings_move_to_another_object_without_loading_anything() -> None:
    given, taken = SpatialData(), SpatialData()
    given.images.put_source("image", Shy({"transform": {"global": Identity()}}))
    given.tables.put_source("table", Shy({}))
    taken.images, taken.tables = given.images, given.tables
    assert list(taken.images) == ["image"]
    assert list(taken.tables) == ["table"]
    assert not taken.images.is_loaded("image")
    assert not taken.tables.is_loaded("table")


def test_a_mapping_assigned_to_itself_keeps_its_elements() -> None:
    sdata = whole()
    sdata.images = sdata.images
    assert list(sdata.images) == ["image"]


def test_what_annotates_an_element_is_known_without_loading_tables() -> None:
    sdata = whole()
    keys = {"region_key": "region", "instance_key": "id"}
    sdata.tables.put_source("other", Shy({"spatialdata_attrs": {"region": ["labels", "circles"], **keys}}))
    sdata.tables.put_source("plain", Shy({}))
    assert get_element_annotators(sdata, "labels") == {"table", "other"}
    assert get_element_annotators(sdata, "circles") == {"other"}
    assert get_element_annotators(sdata, "points") == set()
