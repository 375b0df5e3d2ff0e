"""How each kind of element is read from a store and written to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata.models.kind import Kind
from spatialdata.store.options import WriteOptions
from spatialdata.store.points import PointsSource, write_points
from spatialdata.store.raster import RasterSource, write_raster
from spatialdata.store.shapes import ShapesSource, write_shapes
from spatialdata.store.tables import TableSource, write_table

if TYPE_CHECKING:
    from spatialdata.store.source import ElementSource

__all__ = ["SOURCES", "write_into"]

_Writer: TypeAlias = Callable[[Path, str, Any, WriteOptions], None]

SOURCES: dict[Kind, type[ElementSource]] = {
    Kind.IMAGE: RasterSource,
    Kind.LABELS: RasterSource,
    Kind.POINTS: PointsSource,
    Kind.SHAPES: ShapesSource,
    Kind.TABLE: TableSource,
}

_WRITERS: dict[Kind, _Writer] = {
    Kind.IMAGE: lambda folder, name, element, options: write_raster(folder, Kind.IMAGE, name, element, options),
    Kind.LABELS: lambda folder, name, element, options: write_raster(folder, Kind.LABELS, name, element, options),
    Kind.POINTS: lambda folder, _name, element, options: write_points(folder, element, options),
    Kind.SHAPES: lambda folder, _name, element, options: write_shapes(folder, element, options),
    Kind.TABLE: lambda folder, _name, element, options: write_table(folder, element, options),
}


def write_into(folder: Path, kind: Kind, name: str, element: Any, options: WriteOptions) -> None:
    """Write an element of any kind into a folder."""
    _WRITERS[kind](folder, name, element, options)
