"""Several processes that write to one store at once: each has its turn or an error, and nothing is mixed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialdata.errors import StoreBusyError, StoreError
from spatialdata.models import Labels2DModel
from spatialdata.models.kind import Kind
from spatialdata.store import lock
from spatialdata.store.lock import exclusive
from spatialdata.store.store import Store
from spatialdata.store.validate import validate_store
from spatialdata.store.write import write_store

WRITER = """
import json, sys, time, warnings
import numpy as np
from spatialdata.errors import SpatialDataError
from spatialdata.models import Labels2DModel
from spatialdata.models.kind import Kind
from spatialdata.store.metadata import write_attrs
from spatialdata.store.rename import rename_element
from spatialdata.store.delete import delete_element
from spatialdata.store.write import write_element, write_store

def labels(value):
    return Labels2DModel.parse(np.full((64, 64), value), chunks=(16, 16))

CALLS = {
    "a": lambda root, value: write_element(root, Kind.LABELS, "a", labels(value), overwrite=True),
    "b": lambda root, value: write_element(root, Kind.LABELS, "b", labels(value), overwrite=True),
    "new": lambda root, value: write_element(root, Kind.LABELS, f"new{value}", labels(value)),
    "write": lambda root, value: write_store(
        root, {Kind.LABELS: {name: labels(value) for name in "abc"}}, {"value": value}, overwrite=True
    ),
    "attrs": lambda root, value: write_attrs(root, {"value": value}),
    "delete": lambda root, value: delete_element(root, Kind.LABELS, "b"),
    "rename": lambda root, value: rename_element(root, Kind.LABELS, "b", f"b{value}"),
}
write_store(sys.argv[1], {Kind.LABELS: {"a": labels(0)}}, {})
CALLS["a"](sys.argv[1], 1)
print("ready", flush=True)
for line in sys.stdin:
    call, root, value, start = json.loads(line)
    time.sleep(max(start - time.time(), 0))
    try:
        CALLS[call](root, value)
        print("done", flush=True)
    except SpatialDataError as error:
        print(type(error).__name__, flush=True)
"""


class Writer:
    """A process that makes calls at given times."""

    def __init__(self, scratch: Path) -> None:
        command = [sys.executable, "-W", "ignore", "-c", WRITER, str(scratch)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, call: str, root: Path, value: int, start: float) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([call, str(root), value, start]) + "\n")
        self.process.stdin.flush()


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Writer]]:
    folder = tmp_path_factory.mktemp("writers")
    found = [Writer(folder / f"{number}.zarr") for number in range(2)]
    assert [writer.answer() for writer in found] == ["ready", "ready"]
    yield found
    for writer in found:
        writer.process.communicate()


def labels(value: int) -> Any:
    return Labels2DModel.parse(np.full((64, 64), value), chunks=(16, 16))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pristine") / "store.zarr"
    write_store(root, {Kind.LABELS: {name: labels(9) for name in "abc"}}, {"value": 9})
    return root


def values_in(root: Path) -> dict[str, Any]:
    """The values of each element, of which a whole one has a single one."""
    store = Store.open(root)
    found = {entry.name: np.unique(store.source(entry).load().data.compute()) for entry in store.entries()}
    assert all(len(values) == 1 for values in found.values())
    return {"attrs": store.attrs["value"], **{name: int(values[0]) for name, values in found.items()}}


# What each call makes of what was there before.
EFFECTS: dict[str, Any] = {
    "a": lambda old, value: {**old, "a": value},
    "b": lambda old, value: {**old, "b": value},
    "new": lambda old, value: {**old, f"new{value}": value},
    "write": lambda _old, value: {"attrs": value, **dict.fromkeys("abc", value)},
    "attrs": lambda old, value: {**old, "attrs": value},
    "delete": lambda old, _value: {name: each for name, each in old.items() if name != "b"},
    "rename": lambda old, value: {f"b{value}" if name == "b" else name: each for name, each in old.items()},
}


@pytest.mark.parametrize(
    "calls",
    [("a", "a"), ("a", "b"), ("new", "new"), ("write", "write"), ("write", "a"), ("attrs", "new"), ("delete", "b"),
     ("rename", "b"), ("delete", "rename")],
    ids="-".join,
)  # fmt: skip
def test_two_writers_at_once(calls: tuple[str, str], writers: list[Writer], pristine: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for _ in range(4):
        root = tmp_path / "folder" / "store.zarr"
        shutil.copytree(pristine, root)
        start = time.time() + 0.05
        for value, (writer, call) in enumerate(zip(writers, calls, strict=True), start=1):
            writer.ask(call, root, value, start + rng.uniform(0, 0.02))
        answers = [writer.answer() for writer in writers]
        assert set(answers) <= {"done", "StoreBusyError", "ElementNotFoundError"}
        assert "done" in answers
        # In one order or the other, those that were done.
        made = [
            (call, value)
            for value, (call, answer) in enumerate(zip(calls, answers, strict=True), 1)
            if answer == "done"
        ]
        possible = []
        for order in (made, made[::-1]):
            state: dict[str, Any] = {"attrs": 9, **dict.fromkeys("abc", 9)}
            for call, value in order:
                state = EFFECTS[call](state, value)
            possible.append(state)
        assert values_in(root) in possible
        assert [str(fault) for fault in validate_store(root)] == []
        assert [path.name for path in root.parent.iterdir()] == ["store.zarr"]
        shutil.rmtree(root.parent)


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has no locks."""

    def refuse(_descriptor: int) -> bool:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(lock, "_try_lock", refuse)


@pytest.mark.usefixtures("no_locks")
def test_without_locks_of_the_file_system(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    write_store(root, {}, {"value": 1})
    with exclusive(root):
        with pytest.raises(StoreBusyError, match=f"process {os.getpid()} on {socket.gethostname()}"):
            write_store(root, {}, {"value": 2}, overwrite=True)
        with pytest.raises(StoreBusyError, match=r"remove .*\.owner"), exclusive(root):
            pass
    write_store(root, {}, {"value": 2}, overwrite=True)
    assert Store.open(root).attrs == {"value": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["store.zarr"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always has locks")
@pytest.mark.usefixtures("no_locks")
def test_a_dead_owner_is_followed_and_one_elsewhere_is_not(tmp_path: Path) -> None:
    root, claim = tmp_path / "store.zarr", tmp_path / ".store.zarr.owner"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    claim.write_text(json.dumps({"host": socket.gethostname(), "process": dead.pid}))
    write_store(root, {}, {"value": 1})
    assert not claim.exists()
    for owner in ('{"host": "elsewhere", "process": 1}', "", "[1]"):
        claim.write_text(owner)
        with pytest.raises(StoreBusyError, match="process 1 on elsewhere" if "else" in owner else "another process"):
            write_store(root, {}, {"value": 2}, overwrite=True)
        assert claim.read_text() == owner


def test_a_lock_that_fails_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> bool:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(lock, "_try_lock", fail)
    with pytest.raises(StoreError, match="cannot be locked for writing"), exclusive(tmp_path / "store.zarr"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    root = tmp_path / "store.zarr"
    script = (
        "import pathlib, sys, time\nfrom spatialdata.store.lock import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreBusyError):
            write_store(root, {}, {})
        holder.kill()
    assert (tmp_path / ".store.zarr.lock").exists()
    write_store(root, {}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["store.zarr"]
