"""Panels of genes and how strongly every type of cell expresses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatialdata_io.simulate.celltype import CELL_TYPES
from spatialdata_io.simulate.genes import CLONE_GENES, HOUSEKEEPING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating]

GENE = "Gene Expression"
CLONES = ("none", "A", "B", "C", "D")

_CONTROLS = (
    ("NegControlProbe_{:05d}", "Negative Control Probe", 20),
    ("NegControlCodeword_{:04d}", "Negative Control Codeword", 40),
    ("UnassignedCodeword_{:04d}", "Unassigned Codeword", 60),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """The features that an assay can see."""

    name: str
    features: tuple[str, ...]
    feature_ids: tuple[str, ...]
    feature_types: tuple[str, ...]
    """In the words of the vendor's matrices: ``"Gene Expression"``, ``"Negative Control Probe"``, ..."""
    rate: Floats
    """Expected molecules in a cell of ordinary size, (types, features)."""
    clone_factor: Floats
    """By what the subclones of ``CLONES`` multiply the rate in tumour cells, (clones, features)."""
    nuclear: Floats
    """Share of a gene's molecules that lie in the nucleus, (features,)."""
    background: Floats
    """Molecules a square micrometre that belong to no cell, (features,)."""

    @property
    def is_gene(self) -> npt.NDArray[np.bool_]:
        """Which features are genes, (features,)."""
        import numpy as np

        return np.array([kind == GENE for kind in self.feature_types])


def in_situ_panel(rng: np.random.Generator) -> Panel:
    """The panel of the in situ assay: markers of the nine types, others, and control features."""
    import numpy as np

    genes = _genes()
    rate = _rates(genes, rng)
    controls = [(name.format(i), kind) for name, kind, count in _CONTROLS for i in range(1, count + 1)]
    width = len(genes) + len(controls)
    all_rates = np.zeros((len(CELL_TYPES), width))
    all_rates[:, : len(genes)] = rate
    background = np.full(width, 3e-6)
    background[: len(genes)] = 0.05 * rate.mean(axis=0) / rate.mean(axis=0).sum()
    return Panel(
        name="Simulated Human Breast Panel",
        features=(*genes, *(name for name, _ in controls)),
        feature_ids=(*map(_gene_id, range(len(genes))), *(name for name, _ in controls)),
        feature_types=(*(GENE for _ in genes), *(kind for _, kind in controls)),
        rate=all_rates,
        clone_factor=_clone_factors(genes, width),
        nuclear=np.clip(rng.normal(0.4, 0.12, width), 0.05, 0.9),
        background=background,
    )


def transcriptome(panel: Panel, rng: np.random.Generator, extra: int = 250) -> Panel:
    """The genes of the in situ panel and ``extra`` others, as a capture assay sees them."""
    import numpy as np

    kept = panel.is_gene
    others = tuple(f"SIMG{i:04d}" for i in range(1, extra + 1))
    rate = rng.lognormal(-1.2, 1.0, extra) * rng.lognormal(0, 0.5, (len(CELL_TYPES), extra))
    genes = int(kept.sum())
    factor = np.ones((len(CLONES), genes + extra))
    factor[:, :genes] = panel.clone_factor[:, kept]
    return Panel(
        name="Simulated Human Transcriptome",
        features=(*np.array(panel.features)[kept].tolist(), *others),
        feature_ids=tuple(map(_gene_id, range(genes + extra))),
        feature_types=(GENE,) * (genes + extra),
        rate=np.hstack([panel.rate[:, kept], rate]),
        clone_factor=factor,
        nuclear=np.concatenate([panel.nuclear[kept], np.full(extra, 0.4)]),
        background=np.concatenate([panel.background[kept], np.full(extra, 1e-5)]),
    )


def _gene_id(number: int) -> str:
    """An accession that no real gene has."""
    return f"ENSG9{number + 1:010d}"


def _genes() -> list[str]:
    markers = [gene for cell_type in CELL_TYPES for gene in cell_type.markers]
    return sorted({*markers, *HOUSEKEEPING, *CLONE_GENES})


def _rates(genes: list[str], rng: np.random.Generator) -> Floats:
    """Rates (types, genes): the markers of a type stand out, and every row sums to the depth of the type."""
    import numpy as np

    base = rng.lognormal(0.0, 0.8, len(genes)) * np.where(np.isin(genes, HOUSEKEEPING), 3.0, 0.35)
    rate = base * rng.lognormal(0, 0.25, (len(CELL_TYPES), len(genes)))
    for row, cell_type in enumerate(CELL_TYPES):
        rate[row, np.isin(genes, cell_type.markers)] += rng.uniform(6, 22, len(cell_type.markers))
    depth = np.array([cell_type.depth for cell_type in CELL_TYPES])
    scaled: Floats = rate * (depth / rate.sum(axis=1))[:, None]
    return scaled


def _clone_factors(genes: list[str], width: int) -> Floats:
    """Every clone gains six genes of its own and loses those of the next."""
    import numpy as np

    factor = np.ones((len(CLONES), width))
    blocks = [np.isin(genes, CLONE_GENES[start : start + 6]) for start in range(0, 24, 6)]
    for clone in range(1, len(CLONES)):
        factor[clone, : len(genes)][blocks[clone - 1]] = 6.0
        factor[clone, : len(genes)][blocks[clone % 4]] = 0.3
    return factor
