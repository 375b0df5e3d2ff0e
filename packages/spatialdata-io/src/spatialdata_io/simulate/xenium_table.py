"""The tables of a Xenium bundle: transcripts, cells and boundaries."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from spatialdata_io.simulate.cells import area, centroid
from spatialdata_io.simulate.panel import GENE
from spatialdata_io.simulate.xenium_zarr import METHODS, mask_polygons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from spatialdata_io.simulate.readout import Readout

    Ints = npt.NDArray[np.integer]

FIRST_TRANSCRIPT = 281474976710656
"""The identifiers of transcripts count up from here."""

_FIELD_OF_VIEW = 665.0
_CATEGORY = {
    GENE: "predesigned_gene",
    "Negative Control Probe": "negative_control_probe",
    "Negative Control Codeword": "negative_control_codeword",
    "Unassigned Codeword": "unassigned_codeword",
}


def feature_names(readout: Readout) -> list[str]:
    """Names of the features; unused codewords are called blank by the first releases."""
    names = readout.section.panel.features
    if readout.version.unassigned_codewords:
        return list(names)
    return [name.replace("UnassignedCodeword_", "BLANK_") for name in names]


def feature_types(readout: Readout) -> list[str]:
    """Types of the features; unused codewords are called blank by the first releases."""
    types = readout.section.panel.feature_types
    if readout.version.unassigned_codewords:
        return list(types)
    return [name.replace("Unassigned Codeword", "Blank Codeword") for name in types]


def write_tables(readout: Readout, folder: Path) -> None:
    """Write every table as parquet and, where the version has it, as csv.gz."""
    tables = {
        "transcripts": _transcripts(readout),
        "cells": _cells(readout),
        "cell_boundaries": _boundaries(readout, 1),
        "nucleus_boundaries": _boundaries(readout, 0),
    }
    for name, table in tables.items():
        _write_parquet(readout, table, folder / f"{name}.parquet")
        if name != "transcripts" or not readout.version.polygon_sets:
            _write_csv(table, folder / f"{name}.csv.gz")


def _transcripts(readout: Readout) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    seen, version = readout.transcripts, readout.version
    n = len(seen.x)
    columns: dict[str, pa.Array] = {
        "transcript_id": pa.array(np.arange(n, dtype=np.uint64) + FIRST_TRANSCRIPT),
        "cell_id": _owner(readout),
        "overlaps_nucleus": pa.array(seen.in_nucleus.astype(np.uint8)),
        "feature_name": _pick(feature_names(readout), seen.feature),
        "x_location": pa.array(seen.x),
        "y_location": pa.array(seen.y),
        "z_location": pa.array(seen.z),
        "qv": pa.array(seen.qv),
    }
    if version.nucleus_distance:
        column, row = (seen.x // _FIELD_OF_VIEW).astype(int), (seen.y // _FIELD_OF_VIEW).astype(int)
        across = int(column.max(initial=0)) + 1
        names = [f"{_letters(i // across)}{i % across + 1}" for i in range((int(row.max(initial=0)) + 1) * across)]
        columns["fov_name"] = _pick(names, row * across + column)
        columns["nucleus_distance"] = pa.array(seen.nucleus_distance)
    if version.gene_flag:
        types = readout.section.panel.feature_types
        columns["codeword_index"] = pa.array(seen.feature.astype(np.int32))
        columns["codeword_category"] = _pick([_CATEGORY[kind] for kind in types], seen.feature)
        columns["is_gene"] = pa.array(readout.section.panel.is_gene[seen.feature])
    return pa.table(columns)


def _letters(number: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    text = chr(ord("A") + number % 26)
    return text if number < 26 else _letters(number // 26 - 1) + text


def _owner(readout: Readout) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    cell = readout.transcripts.cell
    if readout.version.integer_ids:
        return pa.array(np.where(cell < 0, np.int32(-1), readout.cell_id[cell]).astype(np.int32))
    return _pick([*readout.cell_id.tolist(), "UNASSIGNED"], np.where(cell < 0, len(readout.cells), cell))


def _pick(words: Sequence[str], index: Ints) -> pa.Array:
    """The word of every index, as Arrow text."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(index.astype("int32")), pa.array(words)).dictionary_decode()


def _cells(readout: Readout) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    version, cells = readout.version, readout.cells
    types = np.array(readout.section.panel.feature_types)

    def counted(kind: str) -> pa.Array:
        total = np.asarray(readout.counts[:, np.flatnonzero(types == kind)].sum(axis=1)).ravel()
        return pa.array(total.astype(np.int64))

    nothing = pa.array(np.zeros(len(cells), dtype=np.int64))
    middle = centroid(cells.boundary)
    nucleus = np.where(cells.has_nucleus, area(cells.nucleus), np.nan)
    columns = {
        "cell_id": pa.array(readout.cell_id.tolist(), pa.int32() if version.integer_ids else pa.string()),
        "x_centroid": pa.array(middle[:, 0]),
        "y_centroid": pa.array(middle[:, 1]),
        "transcript_counts": counted(GENE),
        "control_probe_counts": counted("Negative Control Probe"),
        "genomic_control_counts": nothing,
        "control_codeword_counts": counted("Negative Control Codeword"),
        "unassigned_codeword_counts": counted("Unassigned Codeword"),
        "deprecated_codeword_counts": nothing,
        "total_counts": pa.array(np.asarray(readout.counts.sum(axis=1)).ravel().astype(np.int64)),
        "cell_area": pa.array(area(cells.boundary)),
        "nucleus_area": pa.array(nucleus, from_pandas=False),
        "nucleus_count": pa.array(cells.has_nucleus.astype(np.int64)),
        "segmentation_method": pa.array([METHODS[2]] * len(cells)),
    }
    if not version.gene_flag:
        del columns["genomic_control_counts"]
    if not version.polygon_sets:
        for name in ("deprecated_codeword_counts", "nucleus_count", "segmentation_method"):
            del columns[name]
    if not version.unassigned_codewords:
        del columns["unassigned_codeword_counts"]
    return pa.table(columns)


def _boundaries(readout: Readout, kind: int) -> pa.Table:
    """One row for each vertex, the first of a polygon again at its end."""
    import numpy as np
    import pyarrow as pa

    _, value, row = mask_polygons(readout, kind)
    outlines = (readout.cells.nucleus if kind == 0 else readout.cells.boundary)[row]
    closed = np.concatenate([outlines, outlines[:, :1]], axis=1)
    repeat = closed.shape[1]
    owner = np.repeat(row, repeat)
    if readout.version.integer_ids:
        cell_id = pa.array(readout.cell_id[owner].astype(np.int32))
    else:
        cell_id = _pick(readout.cell_id.tolist(), owner)
    xy = closed.reshape(-1, 2).astype(np.float32)
    columns = {"cell_id": cell_id, "vertex_x": pa.array(xy[:, 0].copy()), "vertex_y": pa.array(xy[:, 1].copy())}
    if readout.version.polygon_sets:
        columns["label_id"] = pa.array(np.repeat(value, repeat).astype(np.int64))
    return pa.table(columns)


def _write_parquet(readout: Readout, table: pa.Table, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if readout.version.bytes_columns:
        fields = [field.with_type(pa.binary()) if pa.types.is_string(field.type) else field for field in table.schema]
        table = table.cast(pa.schema(fields))
    pq.write_table(table, path, compression="snappy", row_group_size=100_000)


def _write_csv(table: pa.Table, path: Path) -> None:
    import pyarrow.csv as pa_csv

    with path.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=1) as out:
        pa_csv.write_csv(table, out)
