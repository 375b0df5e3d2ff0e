"""Zarr version 2 groups in a zip without compression, as the vendor packs them."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.generic]

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


class ZarrZip:
    """A group that is written to a folder first and packed when the block ends well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = path.with_name(f".{path.name}")

    def __enter__(self) -> ZarrZip:
        import zarr

        self.root = zarr.open_group(str(self._folder), mode="w", zarr_format=2)
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        if failure is None:
            with zipfile.ZipFile(self.path, "w", zipfile.ZIP_STORED) as packed:
                for file in sorted(self._folder.rglob("*")):
                    if file.is_file():
                        entry = zipfile.ZipInfo(file.relative_to(self._folder).as_posix(), _LONG_AGO)
                        packed.writestr(entry, file.read_bytes())
        shutil.rmtree(self._folder)

    def put(self, name: str, values: Array, *, chunks: tuple[int, ...] | None = None) -> Any:
        """Write a whole array."""
        array = self.create(name, values.shape, values.dtype, chunks or values.shape, "lz4")
        array[...] = values
        return array

    def create(
        self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike, chunks: tuple[int, ...], codec: str
    ) -> Any:
        """Create an empty array."""
        return self.root.create_array(
            name,
            shape=shape,
            dtype=dtype,
            chunks=tuple(max(1, size) for size in chunks),
            compressors={"id": "blosc", "cname": codec, "clevel": 1 if codec == "zstd" else 5, "shuffle": 1},
            fill_value=0,
        )

    def bands(self, array: Any) -> Iterable[slice]:
        """Slices of rows that fill whole chunks."""
        rows, height = array.shape[0], array.chunks[0]
        return [slice(start, min(start + height, rows)) for start in range(0, rows, height)]
