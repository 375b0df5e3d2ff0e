"""The slides of the study, read from their folders and brought together in one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.optional import require
from spatialdata.studies.breast_cancer.names import REPLICATES, SPOT_TABLE, SPOTS, VISIUM, cells, table

if TYPE_CHECKING:
    from anndata import AnnData

    from spatialdata.sdata import SpatialData
    from spatialdata.studies.breast_cancer.inputs import StudyInput

__all__ = ["read_slides"]

_READER_SYSTEM = "global"


def read_slides(inputs: StudyInput) -> SpatialData:
    """Read all slides into one object.

    Parameters
    ----------
    inputs
        Where the slides lie.

    Returns
    -------
    Elements are called like their slide and what they are, as ``xenium_rep1_transcripts``. Every slide has a
    coordinate system of its name, in pixels of its full-resolution image. The tables of the replicates annotate the
    outlines of the cells, ``visium_table`` annotates ``visium_spots``. Rasters and transcripts are lazy.

    Raises
    ------
    SpatialDataError
        A folder is not of the instrument that was asked for, or a file in it is absent or broken; the error names it.
    """
    from spatialdata.sdata import SpatialData

    io = require("spatialdata_io", "read the folders of the instruments")
    elements: dict[str, Any] = {}
    provenance: dict[str, Any] = {}
    for replicate, folder in zip(REPLICATES, inputs.xenium, strict=True):
        slide = io.read(folder, reader="xenium")
        slide.rename_coordinate_systems({_READER_SYSTEM: replicate})
        elements |= {f"{replicate}_{name}": element for _, name, element in slide.gen_elements()}
        elements[table(replicate)] = _annotating(slide.tables["table"], cells(replicate), "cell_id")
        provenance[replicate] = dict(slide.attrs)
    slide = _read_visium(io, inputs)
    renamed = {VISIUM: SPOTS, "table": SPOT_TABLE}
    elements |= {renamed.get(name, name): element for _, name, element in slide.gen_elements()}
    elements[SPOT_TABLE] = _annotating(slide.tables["table"], SPOTS, "spot_id")
    provenance[VISIUM] = dict(slide.attrs)
    return SpatialData.init_from_elements(elements, attrs={"slides": provenance})


def _read_visium(io: Any, inputs: StudyInput) -> SpatialData:
    full_image = inputs.full_image()
    options = {} if full_image is None else {"fullres_image_file": full_image.absolute()}
    slide: SpatialData = io.read(inputs.visium, reader="visium", dataset_id=VISIUM, **options)
    return slide


def _annotating(found: AnnData, region: str, instance_key: str) -> AnnData:
    """The table of a reader as annotation of one element of the study."""
    import pandas as pd

    from spatialdata.models import TableModel

    made = found.copy()
    made.obs["region"] = pd.Categorical([region] * made.n_obs)
    return TableModel.parse(
        made, region=region, region_key="region", instance_key=instance_key, overwrite_metadata=True
    )
