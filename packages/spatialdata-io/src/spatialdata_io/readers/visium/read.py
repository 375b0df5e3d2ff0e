"""Read a Visium slide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spatialdata.errors import listing
from spatialdata_io._shared.images import (
    SCALE_FACTORS,
    check_imread_options,
    colour_names,
    image_element,
    picture,
)
from spatialdata_io._shared.options import checked_flags
from spatialdata_io._shared.provenance import provenance
from spatialdata_io._shared.tiff import TiffImage, lazy_levels, open_tiff
from spatialdata_io.errors import InconsistentFilesError, MissingFileError, folder_contents
from spatialdata_io.readers.visium.counts import find_counts, infer_dataset_id, read_counts
from spatialdata_io.readers.visium.files import COUNTS_FILE, READER
from spatialdata_io.readers.visium.meta import ScaleFactors, read_positions, read_scale_factors
from spatialdata_io.registry import Match

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from geopandas import GeoDataFrame

    from spatialdata import SpatialData
    from spatialdata_io._shared.tables import CountMatrix

__all__ = ["visium"]

_NONE: Mapping[str, Any] = MappingProxyType({})
_METADATA = ("chemistry_description", "software_version")
_TIFF = (".tif", ".tiff", ".btf", ".svs", ".qptiff", ".ndpi")


@checked_flags
def visium(
    path: str | Path,
    dataset_id: str | None = None,
    counts_file: str = COUNTS_FILE,
    fullres_image_file: str | Path | None = None,
    tissue_positions_file: str | Path | None = None,
    scalefactors_file: str | Path | None = None,
    var_names_make_unique: bool = True,
    imread_kwargs: Mapping[str, Any] = _NONE,
    image_models_kwargs: Mapping[str, Any] = _NONE,
    *,
    genome: str | None = None,
    gex_only: bool = True,
) -> SpatialData:
    """Read the Space Ranger output of a 10x Genomics Visium slide.

    Spots are circles in pixels of the full resolution image.  The coordinate system called like the slide is in those
    pixels; ``<dataset_id>_downscaled_hires`` and ``<dataset_id>_downscaled_lowres`` are in pixels of the two small
    images.

    Parameters
    ----------
    path
        The output folder, usually ``outs``.
    dataset_id
        Name of the slide, which the elements are called by; the name in front of the matrix's, else that of its one
        library, else that of the folder, if not given.
    counts_file
        The matrix of counts in the folder: HDF5, a folder of the three text files, or a table of text.
    fullres_image_file
        The full resolution image, relative to ``path``.
    tissue_positions_file
        The table of spot positions, relative to ``path``.
    scalefactors_file
        The JSON file of scale factors, relative to ``path``.
    var_names_make_unique
        Append numbers to names of genes that occur more than once.
    imread_kwargs
        Kept for compatibility; ``nframes`` and ``arraytype`` have no effect, images are read tile by tile.
    image_models_kwargs
        Options of ``Image2DModel.parse``; the full resolution image gets four further levels of half the size each if
        ``scale_factors`` is not given (``"vendor"`` takes those that the file holds), the small images never do.
    genome
        Keep the genes of this genome only.
    gex_only
        Keep only the features of gene expression, not antibodies or other.

    Returns
    -------
    Images, the spots as ``<dataset_id>``, and ``table``, which annotates them.

    Raises
    ------
    MissingFileError
        If a file is absent; says what was looked for and what is there.
    BrokenFileError
        If a file is truncated or is not what its name says.
    InconsistentFilesError
        If there are counts of spots without a position.

    Examples
    --------
    >>> sdata = visium("outs", dataset_id="section1")  # doctest: +SKIP
    """
    from spatialdata import SpatialData
    from spatialdata.models import ShapesModel, TableModel
    from spatialdata.transformations import Identity, Scale

    check_imread_options(imread_kwargs)
    slide = READER.open(path) if None in (tissue_positions_file, scalefactors_file) else _anywhere(path)
    counts_path = find_counts(slide, counts_file, dataset_id)
    positions_path = _chosen(slide, tissue_positions_file, "positions")
    factors = read_scale_factors(_chosen(slide, scalefactors_file, "scalefactors"))
    counts = read_counts(counts_path, genome=genome, gex_only=gex_only)
    name = dataset_id or infer_dataset_id(counts_path, counts, slide.root)
    spots = _spots(counts, read_positions(positions_path), counts_path, positions_path)
    table = _table(counts, spots, name, unique=var_names_make_unique)
    systems = {
        name: Identity(),
        f"{name}_downscaled_hires": Scale([factors.hires] * 2, axes=("x", "y")),
        f"{name}_downscaled_lowres": Scale([factors.lowres] * 2, axes=("x", "y")),
    }
    images = _small_images(slide, name, factors, image_models_kwargs)
    if fullres_image_file is not None:
        images[f"{name}_full_image"] = _full_image(slide.root / fullres_image_file, name, image_models_kwargs)
    return SpatialData(
        images=images,
        shapes={name: ShapesModel.parse(_circles(spots, factors), transformations=systems)},
        tables={"table": TableModel.parse(table, region=name, region_key="region", instance_key="spot_id")},
        attrs=provenance("visium"),
    )


def _anywhere(path: str | Path) -> Match:
    """Take any folder as the slide, for a caller who names the files that identify one."""
    root = Path(path)
    return Match(reader=READER, root=root, files={part: file.find(root) for part, file in READER.files.items()})


def _chosen(slide: Match, given: str | Path | None, part: str) -> Path:
    """Return the file that the caller named, relative to the folder, or the one that is there."""
    if given is None:
        return slide.require(part)
    return _existing(slide.root / given, READER.files[part].what)


def _existing(file: Path, what: str) -> Path:
    if not file.is_file():
        msg = f"visium: there is no {what} {file}. The folder {file.parent} has: {folder_contents(file.parent)}."
        raise MissingFileError(msg)
    return file


def _spots(counts: CountMatrix, positions: pd.DataFrame, counts_path: Path, positions_path: Path) -> pd.DataFrame:
    """Return the positions of the spots that have counts, in the order of the counts."""
    import pandas as pd

    barcodes = pd.Index(counts.barcodes)
    absent = barcodes[~barcodes.isin(positions.index)]
    if len(absent):
        msg = (
            f"{len(absent)} of {len(barcodes)} spots in {counts_path} have no position in {positions_path} "
            f"({listing(absent, limit=3)}). The files must come from one slide."
        )
        raise InconsistentFilesError(msg)
    return positions.loc[barcodes]


def _table(counts: CountMatrix, spots: pd.DataFrame, name: str, *, unique: bool) -> AnnData:
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from anndata.utils import make_index_unique

    obs = spots[["in_tissue", "array_row", "array_col"]].rename_axis(None)
    obs["spot_id"] = np.arange(len(obs))
    obs["region"] = pd.Categorical([name] * len(obs))
    var = counts.features
    if unique and not var.index.is_unique:
        var = var.set_index(make_index_unique(var.index))
    metadata = {key: _one(counts.attrs[key]) for key in _METADATA if key in counts.attrs}
    return AnnData(
        X=counts.X,
        obs=obs,
        var=var,
        obsm={"spatial": _xy(spots)},
        uns={"spatial": {name: {"metadata": metadata}}},
    )


def _one(value: Any) -> Any:
    """Take a value out of a list of one, as older matrices write it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _xy(spots: pd.DataFrame) -> Any:
    return spots[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy()


def _circles(spots: pd.DataFrame, factors: ScaleFactors) -> GeoDataFrame:
    import geopandas as gpd
    import pandas as pd
    import shapely

    columns = {"geometry": shapely.points(_xy(spots).astype(float)), "radius": factors.spot_diameter / 2}
    return gpd.GeoDataFrame(columns, index=pd.RangeIndex(len(spots), name="spot_id"))


def _small_images(slide: Match, name: str, factors: ScaleFactors, given: Mapping[str, Any]) -> dict[str, Any]:
    from spatialdata.transformations import Identity, Scale

    options = {key: value for key, value in given.items() if key != "scale_factors"}
    images = {}
    for part, factor in (("hires", factors.hires), ("lowres", factors.lowres)):
        path = slide.get(part)
        if path is not None:
            pixels = picture(path)
            to_full = Scale([1 / factor] * 2, axes=("x", "y"))
            images[f"{name}_{part}_image"] = image_element(
                [pixels],
                transformations={f"{name}_downscaled_{part}": Identity(), name: to_full},
                c_coords=colour_names(pixels.shape[0]),
                options=options,
            )
    return images


def _full_image(path: Path, name: str, given: Mapping[str, Any]) -> Any:
    from spatialdata.transformations import Identity

    _existing(path, "full resolution image")
    if path.suffix.lower() in _TIFF:
        header = open_tiff(path)
        levels, names = lazy_levels([header]), _full_image_channels(header)
    else:
        levels = [picture(path)]
        names = colour_names(levels[0].shape[0])
    options = {"scale_factors": SCALE_FACTORS, **given}
    return image_element(levels, transformations={name: Identity()}, c_coords=names, options=options)


def _full_image_channels(header: TiffImage) -> list[str] | None:
    count = header.shape_cyx[0]
    written = header.channels
    if header.rgb:
        return colour_names(count)
    if len(written) == count and len(set(written)) == count:
        return list(written)
    return colour_names(count) if header.dtype == "uint8" else None
