"""squidpy: graphs of neighbors, enrichment, autocorrelation, tiles and image features on a SpatialData object."""

from __future__ import annotations

import numpy as np
import squidpy as sq
from data import tissue


def run(folder: str) -> dict[str, object]:
    del folder
    results: dict[str, object] = {}
    sdata = tissue()
    for name, key in (("circles", "of_circles"), ("cells", "of_cells")):
        sq.gr.spatial_neighbors(
            sdata,
            elements_to_coordinate_systems={name: "global"},
            table_key=key,
            coord_type="generic",
            n_neighs=6,
        )
        graph = sdata[key].obsp["spatial_connectivities"]
        results[f"edges of {name}"] = int(graph.nnz)
        results[f"distances of {name}"] = round(float(sdata[key].obsp["spatial_distances"].sum()), 6)
        results[f"degrees of {name}"] = np.asarray(graph.sum(axis=0)).ravel().astype(int).tolist()
    sq.gr.nhood_enrichment(
        sdata, cluster_key="cluster", table_key="of_circles", n_perms=50, seed=0, n_jobs=1, show_progress_bar=False
    )
    results["enrichment"] = np.round(sdata["of_circles"].uns["cluster_nhood_enrichment"]["zscore"], 6).tolist()
    sq.gr.spatial_autocorr(sdata, mode="moran", table_key="of_circles", n_perms=None, n_jobs=1, show_progress_bar=False)
    results["moran"] = np.round(sdata["of_circles"].uns["moranI"]["I"].sort_index(), 6).tolist()
    sq.experimental.im.make_tiles(
        sdata, "image", tile_size=(64, 64), min_tissue_fraction=0.0, new_shapes_key="tiles", preview=False
    )
    results["tiles"] = [round(value, 6) for value in sdata["tiles"].geometry.bounds.to_numpy().ravel().tolist()]
    features = sq.experimental.im.calculate_image_features(
        sdata,
        image_key="image",
        labels_key="cells",
        features=["skimage:morphology:area", "squidpy:summary"],
        inplace=False,
    )
    results["features"] = sorted(features.var_names.tolist())
    results["feature means"] = np.round(np.nan_to_num(features.to_df().sort_index(axis=1).mean()), 5).tolist()
    sq.experimental.im.detect_tissue(sdata, "image")
    mask = sdata["image_tissue"]
    results["tissue"] = [type(mask).__name__, int(np.asarray(mask["scale0"]["image"]).astype(bool).sum())]
    sq.experimental.im.qc_image(sdata, "image", tile_size=(64, 64))
    results["elements"] = sorted(name for _, name, _ in sdata.gen_elements())
    return results
