"""Stores of obstore, alone and behind zarr, lead to the paths that they read from, with their credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
import zarr
import zarr.storage

from spatialdata import SpatialData, read_zarr
from spatialdata.store.files import path_of
from spatialdata.testing import assert_spatial_data_objects_are_identical

stores = pytest.importorskip("obstore.store", reason="stores of obstore need obstore")

Everything = Callable[[], SpatialData]
OPTIONS: dict[str, Any] = {"bucket": "bucket", "access_key_id": "name", "secret_access_key": "word"}


def test_folders(tmp_path: Path, everything: Everything) -> None:
    everything().write(tmp_path / "store.zarr")
    made = stores.LocalStore(tmp_path / "store.zarr")
    held = zarr.storage.ObjectStore(made, read_only=True)
    for location in (made, held, zarr.open_group(held, mode="r")):
        sdata = read_zarr(location)
        assert sdata.path == tmp_path / "store.zarr"
    assert_spatial_data_objects_are_identical(sdata, everything())
    assert path_of(zarr.open_group(held, mode="r")["images"]) == tmp_path / "store.zarr" / "images"


@pytest.fixture
def endpoint() -> Iterator[str]:
    pytest.importorskip("s3fs", reason="fsspec reads s3 with s3fs")
    moto = pytest.importorskip("moto.server", reason="moto serves s3 in tests")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_buckets_keep_their_credentials(endpoint: str, everything: Everything) -> None:
    options = {**OPTIONS, "bucket": "bucket-of-obstore", "endpoint": endpoint, "region": "us-east-1"}
    system = fsspec.filesystem("s3", key="name", secret="word", client_kwargs={"endpoint_url": endpoint})
    system.mkdir("bucket-of-obstore")
    made = stores.S3Store(prefix="folder/store.zarr", client_options={"allow_http": True}, **options)
    everything().write(path_of(made))
    found = read_zarr(zarr.storage.ObjectStore(made))
    assert str(found.path) == "s3://bucket-of-obstore/folder/store.zarr"
    assert_spatial_data_objects_are_identical(found, everything())


def test_what_a_store_says_of_itself() -> None:
    bare: Any = path_of(stores.S3Store(session_token="t", region="eu-west-1", **OPTIONS))
    assert (bare.protocol, bare.path.strip("/")) == ("s3", "bucket")
    assert bare.storage_options == {
        "key": "name",
        "secret": "word",
        "token": "t",
        "client_kwargs": {"region_name": "eu-west-1"},
    }
    public: Any = path_of(
        stores.S3Store("b", prefix="p/", skip_signature=True, virtual_hosted_style_request=True, request_payer=True)
    )
    assert str(public) == "s3://b/p"
    assert public.storage_options == {
        "anon": True,
        "requester_pays": True,
        "config_kwargs": {"s3": {"addressing_style": "virtual"}},
    }
    web: Any = path_of(
        stores.HTTPStore.from_url("http://localhost:1/a", client_options={"default_headers": {"k": "v"}})
    )
    assert str(web) == "http://localhost:1/a"
    assert web.storage_options == {"client_kwargs": {"headers": {"k": "v"}}}


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (stores.MemoryStore, "a MemoryStore"),
        (stores.LocalStore, "a LocalStore"),
        (lambda: stores.S3Store(unsigned_payload=True, **OPTIONS), "with unsigned_payload"),
        (lambda: stores.S3Store(client_options={"default_headers": {"k": "v"}}, **OPTIONS), "sends headers of its own"),
        (lambda: stores.S3Store("bucket", region="x", credential_provider=lambda: None), "asks a function"),
    ],
)
def test_what_no_path_says_is_refused(make: Callable[[], Any], what: str) -> None:
    with pytest.raises(TypeError, match=rf"Found .*{what}.*UPath\("):
        read_zarr(make())
