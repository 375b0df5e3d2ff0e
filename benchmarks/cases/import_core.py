"""Import the core package."""

from __future__ import annotations

from pathlib import Path


def setup(size: str, folder: Path) -> None:
    import spatialdata  # noqa: F401  # compiles what has not been compiled yet


def run(folder: Path) -> None:
    import spatialdata  # noqa: F401
