"""Write a table of cells and genes."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "table")


def warm() -> None:
    tissue.warm_store("table")


def run(folder: Path) -> dict[str, dict[str, float]]:
    return tissue.write_one(folder, "table")
