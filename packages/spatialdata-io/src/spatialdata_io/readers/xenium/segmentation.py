"""The segmentation archive ``cells.zarr.zip``: label masks, and which cell every label is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spatialdata_io.errors import BrokenFileError, reading
from spatialdata_io.readers.xenium.ids import cell_id_str_from_prefix_suffix_uint32

if TYPE_CHECKING:
    import pandas as pd
    from dask.array import Array as DaskArray
    from numpy.typing import NDArray

__all__ = ["Segmentation", "open_segmentation"]

_SUMMARY = ("z_level", "nucleus_count")
_MASKS = {"nucleus": 0, "cell": 1}
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Segmentation:
    """An open segmentation archive.

    Attributes
    ----------
    path
        The archive.
    group
        Its root, a ``zarr.Group``.
    """

    path: Path
    group: Any

    def mask(self, kind: Literal["nucleus", "cell"]) -> Any:
        """Return the mask of the nuclei or of the cells: 0 is background, other values are label numbers."""
        with reading(self.path, f"the mask of the {kind} labels"):
            found = self.group[f"masks/{_MASKS[kind]}"]
            if getattr(found, "ndim", 0) != 2:
                raise BrokenFileError(f"{self.path}: looked for an array (y, x) at {found.path}, found {found}.")
            return found

    def lazy_mask(self, kind: Literal["nucleus", "cell"]) -> DaskArray:
        """Return a mask as a lazy array (y, x) whose chunks are whole chunks of the archive."""
        import dask.array as da
        from dask.base import tokenize

        mask = self.mask(kind)
        chunks = tuple(min(n, max(_CHUNK // c, 1) * c) for n, c in zip(mask.shape, mask.chunks, strict=True))
        token = tokenize(str(self.path), self.path.stat().st_mtime_ns, kind)
        return da.from_array(mask, chunks=chunks, name=f"xenium-mask-{token}")

    def cell_table(self) -> pd.DataFrame:
        """Return one row per cell: its id as the index, its label, and what the archive summarises.

        The column ``cell_labels`` is absent where ids are whole numbers: there the label is the id.
        A cell without an outline has a negative number, which is no label.
        """
        import pandas as pd

        with reading(self.path, "the table of cells"):
            ids = self.group["cell_id"][:]
            text = ids.ndim == 2
            index = cell_id_str_from_prefix_suffix_uint32(ids[:, 0], ids[:, 1]).astype(object) if text else ids
            table = pd.DataFrame(index=pd.Index(index))
            for name, values in self._summary().items():
                table[name] = values
            if text:
                table["cell_labels"] = self._labels(len(ids))
        return table

    def _summary(self) -> dict[str, NDArray[Any]]:
        if "cell_summary" not in self.group:
            return {}
        array = self.group["cell_summary"]
        names = list(array.attrs.get("column_names", []))
        return {name: array[:, names.index(name)] for name in _SUMMARY if name in names}

    def _labels(self, count: int) -> NDArray[Any]:
        import numpy as np

        if "polygon_sets" in self.group:
            cell = self.group["polygon_sets/1/cell_index"][:]
            labels = -np.arange(1, count + 1, dtype=np.int64)
            labels[cell] = np.arange(1, len(cell) + 1)
            return labels
        if "seg_mask_value" in self.group:
            return np.asarray(self.group["seg_mask_value"][:], np.int64)
        return np.arange(1, count + 1, dtype=np.int64)


def open_segmentation(path: Path) -> Segmentation:
    """Open ``cells.zarr.zip``; arrays are read when they are used.

    Raises
    ------
    BrokenFileError
        If the archive is truncated or holds no Zarr group.
    """
    import zarr

    with reading(path, "a Zarr archive of masks and cells"):
        return Segmentation(path, zarr.open_group(zarr.storage.ZipStore(path, mode="r"), mode="r", zarr_format=2))
