"""The matrix of counts of a Visium slide: where it is, and what the slide is called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from spatialdata.errors import listing
from spatialdata_io._shared.tables import CountMatrix, read_10x_h5, read_10x_mtx
from spatialdata_io.errors import AmbiguousFormatError, missing_file, reading
from spatialdata_io.readers.visium.files import COUNTS_FILE

if TYPE_CHECKING:
    from spatialdata_io.registry import Match

__all__ = ["find_counts", "infer_dataset_id", "read_counts"]

_PREFIXED = re.compile(r"(.+)_(?:filtered|raw)_feature_bc_matrix")


def find_counts(slide: Match, counts_file: str, dataset_id: str | None) -> Path:
    """Find the matrix of counts.

    Parameters
    ----------
    slide
        The output folder.
    counts_file
        Name of the matrix relative to the folder.  Files with ``<dataset>_`` in front, and for HDF5 the folder of the
        same matrix as text, are found too.
    dataset_id
        Name of the slide, to choose among several.

    Raises
    ------
    MissingFileError
        If there is none.
    AmbiguousFormatError
        If several have a name in front and ``dataset_id`` does not choose one.
    """
    stem = counts_file.removesuffix(".h5")
    names = [counts_file] if stem == counts_file else [counts_file, stem]
    for name in names:
        if (slide.root / name).exists():
            return slide.root / name
        found = [] if Path(name).is_absolute() else sorted(slide.root.glob(f"*_{name}"))
        chosen = [path for path in found if dataset_id is None or path.name == f"{dataset_id}_{name}"] or found
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            msg = (
                f"visium: more than one matrix in {slide.root} can be meant by {counts_file!r}: "
                f"{listing(path.name for path in chosen)}. Choose one with counts_file=..."
            )
            raise AmbiguousFormatError(msg)
    wanted = [pattern for name in names for pattern in (name, f"*_{name}")]
    raw = sorted(path.name for path in slide.root.glob("*raw_feature_bc_matrix*"))
    hint = f"To read the counts of all spots, pass counts_file={raw[-1]!r}." if raw else ""
    raise missing_file("visium", "matrix of counts", slide.root, wanted, hint)


def infer_dataset_id(path: Path, counts: CountMatrix, folder: Path) -> str:
    """Name the slide: by what stands in front of the matrix's name, else by its one library, else by its folder."""
    prefixed = _PREFIXED.match(path.name)
    libraries = counts.attrs.get("library_ids", [])
    if prefixed is not None:
        name = prefixed.group(1)
    elif isinstance(libraries, list) and len(libraries) == 1 and libraries[0]:
        name = str(libraries[0])
    else:
        resolved = folder.resolve()
        name = resolved.parent.name if resolved.name == "outs" else resolved.name
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_.") or "visium"


def read_counts(path: Path, *, genome: str | None, gex_only: bool) -> CountMatrix:
    """Read the matrix of counts from HDF5, the three text files, or a table of text.

    Parameters
    ----------
    path
        The HDF5 file, the folder of the text files or its ``matrix.mtx``, or a text table with one row per spot.
    genome
        Keep the features of this genome only.
    gex_only
        Keep the features of gene expression only.
    """
    if path.is_dir():
        counts = read_10x_mtx(path)
    elif path.suffix == ".h5":
        counts = read_10x_h5(path)
    elif path.name.removesuffix(".gz").endswith(".mtx"):
        counts = read_10x_mtx(path.parent, path.name.partition("matrix.mtx")[0])
    else:
        counts = _read_text(path)
    if genome is not None:
        counts = counts.of_genome(genome)
    return counts.of_type("Gene Expression") if gex_only else counts


def _read_text(path: Path) -> CountMatrix:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

    with reading(path, f"an HDF5 file such as {COUNTS_FILE!r}, or a text table with one row per spot"):
        table = pd.read_csv(path, index_col=0, sep="," if ".csv" in path.name else r"\s+")
        X = csr_matrix(table.to_numpy(np.float32))
    features = pd.DataFrame({"feature_types": "Gene Expression"}, index=table.columns.astype(str))
    return CountMatrix(X=X, barcodes=table.index.to_numpy(dtype=object), features=features, attrs={})
