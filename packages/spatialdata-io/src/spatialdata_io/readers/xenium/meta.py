"""The manifest of a Xenium bundle."""

from __future__ import annotations

import json
from pathlib import Path

from spatialdata_io.errors import BrokenFileError, reading

__all__ = ["pixel_size"]


def pixel_size(manifest: Path) -> float:
    """Read the size of a morphology pixel in micrometres from ``experiment.xenium``.

    Raises
    ------
    BrokenFileError
        If the manifest is no JSON object, or states no positive pixel size.
    """
    with reading(manifest, "a JSON object with 'pixel_size'"):
        content = json.loads(manifest.read_text(encoding="utf-8"))
    size = content.get("pixel_size") if isinstance(content, dict) else None
    if isinstance(size, bool) or not isinstance(size, int | float) or not size > 0:
        msg = f"{manifest} states no pixel size: looked for a positive number under 'pixel_size', found {size!r}."
        raise BrokenFileError(msg)
    return float(size)
