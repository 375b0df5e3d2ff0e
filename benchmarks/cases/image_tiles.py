"""Cut a tile around each of 200 spots out of the image."""

from __future__ import annotations

from pathlib import Path

import tissue


def setup(size: str, folder: Path) -> None:
    tissue.store(size, folder, "image", "spots")


def run(folder: Path) -> dict[str, int]:
    from spatialdata import read_zarr
    from spatialdata.dataloader import ImageTilesDataset

    sdata = read_zarr(folder / "tissue.zarr")
    tiles = ImageTilesDataset(sdata, {"spots": "image"}, {"spots": "global"}, tile_dim_in_units=64)
    cut = [tiles[number]["image"] for number in range(200)]
    return {"tiles": len(cut)}
