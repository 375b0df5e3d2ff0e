"""Parse and write an image pyramid, molecules and cells. The size of the case decides how many."""

from __future__ import annotations

import shutil
from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    (folder / "size").write_text(size)


def run(folder: Path) -> None:
    shutil.rmtree(folder / "tissue.zarr", ignore_errors=True)
    tissue.store((folder / "size").read_text(), folder, "image", "molecules", "cells")
