"""Write outlines of cells."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "shapes")


def warm() -> None:
    tissue.warm_store("shapes")


def run(folder: Path) -> dict[str, dict[str, float]]:
    return tissue.write_one(folder, "shapes")
