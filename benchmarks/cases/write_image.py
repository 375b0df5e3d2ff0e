"""Write an image of five levels."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.keep_raw(size, folder, "image")


def warm() -> None:
    tissue.warm_store("image")


def prepare(folder: Path) -> None:
    tissue.pixels(folder, "image")


def run(folder: Path) -> dict[str, dict[str, float]]:
    return tissue.write_one(folder, "image")
