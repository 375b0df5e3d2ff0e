"""What a Xenium instrument makes of a section: cells, transcripts and counts in its own frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

    from spatialdata_io.simulate.cells import Cells
    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.tissue import Section
    from spatialdata_io.simulate.version import XoaVersion

    Floats = npt.NDArray[np.floating]
    Ints = npt.NDArray[np.integer]

QUALITY = 20.0
"""Transcripts below this quality are listed but not counted."""

_TILE = 250.0
_ROWS_AT_ONCE = 250_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transcripts:
    """Decoded molecules in the instrument's micrometres."""

    x: Floats
    """(n,) float32, like ``y`` and ``z``."""
    y: Floats
    z: Floats
    feature: Ints
    qv: Floats
    cell: Ints
    """Row of the cell whose polygon holds the transcript, or -1."""
    in_nucleus: npt.NDArray[np.bool_]
    nucleus_distance: Floats
    """Micrometres to the nucleus of that cell (of the nearest cell if none), 0 inside, (n,) float32."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readout:
    """The cells that lie wholly on the image, and the transcripts on it."""

    section: Section
    frame: Frame
    version: XoaVersion
    cells: Cells
    """In the instrument's micrometres, float32, in the order of their identifiers."""
    prefix: npt.NDArray[np.uint32]
    cell_id: npt.NDArray[np.generic]
    """Text, or int32 in the first releases, (n,)."""
    mask_value: Ints
    """Value of every cell in the masks, (n,) uint32."""
    transcripts: Transcripts
    counts: csr_matrix
    """Transcripts of at least ``QUALITY`` in every cell, (cells, features)."""


def read_out(section: Section, frame: Frame, version: XoaVersion) -> Readout:
    """Look at a section through an instrument; the same arguments always give the same readout."""
    import numpy as np

    from spatialdata_io.simulate.cell_id import cell_id_text, draw_prefixes

    rng = np.random.default_rng([section.tissue.seed, 2, section.seed])
    whole = frame.holds(section.cells.boundary).all(axis=1)
    if not whole.any():
        raise ValueError(
            f"The crop {frame.crop} with shift {frame.shift} and rotation {frame.rotation} shows no whole cell of "
            f"the tissue, which is {section.tissue.width:.0f} x {section.tissue.height:.0f} um; move the crop."
        )
    cells = section.cells.take(rng.permutation(np.flatnonzero(whole))).moved(frame)
    prefix = draw_prefixes(len(cells), rng)
    number = np.arange(1, len(cells) + 1)
    cell_id = number.astype(np.int32) if version.integer_ids else cell_id_text(prefix, np.ones_like(prefix))
    shuffled = not version.integer_ids and not version.polygon_sets
    transcripts = _transcripts(section, frame, cells)
    return Readout(
        section=section,
        frame=frame,
        version=version,
        cells=cells,
        prefix=prefix,
        cell_id=cell_id,
        mask_value=(rng.permutation(number) if shuffled else number).astype(np.uint32),
        transcripts=transcripts,
        counts=_count(transcripts, len(cells), len(section.panel.features)),
    )


def _transcripts(section: Section, frame: Frame, cells: Cells) -> Transcripts:
    import numpy as np

    molecules = section.molecules
    seen = np.flatnonzero(frame.holds(molecules.xy))
    xy = frame.to_um(molecules.xy[seen]).astype(np.float32)
    tile = (xy // _TILE).astype(np.int32)
    order = np.lexsort((xy[:, 1], tile[:, 0], tile[:, 1]))
    xy, seen = xy[order], seen[order]
    cell, in_nucleus = cells.locate(xy)
    return Transcripts(
        x=xy[:, 0],
        y=xy[:, 1],
        z=molecules.z[seen],
        feature=molecules.feature[seen],
        qv=molecules.qv[seen],
        cell=cell,
        in_nucleus=in_nucleus,
        nucleus_distance=_nucleus_distance(cells, xy, cell, in_nucleus),
    )


def _nucleus_distance(cells: Cells, xy: Floats, cell: Ints, in_nucleus: npt.NDArray[np.bool_]) -> Floats:
    import numpy as np
    import shapely
    from scipy.spatial import cKDTree

    shown = np.flatnonzero(cells.has_nucleus)
    tree = cKDTree(cells.centre[shown])
    nuclei = shapely.polygons(cells.nucleus)
    distance = np.zeros(len(xy), dtype=np.float32)
    outside = np.flatnonzero(~in_nucleus)
    for start in range(0, len(outside), _ROWS_AT_ONCE):
        part = outside[start : start + _ROWS_AT_ONCE]
        own = (cell[part] >= 0) & cells.has_nucleus[cell[part]]
        which = np.where(own, cell[part], -1)
        which[~own] = shown[tree.query(xy[part][~own])[1]]
        distance[part] = shapely.distance(nuclei[which], shapely.points(xy[part]))
    return distance


def _count(transcripts: Transcripts, n_cells: int, n_features: int) -> csr_matrix:
    import numpy as np
    from scipy.sparse import coo_matrix

    counted = (transcripts.cell >= 0) & (transcripts.qv >= QUALITY)
    places = (transcripts.cell[counted], transcripts.feature[counted])
    ones = np.ones(int(counted.sum()), dtype=np.int32)
    counts = coo_matrix((ones, places), shape=(n_cells, n_features)).tocsr()
    counts.sort_indices()
    return counts
