"""The formats that a caller can ask for, by the class names that the published package gives them.

An instance stands for one version of one part: ``sdata.write(path, sdata_formats=SpatialDataContainerFormatV01())``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from spatialdata.errors import listing
from spatialdata.models.kind import Kind
from spatialdata.store.versions import CURRENT, ContainerVersion, container_version

__all__ = [
    "CurrentPointsFormat",
    "CurrentRasterFormat",
    "CurrentShapesFormat",
    "CurrentSpatialDataContainerFormat",
    "CurrentTablesFormat",
    "Formats",
    "PointsFormatV01",
    "PointsFormatV02",
    "RasterFormatV01",
    "RasterFormatV02",
    "RasterFormatV03",
    "ShapesFormatV01",
    "ShapesFormatV02",
    "ShapesFormatV03",
    "SpatialDataContainerFormatV01",
    "SpatialDataContainerFormatV02",
    "SpatialDataFormatType",
    "TablesFormatV01",
    "TablesFormatV02",
    "formats_of",
]


@dataclass(frozen=True)
class _Format:
    """One version of one part of a store.

    Attributes
    ----------
    part
        ``"container"``, ``"raster"``, ``"shapes"``, ``"points"`` or ``"tables"``.
    version
        The version string.
    zarr_format
        The version of Zarr that it follows.
    """

    part: ClassVar[str]
    version: ClassVar[str]
    zarr_format: ClassVar[int]

    @property
    def spatialdata_format_version(self) -> str:
        """The version string."""
        return self.version


class SpatialDataContainerFormatV01(_Format):
    """Container 0.1, on Zarr v2."""

    part, version, zarr_format = "container", "0.1", 2


class SpatialDataContainerFormatV02(_Format):
    """Container 0.2, on Zarr v3."""

    part, version, zarr_format = "container", "0.2", 3


class RasterFormatV01(_Format):
    """Images and labels 0.1: NGFF 0.4."""

    part, version, zarr_format = "raster", "0.1", 2


class RasterFormatV02(_Format):
    """Images and labels 0.2: NGFF 0.4-dev-spatialdata."""

    part, version, zarr_format = "raster", "0.2", 2


class RasterFormatV03(_Format):
    """Images and labels 0.3: NGFF 0.5-dev-spatialdata."""

    part, version, zarr_format = "raster", "0.3", 3


class ShapesFormatV01(_Format):
    """Shapes 0.1: ragged arrays, without further columns."""

    part, version, zarr_format = "shapes", "0.1", 2


class ShapesFormatV02(_Format):
    """Shapes 0.2: GeoParquet beside a Zarr v2 group."""

    part, version, zarr_format = "shapes", "0.2", 2


class ShapesFormatV03(_Format):
    """Shapes 0.3: GeoParquet beside a Zarr v3 group."""

    part, version, zarr_format = "shapes", "0.3", 3


class PointsFormatV01(_Format):
    """Points 0.1: Parquet beside a Zarr v2 group."""

    part, version, zarr_format = "points", "0.1", 2


class PointsFormatV02(_Format):
    """Points 0.2: Parquet beside a Zarr v3 group."""

    part, version, zarr_format = "points", "0.2", 3


class TablesFormatV01(_Format):
    """Tables 0.1: AnnData in Zarr v2."""

    part, version, zarr_format = "tables", "0.1", 2


class TablesFormatV02(_Format):
    """Tables 0.2: AnnData in Zarr v3."""

    part, version, zarr_format = "tables", "0.2", 3


CurrentSpatialDataContainerFormat = SpatialDataContainerFormatV02
CurrentRasterFormat = RasterFormatV03
CurrentShapesFormat = ShapesFormatV03
CurrentPointsFormat = PointsFormatV02
CurrentTablesFormat = TablesFormatV02

SpatialDataContainerFormatType: TypeAlias = SpatialDataContainerFormatV01 | SpatialDataContainerFormatV02
SpatialDataFormatType: TypeAlias = (
    RasterFormatV01
    | RasterFormatV02
    | RasterFormatV03
    | ShapesFormatV01
    | ShapesFormatV02
    | ShapesFormatV03
    | PointsFormatV01
    | PointsFormatV02
    | TablesFormatV01
    | TablesFormatV02
    | SpatialDataContainerFormatV01
    | SpatialDataContainerFormatV02
)

_PARTS = {
    Kind.IMAGE: "raster",
    Kind.LABELS: "raster",
    Kind.POINTS: "points",
    Kind.SHAPES: "shapes",
    Kind.TABLE: "tables",
}


@dataclass(frozen=True, slots=True)
class Formats:
    """A container version with one version for each kind of element.

    Attributes
    ----------
    container
        The container.
    chosen
        Versions by kind where not the newest of the container is wanted.
    """

    container: ContainerVersion = CURRENT
    chosen: dict[Kind, str] = field(default_factory=dict)

    def version(self, kind: Kind) -> str:
        """The version in which elements of a kind are written."""
        return self.chosen.get(kind, self.container.elements[kind][-1])


def formats_of(given: Any, container: ContainerVersion | None = None) -> Formats:
    """Read what a caller gives as ``sdata_formats``.

    Parameters
    ----------
    given
        A format, several, or None for the current ones.
    container
        The container that there is already, if any; its newest versions are the defaults.

    Raises
    ------
    ValueError
        Something is no format, a part is given twice, or the versions do not go together.

    Examples
    --------
    >>> formats_of(SpatialDataContainerFormatV01()).version(Kind.IMAGE)
    '0.2'
    >>> formats_of([SpatialDataContainerFormatV01(), RasterFormatV01()]).version(Kind.IMAGE)
    '0.1'
    """
    if given is None:
        return Formats(container or CURRENT)
    formats = list(given) if isinstance(given, Iterable) else [given]
    by_part: dict[str, _Format] = {}
    for item in formats:
        if not isinstance(item, _Format):
            known = listing(cls.__name__ for cls in _Format.__subclasses__())
            raise ValueError(f"{item!r} is no format. Valid are instances of {known}.")  # noqa: TRY004
        if item.part in by_part:
            raise ValueError(f"Two formats are given for {item.part}: {by_part[item.part]} and {item}. Give one.")
        by_part[item.part] = item
    asked = by_part.pop("container", None)
    found = container_version(asked.version, "sdata_formats") if asked else (container or CURRENT)
    if container is not None and found is not container:
        raise ValueError(
            f"The store has the container version {container.version}, but {found.version} is asked for. Write the "
            "whole object to a new store."
        )
    return Formats(found, {kind: _checked(found, kind, by_part[p]) for kind, p in _PARTS.items() if p in by_part})


def _checked(container: ContainerVersion, kind: Kind, asked: _Format) -> str:
    valid = container.elements[kind]
    if asked.version not in valid:
        raise ValueError(
            f"{type(asked).__name__} cannot lie in a container of version {container.version}. Valid versions of "
            f"{asked.part} there: {listing(valid)}."
        )
    return asked.version
