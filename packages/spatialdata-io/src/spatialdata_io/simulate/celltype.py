"""The nine types of cell and where they live."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CellType:
    """One type of cell: its size in micrometres, its look and how much it transcribes."""

    name: str
    reach: float
    """Radius that the cell takes where it has room."""
    nucleus: float
    """Radius of the nucleus."""
    elongation: float
    """Long axis over short axis."""
    depth: float
    """Expected molecules of the in situ panel in a cell of ordinary size."""
    markers: tuple[str, ...]
    """Genes that mark the type."""


CELL_TYPES = (
    CellType(
        name="DCIS 1",
        reach=8.5,
        nucleus=4.2,
        elongation=1.15,
        depth=150,
        markers=("CEACAM6", "AGR3", "SERHL2", "TENT5C", "CEACAM8", "KRT8", "MZB1", "FASN", "GATA3", "SCD"),
    ),
    CellType(
        name="DCIS 2",
        reach=8.5,
        nucleus=4.2,
        elongation=1.15,
        depth=150,
        markers=("TCIM", "KRT23", "CYP1A1", "SERPINA3", "ESR1", "PGR", "KRT7", "TACSTD2", "ANKRD30A", "MYBPC1"),
    ),
    CellType(
        name="Invasive tumour",
        reach=9.0,
        nucleus=4.6,
        elongation=1.25,
        depth=140,
        markers=("ERBB2", "FOXA1", "EPCAM", "CCND1", "ABCC11", "TOP2A", "MKI67", "CENPF", "SQLE", "FLNB", "TFAP2A"),
    ),
    CellType(
        name="Stromal",
        reach=9.5,
        nucleus=3.4,
        elongation=2.2,
        depth=70,
        markers=("POSTN", "LUM", "CXCL12", "FBLN1", "CCDC80", "PDGFRA", "PDGFRB", "MMP2", "SFRP4", "IGF1"),
    ),
    CellType(
        name="Endothelial",
        reach=8.0,
        nucleus=3.2,
        elongation=2.0,
        depth=65,
        markers=("VWF", "PECAM1", "CLEC14A", "KDR", "EGFL7", "CAVIN2", "ESM1", "RAPGEF3", "SOX17", "HOXD9"),
    ),
    CellType(
        name="Myoepithelial",
        reach=7.5,
        nucleus=3.3,
        elongation=2.0,
        depth=80,
        markers=("KRT15", "KRT14", "KRT5", "ACTA2", "MYLK", "DST", "MYH11", "ACTG2", "OXTR", "PTN"),
    ),
    CellType(
        name="T cell",
        reach=5.0,
        nucleus=3.0,
        elongation=1.1,
        depth=60,
        markers=("IL7R", "CD3E", "CD3G", "CD8A", "CD4", "TRAC", "CCL5", "CD247", "LTB", "CTLA4", "FOXP3"),
    ),
    CellType(
        name="B cell",
        reach=5.0,
        nucleus=3.0,
        elongation=1.1,
        depth=55,
        markers=("MS4A1", "BANK1", "CD79A", "CD79B", "CD19", "TCL1A", "SELL", "TNFRSF13B", "CR2", "PAX5"),
    ),
    CellType(
        name="Macrophage",
        reach=7.0,
        nucleus=3.5,
        elongation=1.3,
        depth=85,
        markers=("CD68", "CD163", "LYZ", "FCGR3A", "ITGAX", "CD14", "FGL2", "APOC1", "C1QA", "C1QC", "MRC1"),
    ),
)
"""In the order of their numbers."""

CELL_TYPE_NAMES = tuple(cell_type.name for cell_type in CELL_TYPES)

MIXTURE: dict[str, tuple[float, ...]] = {
    "DCIS 1": (0.86, 0.00, 0.01, 0.02, 0.01, 0.02, 0.04, 0.01, 0.03),
    "DCIS 2": (0.00, 0.86, 0.01, 0.02, 0.01, 0.02, 0.04, 0.01, 0.03),
    "Invasive tumour": (0.00, 0.01, 0.72, 0.12, 0.03, 0.00, 0.06, 0.01, 0.05),
    "Immune aggregate": (0.00, 0.00, 0.01, 0.06, 0.04, 0.00, 0.40, 0.42, 0.07),
    "Adipose": (0.00, 0.00, 0.00, 0.58, 0.22, 0.00, 0.06, 0.02, 0.12),
    "Necrosis": (0.35, 0.00, 0.00, 0.05, 0.00, 0.00, 0.15, 0.00, 0.45),
    "Stroma": (0.00, 0.00, 0.02, 0.66, 0.14, 0.00, 0.08, 0.03, 0.07),
}
"""Share of every type in every kind of region."""

SPACING: dict[str, float] = {
    "DCIS 1": 12.4,
    "DCIS 2": 12.4,
    "Invasive tumour": 15.0,
    "Immune aggregate": 8.2,
    "Adipose": 20.0,
    "Necrosis": 26.0,
    "Stroma": 26.0,
}
"""Distance of neighbouring cells in every kind of region, in micrometres."""
