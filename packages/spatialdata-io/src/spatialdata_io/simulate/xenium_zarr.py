"""``cells.zarr.zip``: the segmentation of a Xenium bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata_io.simulate.cells import area, centroid
from spatialdata_io.simulate.raster import rasterise
from spatialdata_io.simulate.zarr_zip import ZarrZip

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from spatialdata_io.simulate.readout import Readout

    Floats = npt.NDArray[np.floating]
    Ints = npt.NDArray[np.integer]

METHODS = (
    "Segmented by boundary stain (None)",
    "Segmented by interior stain (None)",
    "Segmented by nucleus expansion of 5.0µm",
    "Segmented by nuclear stain (DAPI)",
)
"""How a polygon was found; the number of a polygon's method is its place here."""

_SUMMARY = {
    "cell_centroid_x": "Cell centroid in X",
    "cell_centroid_y": "Cell centroid in Y",
    "cell_area": "Cell area",
    "nucleus_centroid_x": "Nucleus centroid in X",
    "nucleus_centroid_y": "Nucleus centroid in Y",
    "nucleus_area": "Nucleus area",
    "z_level": "z_level",
    "nucleus_count": "Nucleus count",
}


def write_cells(readout: Readout, path: Path) -> None:
    """Write the masks, the polygons and the summary of the cells."""
    import numpy as np

    n = len(readout.cells)
    modern = readout.version.polygon_sets
    with ZarrZip(path) as store:
        store.root.attrs.update(_attributes(readout))
        if readout.version.integer_ids:
            store.put("cell_id", readout.cell_id)
        else:
            store.put("cell_id", np.column_stack([readout.prefix, np.ones_like(readout.prefix)]))
        columns = list(_SUMMARY) if modern else list(_SUMMARY)[:-1]
        summary = store.put("cell_summary", _summary(readout)[:, : len(columns)], chunks=(n, 1))
        summary.attrs.update({"column_names": columns, "column_descriptions": [_SUMMARY[name] for name in columns]})
        to_px = np.diag([1 / readout.frame.pixel_size, 1 / readout.frame.pixel_size, 1, 1]).astype(np.float32)
        store.put("masks/homogeneous_transform", to_px)
        _write_masks(readout, store)
        if modern:
            _write_polygon_sets(readout, store)
        else:
            _write_polygon_pair(readout, store)


def mask_polygons(readout: Readout, kind: int) -> tuple[Floats, Ints, Ints]:
    """Polygons in pixels, their values in mask ``kind`` (0 nuclei, 1 cells) and the rows of their cells."""
    import numpy as np

    cells = readout.cells
    row = np.flatnonzero(cells.has_nucleus) if kind == 0 else np.arange(len(cells))
    polygons = (cells.nucleus if kind == 0 else cells.boundary)[row]
    value = np.arange(1, len(row) + 1, dtype=np.uint32) if readout.version.polygon_sets else readout.mask_value[row]
    return polygons.astype(float) / readout.frame.pixel_size, value, row


def _attributes(readout: Readout) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "major_version": 6 if readout.version.polygon_sets else 5 if readout.version.unassigned_codewords else 3,
        "minor_version": 2 if readout.version.gene_flag else 0,
        "name": "CellSegmentationDataset",
        "number_cells": len(readout.cells),
        "spatial_units": "microns",
    }
    if readout.version.polygon_sets:
        attributes |= {
            "polygon_set_descriptions": ["DAPI-based nuclei segmentation", "Cell Segmentation"],
            "polygon_set_display_names": ["Nucleus boundaries", "Cell boundaries"],
            "polygon_set_names": ["nucleus", "cell"],
            "segmentation_methods": list(METHODS),
        }
    return attributes


def _summary(readout: Readout) -> Floats:
    import numpy as np

    cells = readout.cells
    shown = cells.has_nucleus
    nucleus = np.where(shown[:, None], centroid(cells.nucleus), np.nan)
    nucleus_area = np.where(shown, area(cells.nucleus), np.nan)
    z_level = np.random.default_rng(len(cells)).integers(3, 7, len(cells))
    columns = (centroid(cells.boundary), area(cells.boundary), nucleus, nucleus_area, z_level, shown)
    return np.column_stack(columns).astype(float)


def _write_masks(readout: Readout, store: ZarrZip) -> None:
    from tqdm import tqdm

    rows, columns = readout.frame.shape
    chunks = (min(rows, 1024), min(columns, 1024))
    for kind in (0, 1):
        polygons, value, _ = mask_polygons(readout, kind)
        mask = store.create(f"masks/{kind}", (rows, columns), "uint32", chunks, "zstd")
        bands = list(store.bands(mask))
        for band in tqdm(bands, desc="Mask", leave=False, disable=None if len(bands) > 12 else True):
            mask[band] = rasterise(polygons, value, band, columns)


def _closed(polygons: Floats) -> Floats:
    """Vertices with the first repeated at the end, x and y by turns, (n, 2 k + 2) float32."""
    import numpy as np

    closed = np.concatenate([polygons, polygons[:, :1]], axis=1)
    return closed.reshape(len(polygons), -1).astype(np.float32)


def _write_polygon_sets(readout: Readout, store: ZarrZip) -> None:
    import numpy as np

    for kind, method in ((0, 3), (1, 2)):
        _, _, row = mask_polygons(readout, kind)
        vertices = _closed((readout.cells.nucleus if kind == 0 else readout.cells.boundary)[row])
        count = np.full(len(row), vertices.shape[1] // 2, dtype=np.int32)
        store.put(f"polygon_sets/{kind}/cell_index", row.astype(np.uint32))
        store.put(f"polygon_sets/{kind}/method", np.full(len(row), method, dtype=np.uint32))
        store.put(f"polygon_sets/{kind}/num_vertices", count)
        store.put(f"polygon_sets/{kind}/vertices", vertices)


def _write_polygon_pair(readout: Readout, store: ZarrZip) -> None:
    """The layout before polygon sets: nuclei and cells in one array, a cell without nucleus has no vertices."""
    import numpy as np

    cells = readout.cells
    vertices = np.stack([_closed(cells.nucleus), _closed(cells.boundary)])
    vertices[0, ~cells.has_nucleus] = 0
    count = np.full((2, len(cells)), vertices.shape[2] // 2, dtype=np.int32)
    count[0, ~cells.has_nucleus] = 0
    store.put("polygon_num_vertices", count)
    store.put("polygon_vertices", vertices)
    if not readout.version.integer_ids:
        store.put("seg_mask_value", readout.mask_value)
