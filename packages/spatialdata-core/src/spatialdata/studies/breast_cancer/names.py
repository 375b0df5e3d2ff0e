"""What slides, elements and coordinate systems of the study are called."""

from __future__ import annotations

__all__ = [
    "ALIGNED",
    "REFERENCE",
    "REGIONS",
    "REPLICATES",
    "SLIDES",
    "SPOTS",
    "SPOT_TABLE",
    "VISIUM",
    "cells",
    "images",
    "table",
    "transcripts",
]

REPLICATES = ("xenium_rep1", "xenium_rep2")
REFERENCE = REPLICATES[0]
VISIUM = "visium"
SLIDES = (*REPLICATES, VISIUM)
"""Every slide has a coordinate system of its own name, in pixels of its full-resolution image."""

ALIGNED = "aligned"
"""The coordinate system that all slides share, in micrometres of the first replicate."""

SPOTS = f"{VISIUM}_spots"
SPOT_TABLE = f"{VISIUM}_table"
REGIONS = "regions"


def images(slide: str) -> tuple[str, ...]:
    """The images that a slide may have, the best first."""
    if slide == VISIUM:
        return tuple(f"{slide}_{size}_image" for size in ("full", "hires", "lowres"))
    return (f"{slide}_morphology_focus", f"{slide}_morphology_mip")


def cells(replicate: str) -> str:
    """The outlines of the cells of a replicate."""
    return f"{replicate}_cell_boundaries"


def transcripts(replicate: str) -> str:
    """The molecules of a replicate."""
    return f"{replicate}_transcripts"


def table(replicate: str) -> str:
    """The counts of the cells of a replicate."""
    return f"{replicate}_table"
