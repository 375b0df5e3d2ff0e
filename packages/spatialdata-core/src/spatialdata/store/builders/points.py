"""Points that are written batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spatialdata.errors import ElementNotFoundError, unknown_name
from spatialdata.models.kind import Kind
from spatialdata.models.points import PointsModel
from spatialdata.store.builders.builder import Builder, Place
from spatialdata.store.builders.frames import Columns, numbered, read_frame, write_frame
from spatialdata.store.builders.placing import check_same_place
from spatialdata.transformations.attach import check_transformations, default_transformations

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["PointsBuilder"]

_ROWS_PER_FILE = 2_000_000


class PointsBuilder(Builder):
    """Write points in batches; see :meth:`spatialdata.SpatialData.create_points`.

    Parameters
    ----------
    place
        The store and the name.
    feature_key, instance_key, coordinates
        As :meth:`spatialdata.models.PointsModel.parse` takes them.
    transformations
        Transformations by coordinate system; the Identity to ``"global"`` if not given.
    rows_in_memory
        The number of rows that each thread sorts at a time.
    """

    kind: ClassVar[Kind] = Kind.POINTS

    def __init__(
        self,
        place: Place,
        *,
        feature_key: str | None,
        instance_key: str | None,
        coordinates: Mapping[str, str] | None,
        transformations: Mapping[str, BaseTransformation] | None,
        rows_in_memory: Any,
    ) -> None:
        super().__init__(place, {"feature_key": feature_key, "instance_key": instance_key})
        if isinstance(rows_in_memory, bool) or not isinstance(rows_in_memory, int) or rows_in_memory < 1:
            raise ValueError(f"rows_in_memory must be a whole number above 0, not {rows_in_memory!r}.")
        self._keys = {"feature_key": feature_key, "instance_key": instance_key}
        self._coordinates = coordinates
        self._transformations = check_transformations(transformations or {}) or default_transformations()
        self._rows_in_memory = rows_in_memory
        self._columns = Columns()

    def append(self, batch: Any) -> None:
        """Put further points behind those before.

        Parameters
        ----------
        batch
            What :meth:`spatialdata.models.PointsModel.parse` takes: a frame of pandas, dask or polars, a pyarrow table,
            an array, a file. A dask frame is computed partition by partition. All batches have the same columns and
            types; categories may differ. A default index is continued over the batches, any other is kept.

        Raises
        ------
        ValidationError
            The columns are not those of the batches before.
        ValueError
            The coordinates are missing or are no numbers, or the batch has transformations of its own.
        """
        self._check_open()
        points = PointsModel.parse(batch, coordinates=self._coordinates)
        check_same_place(batch, points, self._transformations)
        files: list[dict[str, Any]] = []
        notes: list[dict[str, Any]] = []
        columns, start = self._columns.copy(), self.rows
        for part in _parts(points, start):
            frame = columns.conform(self._with_features(part))
            note = columns.note(frame)
            columns.take(note)
            path = self._next_file(f"-{len(files):04d}.arrow")
            write_frame(frame, path)
            files.append({"file": path.name, "rows": len(frame)})
            notes.append(note)
            start += len(frame)
        self._record(start - self.rows, {"files": files, "notes": notes})
        self._columns = columns

    def _with_features(self, frame: pd.DataFrame) -> pd.DataFrame:
        for key in self._keys.values():
            if key is not None and key not in frame.columns:
                raise ElementNotFoundError(unknown_name("column", key, frame.columns))
        key = self._keys["feature_key"]
        if key is not None and str(frame[key].dtype) != "category":
            frame = frame.assign(**{key: frame[key].astype("category")})
        return frame

    def _go_on(self) -> None:
        for entry in self._journal.entries:
            for note in entry["notes"]:
                self._columns.take(note)

    def _element(self) -> PointsFrame:
        import dask.dataframe as dd

        self._check_started()
        files = [
            (self._folder / file["file"], file["rows"]) for entry in self._journal.entries for file in entry["files"]
        ]
        meta = self._columns.complete(read_frame(files[0][0]).iloc[:0])
        pieces = list(_pieces(files, self._rows_in_memory))
        frame = dd.from_map(partial(_read_pieces, complete=self._columns.complete), pieces, meta=meta, label="batches")
        keys: dict[str, Any] = self._keys
        return PointsModel.parse(frame, **keys, transformations=self._transformations)


def _parts(points: PointsFrame, first: int) -> Iterator[pd.DataFrame]:
    """The rows of points, in frames of bounded size."""
    seen = 0
    for number in range(points.npartitions):
        frame = numbered(points.partitions[number].compute(), first + seen, seen)
        seen += len(frame)
        for start in range(0, max(len(frame), 1), _ROWS_PER_FILE):
            yield frame.iloc[start : start + _ROWS_PER_FILE]


def _pieces(files: list[tuple[Path, int]], size: int) -> Iterator[list[tuple[Path, int, int]]]:
    """Parts of files that have together a given number of rows; files of no rows are left out."""
    piece: list[tuple[Path, int, int]] = []
    room = size
    for path, rows in files:
        start = 0
        while start < rows:
            stop = min(rows, start + room)
            piece.append((path, start, stop))
            room -= stop - start
            start = stop
            if not room:
                yield piece
                piece, room = [], size
    if piece or not any(rows for _, rows in files):
        yield piece or [(files[0][0], 0, 0)]


def _read_pieces(pieces: list[tuple[Path, int, int]], complete: Any) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.concat([complete(read_frame(path).iloc[start:stop]) for path, start, stop in pieces])
    return frame
