"""Add an element to a store with 2,000 elements, of which the object knows none, and delete it again."""

from __future__ import annotations

from pathlib import Path

import tissue

COUNTS = {"small": 2_000, "medium": 5_000, "large": 10_000}


def setup(size: str, folder: Path) -> None:
    tissue.many(COUNTS[size], folder)


def warm() -> None:
    tissue.warm()


def run(folder: Path) -> None:
    import numpy as np

    from spatialdata import SpatialData
    from spatialdata.models import Labels2DModel

    sdata = SpatialData(labels={"added": Labels2DModel.parse(np.eye(8, dtype=int))})
    sdata.path = folder / "many.zarr"
    sdata.write_element("added")
    sdata.delete_element_from_disk("added")
