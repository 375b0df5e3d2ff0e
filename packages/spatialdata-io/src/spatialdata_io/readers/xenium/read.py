"""Read a Xenium bundle."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spatialdata_io._shared.images import SCALE_FACTORS, check_imread_options, image_element, labels_element
from spatialdata_io._shared.options import checked_flags, renamed_options
from spatialdata_io._shared.points import lazy_frame
from spatialdata_io._shared.provenance import provenance
from spatialdata_io._shared.tiff import lazy_levels, open_tiff
from spatialdata_io.errors import OptionError
from spatialdata_io.readers.xenium.aligned import alignment_of, xenium_aligned_image
from spatialdata_io.readers.xenium.files import READER
from spatialdata_io.readers.xenium.images import channel_names, open_channels
from spatialdata_io.readers.xenium.meta import pixel_size
from spatialdata_io.readers.xenium.segmentation import Segmentation, open_segmentation
from spatialdata_io.readers.xenium.shapes import cell_boundaries as read_cell_boundaries
from spatialdata_io.readers.xenium.shapes import cell_circles
from spatialdata_io.readers.xenium.shapes import nucleus_boundaries as read_nucleus_boundaries
from spatialdata_io.readers.xenium.table import Cells, cell_counts, read_cells, to_anndata

if TYPE_CHECKING:
    from anndata import AnnData
    from geopandas import GeoDataFrame

    from spatialdata import SpatialData
    from spatialdata.transformations import BaseTransformation
    from spatialdata_io.registry import Match

__all__ = ["xenium"]

_CSV_TYPES = {
    "x_location": "float32",
    "y_location": "float32",
    "z_location": "float32",
    "qv": "float32",
    "nucleus_distance": "float32",
    "overlaps_nucleus": "uint8",
}
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Annotated:
    """The element whose instances the rows of the table are, and the column that names the instance."""

    region: str
    instance_key: str


@renamed_options(cells_as_shapes="cells_as_circles", cell_boundaries="cells_boundaries", cell_labels="cells_labels")
@checked_flags
def xenium(
    path: str | Path,
    *,
    cells_boundaries: bool = True,
    nucleus_boundaries: bool = True,
    cells_as_circles: bool = False,
    cells_labels: bool = True,
    nucleus_labels: bool = True,
    transcripts: bool = True,
    morphology_mip: bool = True,
    morphology_focus: bool = True,
    aligned_images: bool = True,
    cells_table: bool = True,
    n_jobs: int | None = None,
    gex_only: bool = True,
    imread_kwargs: Mapping[str, Any] = _NONE,
    image_models_kwargs: Mapping[str, Any] = _NONE,
    labels_models_kwargs: Mapping[str, Any] = _NONE,
) -> SpatialData:
    """Read the output of a 10x Genomics Xenium instrument.

    Rasters are in pixels of the morphology image; transcripts and outlines stay in micrometres, as written, and carry
    the scale to pixels.  The one coordinate system is ``"global"``, in pixels.  Images, labels and transcripts are
    lazy: their headers are read and checked now, their contents when they are used.

    Parameters
    ----------
    path
        The output bundle, the folder with ``experiment.xenium``.
    cells_boundaries
        Read the outlines of the cells as ``cell_boundaries``, indexed by cell id.
    nucleus_boundaries
        Read the outlines of the nuclei as ``nucleus_boundaries``, indexed by label where the file has labels.
    cells_as_circles
        Make ``cell_circles`` of the areas of the cells, and let the table annotate them.
    cells_labels
        Read the cell mask as ``cell_labels``.
    nucleus_labels
        Read the nucleus mask as ``nucleus_labels``.
    transcripts
        Read the transcripts as ``transcripts`` (x, y, z in micrometres).
    morphology_mip
        Read the maximum projection ``morphology_mip``, which instruments before version 2 write.
    morphology_focus
        Read the focus image ``morphology_focus`` with all its channels.
    aligned_images
        Read H&E and immunofluorescence images that lie in the folder, as ``he_image`` and ``if_image``.
    cells_table
        Read counts and cells as ``table``.  It annotates the circles, else the cell labels, else the outlines.
    n_jobs
        Deprecated; it has no effect.
    gex_only
        Keep only the features of gene expression in the table, not controls or proteins.
    imread_kwargs
        Kept for compatibility; ``nframes`` and ``arraytype`` have no effect, images are read tile by tile.
    image_models_kwargs
        Options of ``Image2DModel.parse``; four further levels of half the size each, computed from the finest one,
        if ``scale_factors`` is not given.  ``scale_factors="vendor"`` takes the levels that the files hold, which
        saves computing them; the instrument's own are shifted by about half a pixel of each level.
    labels_models_kwargs
        Options of ``Labels2DModel.parse``, with the same default.

    Returns
    -------
    The elements.

    Raises
    ------
    MissingFileError
        If a file that an enabled option needs is absent; says what was looked for and which option leaves it out.
    BrokenFileError
        If a file is truncated or is not what its name says.
    InconsistentFilesError
        If files contradict each other.

    Examples
    --------
    >>> sdata = xenium("output-XETG00001__0000001__Region_1", nucleus_labels=False)  # doctest: +SKIP
    """
    from spatialdata import SpatialData
    from spatialdata.models import PointsModel, ShapesModel
    from spatialdata.transformations import Scale

    _check_arguments(n_jobs, imread_kwargs, image_models_kwargs)
    bundle = READER.open(path)
    micron = 1 / pixel_size(bundle.require("manifest"))
    to_pixels = {"global": Scale([micron, micron], axes=("x", "y"))}
    masks = [kind for kind, wanted in (("nucleus", nucleus_labels), ("cell", cells_labels)) if wanted]
    segmentation = _segmentation(bundle, required=masks, useful=cells_table)
    outlines = _outlines(bundle, cells=cells_boundaries, nuclei=nucleus_boundaries)
    cells = _cells(bundle, segmentation, circles=cells_as_circles) if cells_table or cells_as_circles else None
    if cells_as_circles and cells is not None:
        obs = cells.obs
        outlines["cell_circles"] = cell_circles(cells.centroids, obs["cell_area"].to_numpy(), obs["cell_id"].to_numpy())
    tables = {}
    if cells_table and cells is not None:
        annotated = _annotated(cells, outlines, labels=cells_labels)
        tables["table"] = _table(bundle, cells, annotated, gex_only=gex_only)
    points = {"transcripts": _transcripts(bundle, to_pixels, PointsModel)} if transcripts else {}
    shapes = {name: ShapesModel.parse(frame, transformations=to_pixels) for name, frame in outlines.items()}
    images = _images(bundle, image_models_kwargs, focus=morphology_focus, mip=morphology_mip, aligned=aligned_images)
    labels = _labels(segmentation, masks, labels_models_kwargs) if segmentation else {}
    return SpatialData(
        images=images, labels=labels, points=points, shapes=shapes, tables=tables, attrs=provenance("xenium")
    )


def _check_arguments(n_jobs: int | None, imread: Mapping[str, Any], image_models: Mapping[str, Any]) -> None:
    if n_jobs is not None:
        warnings.warn("n_jobs has no effect and will be removed.", DeprecationWarning, stacklevel=3)
    check_imread_options(imread)
    if "c_coords" in image_models:
        raise OptionError("image_models_kwargs has 'c_coords', but the channels of a bundle have their own names.")


def _segmentation(bundle: Match, *, required: list[str], useful: bool) -> Segmentation | None:
    """Open the segmentation archive if masks are asked for, or if it is there and the table can profit from it."""
    if required:
        options = " and ".join(f"{kind}s_labels=False".replace("nucleuss", "nucleus") for kind in required)
        return open_segmentation(bundle.require("segmentation", f"To read without it, pass {options}."))
    path = bundle.get("segmentation") if useful else None
    return open_segmentation(path) if path is not None else None


def _outlines(bundle: Match, *, cells: bool, nuclei: bool) -> dict[str, GeoDataFrame]:
    found = {}
    if nuclei:
        path = bundle.require("nucleus_boundaries", "To read without it, pass nucleus_boundaries=False.")
        found["nucleus_boundaries"] = read_nucleus_boundaries(path)
    if cells:
        path = bundle.require("cell_boundaries", "To read without it, pass cells_boundaries=False.")
        found["cell_boundaries"] = read_cell_boundaries(path)
    return found


def _cells(bundle: Match, segmentation: Segmentation | None, *, circles: bool) -> Cells:
    options = "cells_table=False" + " and cells_as_circles=False" * circles
    return read_cells(bundle.require("cells", f"To read without it, pass {options}."), segmentation)


def _annotated(cells: Cells, outlines: Mapping[str, Any], *, labels: bool) -> _Annotated | None:
    """Choose what the table annotates among the elements that are read."""
    if "cell_circles" in outlines:
        return _Annotated(region="cell_circles", instance_key="cell_id")
    if labels:
        key = "cell_labels" if "cell_labels" in cells.obs else "cell_id"
        return _Annotated(region="cell_labels", instance_key=key)
    if "cell_boundaries" in outlines:
        return _Annotated(region="cell_boundaries", instance_key="cell_id")
    return None


def _table(bundle: Match, cells: Cells, annotated: _Annotated | None, *, gex_only: bool) -> AnnData:
    import pandas as pd

    from spatialdata.models import TableModel

    matrix = bundle.require("matrix", "To read without it, pass cells_table=False.")
    table = to_anndata(cell_counts(matrix, gex_only=gex_only), cells, matrix, bundle.require("cells"))
    if annotated is None:
        return TableModel.parse(table)
    table.obs["region"] = pd.Categorical([annotated.region] * table.n_obs)
    return TableModel.parse(table, region=annotated.region, region_key="region", instance_key=annotated.instance_key)


def _transcripts(bundle: Match, to_pixels: Mapping[str, BaseTransformation], model: Any) -> Any:
    path = bundle.require("transcripts", "To read without it, pass transcripts=False.")
    wanted = ("x_location", "y_location", "z_location", "feature_name", "cell_id")
    return model.parse(
        lazy_frame(path, wanted, "feature_name", _CSV_TYPES),
        coordinates={"x": "x_location", "y": "y_location", "z": "z_location"},
        feature_key="feature_name",
        instance_key="cell_id",
        transformations=dict(to_pixels),
    )


def _labels(segmentation: Segmentation, masks: list[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    from spatialdata.transformations import Identity

    options = {"scale_factors": SCALE_FACTORS, **given}
    return {
        f"{kind}_labels": labels_element(
            segmentation.lazy_mask(kind), transformations={"global": Identity()}, options=options
        )
        for kind in masks
    }


def _images(bundle: Match, given: Mapping[str, Any], *, focus: bool, mip: bool, aligned: bool) -> dict[str, Any]:
    from spatialdata.transformations import Identity

    options = {"scale_factors": SCALE_FACTORS, **given}
    to_global = {"global": Identity()}
    images: dict[str, Any] = {}
    if focus:
        files = bundle.files["focus"]
        if not files:
            raise bundle.missing("focus", "To read without it, pass morphology_focus=False.")
        headers = open_channels(files)
        names = channel_names(headers)
        images["morphology_focus"] = image_element(
            lazy_levels(headers), transformations=to_global, c_coords=names, options=options
        )
    projection = bundle.get("mip") if mip else None
    if projection is not None:
        levels = lazy_levels([open_tiff(projection, ome=False)])
        images["morphology_mip"] = image_element(levels, transformations=to_global, c_coords=["DAPI"], options=options)
    if aligned:
        images.update(_aligned_images(bundle, options))
    return images


def _aligned_images(bundle: Match, options: Mapping[str, Any]) -> dict[str, Any]:
    """Read the aligned images; several of a kind are named after their files."""
    images = {}
    for part in ("he", "if"):
        files = bundle.files[part]
        for file in files:
            name = f"{part}_image" if len(files) == 1 else file.name.removesuffix(".ome.tif")
            images[name] = xenium_aligned_image(file, alignment_of(file), image_models_kwargs=options)
    return images
