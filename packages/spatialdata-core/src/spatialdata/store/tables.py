"""Tables in a store: AnnData in the layout of anndata, with five attributes that say what it annotates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata._core.matrices import MAPPINGS
from spatialdata.errors import StoreError
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind
from spatialdata.store.documents import (
    child_names,
    contents,
    is_node,
    read_node,
    replace_attributes,
    write_group,
)
from spatialdata.store.files import is_local
from spatialdata.store.lazy_table import read_lazily
from spatialdata.store.source import ElementSource, reading
from spatialdata.store.table_frames import storable_frame
from spatialdata.store.table_values import write_value

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from spatialdata._core.sources import Window
    from spatialdata.store.options import WriteOptions

__all__ = ["LazyTableSource", "TableSource", "describe_table", "plain_uns", "write_columns", "write_table"]

_ENCODING = "ngff:regions_table"
_KEYS = ("region", "region_key", "instance_key")
_NEEDED = ("obs", "var")


class TableSource(ElementSource):
    """A table in a store."""

    is_lazy = False

    def lazily(self) -> LazyTableSource:
        """The source of the same table with lazy matrices."""
        lazy = LazyTableSource(self.root, self.kind, self.name, self.container)
        lazy.take_documents(self._snapshot)
        return lazy

    @property
    def version(self) -> str:
        """The version of the table."""
        return self.container.check_element(self.kind, self.node.attributes.get("version"), self.where)

    @property
    def attrs(self) -> Mapping[str, Any]:
        """What the table annotates, under ``"spatialdata_attrs"``; empty if it annotates nothing."""
        _ = self.version
        attributes = self.node.attributes
        if attributes.get("region") is None:
            return {}
        return {ATTRS_KEY: {key: attributes.get(key) for key in _KEYS}}

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> AnnData:  # noqa: ARG002
        """The table, whole and in memory; or what :meth:`with_columns` reads."""
        return self._loaded(self._read) if columns is None else self.with_columns(columns)

    def with_columns(self, columns: Sequence[str]) -> AnnData:
        """See :meth:`~spatialdata._core.sources.ColumnedTable.with_columns`."""
        keys = [self.node.attributes.get(key) for key in _KEYS[1:]]
        wanted = {*columns, *(str(key) for key in keys if key is not None)}
        return self._loaded(lambda: read_lazily(self.folder, self.documents, wanted))

    def _loaded(self, read: Callable[[], AnnData]) -> AnnData:
        self._renew()
        _ = self.version
        with reading(self.where, self.folder):
            self._require_listing()
            table = read()
        stored = table.uns.get(ATTRS_KEY)
        if stored is not None:
            table.uns[ATTRS_KEY] = _plain_attrs(stored)
        return table

    def _require_listing(self) -> None:
        """Raise a StoreError where nobody says which parts the table has, since it would lack them."""
        if is_local(self.root) or self.documents() is not None:
            return
        missing = [name for name in _NEEDED if name not in child_names(self.folder)]
        if missing:
            raise StoreError(f"The server lists no {' and no '.join(missing)}, and no consolidated metadata do.")

    def _read(self) -> AnnData:
        import zarr
        from anndata.io import read_zarr

        return read_zarr(zarr.open_group(self.zarr_location(), mode="r", use_consolidated=False))

    def check(self) -> None:
        """See :meth:`ElementSource.check`."""
        _ = self.version
        missing = [name for name in _NEEDED if not is_node(self.folder / name)]
        if missing:
            raise StoreError(f"{self.where} has no {' and no '.join(missing)}: {contents(self.folder)}.")
        with reading(self.where, self.folder):
            for name in child_names(self.folder):
                read_node(self.folder / name)

    def facts(self) -> dict[str, Any]:
        """See :meth:`ElementSource.facts`."""
        with reading(self.where, self.folder):
            rows, columns = (self._length(name) for name in ("obs", "var"))
            return {"class": "AnnData", "rows": rows, "columns": columns}

    def _length(self, frame: str) -> int:
        """The number of rows of a frame, by the array of its index."""
        index = f"{frame}/{self.node_at(frame).attributes.get('_index', '_index')}"
        return self.shape_at(f"{index}/values" if self.node_at(index).node_type == "group" else index)[0]

    def summary(self) -> str:
        """See :meth:`ElementSource.summary`."""
        facts = self.facts()
        return f"AnnData ({facts['rows']}, {facts['columns']})"


class LazyTableSource(TableSource):
    """A table in a store whose matrices are read when they are computed."""

    is_lazy = True

    def _read(self) -> AnnData:
        return read_lazily(self.folder, self.documents)

    def summary(self) -> str:
        """See :meth:`ElementSource.summary`."""
        return f"{super().summary()}, lazy"


def _plain_attrs(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict.fromkeys(_KEYS), **{key: _plain(value) for key, value in stored.items()}}


def write_table(folder: Path, table: AnnData, options: WriteOptions) -> None:
    """Write a table into a folder.

    Parameters
    ----------
    folder
        The folder of the element; it is made a Zarr group.
    table
        The element; it is not changed.
    options
        Version, chunks and shards. A lazy matrix is computed block by block.
    """
    import zarr

    write_group(folder, zarr_format=options.formats.container.zarr_format)
    whole = table.copy() if table.is_view else table
    parts = {
        **({} if whole.X is None else {"X": whole.X}),
        **{name: storable_frame(getattr(whole, name)) for name in _NEEDED},
        **{name: {key: value for key, value in getattr(whole, name).items() if key is not None} for name in MAPPINGS},
        "uns": plain_uns(whole.uns),
        "raw": whole.raw,
    }
    group = zarr.open_group(folder, mode="r+", use_consolidated=False)
    for name, value in parts.items():
        write_value(group, name, value, options.table_layout)
    describe_table(folder, table.uns.get(ATTRS_KEY) or {}, options)


def write_columns(
    folder: Path, names: Sequence[str], column: Callable[[str], pd.Series[Any]], options: WriteOptions
) -> None:
    """Write columns into a frame on disk that has its index and perhaps some of them, one at a time.

    Parameters
    ----------
    folder
        The folder of the frame.
    names
        The columns, in the order that they get; what else the frame has comes after them.
    column
        Gives a column.
    options
        Chunks and shards.
    """
    import pandas as pd
    import zarr

    group = zarr.open_group(folder, mode="r+", use_consolidated=False)
    described: Any = group.attrs["column-order"]
    present = list(described)
    for name in (name for name in names if name not in present):
        values = storable_frame(column(name).to_frame())[name]
        plain = values.array if pd.api.types.is_extension_array_dtype(values.dtype) else values.to_numpy()
        write_value(group, name, plain, options.table_layout)
    group.attrs["column-order"] = [*names, *(name for name in present if name not in names)]


def describe_table(folder: Path, annotated: Mapping[str, Any], options: WriteOptions) -> None:
    """Write the attributes of a table: its encoding, and what it annotates."""
    attributes: dict[str, Any] = {
        "encoding-type": "anndata",
        "encoding-version": "0.1.0",
        "spatialdata-encoding-type": _ENCODING,
        **{key: _plain(annotated.get(key)) for key in _KEYS},
        "version": options.formats.version(Kind.TABLE),
    }
    replace_attributes(folder, attributes)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def plain_uns(given: Mapping[str, Any]) -> dict[str, Any]:
    """The unstructured part; what the table annotates without the members that are None."""
    uns = dict(given)
    if isinstance(uns.get(ATTRS_KEY), Mapping):
        uns[ATTRS_KEY] = {key: value for key, value in uns[ATTRS_KEY].items() if value is not None}
    return uns
