"""sopa: its toy dataset, patches of image and transcripts, and the aggregation of transcripts and channels by cells."""

from __future__ import annotations

import numpy as np
import sopa

from spatialdata import read_zarr


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
    results["stored"] = sorted(name for _, name, _ in read_zarr(f"{folder}/toy.zarr").gen_elements())
    return results
