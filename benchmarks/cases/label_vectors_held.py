"""Find the centres of labels in memory, and make polygons of them."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm_labels
_HELD: dict[str, object] = {}


def setup(size: str, folder: Path) -> None:
    (folder / "size").write_text(size)


def prepare(folder: Path) -> None:
    from spatialdata.models import Labels2DModel

    pixels = tissue.discs(tissue.SIZES[(folder / "size").read_text()])
    _HELD["labels"] = Labels2DModel.parse(pixels, dims=("y", "x"), chunks=(2048, 2048))


def run(folder: Path) -> dict[str, float]:
    from spatialdata import get_centroids, to_polygons

    centres = get_centroids(_HELD["labels"]).compute()
    return {"polygons": len(to_polygons(_HELD["labels"])), "x": round(float(centres.x.sum()), 3)}
