"""Small objects to try things on."""

from __future__ import annotations

from spatialdata.datasets.blobs import blobs, blobs_annotating_element

__all__ = ["blobs", "blobs_annotating_element"]
