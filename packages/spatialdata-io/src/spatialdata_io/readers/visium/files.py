"""What a Space Ranger output folder of a Visium slide holds."""

from __future__ import annotations

from types import MappingProxyType

from spatialdata_io.registry import File, Reader

__all__ = ["COUNTS_FILE", "READER"]

COUNTS_FILE = "filtered_feature_bc_matrix.h5"

_FILES = {
    "positions": File(
        what="table of spot positions",
        patterns=("spatial/tissue_positions_list.csv", "spatial/tissue_positions.csv"),
        anchor=True,
    ),
    "scalefactors": File(what="scale factors", patterns=("spatial/scalefactors_json.json",), anchor=True),
    "counts": File(
        what="matrix of counts",
        patterns=(
            COUNTS_FILE,
            f"*_{COUNTS_FILE}",
            "filtered_feature_bc_matrix/matrix.mtx.gz",
            "filtered_feature_bc_matrix/matrix.mtx",
        ),
        main=True,
    ),
    "hires": File(what="high resolution image", patterns=("spatial/tissue_hires_image.png",)),
    "lowres": File(what="low resolution image", patterns=("spatial/tissue_lowres_image.png",)),
}

READER = Reader(
    name="visium",
    vendor="10x Genomics",
    title="Space Ranger output of a Visium slide",
    files=MappingProxyType(_FILES),
    function="spatialdata_io.readers.visium.read:visium",
    planner="spatialdata_io.readers.visium.plan:plan",
)
