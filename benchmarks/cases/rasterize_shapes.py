"""Draw the cells onto 2000 by 2000 pixels."""

from __future__ import annotations

from pathlib import Path

import tissue

warm = tissue.warm


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "cells")


def run(folder: Path) -> dict[str, float]:
    from spatialdata import get_extent, rasterize, read_zarr

    cells = read_zarr(folder / "tissue.zarr")["cells"]
    extent = get_extent(cells)
    low, high = ([extent[axis][side] for axis in ("x", "y")] for side in (0, 1))
    drawn = rasterize(cells, ("x", "y"), low, high, "global", target_width=2000)
    return {"height": int(drawn.sizes["y"]), "covered": round(float((drawn > 0).mean()), 1)}
