"""10x Genomics Visium: counts per spot of a slide, with images of the tissue."""

from __future__ import annotations

from spatialdata_io.readers.visium.read import visium

__all__ = ["visium"]
