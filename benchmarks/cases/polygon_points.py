"""Cut a round polygon with seven percent of the area out of the molecules of a store."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "molecules")
    (folder / "edge").write_text(str(tissue.SIZES[size].edge))


def run(folder: Path) -> dict[str, float]:
    import shapely

    from spatialdata import polygon_query, read_zarr

    edge = int((folder / "edge").read_text())
    found = polygon_query(
        read_zarr(folder / "tissue.zarr")["molecules"],
        shapely.Point(edge / 2, edge / 2).buffer(0.15 * edge, quad_segs=10),
        target_coordinate_system="global",
    ).compute()
    return {"rows": len(found), "x": float(found["x"].sum())}
