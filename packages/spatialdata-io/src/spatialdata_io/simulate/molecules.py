"""The molecules of a section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatialdata_io.simulate.cells import area

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from spatialdata_io.simulate.cells import Cells
    from spatialdata_io.simulate.panel import Panel
    from spatialdata_io.simulate.tissue import Tissue

    Floats = npt.NDArray[np.floating]
    Ints = npt.NDArray[np.integer]

_CELLS_AT_ONCE = 20_000
_PLACES_AT_ONCE = 200_000
_STRAYED = 0.04
_ORDINARY_AREA = 150.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Molecules:
    """Molecules as they lie in the tissue, before any segmentation has assigned them."""

    xy: Floats
    """(n, 2) float32, x first, tissue micrometres."""
    z: Floats
    """(n,) float32, micrometres above the slide."""
    feature: Ints
    """Number in the panel, (n,)."""
    origin: Ints
    """The cell that made the molecule, or -1; a few have strayed out of it, (n,)."""
    in_nucleus: npt.NDArray[np.bool_]
    """Whether it lies in the nucleus of its cell, (n,)."""
    qv: Floats
    """Quality of the decoding, Phred scaled, 0 to 40, (n,) float32."""

    def __len__(self) -> int:
        """Count the molecules."""
        return len(self.xy)


def draw_molecules(tissue: Tissue, cells: Cells, panel: Panel, rng: np.random.Generator) -> Molecules:
    """Draw the molecules of all cells and the background between them."""
    import numpy as np
    from tqdm import tqdm

    steps = range(0, len(cells), _CELLS_AT_ONCE)
    parts = [
        _of_cells(cells, slice(start, min(start + _CELLS_AT_ONCE, len(cells))), panel, rng)
        for start in tqdm(steps, desc="Molecules", disable=None if len(steps) > 1 else True)
    ]
    parts.append(_background(tissue, panel, rng))
    xy, feature, origin, in_nucleus = (np.concatenate(column) for column in zip(*parts, strict=True))
    n = len(xy)
    doubt = np.where(panel.is_gene, 0.14, 0.6)[feature]
    qv = np.where(rng.random(n) < doubt, rng.uniform(3, 40, n), 40.0)
    return Molecules(
        xy=xy,
        z=np.clip(rng.normal(17, 3.2, n), 6, 30).astype(np.float32),
        feature=feature,
        origin=origin,
        in_nucleus=in_nucleus,
        qv=qv.astype(np.float32),
    )


def _of_cells(
    cells: Cells, part: slice, panel: Panel, rng: np.random.Generator
) -> tuple[Floats, Ints, Ints, npt.NDArray[np.bool_]]:
    """Places (m, 2), features, cells and whether in the nucleus, of the molecules of some cells."""
    import numpy as np

    boundary, kernel = cells.boundary[part].astype(float), cells.nucleus[part].astype(float)
    size = np.sqrt(area(boundary) / _ORDINARY_AREA) * rng.lognormal(0, 0.25, len(boundary))
    mean = panel.rate[cells.cell_type[part]] * panel.clone_factor[cells.clone[part]] * size[:, None]
    count = rng.poisson(mean)
    row, feature = np.nonzero(count)
    row, feature = (np.repeat(index, count[row, feature]) for index in (row, feature))
    nuclear = rng.random(len(row)) < panel.nuclear[feature]
    centre = cells.centre[part]
    xy = np.empty((len(row), 2))
    xy[nuclear] = _between(np.broadcast_to(centre[:, None], kernel.shape), kernel, row[nuclear], rng)
    xy[~nuclear] = _between(kernel, boundary, row[~nuclear], rng)
    strayed = rng.random(len(row)) < _STRAYED
    xy[strayed] += rng.normal(0, 4.0, (int(strayed.sum()), 2))
    owner = (row + part.start).astype(np.int32)
    return xy.astype(np.float32), feature.astype(np.int16), owner, nuclear & ~strayed


def _between(inner: Floats, outer: Floats, row: Ints, rng: np.random.Generator) -> Floats:
    """Uniform places between two outlines (n, k, 2) of the same directions, one for each number of ``row``."""
    import numpy as np

    inner_next, outer_next = np.roll(inner, -1, axis=1), np.roll(outer, -1, axis=1)
    triangles = np.concatenate(
        [np.stack([inner, outer, outer_next], axis=2), np.stack([inner, outer_next, inner_next], axis=2)], axis=1
    )
    weight = area(triangles.reshape(-1, 3, 2)).reshape(triangles.shape[:2])
    below = np.cumsum(weight, axis=1)
    pick = rng.random(len(row)) * below[row, -1]
    corner = np.sort(rng.random((len(row), 2)), axis=1)
    places = np.empty((len(row), 2))
    for start in range(0, len(row), _PLACES_AT_ONCE):
        part = slice(start, start + _PLACES_AT_ONCE)
        chosen = np.minimum((pick[part, None] > below[row[part]]).sum(axis=1), triangles.shape[1] - 1)
        first, second = corner[part].T
        share = np.column_stack([first, second - first, 1 - second])
        places[part] = np.einsum("nc,ncd->nd", share * 0.994 + 0.002, triangles[row[part], chosen])
    return places


def _background(
    tissue: Tissue, panel: Panel, rng: np.random.Generator
) -> tuple[Floats, Ints, Ints, npt.NDArray[np.bool_]]:
    """Molecules that no cell made, spread over the tissue."""
    import numpy as np

    count = rng.poisson(panel.background * tissue.width * tissue.height)
    feature = np.repeat(np.arange(len(count)), count).astype(np.int16)
    rng.shuffle(feature)
    xy = rng.random((len(feature), 2)) * (tissue.width, tissue.height)
    inside = tissue.contains(xy)
    n = int(inside.sum())
    return xy[inside].astype(np.float32), feature[inside], np.full(n, -1, np.int32), np.zeros(n, dtype=bool)
