"""How a store is written: versions, encodings, codecs and layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from spatialdata.config import settings
from spatialdata.errors import listing
from spatialdata.store.dialects import v05_spatialdata, v06_spatialdata
from spatialdata.store.formats import Formats, formats_of
from spatialdata.store.table_arrays import ArrayLayout
from spatialdata.store.versions import CURRENT

if TYPE_CHECKING:
    from spatialdata.store.versions import ContainerVersion

__all__ = ["NGFF_VERSIONS", "GeometryEncoding", "PointsLayout", "ShapesLayout", "WriteOptions"]

GeometryEncoding: TypeAlias = Literal["WKB", "geoarrow"]
PointsLayout: TypeAlias = Literal["sorted", "kept", "vitessce"]
ShapesLayout: TypeAlias = Literal["sorted", "kept"]
NGFF_VERSIONS = (v05_spatialdata.NGFF_VERSION, v06_spatialdata.NGFF_VERSION)
_CODECS = {"lz4": 9, "zstd": 22}


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How elements are written.

    Attributes
    ----------
    formats
        The versions.
    geometry_encoding
        ``"WKB"`` or ``"geoarrow"``.
    raster_codec
        Name (``"lz4"`` or ``"zstd"``) and level of the compression of images and labels; None to choose by kind.
    raster_chunks, raster_shards
        Sizes of chunks and shards by axis; axes that are not named keep theirs, and without ``raster_shards`` there
        are none.
    label_statistics
        Store the ids, numbers of pixels, centres and bounds of labels beside them.
    points_layout
        ``"sorted"`` puts points that are near each other close together in the file, if there are many; ``"kept"``
        leaves their order; ``"vitessce"`` sorts also few of them, and adds the columns by which Vitessce loads tiles.
    shapes_layout
        ``"sorted"`` puts shapes that are near each other close together in the file, if there are many; reading gives
        them their order back. ``"kept"`` stores them in it.
    table_chunks, table_shards
        The number of values in a chunk of an array of a table, and of chunks in a shard (1 for no shards).
    ngff
        How the metadata of images and labels are spelled: the version of OME-Zarr.
    units
        The units of coordinate systems, by coordinate system and axis.
    """

    formats: Formats = field(default_factory=Formats)
    geometry_encoding: GeometryEncoding = "WKB"
    raster_codec: tuple[str, int] | None = None
    raster_chunks: Mapping[str, int] = field(default_factory=dict)
    raster_shards: Mapping[str, int] = field(default_factory=dict)
    label_statistics: bool = False
    points_layout: PointsLayout = "sorted"
    shapes_layout: ShapesLayout = "sorted"
    ngff: str = NGFF_VERSIONS[0]
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    table_chunks: int = 2**20
    table_shards: int = 16

    @property
    def table_layout(self) -> ArrayLayout:
        """How the arrays of tables are cut."""
        return ArrayLayout(self.table_chunks, self.table_shards if self.formats.container.zarr_format == 3 else 1)

    @classmethod
    def of(
        cls,
        *,
        formats: Any = None,
        container: ContainerVersion | None = None,
        geometry_encoding: str | None = None,
        raster_compressor: Mapping[str, int] | None = None,
        raster_chunks: Mapping[str, int] | None = None,
        raster_shards: Mapping[str, int] | None = None,
        label_statistics: bool = False,
        points_layout: str = "sorted",
        shapes_layout: str = "sorted",
        table_chunks: int | None = None,
        table_shards: int | None = None,
        ngff: str | None = None,
        units: Mapping[str, Mapping[str, str]] | None = None,
    ) -> WriteOptions:
        """Check what a caller gives.

        Raises
        ------
        ValueError
            A value is not valid; the message says which are.

        Examples
        --------
        >>> WriteOptions.of(raster_compressor={"zstd": 3}).raster_codec
        ('zstd', 3)
        """
        encoding = settings.shapes_geometry_encoding if geometry_encoding is None else geometry_encoding
        _check_choice("geometry_encoding", encoding, get_args(GeometryEncoding))
        _check_choice("points_layout", points_layout, get_args(PointsLayout))
        _check_choice("shapes_layout", shapes_layout, get_args(ShapesLayout))
        chosen = formats_of(formats, container)
        return cls(
            formats=chosen,
            geometry_encoding=encoding,  # type: ignore[arg-type]
            raster_codec=_codec(raster_compressor),
            raster_chunks=_sizes("raster_chunks", raster_chunks),
            raster_shards=_sizes("raster_shards", raster_shards),
            label_statistics=bool(label_statistics),
            points_layout=points_layout,  # type: ignore[arg-type]
            shapes_layout=shapes_layout,  # type: ignore[arg-type]
            **_counts(table_chunks=table_chunks, table_shards=table_shards),
            ngff=_ngff(ngff, chosen),
            units=dict(units or {}),
        )


def _check_choice(what: str, value: object, valid: Sequence[str]) -> None:
    if value not in valid:
        raise ValueError(f"{what}={value!r} is not known. Valid: {listing(valid)}.")


def _ngff(given: str | None, formats: Formats) -> str:
    if given is None:
        return NGFF_VERSIONS[0]
    _check_choice("ngff", given, NGFF_VERSIONS)
    if formats.container is not CURRENT:
        raise ValueError(
            f"ngff={given!r} needs Zarr v3, which a container of version {formats.container.version} is not. Leave one "
            "of them out."
        )
    return given


def _codec(given: Any) -> tuple[str, int] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in _CODECS:
        raise ValueError(
            f"raster_compressor={given!r} is not valid. Give one of {listing(_CODECS)} with its level, for example "
            "{'zstd': 3}."
        )
    name, level = next(iter(given.items()))
    if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= _CODECS[name]:
        raise ValueError(f"The level of {name!r} must be a whole number from 0 to {_CODECS[name]}, not {level!r}.")
    return name, level


def _counts(**given: Any) -> dict[str, int]:
    """The whole numbers that are given."""
    counts = {name: count for name, count in given.items() if count is not None}
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"{name} must be a whole number above 0, not {count!r}.")
    return counts


def _sizes(what: str, given: Any) -> dict[str, int]:
    sizes = dict(given or {})
    for axis, size in sizes.items():
        if axis not in ("t", "c", "z", "y", "x") or isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{what}={sizes!r} is not valid. Give sizes in pixels by axis, such as {{'y': 512}}.")
    return sizes
