"""Genes of the in situ panel beside the markers of the cell types."""

from __future__ import annotations

# fmt: off
HOUSEKEEPING = (
    "ACTB", "GAPDH", "RPLP0", "EEF1A1", "TUBA1B", "HSP90AB1", "YWHAZ", "PPIA", "B2M", "UBC", "TPT1",
    "VIM", "S100A4", "JUN", "FOS", "MYC", "BCL2", "STAT1", "HIF1A", "TMSB4X", "LDHA", "ENO1", "PKM",
    "CD44", "CD24", "KRT18", "KRT19", "CDH1", "SNAI1", "ZEB1", "TGFB1", "VEGFA", "IL6", "CXCL10",
    "HLA-A", "HLA-DRA", "TAGLN", "PCNA", "MCM2", "NDRG1", "SLC2A1", "CA9", "BAX", "CDKN1A", "MDM2",
    "PTEN", "AKT1", "PIK3CA", "NOTCH1", "EGFR",
)
"""Expressed by every type of cell."""

CLONE_GENES = (
    "SCGB2A1", "SCGB2A2", "PIP", "MUC1", "MUC6", "TFF1", "TFF3", "AREG", "GRB7", "STARD3", "MIEN1",
    "CDK12", "BRCA1", "BRCA2", "PALB2", "RAD51C", "CCNE1", "MYBL2", "ZNF217", "AURKA", "PRLR", "ELF3",
    "NUF2", "DEK",
)
"""Told apart by the subclones, six genes each."""
# fmt: on
