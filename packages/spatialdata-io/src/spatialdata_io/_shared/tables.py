"""Count matrices of 10x Genomics, as HDF5 or as a Matrix Market triplet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import listing
from spatialdata_io.errors import BrokenFileError, OptionError, missing_file, reading

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

__all__ = ["CountMatrix", "read_10x_h5", "read_10x_mtx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountMatrix:
    """Counts of features in observations.

    Attributes
    ----------
    X
        Counts, observations × features, float32.
    barcodes
        Names of the observations.
    features
        One row per feature, its name as the index; columns ``gene_ids``, ``feature_types`` and, if known, ``genome``.
    attrs
        Attributes of the file, as text and numbers.
    """

    X: csr_matrix
    barcodes: NDArray[np.object_]
    features: pd.DataFrame
    attrs: Mapping[str, Any]

    def select(self, keep: NDArray[np.bool_]) -> CountMatrix:
        """Keep some of the features."""
        if keep.all():
            return self
        return replace(self, X=self.X[:, keep], features=self.features[keep])

    def of_type(self, feature_type: str) -> CountMatrix:
        """Keep the features of one type, for example ``"Gene Expression"``."""
        return self.select((self.features["feature_types"] == feature_type).to_numpy())

    def of_genome(self, genome: str) -> CountMatrix:
        """Keep the features of one genome.

        Raises
        ------
        OptionError
            If no feature is of that genome; lists those that there are.
        """
        genomes = self.features.get("genome")
        if genomes is None or genome not in set(genomes):
            found = [] if genomes is None else sorted(set(genomes))
            raise OptionError(f"No feature has the genome {genome!r}. Genomes in the matrix: {listing(found)}.")
        return self.select((genomes == genome).to_numpy())


def read_10x_h5(path: Path) -> CountMatrix:
    """Read a feature-barcode matrix from HDF5.

    The file holds the matrix features × observations by column, which is observations × features by row: the three
    arrays make the sparse matrix as they are, and nothing is transposed.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    The counts.

    Raises
    ------
    BrokenFileError
        If the file is truncated, is no such matrix, or contradicts itself.
    """
    import h5py

    with reading(path, "a 10x feature-barcode matrix (group 'matrix')"), h5py.File(path, "r") as file:
        matrix = file["matrix"]
        n_features, n_barcodes = (int(size) for size in matrix["shape"][()])
        barcodes = _texts(matrix["barcodes"])
        X = _csr(matrix["data"][()], matrix["indices"][()], matrix["indptr"][()], (n_barcodes, n_features))
        features = _features(
            {name: _texts(matrix["features"][name]) for name in _FEATURE_COLUMNS if name in matrix["features"]}
        )
        attrs = {str(name): _plain(value) for name, value in file.attrs.items()}
        _check_sizes(path, X.shape, len(barcodes), len(features))
    return CountMatrix(X=X, barcodes=barcodes, features=features, attrs=attrs)


_FEATURE_COLUMNS = {"id": "gene_ids", "feature_type": "feature_types", "genome": "genome", "name": "name"}


def _features(columns: Mapping[str, NDArray[np.object_]]) -> pd.DataFrame:
    import pandas as pd

    renamed = {_FEATURE_COLUMNS[name]: values for name, values in columns.items()}
    features = pd.DataFrame(renamed).set_index("name")
    features.index.name = None
    return features


def _texts(dataset: Any) -> NDArray[np.object_]:
    import numpy as np

    return np.asarray(dataset.asstr()[()], dtype=object)


def _plain(value: Any) -> Any:
    """Turn an HDF5 attribute into text, numbers or lists of them."""
    import numpy as np

    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value


def _csr(data: Any, indices: Any, indptr: Any, shape: tuple[int, int]) -> csr_matrix:
    import numpy as np
    from scipy.sparse import csr_matrix

    small = np.int32 if max(len(data), *shape) < np.iinfo(np.int32).max else np.int64
    triple = (data.astype(np.float32), indices.astype(small), indptr.astype(small))
    matrix = csr_matrix(triple, shape=shape)
    matrix.sort_indices()
    return matrix


def _check_sizes(path: Path, shape: tuple[int, int], n_barcodes: int, n_features: int) -> None:
    if shape != (n_barcodes, n_features):
        msg = (
            f"{path} contradicts itself: the matrix has {shape[0]} observations and {shape[1]} features, "
            f"but there are {n_barcodes} barcodes and {n_features} features."
        )
        raise BrokenFileError(msg)


def read_10x_mtx(folder: Path, prefix: str = "") -> CountMatrix:
    """Read a feature-barcode matrix from its three text files, plain or gzip.

    Parameters
    ----------
    folder
        Folder of ``matrix.mtx``, ``barcodes.tsv`` and ``features.tsv`` (or, of old versions, ``genes.tsv``).
    prefix
        What the names of the files begin with.

    Returns
    -------
    The counts.

    Raises
    ------
    MissingFileError
        If one of the three is absent.
    BrokenFileError
        If one is truncated, or they contradict each other.
    """
    import numpy as np
    import pandas as pd

    matrix_file = _one(folder, prefix, ["matrix.mtx"])
    barcode_file = _one(folder, prefix, ["barcodes.tsv"])
    feature_file = _one(folder, prefix, ["features.tsv", "genes.tsv"])
    with reading(matrix_file, "a sparse matrix in Matrix Market form"):
        X = _coordinates(matrix_file)
    with reading(barcode_file, "one barcode per line"):
        barcodes = pd.read_csv(barcode_file, header=None, sep="\t", usecols=[0])[0].to_numpy(dtype=object)
    with reading(feature_file, "id, name and type of one feature per line"):
        columns = pd.read_csv(feature_file, header=None, sep="\t", dtype=str, keep_default_na=False)
        texts = {"id": columns[0], "name": columns[1]}
        texts["feature_type"] = columns[2] if 2 in columns else pd.Series("Gene Expression", index=columns.index)
        features = _features({name: np.asarray(values, dtype=object) for name, values in texts.items()})
    _check_sizes(matrix_file, X.shape, len(barcodes), len(features))
    return CountMatrix(X=X, barcodes=barcodes, features=features, attrs={})


def _coordinates(path: Path) -> csr_matrix:
    """Read counts (feature, observation, count per line, numbered from 1) as observations × features."""
    import gzip

    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        line = lines.readline()
        if not line.startswith("%%MatrixMarket matrix coordinate"):
            raise BrokenFileError(f"{path} is no sparse Matrix Market file: its first line is {line.strip()[:80]!r}.")
        while line.startswith("%"):
            line = lines.readline()
        features, observations, stated = (int(number) for number in line.split())
        entries = pd.read_csv(lines, sep=" ", header=None, names=["feature", "observation", "count"])
    if len(entries) != stated:
        raise BrokenFileError(f"{path} is truncated: it states {stated} counts and holds {len(entries)}.")
    rows, columns = (entries[name].to_numpy(np.int64) - 1 for name in ("observation", "feature"))
    matrix = csr_matrix((entries["count"].to_numpy(np.float32), (rows, columns)), shape=(observations, features))
    return _csr(matrix.data, matrix.indices, matrix.indptr, matrix.shape)


def _one(folder: Path, prefix: str, names: Sequence[str]) -> Path:
    wanted = [f"{prefix}{name}{suffix}" for name in names for suffix in (".gz", "")]
    for name in wanted:
        if (folder / name).is_file():
            return folder / name
    raise missing_file("10x matrix", names[0], folder, wanted)
