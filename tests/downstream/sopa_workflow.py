"""sopa: its toy dataset, patches of image and transcripts, and the aggregation of transcripts and channels by cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sopa

from spatialdata import read_zarr
from spatialdata.models import Image2DModel
from spatialdata.transformations import get_transformation


def run(folder: str) -> dict[str, object]:
    results: dict[str, object] = {}
    sdata = sopa.io.toy_dataset(length=512)
    results["elements"] = sorted(name for _, name, _ in sdata.gen_elements())
    results["transcripts"] = len(sdata["transcripts"])
    results["assigned"] = int((sdata["transcripts"]["cell_id"].compute() > 0).sum())
    sdata.write(f"{folder}/toy.zarr")
    sdata = read_zarr(f"{folder}/toy.zarr")
    sopa.make_image_patches(sdata, patch_width=200, patch_overlap=50)
    results["image patches"] = np.round(sdata["image_patches"].geometry.bounds.to_numpy(), 4).tolist()
    sopa.make_transcript_patches(sdata, patch_width=300, min_points_per_patch=0)
    results["transcript patches"] = np.round(sdata["transcripts_patches"].geometry.bounds.to_numpy(), 4).tolist()
    sopa.aggregate(sdata, image_key="image", points_key="transcripts", shapes_key="cells", min_transcripts=1)
    table = sdata["table"]
    results["shape"] = list(table.shape)
    results["genes"] = table.to_df().sum().round(4).to_dict()
    results["intensities"] = np.round(np.asarray(table.obsm["intensities"]).sum(axis=0), 3).tolist()
    sopa.segmentation.tissue(sdata, image_key="he_image", key_added="tissue")
    results["tissue"] = round(float(sdata["tissue"].area.sum()), 2)
    sopa.spatial.spatial_neighbors(sdata, radius=[0, 40])
    results["distances"] = round(float(table.obsp["spatial_distances"].sum()), 4)
    results["joined"] = len(sopa.spatial.sjoin(sdata, "cells", "cells"))
    sopa.spatial.assign_transcript_to_cell(sdata, "transcripts", "cells", key_added="cell_index")
    results["assigned anew"] = int((sdata["transcripts"]["cell_index"].compute() != 0).sum())
    matrix = Path(folder) / "matrix.csv"
    matrix.write_text("2,0,10\n0,2,20\n0,0,1\n")
    stain = Image2DModel.parse(np.ones((3, 50, 50), dtype=np.uint8), c_coords=["r", "g", "b"])
    sopa.io.explorer.align(sdata, stain, str(matrix), key_added="stain", image_key="image")
    aligned = get_transformation(sdata["stain"]).to_affine_matrix(("x", "y"), ("x", "y"))
    results["aligned"] = np.round(aligned, 6).tolist()
    results["stored"] = sorted(name for _, name, _ in read_zarr(f"{folder}/toy.zarr").gen_elements())
    return results
