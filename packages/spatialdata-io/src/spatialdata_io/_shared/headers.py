"""Sizes of tables and matrices, from their headers alone."""

from __future__ import annotations

from pathlib import Path

from spatialdata_io._shared.frames import data_columns
from spatialdata_io.errors import reading

__all__ = ["matrix_shape", "table_shape"]


def table_shape(path: Path) -> tuple[tuple[int | None, int], str]:
    """Return rows and columns of a table; the rows of a CSV file are None, only reading it all would tell.

    Raises
    ------
    BrokenFileError
        If the file cannot be read.
    """
    import pandas as pd
    import pyarrow.parquet

    with reading(path, "a table"):
        if path.suffix == ".parquet":
            with pyarrow.parquet.ParquetFile(path) as file:
                return (file.metadata.num_rows, len(data_columns(file.schema_arrow.names))), ""
        names = pd.read_csv(path, nrows=0).columns
        return (None, sum(not name.startswith("Unnamed:") for name in names)), ""


def matrix_shape(path: Path, feature_type: str = "") -> tuple[int, int]:
    """Return observations and features of a 10x matrix, HDF5 or Matrix Market.

    Parameters
    ----------
    path
        The HDF5 file, or ``matrix.mtx`` of the text form.
    feature_type
        Count only the features of this type; all if empty.  The text form has no cheap way to tell and counts all.

    Raises
    ------
    BrokenFileError
        If the file cannot be read.
    """
    import h5py
    import numpy as np
    from scipy.io import mminfo

    with reading(path, "the shape of a 10x feature-barcode matrix"):
        if path.suffix != ".h5":
            features, observations, *_ = mminfo(str(path))
            return int(observations), int(features)
        with h5py.File(path, "r") as file:
            features, observations = (int(size) for size in file["matrix/shape"][()])
            if feature_type:
                features = int(np.count_nonzero(file["matrix/features/feature_type"].asstr()[()] == feature_type))
            return observations, features
