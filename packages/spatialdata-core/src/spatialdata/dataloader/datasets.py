"""Tiles around regions as a dataset of torch."""

from __future__ import annotations

import functools
import importlib
import multiprocessing
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.container import new_container
from spatialdata.dataloader.drawn import DrawnTiles
from spatialdata.dataloader.regions import index_of_regions, rows_of_regions
from spatialdata.dataloader.tiles import ImageTiles
from spatialdata.relations.filter import with_regions_in_use
from spatialdata.relations.values import get_values

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData

__all__ = ["ImageTilesDataset"]


def _base() -> type:
    """The class of torch's datasets, or object where torch is not installed: the dataset works without it too."""
    try:
        found: type = importlib.import_module("torch.utils.data").Dataset
    except ModuleNotFoundError:
        return object
    return found


class ImageTilesDataset(_base()):  # type: ignore[misc]  # the base depends on what is installed
    """A tile of an image around each region, with the row of the table that annotates it.

    It is a ``torch.utils.data.Dataset`` where torch is installed, and a sequence with the same items otherwise.

    Parameters
    ----------
    sdata
        The object; it is not changed.
    regions_to_images
        For each element with regions (shapes or labels) the image that tiles are cut out of.
    regions_to_coordinate_systems
        For each of these elements the coordinate system in which tiles are squares.
    tile_scale
        The side of a tile as a multiple of the diameter of the circle with the area of the region, or of the ball with
        its volume. Tiles hold all planes of an image with a depth.
    tile_dim_in_units
        The side of all tiles instead, in the units of the coordinate system.
    rasterize
        Draw each tile anew onto pixels of the coordinate system, which gives tiles of one size; otherwise the pixels
        of the image are cut out as they are.
    return_annotations
        Columns of ``obs`` or names of ``var``; then items are pairs of a tile and the values.
    table_name
        The table that annotates the regions; only regions with a row have a tile.
    transform
        A function that is applied to each item.
    rasterize_kwargs
        Arguments for :func:`spatialdata.rasterize`, among them the number of pixels.

    Attributes
    ----------
    regions, coordinate_systems
        The names of the elements with regions, and their coordinate systems.
    tiles_coords
        One row for each tile: the centre ``x`` and ``y``, the side ``extent``, and ``minx``, ``miny``, ``maxx``,
        ``maxy``.
    dataset_index
        One row for each tile: ``instance_id``, ``cs``, ``region`` and ``image``.
    dataset_table
        The rows of the table in the same order; None without a table.
    dims
        The axes of the tiles in space.

    Raises
    ------
    ValueError
        The dicts do not name the same regions, regions are neither shapes nor labels, images are none, elements are not
        in the coordinate system, or annotations are wanted without a table.
    TypeError
        The region column of the table is not categorical.
    RuntimeError
        No region of an element has a row in the table.

    Examples
    --------
    >>> from spatialdata.datasets import blobs
    >>> sdata = blobs()
    >>> tiles = ImageTilesDataset(
    ...     sdata, {"blobs_circles": "blobs_image"}, {"blobs_circles": "global"}, tile_dim_in_units=32
    ... )
    >>> len(tiles), tiles[0]["blobs_image"].shape
    (5, (3, 32, 32))
    """

    def __init__(
        self,
        sdata: SpatialData,
        regions_to_images: dict[str, str],
        regions_to_coordinate_systems: dict[str, str],
        tile_scale: float = 1.0,
        tile_dim_in_units: float | None = None,
        rasterize: bool = False,
        return_annotations: str | list[str] | None = None,
        table_name: str | None = None,
        transform: Callable[[Any], Any] | None = None,
        rasterize_kwargs: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        if return_annotations is not None and table_name is None:
            raise ValueError("return_annotations names values of a table. Give table_name too.")
        if rasterize_kwargs and not rasterize:
            raise ValueError("rasterize_kwargs are for rasterize=True. Give both or neither.")
        self.sdata = sdata
        self.regions = list(regions_to_images)
        self.coordinate_systems = {name: regions_to_coordinate_systems.get(name) for name in self.regions}
        self.transform = transform
        self.dims = ("x", "y")
        self._draws = rasterize
        index, coords = index_of_regions(
            sdata, regions_to_images, regions_to_coordinate_systems, tile_scale, tile_dim_in_units
        )
        self.dataset_table: AnnData | None = None
        if table_name is not None:
            rows, chosen = rows_of_regions(sdata.tables[table_name], table_name, index)
            index, coords = index.iloc[chosen].reset_index(drop=True), coords.iloc[chosen].reset_index(drop=True)
            self.dataset_table = with_regions_in_use(sdata.tables[table_name][rows].copy())
        self.dataset_index: pd.DataFrame = index
        self.tiles_coords: pd.DataFrame = coords
        self._bounds = coords[["minx", "miny", "maxx", "maxy"]].to_numpy()
        self._entries = list(index[["instance_id", "cs", "region", "image"]].itertuples(index=False, name=None))
        self._table_name = table_name
        self._annotations = None
        if return_annotations is not None:
            self._annotations = get_values(return_annotations, element=self.dataset_table).to_numpy()
        pairs = {(image, system) for _, system, _, image in self._entries}
        self._drawn = {pair: DrawnTiles(sdata[pair[0]], pair[1], rasterize_kwargs) for pair in pairs if rasterize}
        self._tiles = {} if rasterize else self._cutters()

    def _cutters(self) -> dict[tuple[str, str], tuple[ImageTiles, dict[int, int]]]:
        """For each image and coordinate system its tiles, and where in them each item is."""
        found = {}
        for key, part in self.dataset_index.groupby(["image", "cs"], sort=False):
            image, system = map(str, key)
            coords = self.tiles_coords.loc[part.index]
            lower, upper = coords[["minx", "miny"]].to_numpy(), coords[["maxx", "maxy"]].to_numpy()
            places = {int(number): place for place, number in enumerate(part.index)}
            found[image, system] = (ImageTiles(self.sdata[image], lower, upper, system), places)
        return found

    def __len__(self) -> int:
        return len(self.dataset_index)

    def __getitem__(self, idx: int) -> Any:
        """A tile and its annotation: a SpatialData object, or a pair of a DataArray and an array of shape (1, k)."""
        number = range(len(self))[idx]
        _compute_without_threads(os.getpid())
        item = self._item(number)
        return item if self.transform is None else self.transform(item)

    def _item(self, number: int) -> Any:
        instance, system, name, image = self._entries[number]
        tile = self._tile(number, image, system)
        if self._annotations is not None:
            return tile, self._annotations[number : number + 1]
        elements: dict[str, Any] = {image: tile}
        if self.dataset_table is None:
            return new_container(elements)
        if name in self.sdata.shapes:
            elements[name] = self.sdata[name].loc[[instance]]
        elements[str(self._table_name)] = self.dataset_table[number : number + 1].copy()
        return _without_warning(elements)

    def _tile(self, number: int, image: str, system: str) -> Any:
        if self._draws:
            return self._drawn[image, system].tile(*self._corners(number))
        tiles, places = self._tiles[image, system]
        return tiles[places[number]]

    def _corners(self, number: int) -> tuple[list[float], list[float]]:
        """The lower and the upper bounds of a tile along x and y."""
        bounds = self._bounds[number].tolist()
        return bounds[:2], bounds[2:]

    def pixels(self, idx: int) -> NDArray[Any]:
        """The bare pixels of a tile, of shape ``(channels, [depth,] height, width)``; the fastest way to read them."""
        number = range(len(self))[idx]
        _compute_without_threads(os.getpid())
        _, system, _, image = self._entries[number]
        if self._draws:
            return self._drawn[image, system].pixels(*self._corners(number))
        tiles, places = self._tiles[image, system]
        return tiles.pixels(places[number])

    def chunk_order(self) -> list[int]:
        """The numbers of the items in an order in which each chunk of an image is read about once."""
        order: list[int] = []
        for tiles, places in self._tiles.values():
            numbers = np.array(list(places), dtype=np.intp)
            order.extend(numbers[tiles.chunk_order()].tolist())
        return order or list(range(len(self)))


@functools.cache
def _compute_without_threads(process: int) -> None:  # noqa: ARG001
    """In a worker process, let dask compute in the thread that asks.

    A process that was forked has none of the threads that dask had started in its parent, and would wait for them for
    ever. Several workers keep all cores busy anyway.
    """
    import dask

    if multiprocessing.parent_process() is not None and dask.config.get("scheduler", None) is None:
        dask.config.set(scheduler="synchronous")


def _without_warning(elements: dict[str, Any]) -> SpatialData:
    """The object of a tile and a row that may annotate labels which are not part of it."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The table annotates", category=UserWarning)
        return new_container(elements)
