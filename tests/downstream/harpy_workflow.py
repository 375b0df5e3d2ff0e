"""harpy: labels and images added to a store, allocation of transcripts, intensities, region properties, plots."""

from __future__ import annotations

import harpy as hp
import matplotlib as mpl
import numpy as np
from data import tissue

from spatialdata import read_zarr

mpl.use("Agg")


def run(folder: str) -> dict[str, object]:
    results: dict[str, object] = {}
    path = f"{folder}/tissue.zarr"
    tissue().write(path)
    sdata = read_zarr(path)
    sdata = hp.tb.allocate(
        sdata, labels_name="cells", points_name="transcripts", output_table_name="counts", overwrite=True
    )
    counts = sdata["counts"]
    results["allocated"] = counts.to_df().sum().to_dict()
    results["cells"] = int(counts.n_obs)
    sdata = hp.tb.allocate_intensity(
        sdata, image_name="image", labels_name="cells", output_table_name="intensities", overwrite=True
    )
    results["intensities"] = np.round(sdata["intensities"].to_df().mean(), 4).tolist()
    sdata = hp.tb.add_regionprops(
        sdata, labels_name="cells", table_name="intensities", output_table_name="properties", overwrite=True
    )
    results["areas"] = round(float(sdata["properties"].obs["area"].sum()), 4)
    sdata = hp.im.gaussian_filtering(sdata, image_name="image", sigma=2, output_image_name="smooth", overwrite=True)
    results["smooth"] = np.round(sdata["smooth"].data.mean(axis=(1, 2)).compute(), 3).tolist()
    sdata = hp.sh.vectorize(sdata, labels_name="cells", output_shapes_name="outlines", overwrite=True)
    results["outlines"] = [len(sdata["outlines"]), round(float(sdata["outlines"].area.sum()), 2)]
    sdata = hp.im.expand_labels(
        sdata, "cells", distance=2, depth=10, output_labels_name="grown", output_shapes_name="grown_outlines"
    )
    results["grown"] = [len(sdata["grown_outlines"]), round(float(sdata["grown_outlines"].area.sum()), 2)]
    sdata = hp.im.merge_labels(sdata, "cells", "grown", output_labels_name="merged")
    results["merged"] = int(sdata["merged"].data.astype(bool).sum().compute())
    sdata = hp.im.rasterize(sdata, "outlines", "burned", chunks=128)
    results["burned"] = int(sdata["burned"].data.sum().compute())
    sdata = hp.im.add_grid_labels(
        sdata, shape=(64, 64), size=10, output_shapes_name="hexagons", output_labels_name="hexagon_labels"
    )
    results["hexagons"] = [len(sdata["hexagons"]), round(float(sdata["hexagons"].area.sum()), 2)]
    axes = hp.pl.plot_sdata(sdata, image_name="image", channel="r", labels_name="cells")
    results["drawn"] = len(axes.get_images()) > 0
    results["stored"] = sorted(name for _, name, _ in read_zarr(path).gen_elements())
    return results
