"""Which names are taken in a store: by folders, by the consolidated metadata, and by what a dead writer left."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreExistsError
from spatialdata.models import Labels2DModel
from spatialdata.models.kind import Kind
from spatialdata.store.consolidated import Root
from spatialdata.store.delete import delete_element
from spatialdata.store.metadata import write_attrs
from spatialdata.store.store import Entry, Store
from spatialdata.store.write import write_element


def labels(size: int = 4) -> Any:
    return Labels2DModel.parse(np.eye(size, dtype=int))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "store.zarr"
    SpatialData(labels={name: labels() for name in ("mask", "other", "zellen")}).write(path)
    return path


def size_of(root: Path, name: str) -> int:
    return int(read_zarr(root)[name].sizes["y"])


def test_a_folder_that_the_consolidated_metadata_do_not_list_takes_its_name(root: Path) -> None:
    shutil.copytree(root / "labels" / "mask", root / "labels" / "Found")
    for name in ("Found", "found", "FOUND"):
        with pytest.raises(StoreExistsError, match="labels/Found"):
            write_element(root, Kind.LABELS, name, labels())
    assert Store.open(root).named("Found") == Entry(Kind.LABELS, "Found")
    sdata = read_zarr(root)
    sdata.delete_element_from_disk("Found")
    assert Store.open(root).named("Found") is None
    write_element(root, Kind.LABELS, "found", labels(5))
    assert size_of(root, "found") == 5


def test_a_folder_that_has_gone_keeps_its_name_in_the_consolidated_metadata(root: Path) -> None:
    shutil.rmtree(root / "labels" / "mask")
    store = Store.open(root)
    assert store.has(Entry(Kind.LABELS, "mask"))
    assert store.namesakes("MASK") == [Entry(Kind.LABELS, "mask")]
    with pytest.raises(StoreExistsError, match="labels/mask, so labels/Mask cannot"):
        write_element(root, Kind.LABELS, "Mask", labels())
    write_element(root, Kind.LABELS, "mask", labels(5), overwrite=True)
    assert size_of(root, "mask") == 5


def test_a_folder_that_is_no_node_takes_no_name(root: Path) -> None:
    (root / "labels" / "notes").mkdir()
    (root / "labels" / "notes" / "todo.txt").write_text("later")
    store = Store.open(root)
    assert not store.has(Entry(Kind.LABELS, "notes"))
    assert store.named("notes") is None
    assert store.namesakes("notes") == []


def interrupted(root: Path, name: str, *, has_stage: bool) -> None:
    """What a process leaves that is killed between setting an old element aside and putting the new one in place."""
    folder = root / "labels" / name
    if has_stage:
        SpatialData(labels={name: labels(6)}).write(root.with_name("new.zarr"))
        (root.with_name("new.zarr") / "labels" / name).rename(folder.with_name(f".{name}.stage"))
    folder.rename(folder.with_name(f".{name}.backup"))


@pytest.mark.parametrize("has_stage", [False, True])
@pytest.mark.parametrize("change", ["write", "delete", "attrs"])
def test_a_writer_finishes_the_swaps_of_others_first(root: Path, change: str, has_stage: bool) -> None:
    # While a writer swaps, the consolidated metadata are away.
    Root(root).drop()
    interrupted(root, "mask", has_stage=has_stage)
    if change == "write":
        write_element(root, Kind.LABELS, "further", labels())
    elif change == "delete":
        delete_element(root, Kind.LABELS, "other")
    else:
        write_attrs(root, {"a": 1})
    assert (root / "labels" / "mask" / "zarr.json").is_file()
    assert not (root / "labels" / ".mask.backup").exists()
    assert size_of(root, "mask") == (6 if has_stage else 4)


@pytest.mark.parametrize("has_stage", [False, True])
def test_an_interrupted_swap_of_the_same_element_is_finished_before_it_is_changed(root: Path, has_stage: bool) -> None:
    interrupted(root, "mask", has_stage=has_stage)
    with pytest.raises(StoreExistsError, match="labels/mask already"):
        write_element(root, Kind.LABELS, "mask", labels(5))
    assert size_of(root, "mask") == (6 if has_stage else 4)
    interrupted(root, "zellen", has_stage=False)
    delete_element(root, Kind.LABELS, "zellen")
    assert [entry.name for entry in Store.open(root).entries()] == ["mask", "other"]


def test_an_object_deletes_what_a_dead_writer_has_set_aside(root: Path) -> None:
    sdata = read_zarr(root)
    Root(root).drop()
    interrupted(root, "mask", has_stage=False)
    with pytest.raises(ValueError, match=r"'nothing'.*mask"):
        sdata.delete_element_from_disk("nothing")
    sdata.delete_element_from_disk("mask")
    assert sorted(read_zarr(root).labels) == ["other", "zellen"]


def test_many_labels_are_listed_and_read(root: Path) -> None:
    """The list of very many is stored without indents."""
    for number in range(2000):
        (root / "labels" / f"a_rather_long_name_{number}").mkdir()
    write_element(root, Kind.LABELS, "last", labels())
    text = (root / "labels" / "zarr.json").read_text()
    assert "\n" not in text
    assert '"last"' in text
    assert size_of(root, "last") == 4
