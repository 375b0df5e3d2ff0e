"""Operations that 0.7.3 does not have, beside doing the same by hand: ``python -m benchmarks.by_hand``.

Each is called several times in this process, the two ways in turns; the call with the least CPU time counts. By hand
means geopandas, scipy, scikit-image and numpy on data in memory. Both must give the same numbers.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import tissue

K = 5


@dataclass(frozen=True)
class Work:
    """What is done, here and by hand; both return an array of the same numbers."""

    name: str
    here: Callable[[Data], Any]
    hand: Callable[[Data], Any]


class Data:
    """The inputs, in memory; each is made when it is first used.

    Parameters
    ----------
    size
        The name of a size of ``tissue.py``.
    """

    def __init__(self, size: str) -> None:
        self.size = tissue.SIZES[size]

    @cached_property
    def object(self):
        """Cells with a table, spots, regions and points in one object."""
        from spatialdata import SpatialData
        from spatialdata.models import PointsModel, ShapesModel, TableModel

        table = tissue.table(self.size)
        count = self.size.cells
        table.obs = table.obs.assign(id=np.arange(count), region="cells").astype({"region": "category"})
        names = np.char.add("region ", np.arange(1000).astype(str))
        found = SpatialData.init_from_elements(
            {
                "cells": ShapesModel.parse(tissue.cells(self.size)),
                "spots": ShapesModel.parse(tissue.outlines(self.size, self.size.spots, seed=4, radius=0.4)),
                "regions": ShapesModel.parse(
                    tissue.outlines(self.size, 1000, seed=8, radius=0.45).assign(name=names.astype(object))
                ),
                "molecules": PointsModel.parse(tissue.molecules(self.size), feature_key="gene"),
                "table": TableModel.parse(table, region="cells", region_key="region", instance_key="id"),
            }
        )
        found["cells"].geometry.array[:1]
        return found

    @cached_property
    def centres(self) -> np.ndarray:
        """The centroids of the cells."""
        import shapely

        return shapely.get_coordinates(self.object["cells"].geometry.centroid.to_numpy())

    @cached_property
    def points(self) -> Any:
        """The centroids as an element."""
        from spatialdata.models import PointsModel

        return PointsModel.parse(self.centres)

    @cached_property
    def others(self) -> np.ndarray:
        """As many points at random places."""
        return np.random.default_rng(9).uniform(0, self.size.edge, self.centres.shape)

    @cached_property
    def other_points(self) -> Any:
        """The same as an element."""
        from spatialdata.models import PointsModel

        return PointsModel.parse(self.others)

    @cached_property
    def hexagons(self) -> Any:
        """Hexagons over the tissue."""
        from spatialdata.regions import HexagonGrid

        return HexagonGrid.covering([0, 0], [self.size.edge] * 2, size=self.size.edge / 200)

    @cached_property
    def pixels(self) -> Any:
        """An object with an image, labels and the cells of ``medium``, and their arrays."""
        from spatialdata import SpatialData
        from spatialdata.models import Image2DModel, Labels2DModel, ShapesModel

        size = tissue.SIZES["medium"]
        image, labels, cells = tissue.image(size), tissue.discs(size), tissue.cells(size)
        elements = {
            "image": Image2DModel.parse(image, dims=("c", "y", "x")),
            "labels": Labels2DModel.parse(labels, dims=("y", "x")),
            "cells": ShapesModel.parse(cells),
        }
        return SpatialData.init_from_elements(elements), image[0], labels, cells


def joined(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a spot and a cell that meet, by geopandas, which has made no tree of them before."""
    import geopandas as gpd

    spots, cells = (data.object[name][["geometry"]].copy() for name in ("spots", "cells"))
    found = gpd.sjoin(spots, cells, predicate="intersects")
    return found.index.to_numpy(), found["index_right"].to_numpy()


def aggregated(data: Data, values: str = "cells", by: str = "spots", **options: Any) -> np.ndarray:
    """The matrix of an aggregation."""
    from spatialdata import aggregate

    region = data.object[by] if isinstance(by, str) else by
    if "value_key" in options and options.get("table"):
        options.pop("table")
        made = aggregate(values, region, values_sdata=data.object, table_name="table", **options)
    else:
        options.pop("table", None)
        made = aggregate(data.object[values], region, **options)
    return made["table"].X


def types_by_hand(data: Data) -> Any:
    """Cell types of spots."""
    from scipy.sparse import csr_matrix

    spot, cell = joined(data)
    codes = data.object["cells"]["cell_type"].cat.codes.to_numpy()[cell]
    return csr_matrix((np.ones(len(spot)), (spot, codes)), shape=(len(data.object["spots"]), tissue.CELL_TYPES))


def genes_by_hand(data: Data) -> Any:
    """Sums of the genes of cells by spots."""
    from scipy.sparse import csr_matrix

    spot, cell = joined(data)
    pairs = csr_matrix((np.ones(len(spot), np.float32), (spot, cell)), shape=(data.size.spots, data.size.cells))
    return pairs @ data.object["table"].X


def areas_by_hand(data: Data) -> Any:
    """Means of a number of cells by spots."""
    import pandas as pd

    spot, cell = joined(data)
    values = data.object["table"].obs["area"].to_numpy()[cell]
    return pd.Series(values).groupby(spot).mean().reindex(range(data.size.spots), fill_value=0).to_numpy()[:, None]


def cell_of_hexagons(data: Data, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The number of the hexagon of each place: the nearer of two candidates, one in an even and one in an odd row."""
    grid = data.hexagons
    step = grid.size * np.sqrt(3.0) / 2
    best, found = np.full(len(x), np.inf), np.zeros(len(x), dtype=np.int64)
    for odd in (0, 1):
        row = 2 * np.rint(((y - grid.y) / step - odd) / 2) + odd
        column = np.rint((x - grid.x) / grid.size - odd / 2)
        distance = (x - grid.x - (column + odd / 2) * grid.size) ** 2 + (y - grid.y - row * step) ** 2
        nearer = distance < best
        best[nearer] = distance[nearer]
        found[nearer] = (row * grid.columns + column)[nearer].astype(np.int64)
    return found


def hexagons_by_hand(data: Data) -> Any:
    """Genes of molecules, counted by hexagons."""
    from scipy.sparse import coo_matrix

    frame = data.object["molecules"].compute()
    cell = cell_of_hexagons(data, frame["x"].to_numpy(), frame["y"].to_numpy())
    shape = (data.hexagons.columns * data.hexagons.rows, tissue.GENES)
    return coo_matrix((np.ones(len(cell)), (cell, frame["gene"].cat.codes.to_numpy())), shape=shape).tocsr()


def image_by_hand(data: Data) -> Any:
    """Means of an image by polygons."""
    from skimage.draw import polygon2mask

    _, image, _, cells = data.pixels
    means = np.zeros((len(cells), 1))
    for number, outline in enumerate(cells.geometry):
        corners = np.asarray(outline.exterior.coords)[:, ::-1]
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, image.shape)
        # The centre of a pixel is half a pixel from its corner.
        mask = polygon2mask(tuple(high - low), corners - low - 0.5)
        means[number] = image[low[0] : high[0], low[1] : high[1]][mask].mean()
    return means


def labels_by_hand(data: Data) -> Any:
    """Areas, centroids and means of an image of labels."""
    _, image, labels, _ = data.pixels
    flat = labels.ravel()
    count = np.bincount(flat)
    y, x = (axis.ravel() for axis in np.indices(labels.shape))
    sums = [np.bincount(flat, weights=weights.ravel()) for weights in (x, y, image)]
    with np.errstate(invalid="ignore"):
        found = np.stack([count, *(total / count for total in sums)], axis=1)
    found[:, 1:3] += 0.5
    return found[1:][count[1:] > 0]


def measured(data: Data) -> Any:
    """The same, here."""
    table = data.pixels[0].measure("labels", "image")
    return np.concatenate([table.obs[["area", "centroid_x", "centroid_y"]], table.X], axis=1)


def neighbours_by_hand(data: Data) -> Any:
    """The nearest points, as a frame of pairs."""
    import pandas as pd
    from scipy.spatial import cKDTree

    distance, neighbour = cKDTree(data.others).query(data.centres, k=K)
    instance = np.repeat(np.arange(len(distance)), K)
    return pd.DataFrame({"instance": instance, "neighbour": neighbour.ravel(), "distance": distance.ravel()})


def neighbours(data: Data) -> Any:
    """The same, here."""
    from spatialdata import nearest

    return nearest(data.points, data.other_points, k=K)


def near_by_hand(data: Data) -> Any:
    """All pairs within a distance, by instance and distance."""
    import pandas as pd
    from scipy.spatial import cKDTree

    trees = cKDTree(data.centres), cKDTree(data.others)
    found = trees[0].sparse_distance_matrix(trees[1], data.size.edge / 300, output_type="ndarray")
    order = np.lexsort((found["v"], found["i"]))
    return pd.DataFrame({"instance": found["i"], "neighbour": found["j"], "distance": found["v"]}).iloc[order]


def near(data: Data) -> Any:
    """The same, here."""
    from spatialdata import within_distance

    return within_distance(data.points, data.other_points, data.size.edge / 300)


def names_by_hand(data: Data) -> Any:
    """The region in which each cell has its centre."""
    import geopandas as gpd

    cells, regions = data.object["cells"], data.object["regions"]
    centres = gpd.GeoDataFrame(geometry=cells.geometry.centroid)
    found = gpd.sjoin(centres, regions, how="left", predicate="intersects")
    # Of several regions the first.
    return found.groupby(level=0)["index_right"].min().fillna(-1).to_numpy()


def named(data: Data) -> Any:
    """The same, here."""
    found = data.object.annotate("cells", by="regions")
    return found["table"].obs["regions"].astype(float).fillna(-1).to_numpy()


def chosen_by_hand(data: Data) -> Any:
    """The cells with a large area, and their rows."""
    table, cells = data.object["table"], data.object["cells"]
    rows = (table.obs["area"] > 100).to_numpy()
    kept = table[rows].copy()
    return cells[cells.index.isin(kept.obs["id"])].index.to_numpy()


def chosen(data: Data) -> Any:
    """The same, here."""
    return data.object.filter(obs="area > 100")["cells"].index.to_numpy()


WORKS = [
    Work("cell types by spots", lambda d: aggregated(d, value_key="cell_type"), types_by_hand),
    Work(
        "300 genes of cells by spots",
        lambda d: aggregated(d, value_key=list(d.object["table"].var_names), table=True),
        genes_by_hand,
    ),
    Work(
        "a number of the table by spots, averaged",
        lambda d: aggregated(d, value_key="area", agg_func="mean", table=True),
        areas_by_hand,
    ),
    Work("genes of molecules by hexagons", lambda d: aggregated(d, "molecules", d.hexagons), hexagons_by_hand),
    Work(
        "an image of 4096 x 4096 pixels by 20,000 polygons, averaged",
        lambda d: aggregate_image(d),
        image_by_hand,
    ),
    Work("area, centroid and intensity of 20,000 labels", measured, labels_by_hand),
    Work("the 5 nearest of as many points", neighbours, neighbours_by_hand),
    Work("pairs of points within a distance", near, near_by_hand),
    Work("names of 1,000 regions for cells", named, names_by_hand),
    Work("cells chosen by a column of the table", chosen, chosen_by_hand),
]


def aggregate_image(data: Data) -> Any:
    """Means of an image by polygons, here."""
    from spatialdata import aggregate

    found = data.pixels[0]
    return aggregate(found["image"], found["cells"], agg_func="mean")["table"].X


def same(one: Any, other: Any) -> bool:
    """Whether two results hold the same numbers."""
    left, right = (item.toarray() if hasattr(item, "toarray") else np.asarray(item) for item in (one, other))
    return left.shape == right.shape and bool(np.allclose(left, right, rtol=1e-5))


def best(work: Callable[[Data], Any], data: Data, repeat: int) -> tuple[float, float, Any]:
    """The CPU seconds of the first and of the best later call, and what the last returned."""
    times = []
    for _ in range(repeat + 1):
        start = time.process_time()
        found = work(data)
        times.append(time.process_time() - start)
    return times[0], min(times[1:]), found


def main() -> int:
    """Parse the command line, measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.by_hand", description=__doc__)
    parser.add_argument("--size", default="large", choices=tissue.SIZES)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=None, metavar="TEXT", help="operations whose name has this text")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    data = Data(options.size)
    print("| operation | by hand CPU s | here CPU s | ratio | first call here | same | MB |")
    print("| --- | ---: | ---: | ---: | ---: | --- | ---: |")
    for work in WORKS:
        if options.only and not any(text in work.name for text in options.only):
            continue
        _, hand, expected = best(work.hand, data, options.repeat)
        first, here, found = best(work.here, data, options.repeat)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"| {work.name} | {hand:.3g} | {here:.3g} | {hand / here:.2g} | {first:.3g} "
            f"| {same(found, expected)} | {peak:.0f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
