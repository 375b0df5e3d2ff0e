"""Many SpatialData objects as one collection, with one index of all their cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import require_mapping
from spatialdata._core.sources import Derived
from spatialdata.errors import ElementNotFoundError, unknown_name
from spatialdata.relations.group import Groups, cut_to_rows
from spatialdata.sdata import SpatialData, read_zarr

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SpatialDataCollection"]

_LEVELS = ["dataset", "cell"]


class SpatialDataCollection(Mapping[str, SpatialData]):
    """Objects or stores by name, and one index of the cells of all of them.

    Of stores, metadata and the columns of ``obs`` are read; matrices, geometries and pixels stay where they are until
    an object is made of them.

    Parameters
    ----------
    datasets
        Objects, or locations of stores, by name.
    table_name
        The name of the table with the cells, the same in all of them.
    lazy
        Leave the matrices of tables on disk in what is made of stores; see :func:`spatialdata.read_zarr`.

    Raises
    ------
    KeyError
        An object has no such table.

    Examples
    --------
    >>> from spatialdata import SpatialDataCollection
    >>> from spatialdata.datasets import blobs
    >>> collection = SpatialDataCollection({"a": blobs(length=32), "b": blobs(length=32)})
    >>> big = collection.select(collection.cells.query("instance_id > 1"))
    >>> sorted(big.tables)
    ['table']
    """

    def __init__(
        self, datasets: Mapping[str, SpatialData | str | Path], table_name: str = "table", *, lazy: bool = False
    ) -> None:
        require_mapping(datasets, "datasets")
        self._table_name = table_name
        self._datasets = {
            str(name): item if isinstance(item, SpatialData) else read_zarr(item, lazy=lazy)
            for name, item in datasets.items()
        }
        for name, sdata in self._datasets.items():
            if table_name not in sdata.tables:
                raise ElementNotFoundError(f"Dataset {name!r}: {unknown_name('table', table_name, sdata.tables)}")
        self._cells: pd.DataFrame | None = None

    @classmethod
    def open(cls, folder: str | Path, pattern: str = "*.zarr", table_name: str = "table") -> SpatialDataCollection:
        """Open all stores in a folder; their names are those of the files without the suffix.

        Parameters
        ----------
        folder
            The folder.
        pattern
            Which files are stores.
        table_name
            The name of the table with the cells.

        Raises
        ------
        FileNotFoundError
            No file fits.
        """
        paths = sorted(Path(folder).glob(pattern))
        if not paths:
            raise FileNotFoundError(f"There is no {pattern} in {folder}.")
        return cls({path.name.removesuffix(".zarr"): path for path in paths}, table_name)

    def __getitem__(self, name: str) -> SpatialData:
        if name not in self._datasets:
            raise ElementNotFoundError(unknown_name("dataset", name, self._datasets))
        return self._datasets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._datasets)

    def __len__(self) -> int:
        return len(self._datasets)

    def __repr__(self) -> str:
        lines = [f"  {name}: {count} cells" for name, count in self.cells.groupby(level=0, sort=False).size().items()]
        return "\n".join([f"SpatialDataCollection of {len(self)} datasets", *lines])

    @property
    def cells(self) -> pd.DataFrame:
        """One row for each cell, indexed by dataset and name, with all columns of ``obs``; absent ones are missing."""
        if self._cells is None:
            import pandas as pd

            frames = {name: self._obs(name) for name in self}
            for name, frame in frames.items():
                if not frame.index.is_unique:
                    raise ValueError(f"The names of the cells of {name!r} are not unique; make them so first.")
            self._cells = pd.concat(frames, names=_LEVELS) if frames else pd.DataFrame()
        return self._cells

    def _obs(self, name: str) -> pd.DataFrame:
        tables = self[name].tables
        source = tables.source(self._table_name)
        if tables.is_loaded(self._table_name) or isinstance(source, Derived):
            frame: pd.DataFrame = tables[self._table_name].obs
            return frame
        from spatialdata.store.obs import read_obs

        return read_obs(source)

    def select(self, cells: pd.DataFrame | pd.Index, *, context: bool = True) -> SpatialData:
        """A new object of some cells.

        Parameters
        ----------
        cells
            Rows of :attr:`cells`, or their index.
        context
            Keep also images and other elements that the tables do not annotate, of the same coordinate systems.

        Returns
        -------
        An object with the elements of all datasets that have any of the cells, as :func:`spatialdata.concatenate` names
        them: ``labels`` of the dataset ``"a"`` is ``labels-a``. Its table has the cells.

        Raises
        ------
        KeyError
            There is no such cell.
        """
        import pandas as pd

        from spatialdata.ops.concatenate import concatenate

        index = cells if isinstance(cells, pd.Index) else cells.index
        unknown = index.difference(self.cells.index)
        if len(unknown):
            raise ElementNotFoundError(f"{len(unknown)} cells are not in the collection, for example {unknown[0]}.")
        chosen = self.cells.index.isin(index)
        parts: dict[str, Any] = {}
        start = 0
        for name in self:
            rows = chosen[start : start + len(self.cells.loc[[name]])]
            start += len(rows)
            if rows.any():
                parts[name] = cut_to_rows(self[name], self._table_name, np.asarray(rows), context=context)
        return concatenate(parts, concatenate_tables=True)

    def groupby(self, by: str, *, context: bool = True) -> Groups:
        """New objects by a column of the cells, for example one for each cell type over all donors.

        Parameters
        ----------
        by
            The column of :attr:`cells`.
        context
            Keep also images and other elements that the tables do not annotate.

        Returns
        -------
        A mapping from values to objects, each made when it is asked for. Cells without a value are counted in a
        warning.

        Raises
        ------
        KeyError
            There is no such column.
        """
        if by not in self.cells.columns:
            raise ElementNotFoundError(unknown_name("column of the cells", by, self.cells.columns))
        return Groups(self.cells[by], lambda rows: self.select(self.cells.index[rows], context=context))
