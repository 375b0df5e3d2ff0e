"""Count the molecules on each of 2000 by 2000 pixels."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "molecules")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import rasterize, read_zarr

    edge = max(size.edge for size in tissue.SIZES.values())
    molecules = read_zarr(folder / "tissue.zarr")["molecules"]
    counted = rasterize(molecules, ("x", "y"), [0, 0], [edge, edge], "global", target_width=2000)
    return {"molecules": float(counted.sum())}
