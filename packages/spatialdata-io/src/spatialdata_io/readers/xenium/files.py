"""What a Xenium output bundle holds, under the names of all its generations."""

from __future__ import annotations

from types import MappingProxyType

from spatialdata_io.registry import File, Reader

__all__ = ["READER"]

_FILES = {
    "manifest": File(what="manifest of the experiment", patterns=("experiment.xenium",), anchor=True),
    "transcripts": File(
        what="table of transcripts",
        patterns=("transcripts.parquet", "transcripts.csv.gz", "transcripts.csv"),
        main=True,
    ),
    "cells": File(what="table of cells", patterns=("cells.parquet", "cells.csv.gz", "cells.csv")),
    "cell_boundaries": File(
        what="cell boundaries",
        patterns=("cell_boundaries.parquet", "cell_boundaries.csv.gz", "cell_boundaries.csv"),
    ),
    "nucleus_boundaries": File(
        what="nucleus boundaries",
        patterns=("nucleus_boundaries.parquet", "nucleus_boundaries.csv.gz", "nucleus_boundaries.csv"),
    ),
    "segmentation": File(what="segmentation masks", patterns=("cells.zarr.zip",)),
    "matrix": File(
        what="cell by feature matrix",
        patterns=("cell_feature_matrix.h5", "cell_feature_matrix/matrix.mtx.gz", "cell_feature_matrix/matrix.mtx"),
    ),
    "focus": File(
        what="morphology focus image",
        patterns=("morphology_focus/*.ome.tif", "morphology_focus.ome.tif"),
    ),
    "mip": File(what="morphology maximum projection", patterns=("morphology_mip.ome.tif",)),
    "he": File(what="aligned H&E image", patterns=("*he_image.ome.tif",)),
    "if": File(what="aligned immunofluorescence image", patterns=("*if_image.ome.tif",)),
}

READER = Reader(
    name="xenium",
    vendor="10x Genomics",
    title="Xenium output bundle",
    files=MappingProxyType(_FILES),
    function="spatialdata_io.readers.xenium.read:xenium",
    planner="spatialdata_io.readers.xenium.plan:plan",
)
