"""Frames that come in batches: the same columns in each, and categories that may grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import Fault, listing
from spatialdata.models.base import raise_faults
from spatialdata.store.builders.journal import to_disk

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "numbered", "read_frame", "write_frame"]

_INDEX = "the index"


class Columns:
    """The columns that all batches have, and the categories that they have together, in the order of appearance."""

    def __init__(self) -> None:
        self._types: dict[str, str] | None = None
        self._categories: dict[str, dict[Any, None]] = {}
        self._ordered: dict[str, bool] = {}

    def copy(self) -> Columns:
        """A copy that can be given up when a batch fails."""
        twin = Columns()
        twin._types = self._types
        twin._categories = {column: dict(found) for column, found in self._categories.items()}
        twin._ordered = dict(self._ordered)
        return twin

    @property
    def categories(self) -> dict[str, tuple[list[Any], bool]]:
        """For each categorical column, all categories so far and whether they are ordered."""
        return {column: (list(found), self._ordered[column]) for column, found in self._categories.items()}

    @property
    def names(self) -> list[str]:
        """The columns, without the index."""
        return [column for column in self._types or () if column != _INDEX]

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A batch with the columns in the order of the first.

        Raises
        ------
        ValidationError
            Columns are missing, new, or of another type than those of the first batch.
        """
        if self._types is None:
            return frame
        raise_faults("The batch does not fit those before it:", self._faults(frame))
        return frame[self.names]

    def _faults(self, frame: pd.DataFrame) -> list[Fault]:
        known = self._types or {}
        found = _types(frame)
        missing, further = (
            [name for name in one if name not in other] for one, other in ((known, found), (found, known))
        )
        faults = [Fault((), f"the columns {listing(missing)} are missing")] if missing else []
        if further:
            faults.append(Fault((), f"the columns {listing(further)} are new; all batches have {listing(known)}"))
        for column in known.keys() & found.keys():
            if found[column] != known[column]:
                faults.append(Fault((column,), f"must be of {known[column]} as before, not {found[column]}; cast it"))
            elif column in self._ordered and bool(frame[column].cat.ordered) != self._ordered[column]:
                faults.append(Fault((column,), "is ordered in some batches only"))
            elif self._ordered.get(column) and list(frame[column].cat.categories) != list(self._categories[column]):
                faults.append(Fault((column,), "is ordered, so that all batches need the same categories"))
        return faults

    def note(self, frame: pd.DataFrame) -> dict[str, Any]:
        """What is new in a batch that conforms, as JSON for the journal."""
        noted: dict[str, Any] = {"categories": {}}
        if self._types is None:
            noted["columns"] = _types(frame)
        for column in frame.columns[[str(dtype) == "category" for dtype in frame.dtypes]]:
            known = self._categories.get(str(column), {})
            fresh = [value for value in frame[column].cat.categories.tolist() if value not in known]
            if fresh or str(column) not in self._categories:
                noted["categories"][str(column)] = [_plain(value, column) for value in fresh]
                noted.setdefault("ordered", {})[str(column)] = bool(frame[column].cat.ordered)
        return noted

    def take(self, noted: Mapping[str, Any]) -> None:
        """Take up what was noted of a batch."""
        self._types = self._types or noted.get("columns")
        for column, fresh in noted["categories"].items():
            self._categories.setdefault(column, {}).update(dict.fromkeys(fresh))
            self._ordered[column] = noted["ordered"][column]

    def complete(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A frame of some batches with all categories."""
        import pandas as pd

        full = {
            column: frame[column].astype(pd.CategoricalDtype(values, ordered))
            for column, (values, ordered) in self.categories.items()
            if column in frame.columns
        }
        return frame.assign(**full)


def numbered(frame: pd.DataFrame, start: int, seen: int = 0) -> pd.DataFrame:
    """A frame whose default index is replaced by one that goes on from the batches before; others are kept.

    Parameters
    ----------
    frame
        A batch, or a part of one.
    start
        The number of its first row among those of all batches.
    seen
        The number of rows in the parts of the batch before it.
    """
    import pandas as pd

    index = frame.index
    if not isinstance(index, pd.RangeIndex) or index.step != 1 or index.start not in (0, seen):
        return frame
    return frame.set_axis(pd.RangeIndex(start, start + len(frame), name=index.name), axis=0)


def _types(frame: pd.DataFrame) -> dict[str, str]:
    return {**{str(column): str(dtype) for column, dtype in frame.dtypes.items()}, _INDEX: str(frame.index.dtype)}


def _plain(value: Any, column: Any) -> Any:
    if isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"The categories of {column!r} must be strings or numbers, not {type(value).__name__}.")


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame into a file, and make sure that it is on disk."""
    import pyarrow as pa

    bare = frame.copy(deep=False)
    bare.attrs = {}
    table = pa.Table.from_pandas(bare, preserve_index=True)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    to_disk(path)


def read_frame(path: Path, columns: Sequence[str] | None = None, *, indexed: bool = True) -> pd.DataFrame:
    """Read a frame that :func:`write_frame` has written: all of it, or some columns with its index or without."""
    import pyarrow as pa

    with pa.OSFile(str(path), "rb") as file:
        options = None
        if columns is not None:
            with pa.ipc.open_file(file) as reader:
                schema = reader.schema
            names = [*columns, *(schema.pandas_metadata["index_columns"] if indexed else ())]
            options = pa.ipc.IpcReadOptions(included_fields=sorted(schema.get_field_index(name) for name in names))
        with pa.ipc.open_file(file, options=options) as reader:
            frame: pd.DataFrame = reader.read_all().to_pandas()
    return frame if columns is None else frame[list(columns)]
