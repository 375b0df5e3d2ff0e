"""Whatever operation of the file system fails, in whatever call that writes: each element is the old or the new one."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr.storage

from spatialdata.errors import StoreError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel
from spatialdata.models.kind import Kind
from spatialdata.store.delete import delete_element
from spatialdata.store.metadata import write_attrs, write_channel_names, write_transformations
from spatialdata.store.rename import rename_element
from spatialdata.store.repair import repair_store
from spatialdata.store.store import Store
from spatialdata.store.validate import validate_store
from spatialdata.store.write import write_element, write_store
from spatialdata.transformations import Translation, get_transformation

Facts = dict[str, Any]
Elements = dict[Kind, dict[str, Any]]


def elements(value: int) -> Elements:
    frame = pd.DataFrame({"x": [float(value)] * 3, "y": [1.0, 2.0, 3.0]})
    return {
        Kind.IMAGE: {"photo": Image2DModel.parse(np.full((1, 4, 4), value, dtype=np.uint8), c_coords=["old"])},
        Kind.LABELS: {"mask": Labels2DModel.parse(np.full((4, 4), value))},
        Kind.POINTS: {"molecules": PointsModel.parse(frame)},
    }


def facts_of(root: Path) -> Facts:
    """What a reader sees: the attributes, and for each element its values, channels and transformations."""
    store = Store.open(root)
    facts: Facts = {"attrs": store.attrs}
    for entry in store.entries():
        element = store.source(entry).load()
        if entry.kind is Kind.POINTS:
            values = element.compute()["x"].tolist()
        else:
            values = [
                np.unique(element.data.compute()).tolist(),
                list(element.coords["c"].values) if "c" in element.coords else [],
            ]
        systems = {name: repr(t) for name, t in get_transformation(element, get_all=True).items()}
        facts[str(entry)] = (values, systems)
    return facts


def replace(root: Path, kind: Kind, name: str) -> None:
    write_element(root, kind, name, elements(2)[kind][name], overwrite=True)


MOVED = {"moved": Translation([1], ("x",))}
CALLS: dict[str, Callable[[Path], Any]] = {
    "write": lambda root: write_store(root, elements(2), {"value": 2}, overwrite=True),
    "replace image": lambda root: write_element(
        root, Kind.IMAGE, "photo", elements(2)[Kind.IMAGE]["photo"], overwrite=True
    ),
    "replace points": lambda root: write_element(
        root, Kind.POINTS, "molecules", elements(2)[Kind.POINTS]["molecules"], overwrite=True
    ),
    "add labels": lambda root: write_element(root, Kind.LABELS, "more", elements(2)[Kind.LABELS]["mask"]),
    "delete": lambda root: delete_element(root, Kind.LABELS, "mask"),
    "rename": lambda root: rename_element(root, Kind.LABELS, "mask", "nuclei"),
    "transformations": lambda root: write_transformations(
        root, Kind.IMAGE, "photo", {"moved": Translation([1], ("x",))}
    ),
    "attributes": lambda root: write_attrs(root, {"value": 2}),
    "channels": lambda root: write_channel_names(root, "photo", ["new"]),
    "consolidate": lambda root: Store.open(root).consolidate(),
}


class Faults:
    """Counts operations of the file system, and lets some of them fail.

    Parameters
    ----------
    at
        The number of the operation that fails; -1 for none.
    error
        What it raises.
    lasting
        Whether all operations that need space fail from then on, as on a full disk.
    """

    def __init__(self, at: int, error: BaseException, *, lasting: bool) -> None:
        self.at, self.error, self.lasting = at, error, lasting
        self.count = 0

    def around(self, original: Callable[..., Any], *, needs_space: bool) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if isinstance(self.error, KeyboardInterrupt) and threading.current_thread() is not threading.main_thread():
                # Python interrupts the main thread only.
                return original(*args, **kwargs)
            reached = self.count
            self.count += 1
            if reached == self.at or (self.lasting and needs_space and 0 <= self.at < reached):
                raise self.error
            return original(*args, **kwargs)

        return call


def _opened_for_reading(*args: Any, **kwargs: Any) -> bool:
    mode = args[1] if len(args) > 1 else kwargs.get("mode", "r")
    return not set(mode) & set("wax+")


@contextlib.contextmanager
def faulty(faults: Faults) -> Iterator[None]:
    import pyarrow.parquet as pq

    real_open = pathlib.Path.open
    counted_open = faults.around(real_open, needs_space=True)

    def open_counted(*args: Any, **kwargs: Any) -> Any:
        return real_open(*args, **kwargs) if _opened_for_reading(*args, **kwargs) else counted_open(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pathlib.Path, "open", open_counted)
        for owner, name, needs_space in (
            (pathlib.Path, "replace", False),
            (pathlib.Path, "mkdir", True),
            (pathlib.Path, "unlink", False),
            (os, "fsync", True),
            (shutil, "rmtree", False),
            (pq, "write_table", True),
            (zarr.storage._local, "_put", True),
        ):
            patch.setattr(owner, name, faults.around(getattr(owner, name), needs_space=needs_space))
        yield


FAULTS: dict[str, tuple[Callable[[], BaseException], bool]] = {
    "fails once": (lambda: OSError(errno.EIO, "input/output error"), False),
    "disk full": (lambda: OSError(errno.ENOSPC, "no space left on device"), True),
    "interrupted": (KeyboardInterrupt, False),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_lost_at_any_fault(tmp_path: Path, call: str, fault: str) -> None:
    pristine = tmp_path / "pristine.zarr"
    write_store(pristine, elements(1), {"value": 1})
    old = facts_of(pristine)
    counting = Faults(-1, ValueError(), lasting=False)
    done = tmp_path / "done.zarr"
    shutil.copytree(pristine, done)
    with faulty(counting):
        CALLS[call](done)
    new = facts_of(done)
    make_error, lasting = FAULTS[fault]
    assert counting.count > 3
    # Every operation fails in turn; what else can happen is tried at some of them.
    step = 1 if fault == "fails once" else -(-counting.count // 8)
    for at in range(0, counting.count, step):
        folder = tmp_path / f"at-{at}"
        root = folder / "store.zarr"
        shutil.copytree(pristine, root)
        failed = True
        with faulty(Faults(at, make_error(), lasting=lasting)):
            try:
                CALLS[call](root)
                failed = False
            except (OSError, KeyboardInterrupt, StoreError):
                pass
        found = facts_of(root)
        assert found in (old, new), f"operation {at}"
        assert failed or found == new, f"operation {at}"
        repair_store(root)
        assert facts_of(root) == found
        assert [str(each) for each in validate_store(root)] == []
        assert [path.name for path in folder.iterdir()] == ["store.zarr"]
        shutil.rmtree(folder)
