"""Stores in archives and behind addresses are written, read and overwritten like those in folders."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import numpy as np
import pytest
import zarr
from upath import UPath

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreError, StoreExistsError, StoreNotFoundError
from spatialdata.models import Labels2DModel
from spatialdata.store.files import path_of, stage_elsewhere
from spatialdata.testing import assert_spatial_data_objects_are_identical

Everything = Callable[[], SpatialData]


@pytest.fixture(autouse=True)
def _forget_memory() -> Iterator[None]:
    yield
    forget()


def forget() -> None:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture(params=["memory", "zip"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory://bucket/folder/store.zarr" if request.param == "memory" else str(tmp_path / "store.zarr.zip")


def small(value: int) -> SpatialData:
    return SpatialData(labels={"mask": Labels2DModel.parse(np.full((4, 4), value))}, attrs={"value": value})


def test_everything_comes_back(everything: Everything, place: str) -> None:
    sdata = everything()
    sdata.write(place)
    assert sdata.is_self_contained()
    back = read_zarr(place)
    assert "cannot be read" not in repr(back)
    assert_spatial_data_objects_are_identical(back, everything())
    assert_spatial_data_objects_are_identical(read_zarr(UPath(place) if "://" in place else Path(place)), back)
    assert list(read_zarr(place, selection="shapes/c*").shapes) == ["cells"]


def test_overwrite(place: str) -> None:
    small(1).write(place)
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        small(2).write(place)
    assert read_zarr(place).attrs == {"value": 1}
    sdata = read_zarr(place)
    before = sdata["mask"]
    sdata.attrs["value"] = 3
    sdata["more"] = Labels2DModel.parse(np.full((4, 4), 9))
    sdata.write(place, overwrite=True)
    back = read_zarr(place)
    assert back.attrs == {"value": 3}
    assert set(back.labels) == {"mask", "more"}
    assert int(before.data.compute().sum()) == 16


def test_a_failing_writer_leaves_the_old_store(place: str) -> None:
    small(1).write(place)
    broken = SpatialData(
        labels={"mask": Labels2DModel.parse(small(1)["mask"].data.map_blocks(lambda _: 1 / 0, dtype=int))}
    )
    with pytest.raises(ZeroDivisionError):
        broken.write(place, overwrite=True)
    assert_spatial_data_objects_are_identical(read_zarr(place), small(1))


def test_what_is_no_store_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFoundError, match=r"memory://nothing/here.zarr is no SpatialData store"):
        read_zarr("memory://nothing/here.zarr")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(StoreNotFoundError, match=r"readme.txt"):
        read_zarr(tmp_path / "other.zip")
    with pytest.raises(FileNotFoundError):
        read_zarr(tmp_path / "missing.zarr.zip")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(StoreError):
        read_zarr(tmp_path / "text.zip")
    with pytest.raises(StoreExistsError, match="is no Zip archive"):
        small(1).write(tmp_path / "text.zip", overwrite=True)
    fsspec.filesystem("memory").pipe("/bucket/notes/readme.txt", b"hello")
    with pytest.raises(StoreExistsError, match="is no Zarr store"):
        small(1).write("memory://bucket/notes", overwrite=True)


def test_a_dropped_connection_loses_nothing(dropping: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """After any number of changes at the address, a reader finds the old or the new store, whole."""
    place = "memory://bucket/store.zarr"
    system = type(fsspec.filesystem("memory"))
    outcomes = []
    for allowed in range(200):
        forget()
        small(1).write(place)
        connection = dropping(allowed)
        with monkeypatch.context() as patch:
            for name in ("put_file", "cp_file", "rm_file", "rm"):
                patch.setattr(system, name, connection.around(getattr(system, name)))
            with contextlib.suppress(StoreError):
                small(2).write(place, overwrite=True)
        found = read_zarr(place)
        outcomes.append(found.attrs["value"])
        assert_spatial_data_objects_are_identical(found, small(outcomes[-1]))
        if connection.left > 0:
            break
        small(3).write(place, overwrite=True)
        assert_spatial_data_objects_are_identical(read_zarr(place), small(3))
        assert not stage_elsewhere(UPath(place)).exists()
    assert outcomes == sorted(outcomes)
    assert (outcomes[0], outcomes[-1]) == (1, 2)
    assert len(outcomes) > 10


def test_archives_are_the_same_bytes(tmp_path: Path, everything: Everything) -> None:
    digests = set()
    for name in ("a.zarr.zip", "b.zarr.zip"):
        everything().write(tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr.zip", "b.zarr.zip"]


def test_zarr_reads_the_archive(tmp_path: Path, everything: Everything) -> None:
    everything().write(tmp_path / "store.zarr.zip")
    group = zarr.open_group(zarr.storage.ZipStore(tmp_path / "store.zarr.zip", read_only=True), mode="r")
    np.testing.assert_array_equal(group["images/photo/s0"][...], everything()["photo"].data.compute())  # type: ignore[index, arg-type]
    assert_spatial_data_objects_are_identical(read_zarr(group), everything())


def test_an_archive_of_a_folder(tmp_path: Path, everything: Everything) -> None:
    import shutil

    everything().write(tmp_path / "in" / "store.zarr")
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "in")
    assert_spatial_data_objects_are_identical(read_zarr(tmp_path / "packed.zip"), everything())


def test_a_query_of_a_remote_store(everything: Everything) -> None:
    everything().write("memory://bucket/store.zarr")
    sdata = read_zarr("memory://bucket/store.zarr")
    box = {"axes": ("x", "y"), "min_coordinate": [0, 0], "max_coordinate": [1, 1], "target_coordinate_system": "global"}
    local = everything().query.bounding_box(**box)
    assert_spatial_data_objects_are_identical(sdata.query.bounding_box(**box), local)


def test_stores_of_zarr_in_a_folder(tmp_path: Path, everything: Everything) -> None:
    everything().write(tmp_path / "store.zarr")
    sdata = read_zarr(zarr.storage.LocalStore(tmp_path / "store.zarr", read_only=True))
    assert sdata.path == tmp_path / "store.zarr"
    assert_spatial_data_objects_are_identical(sdata, everything())
    # What a FsspecStore says of itself.
    by_fsspec: Any = SimpleNamespace(fs=fsspec.filesystem("file"), path=(tmp_path / "store.zarr").as_posix())
    assert path_of(by_fsspec) == tmp_path / "store.zarr"
    assert path_of(SimpleNamespace(store=by_fsspec, path="images")) == tmp_path / "store.zarr" / "images"


@pytest.fixture
def server(backend: str, tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("aiohttp", reason="fsspec reads https with aiohttp")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_over_http(server: str, tmp_path: Path, everything: Everything) -> None:
    everything().write(tmp_path / "store.zarr")
    sdata = read_zarr(f"{server}/store.zarr")
    assert_spatial_data_objects_are_identical(sdata, everything())
    with pytest.raises(StoreNotFoundError):
        read_zarr(f"{server}/other.zarr")
    with pytest.raises(StoreError, match="cannot be written to"):
        everything().write(f"{server}/new.zarr")
    for call in (lambda: sdata.write_element("cells", overwrite=True), sdata.write_attrs):
        with pytest.raises(StoreError, match=r"web servers are read only. Give a folder or a bucket"):
            call()


@pytest.fixture
def bucket(backend: str) -> Iterator[Callable[[str], Any]]:
    """Makes paths in a bucket of a server that wants credentials, which only the paths have."""
    pytest.importorskip("s3fs", reason="fsspec reads s3 with s3fs")
    moto = pytest.importorskip("moto.server", reason="moto serves s3 in tests")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"key": "name", "secret": "word", "client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
    # The servers of one process share what is in them.
    fsspec.filesystem("s3", **options).mkdir(f"bucket-{backend}")
    yield lambda path: UPath(f"s3://bucket-{backend}/{path}", **options)
    server.stop()


def test_over_s3(bucket: Callable[[str], Any], everything: Everything) -> None:
    place = bucket("folder/store.zarr")
    everything().write(place)
    sdata = read_zarr(place)
    assert_spatial_data_objects_are_identical(sdata, everything())
    sdata.attrs["again"] = True
    # The credentials stay with the path of the object.
    sdata.write(sdata.path, overwrite=True)
    assert read_zarr(place).attrs["again"] is True
    with pytest.raises(StoreNotFoundError):
        read_zarr(bucket("other.zarr"))
