"""Count matrices in the HDF5 layout of 10x Genomics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scipy.sparse import csr_matrix

_CHUNK = 80_000


def write_matrix(
    path: Path,
    counts: csr_matrix,
    barcodes: Sequence[str],
    features: Mapping[str, Sequence[str]],
    attributes: Mapping[str, Any],
) -> None:
    """Write counts (barcodes, features).

    The file holds the compressed sparse columns of (features, barcodes), which are the same three arrays.

    Parameters
    ----------
    path
        The file to write.
    counts
        Whole numbers in compressed sparse rows with sorted indices.
    barcodes
        Name of every row.
    features
        ``id``, ``name``, ``feature_type`` and ``genome`` of every column.
    attributes
        What the root says beside the file type and version.
    """
    import h5py
    import numpy as np

    with h5py.File(path, "w") as file:
        root = {"filetype": "matrix", "version": np.int64(2), "original_gem_groups": np.array([1]), **attributes}
        for name, value in root.items():
            file.attrs[name] = value
        matrix = file.create_group("matrix")

        def put(group: Any, name: str, values: Any, chunk: int) -> None:
            data = np.asarray(values)
            if data.dtype.kind == "U":
                data = np.char.encode(data, "utf-8")
            size = max(1, min(chunk, len(data)))
            group.create_dataset(name, data=data, chunks=(size,), maxshape=(None,), compression="gzip")

        put(matrix, "barcodes", barcodes, len(barcodes))
        put(matrix, "data", counts.data.astype(np.int32), _CHUNK)
        put(matrix, "indices", counts.indices.astype(np.int64), _CHUNK)
        put(matrix, "indptr", counts.indptr.astype(np.int64), _CHUNK)
        put(matrix, "shape", np.array(counts.shape[::-1], dtype=np.int32), _CHUNK)
        group = matrix.create_group("features")
        for name, values in features.items():
            put(group, name, values, len(values))
        group.create_dataset("_all_tag_keys", data=np.array([b"genome"]))
