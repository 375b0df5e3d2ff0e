"""The consolidated metadata: one JSON document that zarr reads, of which a change touches its own part."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreError
from spatialdata.models import Labels2DModel
from spatialdata.store.consolidated import Root, consolidate, stale_paths, without_consolidated
from spatialdata.store.documents import write_group
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.store.store import Store

Everything = Callable[[], SpatialData]
FILES = {2: ".zmetadata", 3: "zarr.json"}
# What folders may be called, also by others.
NAMES = st.text(st.characters(exclude_characters='/\\\0"', exclude_categories=("Cs",)), min_size=1, max_size=8).filter(
    lambda name: not name.startswith(".")
)


def labels() -> Any:
    return Labels2DModel.parse(np.eye(4, dtype=int))


def metadata_in(root: Path, zarr_format: int = 3) -> dict[str, Any]:
    document = json.loads((root / FILES[zarr_format]).read_bytes())
    found: dict[str, Any] = (document if zarr_format == 2 else document["consolidated_metadata"])["metadata"]
    return found


def as_others_write_it(root: Path, zarr_format: int = 3) -> None:
    """What zarr itself makes of a store."""
    zarr.consolidate_metadata(root, zarr_format=zarr_format)  # type: ignore[arg-type]


@pytest.mark.parametrize("by_others", [False, True])
@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.filterwarnings("ignore:Consolidated metadata:UserWarning", "ignore:Object at:UserWarning")
def test_each_change_leaves_what_a_full_walk_gathers(
    everything: Everything, tmp_path: Path, zarr_format: int, by_others: bool
) -> None:
    root = tmp_path / "store.zarr"
    everything().write(root, sdata_formats=[SpatialDataContainerFormatV01()] if zarr_format == 2 else None)
    if by_others:
        as_others_write_it(root, zarr_format)
    sdata = read_zarr(root)
    assert {entry.name for entry in Store.open(root).entries()} == {name for _, name, _ in everything().gen_elements()}

    def check() -> None:
        changed = (root / FILES[zarr_format]).read_bytes()
        assert stale_paths(root) == []
        consolidate(root)
        # Others spell a document in ways of their own.
        assert by_others or (root / FILES[zarr_format]).read_bytes() == changed

    sdata["more"] = labels()
    sdata.write_element("more")
    check()
    sdata.rename_element("more", "Zellen-1")
    check()
    sdata.delete_element_from_disk("Zellen-1")
    check()
    sdata.attrs["new"] = [1, {"ü": None}]
    sdata.write_attrs()
    check()
    assert Store.open(root).attrs == {**everything().attrs, "new": [1, {"ü": None}]}
    # zarr finds the same nodes in the document as without it.
    one, other = (
        zarr.open_group(root, mode="r", use_consolidated=use, zarr_format=zarr_format)  # type: ignore[arg-type]
        for use in (True, False)
    )
    assert dict(one.attrs) == dict(other.attrs)
    members = [{name: dict(node.attrs) for name, node in group.members(max_depth=None)} for group in (one, other)]
    assert members[0] == members[1]


def test_documents_of_other_elements_are_not_read(everything: Everything, tmp_path: Path) -> None:
    """A change takes what is known of the other elements as it stands, even if it is wrong."""
    root = tmp_path / "store.zarr"
    everything().write(root)
    before = metadata_in(root)
    (root / "images" / "photo" / "zarr.json").write_text("broken")
    with without_consolidated(root, "labels/mask"):
        assert "consolidated_metadata" not in json.loads((root / "zarr.json").read_bytes())
    assert metadata_in(root) == before


@settings(max_examples=30, deadline=None)
@given(names=st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
def test_names_of_any_kind(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("names") / "store.zarr"
    write_group(root, {"note": '"metadata":{\n"'})
    write_group(root / "images")
    for name in names:
        try:
            write_group(root / "images" / name, {"is": name})
        except (OSError, ValueError):
            # Not every file system takes every name.
            return
    consolidate(root)
    found = {f"images/{name}" for name in names}
    assert Root(root).elements() == {"images", *found}
    assert {path: node["attributes"].get("is") for path, node in metadata_in(root).items() if path != "images"} == {
        path: path.removeprefix("images/") for path in found
    }
    with without_consolidated(root, f"images/{names[0]}"):
        pass
    assert set(metadata_in(root)) == {"images", *found}


def test_an_empty_store_and_its_first_element(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    SpatialData().write(root)
    assert metadata_in(root) == {}
    sdata = read_zarr(root)
    sdata["mask"] = labels()
    sdata.write_element("mask")
    assert set(metadata_in(root)) == {"labels", "labels/mask", "labels/mask/s0"}
    sdata.delete_element_from_disk("mask")
    assert set(metadata_in(root)) == {"labels"}
    assert Store.open(root).has_consolidated_metadata()


def test_consolidated_metadata_that_are_no_object(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    SpatialData().write(root)
    document = json.loads((root / "zarr.json").read_bytes())
    document["consolidated_metadata"]["metadata"] = [1]
    (root / "zarr.json").write_text(json.dumps(document))
    with pytest.raises(StoreError, match="must be an object, not list"):
        read_zarr(root)
