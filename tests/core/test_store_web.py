"""Stores on a web server that sends files and lists nothing, as most do."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata import SpatialData, read_zarr
from spatialdata.errors import StoreError
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.store.objects.snapshot import forget_snapshots
from spatialdata.testing import assert_elements_are_identical

Everything = Callable[[], SpatialData]


class SendsFiles(SimpleHTTPRequestHandler):
    """Answers 404 where a folder is asked for, and says when a file was replaced."""

    def list_directory(self, path: Any) -> None:
        self.send_error(404, f"{path} is not listed")

    def end_headers(self) -> None:
        file = Path(self.translate_path(self.path))
        if file.is_file():
            self.send_header("ETag", f'"{file.stat().st_mtime_ns}-{file.stat().st_size}"')
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web(backend: str, tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("aiohttp", reason="fsspec reads https with aiohttp")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(SendsFiles, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def annotated(everything: Everything) -> SpatialData:
    sdata = everything()
    table = sdata["table"]
    table.obsm["spatial"] = np.arange(8.0).reshape(4, 2)
    table.layers["doubled"] = table.X * 2
    table.uns["nested"] = {"colours": np.arange(3)}
    return sdata


@pytest.mark.parametrize(
    ("formats", "lazy"), [(None, True), (SpatialDataContainerFormatV01(), False)], ids=["lazy", "in-0.1"]
)
def test_a_table_has_all_its_parts(web: str, tmp_path: Path, annotated: SpatialData, formats: Any, lazy: bool) -> None:
    annotated.write(tmp_path / "store.zarr", sdata_formats=formats)
    table = read_zarr(f"{web}/store.zarr", lazy=lazy)["table"]
    for matrix in (table.X, table.layers["doubled"], table.obsm["spatial"]):
        assert hasattr(matrix, "compute") is lazy
    assert_elements_are_identical(annotated["table"], table.to_memory() if lazy else table)


@pytest.mark.parametrize(
    ("formats", "lazy"), [(None, True), (SpatialDataContainerFormatV01(), False)], ids=["lazy", "in-0.1"]
)
def test_what_was_opened_before_a_change_loads_what_is_there_now(
    web: str, tmp_path: Path, annotated: SpatialData, formats: Any, lazy: bool
) -> None:
    annotated.write(tmp_path / "store.zarr", sdata_formats=formats)
    opened = read_zarr(f"{web}/store.zarr", lazy=lazy)
    annotated["table"].uns["nested"] = {"more": np.arange(2000)}
    annotated["table"].obsm["more"] = np.ones((4, 1))
    annotated.write_element("table", overwrite=True)
    forget_snapshots()
    table = opened["table"]
    assert_elements_are_identical(annotated["table"], table.to_memory() if lazy else table)
    for name in ("photo", "molecules", "cells"):
        assert_elements_are_identical(annotated[name], opened[name])


def test_a_table_of_which_nobody_says_the_parts_is_an_error(web: str, tmp_path: Path, annotated: SpatialData) -> None:
    annotated.write(tmp_path / "store.zarr")
    opened = read_zarr(f"{web}/store.zarr")
    annotated.write(tmp_path / "store.zarr", overwrite=True, consolidate_metadata=False)
    forget_snapshots()
    with pytest.raises(StoreError, match=r"lists no obs and no var, and no consolidated metadata do"):
        opened["table"]
