"""Single elements of stores in archives and behind addresses are changed like those of stores in folders."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from upath import UPath

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import ElementNotFoundError, StoreBusyError, StoreError, StoreExistsError
from spatialdata.models import Image2DModel, Labels2DModel
from spatialdata.models.kind import Kind
from spatialdata.store.delete import delete_element
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.store.mirror import mirrored
from spatialdata.store.validate import validate_store
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import Scale, set_transformation

Everything = Callable[[], SpatialData]
Call = Callable[[SpatialData], Any]


@pytest.fixture(autouse=True)
def _forget_memory() -> Iterator[None]:
    yield
    forget()


def forget() -> None:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def labels(value: int, size: int = 4) -> Any:
    return Labels2DModel.parse(np.full((size, size), value))


def add(sdata: SpatialData) -> None:
    sdata["more"] = labels(7)
    sdata.write_element("more")


def replace(sdata: SpatialData) -> None:
    sdata["photo"] = Image2DModel.parse(np.arange(75).reshape(3, 5, 5).astype(np.uint8), c_coords=["a", "b", "c"])
    sdata.write_element("photo", overwrite=True)


def replace_by_what_it_was(sdata: SpatialData) -> None:
    """The new element is computed from the one that it takes the place of."""
    doubled = sdata["mask"].copy(data=sdata["mask"].data * 2)
    sdata["mask"] = doubled
    sdata.write_element("mask", overwrite=True)


def replace_frames(sdata: SpatialData) -> None:
    sdata["cells"] = sdata["cells"].iloc[::-1].copy()
    sdata["table"] = sdata["table"][::-1].copy()
    sdata.write_element(["cells", "table", "molecules"], overwrite=True)


def move(sdata: SpatialData) -> None:
    for name in ("photo", "cells", "molecules"):
        set_transformation(sdata[name], Scale([2, 3], ("x", "y")), "scaled")
    sdata.write_transformations()


def set_attrs(sdata: SpatialData) -> None:
    sdata.attrs["note"] = "changed"
    sdata.write_attrs()


CALLS: dict[str, Call] = {
    "add": add,
    "replace": replace,
    "replace by itself": replace_by_what_it_was,
    "replace frames": replace_frames,
    "delete": lambda sdata: sdata.delete_element_from_disk("pyramid"),
    "rename": lambda sdata: sdata.rename_element("cells", "nuclei"),
    "move": move,
    "attributes": set_attrs,
    "channels": lambda sdata: sdata.set_channel_names("photo", ["one", "two"], write=True),
    "consolidate": lambda sdata: sdata.write_consolidated_metadata(),
}


def fetched(place: Any, folder: Path) -> Path:
    """All files of a store, in a folder."""
    root = folder / "fetched.zarr"
    if str(place).endswith(".zip"):
        with zipfile.ZipFile(place) as packed:
            packed.extractall(root)
    else:
        path = UPath(place) if isinstance(place, str) else place
        path.fs.invalidate_cache()
        path.fs.get(path.path, str(root), recursive=True)
    return root


def files_in(root: Path) -> dict[str, Any]:
    """The files of a store by name; JSON is read, since its spelling does not matter."""
    return {
        file.relative_to(root).as_posix(): json.loads(file.read_bytes())
        if file.name == "zarr.json" or file.name.startswith(".z")
        else file.read_bytes()
        for file in root.rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        *((call, "memory") for call in CALLS),
        *((call, "memory, no index") for call in ("add", "replace by itself", "delete", "consolidate")),
        *((call, "memory, Zarr v2") for call in ("add", "replace", "delete", "rename", "move", "channels")),
        *((call, "zip") for call in ("add", "replace by itself", "delete", "rename", "channels")),
    ],
)
def test_each_call_does_what_it_does_in_a_folder(call: str, kind: str, everything: Everything, tmp_path: Path) -> None:
    place = str(tmp_path / "store.zarr.zip") if kind == "zip" else "memory://bucket/folder/store.zarr"
    options: dict[str, Any] = {"consolidate_metadata": kind != "memory, no index"}
    if kind == "memory, Zarr v2":
        options["sdata_formats"] = SpatialDataContainerFormatV01()
    here = tmp_path / "twin.zarr"
    for target in (place, here):
        everything().write(target, **options)
        sdata = read_zarr(target)
        CALLS[call](sdata)
        assert sdata.is_self_contained()
    assert_spatial_data_objects_are_identical(read_zarr(place), read_zarr(here))
    root = fetched(place, tmp_path)
    assert files_in(root) == files_in(here)
    assert [str(fault) for fault in validate_store(root)] == []


def test_names_that_are_taken_or_missing(everything: Everything) -> None:
    place = "memory://bucket/store.zarr"
    sdata = everything()
    sdata.write(place)
    with pytest.raises(StoreExistsError, match=r"memory://bucket/store.zarr has the element images/photo already"):
        sdata.write_element("photo")
    with pytest.raises(ValueError, match="nothing"):
        sdata.delete_element_from_disk("nothing")
    with pytest.raises(ElementNotFoundError, match=r"memory://bucket/store.zarr"):
        delete_element(place, Kind.IMAGE, "nothing")
    assert_spatial_data_objects_are_identical(read_zarr(place), everything())


def test_two_writers_of_this_machine(everything: Everything) -> None:
    place = "memory://bucket/store.zarr"
    sdata = everything()
    sdata.write(place)
    with mirrored(UPath(place)), pytest.raises(StoreBusyError, match=r"memory://bucket/store.zarr is being"):  # type: ignore[arg-type]
        set_attrs(sdata)
    set_attrs(sdata)
    assert read_zarr(place).attrs["note"] == "changed"


def seen(place: str) -> dict[str, Any]:
    """The values of each element, its channels and transformations."""
    sdata = read_zarr(place)
    found: dict[str, Any] = {"attrs": sdata.attrs}
    for _, name, element in sdata.gen_elements():
        channels = [str(each) for each in element.coords["c"].values] if "c" in element.coords else []
        found[name] = np.unique(element.data.compute()).tolist(), channels, repr(sdata.labels.get(name) is None)
    return found


SMALL_CALLS: dict[str, Call] = {
    "add": add,
    "replace": replace,
    "replace by itself": replace_by_what_it_was,
    "delete": lambda sdata: sdata.delete_element_from_disk("mask"),
    "rename": lambda sdata: sdata.rename_element("mask", "nuclei"),
    "attributes": set_attrs,
    "channels": lambda sdata: sdata.set_channel_names("photo", ["new"], write=True),
}


def tiny() -> SpatialData:
    image = Image2DModel.parse(np.full((1, 4, 4), 9, np.uint8), c_coords=["old"])
    return SpatialData(images={"photo": image}, labels={"mask": labels(1)}, attrs={"value": 1})


@pytest.mark.parametrize(
    ("call", "consolidate"),
    [
        *((call, True) for call in SMALL_CALLS if call != "replace"),
        ("replace", False),
        ("delete", False),
        ("rename", False),
    ],
)
def test_a_dropped_connection_loses_nothing(
    call: str, consolidate: bool, dropping: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After any number of changes at the address, a reader finds each element old or new; trying again completes it."""
    place = "memory://bucket/store.zarr"
    system = type(fsspec.filesystem("memory"))
    tiny().write(place, consolidate_metadata=consolidate)
    old = seen(place)
    SMALL_CALLS[call](read_zarr(place))
    new = seen(place)
    both = {**old, **new} if call == "rename" and not consolidate else None
    outcomes = []
    for allowed in range(100):
        forget()
        tiny().write(place, consolidate_metadata=consolidate)
        sdata = read_zarr(place)
        connection = dropping(allowed)
        with monkeypatch.context() as patch:
            for name in ("put_file", "pipe_file", "cp_file", "rm_file", "rm"):
                patch.setattr(system, name, connection.around(getattr(system, name)))
            with contextlib.suppress(StoreError):
                SMALL_CALLS[call](sdata)
        found = seen(place)
        assert found in (old, new, both), allowed
        outcomes.append(found == new)
        # Another change sweeps what was left.
        other = read_zarr(place)
        other["other"] = labels(3)
        other.write_element("other")
        assert {name: each for name, each in seen(place).items() if name != "other"} == found
        if connection.left > 0:
            break
    assert outcomes == sorted(outcomes)
    assert outcomes[-1]
    assert not outcomes[0]


class Wire:
    """Carries bytes between a client and a server, until it is cut."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.left: float = float("inf")
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            if self.left <= 0:
                client.close()
                continue
            server = socket.create_connection(self.server)
            self.open += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(2**14):
                self.left -= len(data)
                if self.left <= 0:
                    break
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        self.listening.close()
        for each in self.open:
            each.close()


@pytest.fixture
def bucket(backend: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Callable[[str], Any], Wire]]:
    """Makes paths in a bucket, which only they have the credentials of, and the wire to it."""
    s3fs = pytest.importorskip("s3fs", reason="fsspec reads s3 with s3fs")
    moto = pytest.importorskip("moto.server", reason="moto serves s3 in tests")
    # A connection that is cut stays so; there is nothing to wait for.
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    wire = Wire(server.get_host_and_port())
    options = {
        "key": "name",
        "secret": "word",
        "client_kwargs": {"endpoint_url": wire.address},
        "config_kwargs": {"retries": {"max_attempts": 1}},
    }
    fsspec.filesystem("s3", **options).makedirs(f"changes-{backend}", exist_ok=True)
    yield lambda path: UPath(f"s3://changes-{backend}/{path}", **options), wire
    wire.close()
    server.stop()


def test_over_s3(bucket: tuple[Callable[[str], Any], Wire], everything: Everything, tmp_path: Path) -> None:
    place = bucket[0]("folder/store.zarr")
    here = tmp_path / "twin.zarr"
    for target in (place, here):
        everything().write(target)
        sdata = read_zarr(target)
        for call in ("channels", "replace by itself", "add", "delete", "rename", "attributes"):
            CALLS[call](sdata)
        assert sdata.is_self_contained()
    assert_spatial_data_objects_are_identical(read_zarr(place), read_zarr(here))
    root = fetched(place, tmp_path)
    assert files_in(root) == files_in(here)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_wire_that_is_cut(bucket: tuple[Callable[[str], Any], Wire]) -> None:
    make, wire = bucket
    place = make("store.zarr")
    tiny().write(place)
    for left in (300, 40_000):
        sdata = read_zarr(place)
        before = np.unique(sdata["mask"].data.compute()).tolist()
        sdata["mask"] = Labels2DModel.parse(np.random.default_rng(left).integers(1, 2**31, (200, 200)))
        wire.left = left
        with pytest.raises(StoreError, match=r"store.zarr"):
            sdata.write_element("mask", overwrite=True)
        with pytest.raises(StoreError, match=r"store.zarr"):
            read_zarr(place)["photo"].data.compute()
        wire.left = float("inf")
        place.fs.invalidate_cache()
        assert np.unique(read_zarr(place)["mask"].data.compute()).tolist() == before
    sdata["mask"] = labels(5)
    sdata.write_element("mask", overwrite=True)
    assert np.unique(read_zarr(place)["mask"].data.compute()).tolist() == [5]
