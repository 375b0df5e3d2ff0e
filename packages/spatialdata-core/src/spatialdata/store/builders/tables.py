"""Tables that are written batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spatialdata._core.elements import is_table, type_name
from spatialdata._core.matrices import in_memory, matrices_of
from spatialdata._core.names import names_faults
from spatialdata.errors import Fault, UnsupportedElementError, listing
from spatialdata.models.base import ATTRS_KEY, raise_faults
from spatialdata.models.kind import Kind
from spatialdata.models.table import TableModel
from spatialdata.store.builders.builder import Builder, Place
from spatialdata.store.builders.frames import Columns, numbered, read_frame, write_frame
from spatialdata.store.builders.journal import to_disk
from spatialdata.store.checks import check_element
from spatialdata.store.tables import write_columns, write_table
from spatialdata.store.write import put_element

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from spatialdata.store.options import WriteOptions

__all__ = ["TableBuilder"]

# Of more rows, the columns of obs are put together one at a time.
_ROWS_AT_ONCE = 200_000


class TableBuilder(Builder):
    """Write a table in batches of rows; see :meth:`spatialdata.SpatialData.create_table`.

    Parameters
    ----------
    place
        The store and the name.
    var
        The annotation of the variables, indexed by their names; that of the first batch if not given.
    region, region_key, instance_key
        What the table annotates, as :meth:`spatialdata.models.TableModel.parse` takes them; what the batches say if
        not given.
    uns
        The unstructured part.
    """

    kind: ClassVar[Kind] = Kind.TABLE

    def __init__(
        self,
        place: Place,
        *,
        var: pd.DataFrame | None,
        region: str | Sequence[str] | None,
        region_key: str | None,
        instance_key: str | None,
        uns: Mapping[str, Any] | None,
    ) -> None:
        super().__init__(place, {})
        self._var = var
        self._given = {"region": region, "region_key": region_key, "instance_key": instance_key}
        self._uns = dict(uns or {})
        self._columns = Columns()
        self._matrices: dict[str, dict[str, Any]] | None = None

    def append(self, batch: Any, obs: pd.DataFrame | None = None) -> None:
        """Put further rows behind those before.

        Parameters
        ----------
        batch
            An AnnData with the same variables, matrices and columns as the others; or a matrix of rows for ``X``, with
            as many columns as ``var`` has rows.
        obs
            With a matrix, the annotation of its rows. A default index is continued over the batches.

        Raises
        ------
        ValidationError
            The variables, the matrices or the columns are not those of the batches before.
        ValueError
            The batch has parts that belong to the table as a whole.
        """
        self._check_open()
        table = self._table(batch, obs)
        matrices = {place: _by_rows(matrix) for place, matrix in matrices_of(table) if matrix is not None}
        described = {place: _description(matrix) for place, matrix in matrices.items()}
        self._check(table, described)
        columns = self._columns.copy()
        frame = columns.conform(table.obs)
        note = columns.note(frame)
        columns.take(note)
        rows = self._next_file(".obs.arrow")
        write_frame(frame, rows)
        _write_matrices(matrices, self._next_file(".h5"))
        if self._var is None:
            self._var = table.var
        if not self.batches_done:
            write_frame(self._var, self._folder / "var.arrow")
        annotated = dict(table.uns.get(ATTRS_KEY) or {})
        plain = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in annotated.items()}
        self._record(len(frame), {"note": note, "matrices": described, "annotates": plain})
        self._columns, self._matrices = columns, described

    def _table(self, batch: Any, obs: pd.DataFrame | None) -> AnnData:
        if is_table(batch):
            if obs is not None:
                raise ValueError("obs is for a matrix; an AnnData brings its own.")
            _check_parts(batch)
            return batch
        if self._var is None or not hasattr(batch, "shape") or len(batch.shape) != 2:
            raise UnsupportedElementError(
                f"append takes an AnnData, or a matrix if var was given when the table was created. Found "
                f"{type_name(batch)}."
            )
        return _of_matrix(batch, obs, self._var, self.rows)

    def _check(self, table: AnnData, described: Mapping[str, Any]) -> None:
        faults = []
        if self._var is not None and list(table.var_names) != list(self._var.index):
            strange = [name for name in table.var_names if name not in self._var.index]
            what = f"{listing(strange, limit=5)} are new" if strange else "some are missing or in another order"
            faults.append(Fault(("var",), f"must have the same {len(self._var)} names in the same order; {what}"))
        known = described if self._matrices is None else self._matrices
        faults.extend(
            Fault((place,), f"must be {known.get(place)} as before, not {described.get(place)}")
            for place in sorted(known.keys() | described.keys())
            if known.get(place) != described.get(place)
        )
        raise_faults("The batch does not fit those before it:", faults)

    def _go_on(self) -> None:
        for entry in self._journal.entries:
            self._columns.take(entry["note"])
            self._matrices = entry["matrices"]
        if self._journal.entries:
            self._var = read_frame(self._folder / "var.arrow")

    def _publish(self) -> None:
        if self.rows <= _ROWS_AT_ONCE:
            super()._publish()
            return
        names = self._columns.names
        table = self._assembled([name for name in names if name in self._annotates().values()])
        raise_faults("The table cannot be written:", names_faults(names, ("obs",), is_dataframe_column=True))
        check_element(self.kind, self._place.name, table)

        def write(folder: Path, options: WriteOptions) -> None:
            write_table(folder, table, options)
            write_columns(folder / "obs", names, self._column, options)

        put_element(self._place.root, self._entry, write, overwrite=self._place.overwrite, options=self._place.options)

    def _element(self) -> AnnData:
        self._check_started()
        return self._assembled(None)

    def _obs(self, columns: Sequence[str] | None, *, indexed: bool = True) -> pd.DataFrame:
        """The annotation of all rows, or some columns of it, also without the index."""
        import pandas as pd

        files = [self._folder / f"batch-{number:06d}.obs.arrow" for number in range(self.batches_done)]
        parts = [self._columns.complete(read_frame(file, columns, indexed=indexed)) for file in files]
        return pd.concat(parts, ignore_index=not indexed)

    def _column(self, name: str) -> pd.Series[Any]:
        return self._obs([name], indexed=False)[name]

    def _assembled(self, columns: Sequence[str] | None) -> AnnData:
        """The table of all batches, with all columns of ``obs`` or some."""
        from anndata import AnnData

        obs = self._obs(columns)
        parts: dict[str, Any] = {"layers": {}, "obsm": {}}
        for place in self._matrices or {}:
            name, _, key = place.partition("/")
            if key:
                parts[name][key] = self._lazy(place)
            else:
                parts[name] = self._lazy(place)
        annotates = self._annotates()
        key = annotates["region_key"]
        if key in obs.columns and str(obs[key].dtype) != "category":
            obs[key] = obs[key].astype("category")
        table = AnnData(obs=obs, var=self._var, uns=self._uns, **parts)
        return table if annotates["region"] is None else TableModel.parse(table, **annotates)

    def _annotates(self) -> dict[str, Any]:
        """What the table annotates: as given, or what the batches annotate together."""
        if any(value is not None for value in self._given.values()):
            return self._given
        found: dict[str, Any] = {"region": None, "region_key": None, "instance_key": None}
        for entry in self._journal.entries:
            for key, value in entry["annotates"].items():
                if key != "region" and found[key] not in (None, value):
                    raise ValueError(
                        f"The batches call their {key} {found[key]!r} and {value!r}. Give it at the start."
                    )
                regions = [value] if isinstance(value, str) else list(value or [])
                found[key] = list(dict.fromkeys([*(found[key] or []), *regions])) if key == "region" else value
        if found["region"] is not None and len(found["region"]) == 1:
            found["region"] = found["region"][0]
        return found

    def _lazy(self, place: str) -> Any:
        """A matrix of all batches, one block for each."""
        import dask.array as da

        files = [self._folder / f"batch-{number:06d}.h5" for number in range(self.batches_done)]
        first = _read_matrix(0, files, place)
        rows = tuple(int(entry["rows"]) for entry in self._journal.entries)
        chunks = (rows, *((size,) for size in first.shape[1:]))
        return da.map_blocks(_block, files=files, place=place, chunks=chunks, dtype=first.dtype, meta=first[:0])


def _check_parts(table: AnnData) -> None:
    """Raise if a batch has more than its rows: what belongs to the whole would be lost, or be there many times."""
    further = [name for name in ("obsp", "varm", "varp") if len(getattr(table, name))]
    further += ["raw"] if table.raw is not None else []
    further += [f"uns[{key!r}]" for key in table.uns if key != ATTRS_KEY]
    if further:
        raise ValueError(
            f"The batch has {listing(further)}, which belong to a table as a whole. Take them out of the batches; uns "
            "is given when the table is created, and the rest is set when it is complete."
        )
    frames = [f"obsm[{key!r}]" for key, value in table.obsm.items() if hasattr(value, "iloc")]
    if frames:
        raise UnsupportedElementError(f"{listing(frames)} are frames. Give arrays, or put the columns into obs.")


def _of_matrix(matrix: Any, obs: pd.DataFrame | None, var: pd.DataFrame, start: int) -> AnnData:
    import pandas as pd
    from anndata import AnnData

    if matrix.shape[1] != len(var):
        raise ValueError(f"The matrix has {matrix.shape[1]} columns, but there are {len(var)} variables.")
    frame = pd.DataFrame(index=pd.RangeIndex(matrix.shape[0])) if obs is None else obs
    if len(frame) != matrix.shape[0]:
        raise ValueError(f"The matrix has {matrix.shape[0]} rows, but obs has {len(frame)}.")
    frame = numbered(frame, start)
    return AnnData(in_memory(matrix), obs=frame.set_axis(frame.index.astype(str), axis=0), var=var)


def _by_rows(matrix: Any) -> Any:
    """A matrix in memory; a sparse one compressed by rows."""
    found = in_memory(matrix)
    return found.asformat("csr") if hasattr(found, "asformat") else found


def _description(matrix: Any) -> dict[str, Any]:
    kind = "sparse" if hasattr(matrix, "asformat") else "dense"
    return {"kind": kind, "dtype": str(matrix.dtype), "columns": [int(size) for size in matrix.shape[1:]]}


def _write_matrices(matrices: Mapping[str, Any], path: Path) -> None:
    import h5py
    from anndata.io import write_elem

    with h5py.File(path, "w") as file:
        for place, matrix in matrices.items():
            parent, _, name = place.rpartition("/")
            group = file.require_group(parent) if parent else file
            write_elem(group, name, matrix, dataset_kwargs={"compression": "lzf"})
    to_disk(path)


def _read_matrix(number: int, files: Sequence[Path], place: str) -> Any:
    import h5py
    from anndata.io import read_elem

    with h5py.File(files[number], "r") as file:
        return read_elem(file[place])


def _block(files: Sequence[Path], place: str, block_info: Any = None) -> Any:
    return _read_matrix(block_info[None]["chunk-location"][0], files, place)
