"""The spots of a Visium slide and what they capture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.tissue import Section

    Floats = npt.NDArray[np.floating]
    Ints = npt.NDArray[np.integer]

DIAMETER = 55.0
"""Of a spot, in micrometres."""
PITCH = 100.0
"""Distance of neighbouring spots, in micrometres."""
ROWS, COLUMNS = 78, 128
"""Of the capture area of 6.5 mm; a spot exists where row and column are both even or both odd."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spots:
    """The spots of a slide, row by row."""

    barcode: npt.NDArray[np.str_]
    row: Ints
    column: Ints
    xy_px: Floats
    """Centres in pixels of the full-resolution image (n, 2), x first; they may lie beside the image."""
    in_tissue: npt.NDArray[np.bool_]
    """Whether the centre lies on the image and on tissue."""


def lay_spots(section: Section, frame: Frame) -> Spots:
    """Lay the capture area under the image, middle on middle."""
    import numpy as np

    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    exists = row % 2 == column % 2
    row, column = row[exists], column[exists]
    step = np.array([PITCH / 2, PITCH * np.sqrt(3) / 2])
    grid = (np.column_stack([column, row]) - np.array([COLUMNS - 1, ROWS - 1]) / 2) * step
    middle = np.array([frame.crop[2] - frame.crop[0], frame.crop[3] - frame.crop[1]]) / 2
    xy_px = (grid + middle) / frame.pixel_size
    xy = frame.to_tissue(xy_px)
    return Spots(
        barcode=_barcodes(len(row)),
        row=row,
        column=column,
        xy_px=xy_px,
        in_tissue=frame.holds(xy) & section.tissue.contains(xy),
    )


def _barcodes(count: int) -> npt.NDArray[np.str_]:
    """The barcodes of every simulated slide."""
    import numpy as np

    rng = np.random.default_rng(4992)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)[rng.integers(0, 4, (count + 64, 16))]
    words = np.unique(np.ascontiguousarray(letters).view("S16")[:, 0].astype("U16"))
    return np.char.add(rng.permutation(words)[:count], "-1")


def capture(section: Section, frame: Frame, spots: Spots, efficiency: float) -> csr_matrix:
    """Counts (spots, features of the section's panel that are genes).

    A molecule diffuses by a few micrometres; if it then lies within a spot, it is captured with the given
    probability. Every spot, on tissue or not, also takes up a little ambient RNA.
    """
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.spatial import cKDTree

    rng = np.random.default_rng([section.tissue.seed, 5, section.seed])
    molecules, is_gene = section.molecules, section.panel.is_gene
    caught = is_gene[molecules.feature] & (rng.random(len(molecules)) < efficiency)
    xy = molecules.xy[caught] + rng.normal(0, 3.0, (int(caught.sum()), 2))
    centres = frame.to_tissue(spots.xy_px)
    distance, nearest = cKDTree(centres).query(xy, distance_upper_bound=DIAMETER / 2)
    inside = np.isfinite(distance)
    column = np.cumsum(is_gene) - 1
    feature = column[molecules.feature[caught][inside]]
    genes = int(is_gene.sum())
    share = np.bincount(feature, minlength=genes) + 1.0
    ambient = rng.poisson(12.0, len(spots.row))
    spot = np.concatenate([nearest[inside], np.repeat(np.arange(len(ambient)), ambient)])
    feature = np.concatenate([feature, rng.choice(genes, int(ambient.sum()), p=share / share.sum())])
    counts = coo_matrix((np.ones(len(spot), np.int32), (spot, feature)), shape=(len(ambient), genes)).tocsr()
    counts.sort_indices()
    return counts
