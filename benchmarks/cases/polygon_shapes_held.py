"""Find the cells in memory that meet a round polygon with seven percent of the area."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm
_HELD: dict[str, object] = {}


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "cells")
    (folder / "edge").write_text(str(tissue.SIZES[size].edge))


def prepare(folder: Path) -> None:
    from spatialdata import read_zarr

    _HELD["cells"] = read_zarr(folder / "tissue.zarr")["cells"]


def run(folder: Path) -> dict[str, float]:
    import shapely

    from spatialdata import polygon_query

    edge = int((folder / "edge").read_text())
    found = polygon_query(
        _HELD["cells"],
        shapely.Point(edge / 2, edge / 2).buffer(0.15 * edge, quad_segs=10),
        target_coordinate_system="global",
    )
    return {"rows": len(found), "area": float(found.area.sum())}
