"""What a builder has done so far, kept on disk so that another process can go on with it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialdata.errors import StoreError

__all__ = ["Journal", "to_disk"]

_FILE = "journal.jsonl"


def to_disk(path: Path) -> None:
    """Make sure that a file is on disk, not only in the cache of the operating system."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


class Journal:
    """A file with one line for each batch that is complete.

    Parameters
    ----------
    folder
        Where the batches are kept.
    declared
        What does not change while an element is built.

    Attributes
    ----------
    entries
        What was noted of each batch.
    """

    def __init__(self, folder: Path, declared: Mapping[str, Any]) -> None:
        self.path = folder / _FILE
        self.declared = json.loads(json.dumps(dict(declared)))
        self.entries: list[dict[str, Any]] = []

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether a folder has a journal."""
        return (folder / _FILE).is_file()

    def begin(self) -> None:
        """Start an empty journal."""
        self.entries = []
        self._write_line(self.declared)

    def go_on(self) -> None:
        """Read what is there. A last line that was not finished counts as not written, and is cut off.

        Raises
        ------
        StoreError
            The journal is of an element that was declared otherwise.
        """
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        lines = [json.loads(line) for line in whole.splitlines()]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        if not lines:
            self.begin()
            return
        if lines[0] != self.declared:
            raise StoreError(
                f"{self.path.parent} holds batches of an element that was declared as {lines[0]}, not as "
                f"{self.declared}. Declare it as before, or start anew with resume=False."
            )
        self.entries = lines[1:]

    def record(self, entry: Mapping[str, Any]) -> None:
        """Note that a batch is complete."""
        self._write_line(entry)
        self.entries.append(dict(entry))

    def _write_line(self, value: Mapping[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
