"""A store is written completely or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata
import dask.array as da
import geopandas
import numpy as np
import pandas as pd
import pytest
import zarr

from spatialdata.errors import (
    ElementNotFoundError,
    InvalidAttributeError,
    StoreBusyError,
    StoreError,
    StoreExistsError,
    StoreNotFoundError,
    TransformationError,
    ValidationError,
)
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.models.kind import Kind
from spatialdata.store.delete import delete_element
from spatialdata.store.lock import exclusive
from spatialdata.store.metadata import write_attrs, write_channel_names, write_transformations
from spatialdata.store.options import WriteOptions
from spatialdata.store.store import Entry, Store
from spatialdata.store.write import write_element, write_store
from spatialdata.transformations import Affine, Identity, MapAxis, Scale, Translation, get_transformation

Elements = dict[Kind, dict[str, Any]]


def image(seed: int = 0, **kwargs: Any) -> Any:
    pixels = np.random.default_rng(seed).integers(1, 255, (3, 64, 48), dtype=np.uint8)
    return Image2DModel.parse(da.from_array(pixels, chunks=(1, 32, 32)), **kwargs)


def all_kinds() -> Elements:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.random(50), "y": rng.random(50), "gene": [f"g{i % 4}" for i in range(50)]})
    obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 3), "id": [0, 1, 2]}, index=["a", "b", "c"])
    return {
        Kind.IMAGE: {"photo": image(scale_factors=[2])},
        Kind.LABELS: {"mask": Labels2DModel.parse(rng.integers(0, 5, (20, 30)))},
        Kind.POINTS: {"molecules": PointsModel.parse(frame, feature_key="gene", npartitions=3)},
        Kind.SHAPES: {"cells": ShapesModel.parse(rng.random((3, 2)), geometry=0, radius=1.0)},
        Kind.TABLE: {"table": TableModel.parse(anndata.AnnData(np.ones((3, 2)), obs=obs), "cells", "region", "id")},
    }


def files_of(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """A store that must outlive whatever the test does; nothing may lie beside it afterwards."""
    folder = tmp_path / "folder"
    root = folder / "store.zarr"
    write_store(root, all_kinds(), {"old": True})
    before = files_of(root)
    yield root
    assert files_of(root) == before
    assert names_in(folder) == ["store.zarr"]


class Broken(Exception):
    pass


def failing(error: type[BaseException]) -> Any:
    def fail(block: Any, block_info: Any = None) -> Any:
        if block_info and block_info[None]["chunk-location"][0] == 2:
            raise error
        return block

    return Image2DModel.parse(image().data.map_blocks(fail, dtype=np.uint8))


@pytest.mark.parametrize("error", [Broken, KeyboardInterrupt])
def test_old_store_outlives_failures(old: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        write_store(old, {Kind.IMAGE: {"first": image(), "second": failing(error)}}, {}, overwrite=True)


@pytest.mark.parametrize("error", [Broken, KeyboardInterrupt])
def test_old_element_outlives_failures(old: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        write_element(old, Kind.IMAGE, "photo", failing(error), overwrite=True)
    with pytest.raises(error):
        write_element(old, Kind.IMAGE, "other", failing(error))
    assert names_in(old / "images") == ["photo", "zarr.json"]


def test_nothing_is_left_of_a_new_store_that_failed(tmp_path: Path) -> None:
    with pytest.raises(Broken):
        write_store(tmp_path / "new" / "store.zarr", {Kind.IMAGE: {"second": failing(Broken)}}, {})
    assert names_in(tmp_path / "new") == []


def test_an_error_of_a_library_names_the_element(old: Path) -> None:
    with pytest.raises(StoreError, match=r"images/second cannot be written: Full: disk full\. Nothing was changed"):
        write_store(
            old,
            {Kind.IMAGE: {"second": failing(type("Full", (OSError,), {"__str__": lambda _: "disk full"}))}},
            {},
            overwrite=True,
        )


KILLED = """
import os, sys, time
import numpy as np, dask.array as da
from spatialdata.models import Image2DModel
from spatialdata.models.kind import Kind
from spatialdata.store.write import write_element, write_store

def slow(block):
    if block.size:
        os.write(1, b"writing\\n")  # in one piece, also from several threads
        time.sleep(0.05)
    return block

pixels = da.ones((200, 64, 48), chunks=(1, 64, 48), dtype=np.uint8)
image = Image2DModel.parse(pixels.map_blocks(slow, dtype=np.uint8))
if sys.argv[2] == "store":
    write_store(sys.argv[1], {Kind.IMAGE: {"new": image}}, {}, overwrite=True)
else:
    write_element(sys.argv[1], Kind.IMAGE, "photo", image, overwrite=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("what", ["store", "element"])
def test_old_store_outlives_a_killed_writer(tmp_path: Path, what: str) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, all_kinds(), {})
    before = files_of(root)
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(root), what], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert {path: sha for path, sha in files_of(root).items() if "/." not in path} == before
    assert len(Store.open(root).entries()) == 5
    # The next writer is not held up by the lock of the dead one, and clears what it left.
    write_store(root, {Kind.IMAGE: {"photo": image(3)}}, {}, overwrite=True)
    assert names_in(tmp_path) == ["store.zarr"]
    assert Store.open(root).entries() == [Entry(Kind.IMAGE, "photo")]


@pytest.mark.parametrize("has_stage", [True, False])
def test_an_interrupted_swap_of_a_store_is_finished(tmp_path: Path, has_stage: bool) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, {Kind.IMAGE: {"old": image()}}, {})
    write_store(tmp_path / "other", {Kind.IMAGE: {"new": image()}}, {})
    root.rename(tmp_path / ".store.zarr.backup")
    if has_stage:
        (tmp_path / "other").rename(tmp_path / ".store.zarr.stage")
    assert Store.open(root).entries() == [Entry(Kind.IMAGE, "new" if has_stage else "old")]
    assert not (tmp_path / ".store.zarr.backup").exists()


def test_an_interrupted_swap_of_an_element_is_finished(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, {Kind.IMAGE: {"photo": image(1)}}, {}, consolidate=False)
    write_store(tmp_path / "other", {Kind.IMAGE: {"photo": image(2)}}, {})
    (root / "images" / "photo").rename(root / "images" / ".photo.backup")
    (tmp_path / "other" / "images" / "photo").rename(root / "images" / ".photo.stage")
    store = Store.open(root)
    assert store.entries() == [Entry(Kind.IMAGE, "photo")]
    assert np.array_equal(store.source(store.find("photo")).load().data.compute(), image(2).data.compute())
    assert names_in(root / "images") == ["photo", "zarr.json"]


def test_only_one_writer(old: Path) -> None:
    with exclusive(old):
        for write in (
            lambda: write_store(old, {}, {}, overwrite=True),
            lambda: write_element(old, Kind.IMAGE, "other", image()),
            lambda: delete_element(old, Kind.IMAGE, "photo"),
            lambda: write_attrs(old, {}),
        ):
            with pytest.raises(StoreBusyError, match="being written to by another"):
                write()
        assert len(Store.open(old).entries()) == 5


def test_a_second_thread_gets_an_error(tmp_path: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    def wait(block: Any) -> Any:
        if block.size:
            started.set()
            go_on.wait(30)
        return block

    slow = Image2DModel.parse(image().data.map_blocks(wait, dtype=np.uint8))
    thread = threading.Thread(target=write_store, args=(tmp_path / "s.zarr", {Kind.IMAGE: {"slow": slow}}, {}))
    thread.start()
    try:
        assert started.wait(30)
        with pytest.raises(StoreBusyError):
            write_store(tmp_path / "s.zarr", {}, {})
    finally:
        go_on.set()
        thread.join()
    assert Store.open(tmp_path / "s.zarr").entries() == [Entry(Kind.IMAGE, "slow")]


def test_same_input_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_store(tmp_path / name, all_kinds(), {"k": [1, 2]})
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_the_store_that_elements_come_from_can_be_overwritten(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, all_kinds(), {})
    store = Store.open(root)
    values = store.source(store.find("photo")).load()
    expected = [level["image"].data.compute() for level in values.children.values()]
    molecules = store.source(store.find("molecules")).load()
    before = molecules.compute()
    write_store(root, {Kind.IMAGE: {"photo": values}, Kind.POINTS: {"molecules": molecules}}, {}, overwrite=True)
    again = Store.open(root)
    found = [level["image"].data.compute() for level in again.source(again.find("photo")).load().children.values()]
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    pd.testing.assert_frame_equal(again.source(again.find("molecules")).load().compute(), before)


def test_an_element_can_be_written_over_itself(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, all_kinds(), {})
    store = Store.open(root)
    molecules = store.source(store.find("molecules")).load()
    before = molecules.compute()
    write_element(root, Kind.POINTS, "molecules", molecules.assign(twice=molecules["x"] * 2), overwrite=True)
    after = store.source(store.find("molecules")).load().compute()
    pd.testing.assert_frame_equal(after.drop(columns="twice"), before)
    assert np.array_equal(after["twice"], before["x"] * 2)


def test_something_at_the_target_is_not_overwritten(old: Path) -> None:
    with pytest.raises(StoreExistsError, match="overwrite=True") as caught:
        write_store(old, {}, {})
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, FileExistsError)
    with pytest.raises(StoreExistsError, match="images/photo already"):
        write_element(old, Kind.IMAGE, "photo", image())
    with pytest.raises(StoreExistsError, match="has the element images/photo, so images/PHOTO"):
        write_element(old, Kind.IMAGE, "PHOTO", image())
    with pytest.raises(StoreExistsError, match="Names are unique across kinds"):
        write_element(old, Kind.LABELS, "photo", all_kinds()[Kind.LABELS]["mask"], overwrite=True)


@pytest.mark.parametrize("is_file", [True, False])
def test_what_is_no_store_is_never_overwritten(tmp_path: Path, is_file: bool) -> None:
    target = tmp_path / "thesis"
    if is_file:
        target.write_text("precious")
    else:
        target.mkdir()
        (target / "chapter.txt").write_text("precious")
    with pytest.raises(ValueError, match="is no Zarr store and is not overwritten"):
        write_store(target, {}, {}, overwrite=True)
    assert names_in(tmp_path) == ["thesis"]
    assert (target if is_file else target / "chapter.txt").read_text() == "precious"


def test_an_empty_folder_is_replaced_if_that_is_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "new"
    target.mkdir()
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        write_store(target, {}, {})
    write_store(target, {}, {}, overwrite=True)
    assert Store.open(target).path == target


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("precious")
    with pytest.raises(StoreError, match=r"the folder .*notes\.txt cannot be made"):
        write_store(tmp_path / "notes.txt" / "new.zarr", {}, {})
    assert names_in(tmp_path) == ["notes.txt"]


def test_nobody_is_told_to_overwrite_what_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "chapter.txt").write_text("precious")
    with pytest.raises(StoreExistsError, match=r"holds 'chapter\.txt'") as caught:
        write_store(tmp_path, {}, {})
    assert "overwrite=True" not in str(caught.value)


def test_all_faults_are_reported_before_anything_is_written(tmp_path: Path) -> None:
    bare = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy([1], [2]))
    elements = {
        Kind.IMAGE: {"a b": image(), "x": all_kinds()[Kind.LABELS]["mask"]},
        Kind.SHAPES: {"X": bare, "x": all_kinds()[Kind.SHAPES]["cells"]},
    }
    with pytest.raises(ValidationError) as caught:
        write_store(tmp_path / "s.zarr", elements, {})
    text = str(caught.value)
    assert "'a b' contains ' '" in text
    assert "differ only in upper and lower case" in text
    assert "'x' is used by several elements" in text
    assert "images/x: is of the kind labels" in text
    assert "shapes/X" in text
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("attrs", "fault"),
    [
        ({"a": {"b": np.int64(1)}}, "attrs/a/b: a value of type int64"),
        ({"a": {1: 2}}, "attrs/a: the key 1 is of type int"),
        ({"a": [1, float("nan")]}, "attrs/a/1: nan is no JSON"),
        ({"spatialdata_attrs": {}}, "reserved"),
        ({"a": {1, 2}}, "a value of type set"),
    ],
)
def test_attributes_must_be_json(old: Path, attrs: dict[Any, Any], fault: str) -> None:
    with pytest.raises(InvalidAttributeError, match=fault) as caught:
        write_attrs(old, attrs)
    assert isinstance(caught.value, TypeError)


def test_transformations_must_fit_the_axes(tmp_path: Path) -> None:
    wrong = image(transformations={"global": MapAxis({"x": "z"})})
    with pytest.raises(ValidationError, match="images/wrong: MapAxis"):
        write_store(tmp_path / "s.zarr", {Kind.IMAGE: {"wrong": wrong}}, {})


def test_inputs_are_not_changed(tmp_path: Path) -> None:
    elements = all_kinds()
    table = elements[Kind.TABLE]["table"]
    table.obs["words"] = ["b", "a", "b"]
    cells = elements[Kind.SHAPES]["cells"]
    transform = cells.attrs["transform"]
    before = (table.copy(), cells.copy(), dict(cells.attrs))
    write_store(tmp_path / "s.zarr", elements, {})
    pd.testing.assert_frame_equal(table.obs, before[0].obs)
    assert table.uns == before[0].uns
    pd.testing.assert_frame_equal(cells, before[1])
    assert cells.attrs == before[2]
    assert cells.attrs["transform"] is transform


@pytest.mark.parametrize("version", ["0.2", "0.1"])
def test_metadata_alone_are_rewritten(tmp_path: Path, sample_data: Path, version: str) -> None:
    import shutil

    name = {"0.2": "upstream-0.7.3-container-v02", "0.1": "upstream-container-v01"}[version]
    root = tmp_path / "store.zarr"
    shutil.copytree(sample_data / "stores" / name / "store.zarr", root)
    before = {
        path: sha for path, sha in files_of(root).items() if not path.endswith((".json", ".zattrs", ".zmetadata"))
    }
    turn = Affine([[0, -1, 0], [1, 0, 0], [0, 0, 1]], input_axes=("x", "y"), output_axes=("x", "y"))
    for entry in Store.open(root).entries():
        if entry.kind is not Kind.TABLE:
            write_transformations(root, entry.kind, entry.name, {"a": turn, "b": Scale([2], axes=("x",))})
    write_channel_names(root, "image2d_multiscale", ["p", "q"])
    write_attrs(root, {"new": 1})
    after = {path: sha for path, sha in files_of(root).items() if not path.endswith((".json", ".zattrs", ".zmetadata"))}
    assert after == before
    store = Store.open(root)
    assert store.version == version
    assert store.attrs == {"new": 1}
    assert store.has_consolidated_metadata()
    for entry in store.entries():
        if entry.kind is Kind.TABLE:
            continue
        found = get_transformation(store.source(entry).load(), get_all=True)
        assert set(found) == {"a", "b"}
        assert np.array_equal(found["a"].to_affine_matrix(("x", "y"), ("x", "y")), turn.matrix) or entry.kind in (
            Kind.IMAGE,
            Kind.LABELS,
        )
        assert found["b"].to_affine_matrix(("x", "y"), ("x", "y"))[0, 0] == 2
    assert store.source(store.find("image2d_multiscale")).load()["scale2"]["image"].c.to_numpy().tolist() == ["p", "q"]
    # The consolidated metadata agree with the documents: zarr reads only them.
    group = zarr.open_group(root, mode="r", use_consolidated=True)
    assert group["points/points2d"].attrs["coordinateTransformations"][1]["output"]["name"] == "b"
    assert group.attrs["new"] == 1


def test_metadata_of_what_is_not_there(old: Path) -> None:
    with pytest.raises(ElementNotFoundError, match="Did you mean 'photo'"):
        write_transformations(old, Kind.IMAGE, "phto", {"a": Identity()})
    with pytest.raises(ElementNotFoundError, match="of the kind points"):
        delete_element(old, Kind.POINTS, "photo")
    with pytest.raises(ValueError, match="has 3 channels, but 2 names"):
        write_channel_names(old, "photo", ["a", "b"])
    with pytest.raises(ValueError, match="at least one transformation"):
        write_transformations(old, Kind.IMAGE, "photo", {})
    with pytest.raises(ValueError, match="has no transformations"):
        write_transformations(old, Kind.TABLE, "table", {"a": Identity()})
    with pytest.raises(TransformationError):
        write_transformations(old, Kind.SHAPES, "cells", {"a": MapAxis({"x": "z"})})
    with pytest.raises(StoreNotFoundError):
        write_element(old / "no", Kind.IMAGE, "photo", image())


def test_elements_come_and_go(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, {}, {})
    for kind, group in all_kinds().items():
        for name, element in group.items():
            write_element(root, kind, name, element)
    store = Store.open(root)
    assert [str(entry) for entry in store.entries()] == [
        "images/photo",
        "labels/mask",
        "points/molecules",
        "shapes/cells",
        "tables/table",
    ]
    assert json.loads((root / "labels" / "zarr.json").read_text())["attributes"] == {"ome": {"labels": ["mask"]}}
    delete_element(root, Kind.LABELS, "mask")
    assert json.loads((root / "labels" / "zarr.json").read_text())["attributes"] == {"ome": {"labels": []}}
    assert len(Store.open(root).entries()) == 4
    group = zarr.open_group(root, mode="r", use_consolidated=True)
    assert sorted(group["images"].group_keys()) == ["photo"]
    assert list(group["labels"].group_keys()) == []


def test_old_containers_are_extended_in_their_version(tmp_path: Path, sample_data: Path) -> None:
    import shutil

    root = tmp_path / "store.zarr"
    shutil.copytree(sample_data / "stores" / "upstream-container-v01" / "store.zarr", root)
    before = files_of(root)
    with pytest.raises(ValueError, match=r"container version 0\.1; elements for 0\.2 cannot be written into it"):
        write_element(root, Kind.IMAGE, "photo", image(), options=WriteOptions.of())
    assert files_of(root) == before
    write_element(root, Kind.IMAGE, "photo", image())
    source = Store.open(root).source(Entry(Kind.IMAGE, "photo"))
    assert source.version == "0.2"
    np.testing.assert_array_equal(source.load().data.compute(), image().data.compute())
    delete_element(root, Kind.LABELS, "labels2d")
    assert "labels2d" not in {entry.name for entry in Store.open(root).entries()}
    assert "labels2d" not in json.loads((root / "labels" / ".zattrs").read_text())["labels"]


def test_a_link_to_a_store_stays_a_link(tmp_path: Path) -> None:
    write_store(tmp_path / "real", {}, {})
    try:
        (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links on this machine")
    write_store(tmp_path / "link", {Kind.IMAGE: {"photo": image()}}, {}, overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert Store.open(tmp_path / "real").entries() == [Entry(Kind.IMAGE, "photo")]


def test_settings_choose_the_geometry_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as pq

    from spatialdata.config import settings

    monkeypatch.setattr(settings, "shapes_geometry_encoding", "geoarrow")
    cells = {Kind.SHAPES: {"cells": all_kinds()[Kind.SHAPES]["cells"]}}
    for name, given, expected in (("a", None, "point"), ("b", "WKB", "WKB")):
        write_store(tmp_path / name, cells, {}, options=WriteOptions.of(geometry_encoding=given))
        metadata = pq.read_metadata(tmp_path / name / "shapes" / "cells" / "shapes.parquet").metadata
        assert json.loads(metadata[b"geo"])["columns"]["geometry"]["encoding"] == expected
    with pytest.raises(ValueError, match="Valid: 'WKB', 'geoarrow'"):
        write_store(tmp_path / "c", cells, {}, options=WriteOptions.of(geometry_encoding="wkb"))


def test_translation_is_attached_again(tmp_path: Path) -> None:
    write_store(
        tmp_path / "s", {Kind.IMAGE: {"photo": image(transformations={"g": Translation([1, 2], ("x", "y"))})}}, {}
    )
    store = Store.open(tmp_path / "s")
    found = get_transformation(store.source(store.find("photo")).load(), "g")
    assert isinstance(found, Translation)
    assert found == Translation([1, 2], ("x", "y"))


def test_an_array_that_was_written_anew_is_opened_again(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, {Kind.IMAGE: {"photo": image(1)}}, {})
    store = Store.open(root)
    lazy = store.source(store.find("photo")).load().data + 1
    rechunked = Image2DModel.parse(image(2).data.rechunk((3, 17, 20)))
    write_element(root, Kind.IMAGE, "photo", rechunked, overwrite=True)
    assert np.array_equal(lazy.compute(), image(2).data.compute() + 1)
    write_element(root, Kind.IMAGE, "photo", Image2DModel.parse(image(2).data[:, :10]), overwrite=True)
    with pytest.raises(StoreError, match=r"shape \(3, 64, 48\).*now has shape \(3, 10, 48\).*read the element again"):
        lazy.compute()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_terminals_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(block: Any) -> Any:
        time.sleep(0.2 if block.size else 0)
        return block

    slow = Image2DModel.parse(image().data.map_blocks(slowly, dtype=np.uint8))
    for name, stream in (("a", Terminal()), ("b", io.StringIO())):
        monkeypatch.setattr(sys, "stderr", stream)
        write_store(tmp_path / name, {Kind.IMAGE: {"photo": slow}}, {})
        monkeypatch.undo()
        assert ("Writing" in stream.getvalue()) is stream.isatty()
        assert ("images/photo" in stream.getvalue()) is stream.isatty()
