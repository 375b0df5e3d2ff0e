"""Points in a store: a folder of Parquet files, read lazily and in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import axes_of
from spatialdata.errors import StoreError
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.categories import with_known_categories
from spatialdata.models.kind import Kind
from spatialdata.store.attributes import own_attrs, stored_attrs
from spatialdata.store.dialects.edges import edges_of, transformations_of_edges
from spatialdata.store.documents import contents, write_group
from spatialdata.store.files import exists, is_local
from spatialdata.store.footers import footer_of, look_again, part_stamp
from spatialdata.store.objects.objects import objects_of
from spatialdata.store.parquet import ROWS_PER_GROUP, ROWS_PER_PART, Layout, table_of, write_partition, write_table
from spatialdata.store.pieces import Piece, column_names, portions_of
from spatialdata.store.point_files import PointFiles, files_of
from spatialdata.store.portions import Blocks, holds_any
from spatialdata.store.sorting import Bounds, bounds_of, merged, sort_table
from spatialdata.store.source import ElementSource, reading
from spatialdata.store.spill import opened_spills, spill_sorted
from spatialdata.store.tiling import Tiling, write_tiles
from spatialdata.transformations.attach import TRANSFORM_KEY, transformations_of

if TYPE_CHECKING:
    import pandas as pd
    from dask.dataframe import DataFrame as DaskDataFrame

    from spatialdata._core.sources import RowMove, RowTest, Window
    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.store.options import WriteOptions

__all__ = ["PARQUET", "PointsSource", "write_points"]

PARQUET = "points.parquet"
_ENCODING = "ngff:points"


class PointsSource(ElementSource):
    """Points in a store."""

    _known: PointFiles | None = None

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The transformations, under ``"transform"``, and the names of the special columns."""
        _ = self.version
        attributes = self.node.attributes
        edges = attributes.get("coordinateTransformations")
        attrs: dict[str, Any] = {
            **stored_attrs(attributes),
            TRANSFORM_KEY: transformations_of_edges(edges, attributes.get("axes") or ("x", "y"), self.where),
        }
        stored = attributes.get(ATTRS_KEY, {})
        keys = {key: value for key, value in stored.items() if key != "version" and value is not None}
        if keys:
            attrs[ATTRS_KEY] = keys
        return attrs

    @property
    def parts(self) -> list[Path]:
        """The Parquet files, in the order of their numbers."""
        folder = self.folder / PARQUET
        if not is_local(folder):
            return self._parts_elsewhere
        parts: list[Path] = []
        if folder.is_file():
            return [folder]
        if folder.is_dir():
            parts = [part for part in folder.glob("*.parquet") if not part.name.startswith(".")]
        if not parts:
            raise StoreError(f"{self.where} has no Parquet file in {PARQUET}: {contents(folder)}.")
        return sorted(parts, key=_part_number)

    @cached_property
    def _parts_elsewhere(self) -> list[Path]:
        """The files behind an address when they were first asked for."""
        folder = self.folder / PARQUET
        try:
            found = [child.name for child in objects_of(folder).children(folder) if not child.is_folder]
        except PermissionError:
            # Many may read what they may not list.
            found = []
        parts = [folder / name for name in found if name.endswith(".parquet") and not name.startswith(".")]
        parts = parts or list(_numbered(folder)) or ([folder] if exists(folder) else [])
        if not parts:
            raise StoreError(f"{self.where} has no Parquet file in {PARQUET}: {contents(folder)}.")
        return sorted(parts, key=_part_number)

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> PointsFrame:
        """The points as a lazy frame, with known categories.

        Parameters
        ----------
        columns
            Only these columns.
        window
            Only the row groups that may hold points inside, by their statistics.
        """
        from spatialdata.models.points_frame import PointsFrame

        self._renew()
        attrs = dict(self.attrs)
        whole = columns is None and window is None
        with reading(self.where, self.folder / PARQUET):
            files = self._files()
            frame = files.whole() if whole else files.frame(columns, files.portions(window))
        return PointsFrame(frame, attrs, source=self if whole else None)

    def rows(self, columns: Sequence[str], window: Window) -> PointsFrame:
        """See :meth:`spatialdata._core.sources.RowSource.rows`."""
        from spatialdata.models.points_frame import PointsFrame

        with reading(self.where, self.folder / PARQUET):
            files = self._files()
            return PointsFrame(files.frame(columns, files.portions(window), indexed=False), dict(self.attrs))

    def blocks(self, columns: Sequence[str], window: Window) -> list[Blocks]:
        """See :meth:`spatialdata._core.sources.RowSource.blocks`."""
        with reading(self.where, self.folder / PARQUET):
            files = self._files()
            return [Blocks(portion, tuple(columns)) for portion in portions_of(files.pieces(window))]

    def select(self, wanted: Sequence[tuple[Window, RowTest]]) -> list[PointsFrame | None]:
        """See :meth:`spatialdata._core.sources.RowSource.select`."""
        from spatialdata.models.points_frame import PointsFrame

        with reading(self.where, self.folder / PARQUET):
            files = self._files()
            pieces = [files.pieces(window) for window, _ in wanted]
            filled = _filled([(found, *one) for found, one in zip(pieces, wanted, strict=True)])
            return [
                PointsFrame(files.frame(None, portions_of(found), test)) if some else None
                for some, found, (_, test) in zip(filled, pieces, wanted, strict=True)
            ]

    def moved(self, move: RowMove) -> PointsFrame:
        """See :meth:`spatialdata._core.sources.RowSource.moved`."""
        from spatialdata.models.points_frame import PointsFrame

        with reading(self.where, self.folder / PARQUET):
            files = self._files()
            return PointsFrame(files.frame(None, files.portions(None), move=move))

    def _files(self) -> PointFiles:
        """The files; what they have in common is read again only when one of them was replaced."""
        parts = self.parts
        if self._known is None and not is_local(parts[0]):
            look_again(parts)
        stamps = tuple((part, part_stamp(part)) for part in parts)
        if self._known is None or self._known.stamps != stamps or any(stamp is None for _, stamp in stamps):
            self._known = files_of(self.where, stamps)
        return self._known

    def bounds(self, axes: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """The least and the greatest coordinate along each axis, by the footers; None if they do not say."""
        with reading(self.where, self.folder / PARQUET):
            found = [footer_of(part).bounds(axes) for part in self.parts]
        known = [one for one in found if one is not None]
        if len(known) < len(found):
            return None
        lower, upper = (np.array(side) for side in zip(*known, strict=True))
        return lower.min(axis=0).tolist(), upper.max(axis=0).tolist()

    def check(self) -> None:
        """See :meth:`ElementSource.check`."""
        _ = self.attrs
        with reading(self.where, self.folder / PARQUET):
            self.row_counts()

    def row_counts(self) -> list[int]:
        """The number of rows of each file, by the footers."""
        return [int(footer_of(part).metadata.num_rows) for part in self.parts]

    def facts(self) -> dict[str, Any]:
        """See :meth:`ElementSource.facts`."""
        with reading(self.where, self.folder / PARQUET):
            columns = column_names(self.parts[0])
            axes = "xyz" if "z" in columns else "xy"
            return {"class": "DataFrame", "axes": axes, "rows": sum(self.row_counts()), "columns": columns}

    def summary(self) -> str:
        """See :meth:`ElementSource.summary`."""
        facts = self.facts()
        shape = f"({facts['rows']}, {len(facts['columns'])})"
        return f"DataFrame with shape: {shape} ({len(facts['axes'])}D points)"


def _filled(wanted: Sequence[tuple[list[Piece], Window, RowTest]]) -> list[bool]:
    """Whether any row of some pieces passes a test, for several of them."""
    import dask
    from dask.base import get_scheduler

    if len(wanted) == 1 and get_scheduler() is None:
        # One question, which nobody else is to answer.
        return [holds_any(*one) for one in wanted]
    holds = dask.delayed(holds_any, pure=False, traverse=False)
    return list(dask.compute(*(holds(*one) if one[0] else False for one in wanted)))


def _numbered(folder: Path) -> Iterator[Path]:
    """The files of a folder behind an address that cannot be listed, as on a plain web server."""
    number = 0
    while exists(part := folder / f"part.{number}.parquet"):
        yield part
        number += 1


def _part_number(part: Path) -> tuple[int, str]:
    digits = "".join(char for char in part.stem if char.isdigit())
    return int(digits or 0), part.name


def write_points(folder: Path, points: DaskDataFrame, options: WriteOptions) -> None:
    """Write points into a folder.

    Parameters
    ----------
    folder
        The folder of the element; it is made a Zarr group beside the folder ``points.parquet``.
    points
        The element. It is computed partition by partition; the index of the rows is kept.
    options
        Version and layout. The order of the rows is kept if the layout says so, or if they are few and are not asked
        for in tiles.
    """
    axes = axes_of(points)
    keys = points.attrs.get(ATTRS_KEY, {})
    attributes = {
        "encoding-type": _ENCODING,
        "axes": list(axes),
        "coordinateTransformations": edges_of(transformations_of(points), axes, options.units),
        ATTRS_KEY: {
            **{key: value for key, value in keys.items() if value is not None},
            "version": options.formats.version(Kind.POINTS),
        },
        **own_attrs(points, f"points/{folder.name}"),
    }
    write_group(folder, attributes, options.formats.container.zarr_format)
    directory = folder / PARQUET
    directory.mkdir()
    known = with_known_categories(points, [name for name in points.columns if str(points.dtypes[name]) == "category"])
    layout = Layout.of(known._meta)  # noqa: SLF001
    tiles = options.points_layout == "vitessce"
    tiling = Tiling.of(known._meta, keys.get("feature_key")) if tiles else None  # noqa: SLF001
    bounds = None if options.points_layout == "kept" else _bounds(known)
    if bounds is None or bounds.rows <= (0 if tiles else ROWS_PER_GROUP):
        _write_in_order(known, directory, layout)
    else:
        _write_sorted(known, directory, layout, bounds, tiling)


def _bounds(points: DaskDataFrame) -> Bounds:
    import dask

    partitions = points[["x", "y"]].to_delayed()
    return Bounds.over(dask.compute(*(dask.delayed(bounds_of)(part) for part in partitions)))


def _write_in_order(points: DaskDataFrame, directory: Path, layout: Layout) -> None:
    import dask

    write = dask.delayed(write_partition, pure=False)
    partitions = points.to_delayed()
    written = dask.compute(*(write(part, directory, number, layout) for number, part in enumerate(partitions)))
    _number_parts([part for parts in written for part in parts], directory)


def _write_sorted(
    points: DaskDataFrame, directory: Path, layout: Layout, bounds: Bounds, tiling: Tiling | None
) -> None:
    """Sort each partition on its own, then merge them. What does not fit into memory waits on disk meanwhile."""
    import dask

    spill = dask.delayed(_sorted_partition, pure=False)
    partitions = [
        spill(part, layout, bounds, tiling, directory / f".sorted-{number:06d}.arrow")
        for number, part in enumerate(points.to_delayed())
    ]
    paths = [path for path in dask.compute(*partitions) if path is not None]
    with opened_spills(paths) as spills:
        if tiling is not None:
            write_tiles(spills, directory, layout)
        else:
            for number, table in enumerate(spills.forgetting(merged(spills.parts, ROWS_PER_PART))):
                write_table(table, directory / f"part.{number}.parquet", layout)
                del table
    for path in paths:
        path.unlink()


def _sorted_partition(
    frame: pd.DataFrame, layout: Layout, bounds: Bounds, tiling: Tiling | None, path: Path
) -> Path | None:
    if not len(frame):
        return None
    part = sort_table(table_of(frame, layout), bounds)
    spill_sorted(part if tiling is None else tiling.apply(part), path)
    return path


def _number_parts(parts: list[tuple[Path, int]], directory: Path) -> None:
    """Give the files consecutive numbers; files without rows go, unless no file has any."""
    kept = [path for path, rows in parts if rows] or [parts[0][0]]
    for path, _ in parts:
        if path not in kept:
            path.unlink()
    for number, path in enumerate(kept):
        path.replace(directory / f"part.{number}.parquet")
