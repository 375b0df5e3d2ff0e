"""A tissue with known truth, and the sections cut from it."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from shapely import Polygon

    from spatialdata_io.simulate.cells import Cells
    from spatialdata_io.simulate.molecules import Molecules
    from spatialdata_io.simulate.noise import Noise
    from spatialdata_io.simulate.panel import Panel
    from spatialdata_io.simulate.region import Region

    Floats = npt.NDArray[np.floating]

Size: TypeAlias = Literal["tiny", "small", "large"]

SIZES: dict[str, int] = {"tiny": 300, "small": 7_000, "large": 120_000}
"""Cells of a section, about, for every named size."""

_FEWEST = 200
_CELLS_OF_A_TILE = 7_000
_AREA_OF_A_CELL = 3e6 / 7_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tissue:
    """A piece of breast tumour in micrometres, x to the right and y down.

    What is fixed here is what serial sections share: the regions, the subclones and how often each type of
    cell occurs where. The cells and molecules themselves differ from section to section.
    """

    width: float
    height: float
    outline: Polygon
    regions: tuple[Region, ...]
    """Disjoint; together they are the outline."""
    clones: tuple[Region, ...]
    """The subclones of the tumour, disjoint parts of some regions."""
    type_fields: tuple[Noise, ...]
    """One smooth field for each type of cell: where it is more or less common than the region says."""
    adipocytes: Floats
    """Outlines of the fat cells (n, 16, 2), which hold no molecules."""
    panel: Panel
    """The features of the in situ assay."""
    transcriptome: Panel
    """The genes of the capture assay; they include those of ``panel``."""
    seed: int

    def contains(self, xy: Floats) -> npt.NDArray[np.bool_]:
        """Whether points (n, 2) lie in the tissue."""
        from shapely import contains_xy, prepare

        prepare(self.outline)
        inside: npt.NDArray[np.bool_] = contains_xy(self.outline, xy[:, 0], xy[:, 1])
        return inside

    def section(self, seed: int = 0, *, panel: Panel | None = None, n_vertices: int = 24) -> Section:
        """Cut a section: draw its cells and molecules.

        Parameters
        ----------
        seed
            Which section; the same seed always gives the same one.
        panel
            The features to draw molecules of; those of the in situ assay if not given.
        n_vertices
            Vertices of every cell and nucleus.
        """
        import numpy as np

        from spatialdata_io.simulate.cells import draw_cells
        from spatialdata_io.simulate.molecules import draw_molecules

        if n_vertices < 8:
            raise ValueError(f"A cell needs at least 8 vertices, found n_vertices={n_vertices}.")
        panel = self.panel if panel is None else panel
        rng = np.random.default_rng([self.seed, 1, check_seed(seed)])
        cells = draw_cells(self, rng, n_vertices)
        return Section(
            tissue=self, seed=seed, cells=cells, panel=panel, molecules=draw_molecules(self, cells, panel, rng)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """One section of a tissue, in the micrometres of the tissue."""

    tissue: Tissue
    seed: int
    cells: Cells
    molecules: Molecules
    panel: Panel


def simulate_tissue(size: Size | int = "small", seed: int = 0) -> Tissue:
    """Make a breast tumour with ducts, invasive tumour, stroma, immune aggregates, fat and necrosis.

    Parameters
    ----------
    size
        ``"tiny"``, ``"small"`` (about 2 x 1.5 mm) or ``"large"``, or about how many cells a section has.
    seed
        The same size and seed always give the same tissue.

    Raises
    ------
    ValueError
        If the size is neither a name nor a number of cells of at least 200, or the seed is no whole number from 0 on.

    Examples
    --------
    >>> tissue = simulate_tissue("tiny", seed=1)
    >>> sorted({region.kind for region in tissue.regions})[:3]
    ['Adipose', 'DCIS 1', 'DCIS 2']
    >>> 200 < len(tissue.section(seed=0).cells) < 400
    True
    """
    import numpy as np

    from spatialdata_io.simulate.celltype import CELL_TYPES
    from spatialdata_io.simulate.noise import Noise
    from spatialdata_io.simulate.panel import in_situ_panel, transcriptome
    from spatialdata_io.simulate.region import clones_of, lay_out

    n_cells = check_size(size)
    rng = np.random.default_rng([check_seed(seed), 0])
    height = math.sqrt(n_cells * _AREA_OF_A_CELL * 0.75)
    width = height / 0.75
    outline, regions = lay_out(width, height, max(1, round(n_cells / _CELLS_OF_A_TILE)), rng)
    panel = in_situ_panel(rng)
    spacing = min(150.0, width / 4)
    return Tissue(
        width=width,
        height=height,
        outline=outline,
        regions=regions,
        clones=clones_of(regions, rng),
        type_fields=tuple(Noise.draw((height, width), (spacing, spacing), rng) for _ in CELL_TYPES),
        adipocytes=_adipocytes(regions, rng),
        panel=panel,
        transcriptome=transcriptome(panel, rng),
        seed=seed,
    )


def check_size(size: str | int) -> int:
    """The number of cells that a size stands for, or a ValueError that says which sizes there are."""
    if isinstance(size, str) and size in SIZES:
        return SIZES[size]
    if isinstance(size, int) and not isinstance(size, bool) and size >= _FEWEST:
        return size
    names = ", ".join(f"{name!r} ({count:,} cells)" for name, count in SIZES.items())
    raise ValueError(f"No tissue of size {size!r}; give {names}, or a number of cells of at least {_FEWEST}.")


def check_seed(seed: int) -> int:
    """The seed, or a ValueError that says what seeds are."""
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise ValueError(f"No seed {seed!r}; give a whole number from 0 on.")
    return number


def _adipocytes(regions: tuple[Region, ...], rng: np.random.Generator) -> Floats:
    """Round outlines (n, 16, 2) that fill the fat."""
    import numpy as np
    from shapely import contains_xy, prepare

    outlines = [np.empty((0, 16, 2))]
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    for region in regions:
        if region.kind != "Adipose":
            continue
        x_min, y_min, x_max, y_max = region.polygon.bounds
        row, column = np.mgrid[: int((y_max - y_min) / 39) + 2, : int((x_max - x_min) / 45) + 2]
        xy = np.stack([x_min + (column + row % 2 / 2) * 45, y_min + row * 39], axis=-1).reshape(-1, 2)
        xy = xy + rng.normal(0, 2.5, xy.shape)
        shape = circle * (rng.uniform(17, 21, (len(xy), 1, 1)) * rng.normal(1, 0.03, (len(xy), 16, 1)))
        outline = xy[:, None] + shape
        prepare(region.polygon)
        inside = contains_xy(region.polygon, outline[..., 0], outline[..., 1]).all(axis=1)
        outlines.append(outline[inside])
    return np.concatenate(outlines)
