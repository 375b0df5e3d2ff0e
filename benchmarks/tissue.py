"""Seeded inputs of the cases, made with public names that both sides have."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Size:
    """How much there is of everything; the tissue is a square of ``edge`` pixels."""

    edge: int
    cells: int
    spots: int
    molecules: int


SIZES = {
    "small": Size(edge=1024, cells=2_000, spots=200, molecules=100_000),
    "medium": Size(edge=4096, cells=20_000, spots=2_000, molecules=1_000_000),
    "large": Size(edge=16384, cells=200_000, spots=10_000, molecules=10_000_000),
    # As dense as "medium"; for the tables of points by size.
    "4M": Size(edge=8192, cells=80_000, spots=8_000, molecules=4_000_000),
    "16M": Size(edge=16384, cells=320_000, spots=32_000, molecules=16_000_000),
}
GENES = 300
CELL_TYPES = 9


def molecules(size: Size):
    """Points of the tissue as a pandas frame with columns x, y, gene and quality."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(1)
    xy = rng.uniform(0, size.edge, (size.molecules, 2))
    gene = pd.Categorical.from_codes(rng.integers(0, GENES, size.molecules), [f"gene_{i:03}" for i in range(GENES)])
    quality = rng.integers(0, 40, size.molecules)
    return pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "gene": gene, "quality": quality})


def outlines(size: Size, count: int, seed: int, radius: float):
    """Polygons with 16 corners around the points of a jittered grid, as a GeoDataFrame."""
    import geopandas as gpd
    import numpy as np
    import shapely

    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    step = size.edge / side
    row, column = np.divmod(np.arange(count), side)
    centre = np.stack([column, row], axis=1) * step + step / 2 + rng.uniform(-step / 8, step / 8, (count, 2))
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    corners = centre[:, None] + radius * step * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return gpd.GeoDataFrame(geometry=shapely.polygons(corners))


def cells(size: Size):
    """Outlines of cells with a categorical column ``cell_type``."""
    import numpy as np
    import pandas as pd

    codes = np.random.default_rng(5).integers(0, CELL_TYPES, size.cells)
    names = [f"type_{code}" for code in range(CELL_TYPES)]
    return outlines(size, size.cells, seed=2, radius=0.45).assign(cell_type=pd.Categorical.from_codes(codes, names))


def image(size: Size):
    """One channel of smooth noise, as an array (c, y, x) of uint16."""
    import numpy as np

    coarse = np.random.default_rng(3).integers(0, 4000, (1, size.edge // 16, size.edge // 16), dtype=np.uint16)
    return coarse.repeat(16, axis=1).repeat(16, axis=2)


def discs(size: Size):
    """Discs on a grid, one for each cell, as an array (y, x) of int32; ids from 1 on."""
    import numpy as np

    side = int(np.ceil(np.sqrt(size.cells)))
    step = size.edge / side
    y, x = np.arange(size.edge)[:, None] + 0.5, np.arange(size.edge)[None] + 0.5
    row, column = (y // step).astype(np.int32), (x // step).astype(np.int32)
    inside = (y % step - step / 2) ** 2 + (x % step - step / 2) ** 2 < (0.45 * step) ** 2
    ids = np.where(inside, row * side + column + 1, 0)
    return np.where(ids <= size.cells, ids, 0).astype(np.int32)


def tissue(name: str, *kinds: str):
    """A SpatialData object of one size with the elements that are asked for."""
    from spatialdata import SpatialData
    from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel

    size = SIZES[name]
    elements = {}
    if "molecules" in kinds:
        elements["molecules"] = PointsModel.parse(molecules(size), feature_key="gene")
    if "cells" in kinds:
        elements["cells"] = ShapesModel.parse(cells(size))
    if "spots" in kinds:
        elements["spots"] = ShapesModel.parse(outlines(size, size.spots, seed=4, radius=0.4))
    if "image" in kinds:
        elements["image"] = Image2DModel.parse(image(size), dims=("c", "y", "x"), scale_factors=[2, 2, 2])
    if "labels" in kinds:
        elements["labels"] = Labels2DModel.parse(discs(size), dims=("y", "x"), chunks=(2048, 2048))
    return SpatialData.init_from_elements(elements)


def store(name: str, folder: Path, *kinds: str) -> None:
    """Write the tissue to ``folder / "tissue.zarr"``."""
    tissue(name, *kinds).write(folder / "tissue.zarr")


def many(count: int, folder: Path) -> None:
    """Write a store of small shapes to ``folder / "many.zarr"``: one is written, the others are copies."""
    import shutil

    import geopandas as gpd
    import shapely

    from spatialdata import SpatialData, read_zarr
    from spatialdata.models import ShapesModel

    frame = gpd.GeoDataFrame({"radius": [1.0, 2.0]}, geometry=shapely.points([[0.0, 0.0], [1.0, 1.0]]))
    SpatialData(shapes={"shape_0": ShapesModel.parse(frame)}).write(folder / "many.zarr")
    shapes = folder / "many.zarr" / "shapes"
    for number in range(1, count):
        shutil.copytree(shapes / "shape_0", shapes / f"shape_{number}")
    read_zarr(folder / "many.zarr").write_consolidated_metadata()


def checkered(edge: int):
    """Labels of a square of pixels: cells of 20 x 20 pixels with a border of background."""
    import numpy as np

    cell = np.arange(edge) // 22
    inside = (np.arange(edge) % 22) < 20
    ids = cell[:, None] * int(cell.max() + 1) + cell + 1
    return np.where(inside[:, None] & inside, ids, 0).astype(np.int32)


def table(size: Size):
    """A table with a row for each of the discs: 50 counts of 300 genes each, as an AnnData with a sparse matrix."""
    import anndata as ad
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(6)
    columns = np.sort(rng.integers(0, GENES, (size.cells, 50)), axis=1).ravel()
    counts = csr_matrix(
        (rng.poisson(3, columns.size).astype(np.float32) + 1, columns, np.arange(size.cells + 1) * 50),
        shape=(size.cells, GENES),
    )
    counts.sum_duplicates()
    obs = pd.DataFrame({"region": pd.Categorical(["labels"] * size.cells), "id": np.arange(1, size.cells + 1)})
    obs["area"], obs.index = rng.gamma(9.0, 10.0, size.cells), obs["id"].astype(str).to_numpy()
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=[f"gene_{i:03}" for i in range(GENES)]))


def keep_raw(name: str, folder: Path, kind: str) -> None:
    """Put the data of one kind of element into a file, from which :func:`raw` takes them."""
    import numpy as np

    size = SIZES[name]
    if kind in ("image", "labels"):
        np.save(folder / f"{kind}.npy", image(size) if kind == "image" else discs(size))
    elif kind == "points":
        molecules(size).to_parquet(folder / "points.parquet")
    elif kind == "shapes":
        cells(size).to_parquet(folder / "shapes.parquet")
    else:
        table(size).write_h5ad(folder / "table.h5ad")


@functools.cache
def pixels(folder: Path, kind: str):
    """The pixels of an image or labels that :func:`keep_raw` has put into a file, in memory; the same for each call."""
    import dask.array as da
    import numpy as np

    array = np.load(folder / f"{kind}.npy")
    return da.from_array(array, chunks=(*[1] * (array.ndim - 2), 1024, 1024), name=f"pixels of {folder}")


def raw(folder: Path, kind: str):
    """An element of what :func:`keep_raw` has put into a file; rasters are lazy, with levels."""
    import anndata as ad
    import geopandas as gpd
    import pandas as pd

    from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel

    if kind == "image":
        return Image2DModel.parse(pixels(folder, kind), dims=("c", "y", "x"), scale_factors=[2, 2, 2, 2])
    if kind == "labels":
        return Labels2DModel.parse(pixels(folder, kind), dims=("y", "x"), scale_factors=[2, 2, 2, 2])
    if kind == "points":
        return PointsModel.parse(pd.read_parquet(folder / "points.parquet"), feature_key="gene")
    if kind == "shapes":
        return ShapesModel.parse(gpd.read_parquet(folder / "shapes.parquet"))
    found = ad.read_h5ad(folder / "table.h5ad")
    return TableModel.parse(found, region="labels", region_key="region", instance_key="id")


def write_one(folder: Path, kind: str) -> dict[str, dict[str, float]]:
    """Write an element of one kind into a store of its own, and tell how many files and bytes that takes."""
    import shutil
    import warnings

    from spatialdata import SpatialData

    target = folder / f"{kind}.zarr"
    shutil.rmtree(target, ignore_errors=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a table without what it annotates
        SpatialData.init_from_elements({kind: raw(folder, kind)}).write(target)
    files = [path for path in target.rglob("*") if path.is_file()]
    return {"facts": {"files": len(files), "MB": round(sum(path.stat().st_size for path in files) / 1e6, 1)}}


def warm_store(kind: str) -> None:
    """Load what writing and reading an element of one kind needs, by doing so with a small one."""
    import tempfile

    from spatialdata import bounding_box_query, read_zarr

    with tempfile.TemporaryDirectory() as folder:
        keep_raw("small", Path(folder), kind)
        write_one(Path(folder), kind)
        element = read_zarr(Path(folder) / f"{kind}.zarr")[kind]
        if kind in ("image", "labels"):
            box = bounding_box_query(element, ("x", "y"), [0, 0], [9, 9], target_coordinate_system="global")
            box["scale0"]["image"].data.compute()
        elif kind == "points":
            element.compute()


def warm_labels() -> None:
    """Load what vectors of labels need, by making each kind of a few labels on disk."""
    import tempfile

    from spatialdata import SpatialData, get_centroids, read_zarr, relabel_sequential, to_circles, to_polygons
    from spatialdata.models import Labels2DModel

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "few.zarr"
        SpatialData(labels={"labels": Labels2DModel.parse(checkered(64), dims=("y", "x"))}).write(target)
        labels = read_zarr(target)["labels"]
        get_centroids(labels).compute()
        to_circles(labels)
        to_polygons(labels)
        relabel_sequential(labels.data * 7).max().compute()


def warm() -> None:
    """Load what the operations need, by doing each of them on next to nothing, which is read from a store."""
    import tempfile

    import numpy as np
    import pandas as pd
    import shapely

    from spatialdata import (
        SpatialData,
        aggregate,
        bounding_box_query,
        get_centroids,
        get_extent,
        polygon_query,
        rasterize,
        read_zarr,
        to_circles,
        transform,
    )
    from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
    from spatialdata.transformations import Scale, set_transformation

    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.0], "gene": pd.Categorical(["a", "b"]), "quality": [1, 2]})
    points = PointsModel.parse(frame, feature_key="gene")
    cells = outlines(Size(edge=8, cells=4, spots=1, molecules=2), 4, seed=0, radius=0.45)
    shapes = ShapesModel.parse(cells.assign(cell_type=pd.Categorical(["a"] * 4)))
    others = ShapesModel.parse(outlines(Size(edge=8, cells=4, spots=1, molecules=2), 1, seed=1, radius=0.45))
    many = ShapesModel.parse(cells.iloc[np.zeros(10_000, dtype=int)].reset_index(drop=True))
    with tempfile.TemporaryDirectory() as folder:
        elements = {"points": points, "shapes": shapes, "many": many}
        SpatialData.init_from_elements(elements).write(Path(folder) / "warm.zarr")
        stored = read_zarr(Path(folder) / "warm.zarr")
        box = bounding_box_query(stored["points"], ("x", "y"), [0, 0], [3, 3], target_coordinate_system="global")
        box.compute()
        aggregate(stored["points"], stored["shapes"], value_key="gene", agg_func="count")
        polygon_query(stored["many"], shapely.box(0, 0, 9, 9), target_coordinate_system="global")
        get_centroids(stored["many"]).compute()
        to_circles(stored["many"])
    aggregate(points, shapes, value_key="gene", agg_func="count")
    aggregate(points, shapes, value_key="quality", agg_func="mean")
    aggregate(shapes, others, value_key="cell_type", agg_func="sum", fractions=True)
    image = Image2DModel.parse(np.ones((1, 64, 64), dtype=np.uint16), dims=("c", "y", "x"))
    aggregate(image, Labels2DModel.parse(checkered(64), dims=("y", "x")), agg_func="mean")
    for element in (points, shapes):
        bounding_box_query(element, ("x", "y"), [0, 0], [3, 3], target_coordinate_system="global")
        polygon_query(element, shapely.box(0, 0, 3, 3), target_coordinate_system="global")
        get_extent(element)
        rasterize(element, ("x", "y"), [0, 0], [3, 3], "global", target_width=3)
        set_transformation(element, Scale([2.0, 2.0], ("x", "y")), "doubled")
        moved = transform(element, to_coordinate_system="doubled")
        if hasattr(moved, "compute"):
            moved.compute()
