"""Cell and nucleus outlines of a Xenium bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata_io._shared.frames import arrow_table
from spatialdata_io._shared.shapes import closed_rings, polygons, run_starts

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

__all__ = ["cell_boundaries", "cell_circles", "nucleus_boundaries"]

_COLUMNS = ("cell_id", "vertex_x", "vertex_y")


class _Vertices:
    """The vertices of a boundary file: coordinates, cell of each vertex, and the label of its outline if written."""

    def __init__(self, path: Path) -> None:
        import numpy as np

        table = arrow_table(path, _COLUMNS, columns=(*_COLUMNS, "label_id"))
        cells = table["cell_id"].combine_chunks().dictionary_encode()
        self.cell = cells.indices.to_numpy()
        self.names = np.asarray(cells.dictionary.to_pandas())
        self.x = table["vertex_x"].to_numpy()
        self.y = table["vertex_y"].to_numpy()
        self.label = table["label_id"].to_numpy() if "label_id" in table.column_names else None

    def cell_names(self, rows: NDArray[Any]) -> NDArray[Any]:
        names: NDArray[Any] = self.names[self.cell[rows]]
        return names


def cell_boundaries(path: Path) -> GeoDataFrame:
    """Read the outlines of the cells in micrometres; the index is the cell id, as text or number as written."""
    import geopandas as gpd
    import pandas as pd

    vertices = _Vertices(path)
    starts = run_starts(vertices.cell if vertices.label is None else vertices.label)
    outlines, usable = polygons(vertices.x, vertices.y, starts)
    index = pd.Index(vertices.cell_names(starts[usable]), name="cell_id")
    return gpd.GeoDataFrame(geometry=outlines, index=index)


def nucleus_boundaries(path: Path) -> GeoDataFrame:
    """Read the outlines of the nuclei in micrometres.

    A cell can have several nuclei.  Where the file numbers the outlines, the number (the value in the nucleus mask) is
    the index, and the column ``cell_id`` says which cell a nucleus is of.  Where it does not and all cells have one
    nucleus, the index is the cell id.  Where it does not and outlines of a cell follow one another, they are told
    apart by their closing vertices and numbered from 1 on.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    vertices = _Vertices(path)
    if vertices.label is not None:
        starts = run_starts(vertices.label)
        labels = vertices.label[starts]
    else:
        runs = run_starts(vertices.cell)
        starts = closed_rings(runs, vertices.x, vertices.y)
        labels = None if len(starts) == len(runs) else np.arange(1, len(starts) + 1)
    outlines, usable = polygons(vertices.x, vertices.y, starts)
    cells = vertices.cell_names(starts[usable])
    if labels is None:
        return gpd.GeoDataFrame(geometry=outlines, index=pd.Index(cells, name="cell_id"))
    return gpd.GeoDataFrame({"geometry": outlines, "cell_id": cells}, index=pd.Index(labels[usable]))


def cell_circles(centroids: NDArray[Any], areas: NDArray[Any], cell_ids: NDArray[Any]) -> GeoDataFrame:
    """Make circles of the areas of the cells, around their centroids (n, 2) in micrometres."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    points = shapely.points(centroids)
    index = pd.Index(cell_ids, name="cell_id")
    return gpd.GeoDataFrame({"geometry": points, "radius": np.sqrt(areas / np.pi)}, index=index)
