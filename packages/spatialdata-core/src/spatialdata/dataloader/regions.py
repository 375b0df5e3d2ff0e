"""The regions that tiles are cut around, and their rows in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import ElementNotFoundError, listing, unknown_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.table import get_table_keys
from spatialdata.ops.region_properties import get_region_properties
from spatialdata.relations.ids import as_ids, rows_of_region
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData

__all__ = ["index_of_regions", "rows_of_regions"]


def index_of_regions(
    sdata: SpatialData, images: dict[str, str], systems: dict[str, str], scale: float, side: float | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What tiles there are, and where.

    Parameters
    ----------
    sdata
        The object.
    images, systems
        The image and the coordinate system of each element with regions.
    scale
        The side of a tile as a multiple of the diameter of the circle with the area of the region, or of the ball with
        its volume.
    side
        The side of all tiles instead.

    Returns
    -------
    index
        The columns ``instance_id``, ``cs``, ``region`` and ``image``, one row for each region.
    coords
        The columns ``x``, ``y``, ``extent``, ``minx``, ``miny``, ``maxx`` and ``maxy``.
    """
    import pandas as pd

    if set(images) != set(systems) or not images:
        raise ValueError(
            f"regions_to_images names the regions {listing(images)}, and regions_to_coordinate_systems "
            f"{listing(systems)}. Both must name the same ones, at least one."
        )
    if not (scale > 0 and (side is None or side > 0)):
        raise ValueError(f"tile_scale and tile_dim_in_units must be above 0. Found {scale!r} and {side!r}.")
    indices, coords = [], []
    for name, image in images.items():
        system = systems[name]
        _check(sdata, name, (Kind.SHAPES, Kind.LABELS), "regions", system)
        _check(sdata, image, (Kind.IMAGE,), "images", system)
        found = get_region_properties(sdata[name], None, system)
        columns = {"instance_id": found.index, "cs": system, "region": name, "image": image}
        indices.append(pd.DataFrame(columns, index=range(len(found))))
        coords.append(_coords(found, scale, side))
    return pd.concat(indices, ignore_index=True), pd.concat(coords, ignore_index=True)


def _coords(found: pd.DataFrame, scale: float, side: float | None) -> pd.DataFrame:
    import pandas as pd

    centre = found[["centroid_x", "centroid_y"]].to_numpy()
    if "volume" in found:
        diameter = 2 * np.cbrt(0.75 * found["volume"].to_numpy() / np.pi)
    else:
        diameter = 2 * np.sqrt(found["area"].to_numpy() / np.pi)
    extent = np.full(len(found), float(side)) if side is not None else diameter * scale
    lower, upper = centre - extent[:, None] / 2, centre + extent[:, None] / 2
    columns = np.column_stack([centre, extent, lower, upper])
    return pd.DataFrame(columns, columns=["x", "y", "extent", "minx", "miny", "maxx", "maxy"])


def _check(sdata: SpatialData, name: str, kinds: tuple[Kind, ...], what: str, system: str) -> None:
    if name not in sdata:
        raise ElementNotFoundError(unknown_name("element", name, [known for _, known in sdata.gen_spatial_names()]))
    element: Any = sdata[name]
    if kind_of(element) not in kinds:
        possible = " or ".join(kind.value for kind in kinds)
        raise ValueError(f"{name!r} is of the {kind_of(element).value}. The {what} of tiles are {possible}.")
    get_transformation(element, system)


def rows_of_regions(table: AnnData, table_name: str, index: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows of a table that annotate regions, and the positions of these regions in the index.

    Raises
    ------
    TypeError
        The region column is not categorical.
    RuntimeError
        No region of an element has a row.
    """
    import pandas as pd

    _, region_key, instance_key = get_table_keys(table)
    if not isinstance(table.obs[region_key].dtype, pd.CategoricalDtype):
        raise TypeError(
            f"obs[{region_key!r}] of the table {table_name!r} must be categorical, not {table.obs[region_key].dtype}. "
            "TableModel.parse makes it so."
        )
    rows, chosen = [], []
    for name, part in index.groupby("region", sort=False):
        own = rows_of_region(table, str(name), region_key)
        position = as_ids(table.obs[instance_key].iloc[own]).get_indexer(as_ids(part["instance_id"]))
        if not (position >= 0).any():
            raise RuntimeError(
                f"None of the {len(part)} regions of {str(name)!r} has a row in the table {table_name!r}. It annotates "
                f"{listing([get_table_keys(table)[0]])}."
            )
        rows.append(own[position[position >= 0]])
        chosen.append(part.index.to_numpy()[position >= 0])
    return np.concatenate(rows), np.concatenate(chosen)
