"""Names of files and columns that packages built on this one read by themselves."""

from __future__ import annotations

from spatialdata_io._constants._enum import ModeEnum

__all__ = ["CosmxKeys", "MerscopeKeys", "VisiumHDKeys", "VisiumKeys", "XeniumKeys"]


class CosmxKeys(ModeEnum):
    """CosMx."""

    COUNTS_SUFFIX = "exprMat_file.csv"
    TRANSCRIPTS_SUFFIX = "tx_file.csv"
    METADATA_SUFFIX = "metadata_file.csv"
    FOV_SUFFIX = "fov_positions_file.csv"
    IMAGES_DIR = "CellComposite"
    LABELS_DIR = "CellLabels"
    FOV = "fov"
    INSTANCE_KEY = "cell_ID"
    X_GLOBAL_CELL = "CenterX_global_px"
    Y_GLOBAL_CELL = "CenterY_global_px"
    TARGET_OF_TRANSCRIPT = "target"


class MerscopeKeys(ModeEnum):
    """MERSCOPE."""

    IMAGES_DIR = "images"
    TRANSFORMATION_FILE = "micron_to_mosaic_pixel_transform.csv"
    TRANSCRIPTS_FILE = "detected_transcripts.csv"
    BOUNDARIES_FILE = "cell_boundaries.parquet"
    COUNTS_FILE = "cell_by_gene.csv"
    CELL_METADATA_FILE = "cell_metadata.csv"
    CELLPOSE_BOUNDARIES = "cellpose_micron_space.parquet"
    METADATA_CELL_KEY = "EntityID"
    COUNTS_CELL_KEY = "cell"
    CELL_X = "center_x"
    CELL_Y = "center_y"
    GLOBAL_X = "global_x"
    GLOBAL_Y = "global_y"
    GLOBAL_Z = "global_z"
    Z_INDEX = "ZIndex"
    GENE_KEY = "gene"


class VisiumKeys(ModeEnum):
    """Visium."""

    FILTERED_COUNTS_FILE = "filtered_feature_bc_matrix.h5"
    RAW_COUNTS_FILE = "raw_feature_bc_matrix.h5"


class VisiumHDKeys(ModeEnum):
    """Visium HD."""

    REGION_KEY = "region"
    INSTANCE_KEY = "location_id"


class XeniumKeys(ModeEnum):
    """Xenium."""

    XENIUM_SPECS = "experiment.xenium"
    CELL_ID = "cell_id"
    FEATURE_NAME = "feature_name"
    TRANSCRIPTS_FILE = "transcripts.parquet"
    TRANSCRIPTS_X = "x_location"
    TRANSCRIPTS_Y = "y_location"
