"""What lies behind addresses is read in few requests, by obstore as by fsspec, and what goes wrong there is said."""

from __future__ import annotations

import logging
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from spatialdata import SpatialData, bounding_box_query, read_zarr
from spatialdata.errors import StoreError, StoreNotFoundError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.store.objects.credentials import NotTranslatedError, options_for
from spatialdata.store.objects.objects import objects_of
from spatialdata.store.objects.ranged import RangedFile, tail_of
from spatialdata.store.objects.spans import merged_spans, spans_of_groups
from spatialdata.testing import assert_spatial_data_objects_are_identical

BOX: dict[str, Any] = {
    "axes": ("x", "y"),
    "min_coordinate": [10, 10],
    "max_coordinate": [30, 30],
    "target_coordinate_system": "global",
}


@pytest.fixture(autouse=True)
def _forget_memory() -> Iterator[None]:
    yield
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


class Web:
    """A web server of a folder that notes what it is asked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sends_parts = True
        self.tag: Callable[[Path], str | None] = lambda file: f'"{file.stat().st_mtime_ns}-{file.stat().st_size}"'
        # A status, headers and content that are sent whatever is asked.
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        self.asked: list[tuple[str, str]] = []
        self.sent = 0
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_HEAD(self) -> None:
                self.respond()

            def do_GET(self) -> None:
                self.respond()

            def respond(self) -> None:
                web.asked.append((self.command, self.path))
                status, headers, data = web.answer or web.found(self.path, self.headers)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    web.sent += len(data)
                    self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def found(self, name: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
        file = self.root / name.lstrip("/")
        if not file.is_file():
            return 404, {}, b""
        data = file.read_bytes()
        tag = self.tag(file)
        said = {} if tag is None else {"ETag": tag}
        if tag is not None and headers.get("If-Match") not in (None, tag):
            return 412, said, b""
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", headers.get("Range") or "")
        if asked is None or not self.sends_parts:
            return 200, said, data
        first, last = asked.groups()
        start = int(first) if first else max(0, len(data) - int(last))
        stop = min(len(data), int(last) + 1) if first and last else len(data)
        return 206, {**said, "Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"}, data[start:stop]

    def count(self, call: Callable[[], Any]) -> tuple[Any, int, int]:
        """What a call returns, and the numbers of its requests and of the bytes that were sent."""
        self.asked.clear()
        self.sent = 0
        result = call()
        return result, len(self.asked), self.sent

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    pytest.importorskip("aiohttp", reason="fsspec reads https with aiohttp")
    server = Web(tmp_path)
    yield server
    server.close()


def large() -> SpatialData:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.random(200_000) * 100, "y": rng.random(200_000) * 100})
    frame["gene"] = pd.Categorical(rng.choice(["a", "b", "c"], len(frame)))
    image = rng.integers(0, 255, (1, 128, 128), dtype=np.uint8)
    return SpatialData(
        images={"photo": Image2DModel.parse(image, scale_factors=[2, 2], chunks=(1, 32, 32))},
        labels={f"mask{number}": Labels2DModel.parse(np.full((4, 4), number)) for number in range(20)},
        points={"molecules": PointsModel.parse(frame, feature_key="gene")},
        shapes={"cells": ShapesModel.parse(rng.random((20_000, 2)) * 100, geometry=0, radius=0.1)},
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "store.zarr"
    large().write(path)
    return path


def test_few_requests(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening is one request whatever the number of elements; a box fetches the parts that it needs, and few others."""
    pytest.importorskip("obstore", reason="obstore takes fewer requests than fsspec")
    pytest.importorskip("aiohttp", reason="fsspec reads https with aiohttp")
    monkeypatch.setattr("spatialdata.store.objects.snapshot._SECONDS", 3600.0)
    web = Web(written.parent)
    try:
        here = read_zarr(written)
        sdata, requests, _ = web.count(lambda: read_zarr(f"{web.url}/store.zarr"))
        assert requests == 1
        points, requests, sent = web.count(lambda: bounding_box_query(sdata["molecules"], **BOX).compute())
        pd.testing.assert_frame_equal(points, bounding_box_query(here["molecules"], **BOX).compute())
        # Two questions where the files are, the footer, the categories, coordinates of a part, the parts.
        assert requests <= 7
        assert sent < (written / "points/molecules/points.parquet/part.0.parquet").stat().st_size
        image, requests, _ = web.count(lambda: bounding_box_query(sdata["photo"], **BOX)["scale0"]["image"].compute())
        np.testing.assert_array_equal(image, bounding_box_query(here["photo"], **BOX)["scale0"]["image"].compute())
        assert requests == 1
        shapes, requests, sent = web.count(lambda: sdata.query.bounding_box(**BOX, filter_table=False)["cells"])
        assert shapes.equals(bounding_box_query(here["cells"], **BOX))
        assert requests <= 9
        assert "cannot be read" not in repr(sdata)
        _, requests, _ = web.count(lambda: repr(sdata))
        assert requests <= 2
    finally:
        web.close()


def test_the_same_through_both(backend: str, web: Web, everything: Callable[[], SpatialData]) -> None:
    everything().write(web.root / "store.zarr")
    sdata = read_zarr(f"{web.url}/store.zarr", lazy=True)
    assert type(objects_of(UPath(web.url))).__name__ == {"obstore": "Bucket", "fsspec": "FsspecObjects"}[backend]
    assert_spatial_data_objects_are_identical(read_zarr(f"{web.url}/store.zarr"), everything())
    np.testing.assert_array_equal(sdata["table"].X.compute(), np.eye(4))
    assert sdata["table"].obs["id"].tolist() == [0, 1, 2, 3]


def test_old_stores(backend: str, web: Web, everything: Callable[[], SpatialData]) -> None:
    from spatialdata.store.formats import SpatialDataContainerFormatV01

    everything().write(web.root / "store.zarr", sdata_formats=SpatialDataContainerFormatV01())
    assert_spatial_data_objects_are_identical(read_zarr(f"{web.url}/store.zarr"), everything())


def test_a_web_server_that_tells_nothing(backend: str, web: Web, everything: Callable[[], SpatialData]) -> None:
    everything().write(web.root / "store.zarr", consolidate_metadata=False)
    with pytest.raises(StoreError, match="has no consolidated metadata, and its web server does not list what it has"):
        read_zarr(f"{web.url}/store.zarr")


def test_a_server_that_sends_no_parts(backend: str, web: Web) -> None:
    web.sends_parts = False
    large().write(web.root / "store.zarr")
    sdata = read_zarr(f"{web.url}/store.zarr")
    found = bounding_box_query(sdata["molecules"], **BOX).compute()
    here = read_zarr(web.root / "store.zarr")
    pd.testing.assert_frame_equal(found, bounding_box_query(here["molecules"], **BOX).compute())
    assert bounding_box_query(sdata["cells"], **BOX).equals(bounding_box_query(here["cells"], **BOX))
    assert sdata["cells"].equals(here["cells"])


@pytest.mark.parametrize("tag", ["strong", "weak", "none"])
def test_tags_of_all_kinds(tag: str, backend: str, web: Web, everything: Callable[[], SpatialData]) -> None:
    web.tag = {"strong": lambda _: '"one"', "weak": lambda _: 'W/"one"', "none": lambda _: None}[tag]
    everything().write(web.root / "store.zarr")
    assert_spatial_data_objects_are_identical(read_zarr(f"{web.url}/store.zarr"), everything())


def test_points_that_were_replaced(backend: str, web: Web) -> None:
    """Parts of the old file are never put together with parts of the new one."""
    large().write(web.root / "store.zarr")
    sdata = read_zarr(f"{web.url}/store.zarr")
    lazy = sdata["molecules"]
    assert len(lazy) == 200_000
    other = read_zarr(web.root / "store.zarr")
    other["molecules"] = PointsModel.parse(large()["molecules"].compute().iloc[::-3])
    other.write_element("molecules", overwrite=True)
    with pytest.raises(StoreError, match=r"part.0.parquet was rewritten after it had been opened"):
        lazy.compute()
    assert len(read_zarr(f"{web.url}/store.zarr")["molecules"]) == len(other["molecules"])


def test_an_element_that_was_replaced_since_the_store_was_opened(
    backend: str, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spatialdata.store.objects.snapshot._SECONDS", -1.0)
    SpatialData(labels={"mask": Labels2DModel.parse(np.full((4, 4), 1))}).write(web.root / "store.zarr")
    sdata = read_zarr(f"{web.url}/store.zarr")
    other = read_zarr(web.root / "store.zarr")
    other["mask"] = Labels2DModel.parse(np.full((9, 7), 2))
    other.write_element("mask", overwrite=True)
    assert sdata["mask"].shape == (9, 7)
    assert int(sdata["mask"].data.compute().sum()) == 9 * 7 * 2


def test_what_this_process_changes_is_seen_at_once() -> None:
    place = "memory://bucket/store.zarr"
    SpatialData(labels={"mask": Labels2DModel.parse(np.full((4, 4), 1))}).write(place)
    sdata, other = read_zarr(place), read_zarr(place)
    other["mask"] = Labels2DModel.parse(np.full((9, 7), 2))
    other.write_element("mask", overwrite=True)
    assert sdata["mask"].shape == (9, 7)


def test_lazy_elements_go_to_other_processes(backend: str, web: Web, everything: Callable[[], SpatialData]) -> None:
    everything().write(web.root / "store.zarr")
    sdata = read_zarr(f"{web.url}/store.zarr")
    for lazy in (sdata["photo"].data, sdata["molecules"]):
        copy = pickle.loads(pickle.dumps(lazy))
        np.testing.assert_array_equal(np.asarray(copy.compute()), np.asarray(lazy.compute()))


@pytest.mark.parametrize("window", ["a window", "a channel"])
def test_a_forked_process_leaves_the_threads_of_its_parent_alone(
    window: str, web: Web, everything: Callable[[], SpatialData], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another process than the first, neither obstore nor arrays that were opened before are used."""
    everything().write(web.root / "store.zarr")
    pixels = read_zarr(f"{web.url}/store.zarr")["photo"].data
    wanted = pixels[:, 2:9] if window == "a window" else pixels[0]
    expected = wanted.compute(scheduler="synchronous")
    monkeypatch.setattr("spatialdata.store.objects.by_obstore._first_process", lambda: -1)
    monkeypatch.setattr("spatialdata.store.stored_array.opened_stamp", lambda _: "another process")
    used: list[str] = []
    bucket = "spatialdata.store.objects.by_obstore.Bucket"
    for name in ("read", "zarr_store"):
        monkeypatch.setattr(f"{bucket}.{name}", lambda *_, **__: used.append(name))  # noqa: B023
    np.testing.assert_array_equal(wanted.compute(scheduler="synchronous"), expected)
    assert used == []


ANSWERS: dict[str, tuple[tuple[int, dict[str, str], bytes], str]] = {
    "denied": ((403, {}, b""), "access is denied; give credentials"),
    "unknown": ((401, {}, b""), "access is denied; give credentials"),
    "broken": ((500, {}, b""), "cannot be opened"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_one_clear_error(case: str, backend: str, web: Web) -> None:
    web.answer, message = ANSWERS[case]
    with pytest.raises(StoreError, match=message) as caught:
        read_zarr(f"{web.url}/store.zarr")
    assert not isinstance(caught.value, StoreNotFoundError)


def test_nothing_there(backend: str, web: Web) -> None:
    with pytest.raises(StoreNotFoundError, match=r"store.zarr is no SpatialData store"):
        read_zarr(f"{web.url}/store.zarr")


REGION: dict[str, tuple[int, dict[str, str], bytes]] = {
    "moved": (301, {}, b"<Error><Code>PermanentRedirect</Code></Error>"),
    "signed for another": (400, {}, b"<Error><Code>AuthorizationHeaderMalformed</Code></Error>"),
}


@pytest.mark.parametrize("case", REGION)
def test_a_bucket_in_another_region(case: str, web: Web) -> None:
    pytest.importorskip("obstore", reason="fsspec finds the region by itself")
    web.answer = REGION[case]
    place = UPath("s3://bucket/store.zarr", key="name", secret="word", client_kwargs={"endpoint_url": web.url})
    with pytest.raises(StoreError, match="the bucket lies in another region; give client_kwargs"):
        read_zarr(place)


def test_secrets_are_said_nowhere(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("obstore", reason="fsspec keeps its own secrets")
    pytest.importorskip("s3fs", reason="fsspec reads s3 with s3fs")
    caplog.set_level(logging.DEBUG, logger="spatialdata")
    web.answer = (403, {}, b"")
    options = {"key": "name", "secret": "HUSH", "client_kwargs": {"endpoint_url": web.url}}
    for further in ({}, {"config_kwargs": {"user_agent_extra": "HUSH"}}):
        place = UPath("s3://bucket/store.zarr", **options, **further)
        with pytest.raises(StoreError) as caught:
            read_zarr(place)
        assert "HUSH" not in str(caught.value)
    store = objects_of(UPath("s3://bucket/store.zarr", **options))
    assert "HUSH" not in repr(store) + repr(store.zarr_store(UPath("s3://bucket/store.zarr", **options)))
    assert "HUSH" not in caplog.text
    assert "config_kwargs.user_agent_extra is not known" in caplog.text


KEYS = {"access_key_id": "name", "secret_access_key": "word"}
HERE = {"endpoint": "http://here:9000", "client_options": {"allow_http": True}, "virtual_hosted_style_request": False}
TRANSLATED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "s3",
        "bucket",
        {"key": "name", "secret": "word", "endpoint_url": "http://here:9000"},
        {"bucket": "bucket", **KEYS, **HERE, "region": "us-east-1"},
    ),
    (
        "s3",
        "bucket",
        {
            "token": "pass",
            "client_kwargs": {
                "aws_access_key_id": "name",
                "aws_secret_access_key": "word",
                "endpoint_url": "http://here:9000",
                "region_name": "eu-west-1",
            },
            "default_block_size": 5,
        },
        {"bucket": "bucket", **KEYS, **HERE, "region": "eu-west-1", "session_token": "pass"},
    ),
    (
        "s3a",
        "bucket",
        {"anon": True, "client_kwargs": {"region_name": "eu-west-1"}, "requester_pays": True},
        {
            "bucket": "bucket",
            "skip_signature": True,
            "region": "eu-west-1",
            "virtual_hosted_style_request": True,
            "client_options": {},
            "request_payer": True,
        },
    ),
    ("gs", "bucket", {"token": "anon", "project": "p"}, {"bucket": "bucket", "skip_signature": True}),
    (
        "gcs",
        "bucket",
        {"token": {"type": "service_account", "private_key": "k"}},
        {"bucket": "bucket", "service_account_key": '{"type": "service_account", "private_key": "k"}'},
    ),
    (
        "az",
        "box",
        {"account_name": "us", "account_key": "k"},
        {"container_name": "box", "account_name": "us", "account_key": "k"},
    ),
    (
        "abfs",
        "box",
        {"account_name": "us", "anon": True},
        {"container_name": "box", "account_name": "us", "skip_signature": True},
    ),
    (
        "https",
        "https://host",
        {"client_kwargs": {"headers": {"Authorization": "Bearer t"}}},
        {"url": "https://host", "client_options": {"default_headers": {"Authorization": "Bearer t"}}},
    ),
]


@pytest.fixture
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_KEY_ID", "PROFILE", "REGION", "DEFAULT_REGION", "ENDPOINT_URL", "ENDPOINT_URL_S3"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)


@pytest.mark.usefixtures("_bare_environment")
@pytest.mark.parametrize(("protocol", "bucket", "options", "expected"), TRANSLATED)
def test_options_of_fsspec(protocol: str, bucket: str, options: dict[str, Any], expected: dict[str, Any]) -> None:
    found = options_for(protocol, bucket, options)
    assert found.pop("retry_config")["max_retries"] == 4
    assert found == expected
    stores = pytest.importorskip("obstore.store", reason="obstore has to take them")
    if protocol in ("s3", "s3a"):
        stores.S3Store(**found)
    elif protocol in ("az", "abfs") and "account_key" not in found:
        stores.AzureStore(**found)


UNTRANSLATED: list[tuple[str, str, dict[str, Any], str]] = [
    ("s3", "bucket", {"key": "name", "secret": "word"}, "region"),
    ("s3", "bucket", {"client_kwargs": {"region_name": "eu-west-1"}}, "credentials"),
    ("s3", "bucket", {"profile": "lab", "anon": True}, "profile"),
    ("s3", "a.bucket", {"anon": True, "client_kwargs": {"region_name": "eu-west-1"}}, "dot"),
    ("s3", "bucket", {"anon": True, "client_kwargs": {"verify": "/ca.pem"}}, r"client_kwargs\.verify"),
    ("s3", "bucket", {"anon": True, "client_kwargs": "x"}, "client_kwargs is no mapping"),
    ("gs", "bucket", {}, "credentials"),
    ("gs", "bucket", {"token": "cloud"}, "credentials"),
    ("az", "box", {"connection_string": "secret"}, "connection_string"),
    ("az", "box@account", {"anon": True}, "account"),
    ("az", "box", {"account_name": "us"}, "credentials"),
    ("http", "http://host", {"client_kwargs": {"auth": "x"}}, r"client_kwargs\.auth"),
]


@pytest.mark.usefixtures("_bare_environment")
@pytest.mark.parametrize(("protocol", "bucket", "options", "reason"), UNTRANSLATED)
def test_options_that_only_fsspec_knows(protocol: str, bucket: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotTranslatedError, match=reason):
        options_for(protocol, bucket, options)


@pytest.mark.usefixtures("_bare_environment")
def test_credentials_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "name")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert "access_key_id" not in options_for("s3", "bucket", {})
    monkeypatch.setenv("AWS_PROFILE", "lab")
    with pytest.raises(NotTranslatedError, match="botocore"):
        options_for("s3", "bucket", {})


@pytest.mark.parametrize(
    "address", ["https://host/a.zarr?token=t", "https://me:word@host/a.zarr", "https://host/a%2Fb"]
)
def test_addresses_that_only_fsspec_knows(address: str) -> None:
    pytest.importorskip("obstore", reason="without it, fsspec knows all")
    assert type(objects_of(UPath(address))).__name__ == "FsspecObjects"


SPANS = st.lists(st.tuples(st.integers(0, 2_000_000), st.integers(1, 600_000)), max_size=12)


@given(SPANS)
def test_merged_spans_hold_all(pairs: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in pairs]
    merged = merged_spans(spans)
    assert merged == sorted(merged)
    assert all(any(first <= start and stop <= last for first, last in merged) for start, stop in spans)
    assert len(merged) <= len(spans)


@given(st.lists(st.tuples(st.integers(0, 999_999), st.integers(0, 400_000), st.booleans()), max_size=8))
def test_a_file_in_parts_reads_like_a_file(steps: list[tuple[int, int, bool]]) -> None:
    content = np.random.default_rng(0).integers(0, 255, 1_000_000, dtype=np.uint8).tobytes()
    path: Any = UPath("memory://bucket/file")
    path.fs.pipe_file(path.path, content)
    file = RangedFile(path, tail_of(path))
    for start, length, beforehand in steps:
        if beforehand:
            file.fetch([(start, min(start + length, len(content)))] if length else [])
        file.seek(start)
        assert file.read(length) == content[start : start + length]
        assert file.tell() == min(len(content), start + length)


def test_columns_are_where_the_footer_says(written: Path) -> None:
    """With no byte known but those of some columns, pyarrow reads these columns."""
    part = written / "points/molecules/points.parquet/part.0.parquet"
    metadata = pq.read_metadata(part)
    content = part.read_bytes()
    spans = spans_of_groups(metadata, [1], ["x", "gene"])
    kept = bytearray(len(content))
    for start, stop in [*spans, (len(content) - 64 * 1024, len(content))]:
        kept[start:stop] = content[start:stop]
    import io

    table = pq.ParquetFile(io.BytesIO(bytes(kept))).read_row_group(1, columns=["x", "gene"])
    assert table.equals(pq.ParquetFile(part).read_row_group(1, columns=["x", "gene"]))
    assert sum(stop - start for start, stop in spans) < len(content) / 2
