"""Small objects to try things on."""

from __future__ import annotations

from spatialdata.datasets.blobs import BlobsDataset, blobs, blobs_annotating_element
from spatialdata.datasets.raccoon import RaccoonDataset, raccoon

__all__ = ["BlobsDataset", "RaccoonDataset", "blobs", "blobs_annotating_element", "raccoon"]
