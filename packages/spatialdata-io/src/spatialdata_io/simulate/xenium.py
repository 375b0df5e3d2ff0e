"""A section written as the output bundle of a Xenium instrument."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spatialdata_io.simulate.folder import check_target, new_folder
from spatialdata_io.simulate.version import XoaVersion

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.readout import Readout
    from spatialdata_io.simulate.tissue import Section

MARKER = "experiment.xenium"


def write_xenium(
    section: Section,
    path: str | Path,
    frame: Frame,
    version: str = "3.0.0.15",
    *,
    stains: Literal[1, 4] = 1,
    overwrite: bool = False,
) -> Path:
    """Write a section as the folder that a Xenium instrument leaves behind.

    The folder holds what the instrument knows and no truth: the manifest, transcripts, cells, cell and
    nucleus boundaries, the count matrix, the segmentation masks and the morphology images. Cells that do not
    lie wholly on the image are not segmented, and their transcripts are unassigned. A transcript belongs to
    the cell whose polygon holds it; only transcripts of quality 20 or more are counted.

    Parameters
    ----------
    section
        What lies on the slide.
    path
        The folder to write.
    frame
        How the slide lies under the instrument. Tables are in its micrometres, images and masks in its pixels.
    version
        The analysis software to imitate: 1.0 to 1.2 (whole numbers as cell identifiers), 1.3 to 1.9 (text
        identifiers, ``seg_mask_value``), 2.x (polygon sets, ``label_id``, folder of focus images) or 3.x
        (``is_gene`` and codewords in addition).
    stains
        1 for DAPI alone, 4 for the multimodal stain; from version 2 on.
    overwrite
        Whether to replace an existing bundle.

    Returns
    -------
    The folder. It appears whole or, after an error, not at all.

    Raises
    ------
    ValueError
        If there is no such version or number of stains, or no whole cell lies on the image.
    FileExistsError
        If the folder exists, and ``overwrite`` is False or it holds no bundle.

    Examples
    --------
    >>> import tempfile
    >>> from spatialdata_io.simulate import Frame, simulate_tissue, write_xenium
    >>> section = simulate_tissue("tiny").section()
    >>> frame = Frame(crop=(0, 0, 400, 300), pixel_size=0.85)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     bundle = write_xenium(section, f"{folder}/outs", frame)
    ...     (bundle / "transcripts.parquet").exists()
    True
    """
    from spatialdata_io.simulate.readout import read_out

    xoa = XoaVersion.parse(version)
    if stains not in ((1, 4) if xoa.polygon_sets else (1,)):
        raise ValueError(f"{stains} stains asked of version {version}; there are 1 or, from version 2 on, 4.")
    target = Path(path).absolute()
    check_target(target, marker=MARKER, overwrite=overwrite)
    readout = read_out(section, frame, xoa)
    with new_folder(target, marker=MARKER, overwrite=overwrite) as folder:
        write_readout(readout, folder, name=target.name, stains=stains)
    return target


def write_readout(readout: Readout, folder: Path, *, name: str, stains: int) -> None:
    """Write all files of a bundle into an empty folder; ``name`` is that of the region."""
    import numpy as np

    from spatialdata_io.simulate.tenx_h5 import write_matrix
    from spatialdata_io.simulate.xenium_manifest import write_manifest
    from spatialdata_io.simulate.xenium_table import feature_names, feature_types, write_tables
    from spatialdata_io.simulate.xenium_zarr import write_cells

    write_tables(readout, folder)
    write_cells(readout, folder / "cells.zarr.zip")
    names = feature_names(readout)
    is_gene = readout.section.panel.is_gene
    identifiers = np.where(is_gene, readout.section.panel.feature_ids, names)
    write_matrix(
        folder / "cell_feature_matrix.h5",
        readout.counts,
        [str(cell) for cell in readout.cell_id.tolist()],
        {
            "id": identifiers.tolist(),
            "name": names,
            "feature_type": feature_types(readout),
            "genome": ["Unknown"] * len(names),
        },
        {"library_ids": np.array([b"0000000_0000000"])},
    )
    images = _write_images(readout, folder, stains)
    write_manifest(readout, folder, images, name)


def _write_images(readout: Readout, folder: Path, stains: int) -> dict[str, str]:
    """Write the morphology images; returns their paths as the manifest lists them."""
    from spatialdata_io.simulate.ome_tiff import write_planes
    from spatialdata_io.simulate.stain import STAINS, fluorescence

    section, frame = readout.section, readout.frame
    channels = STAINS[:stains]
    planes = [fluorescence(section, frame, stain) for stain in channels]
    seed = section.tissue.seed * 1000 + section.seed
    if readout.version.polygon_sets:
        (folder / "morphology_focus").mkdir()
        paths = [folder / "morphology_focus" / f"morphology_focus_{i:04d}.ome.tif" for i in range(stains)]
        write_planes(paths, planes, channels, frame.pixel_size, seed=seed)
        return {"morphology_focus_filepath": f"morphology_focus/{paths[0].name}"}
    write_planes([folder / "morphology_focus.ome.tif"], planes, channels, frame.pixel_size, seed=seed)
    write_planes([folder / "morphology_mip.ome.tif"], [_projected(planes[0])], channels, frame.pixel_size, seed=seed)
    return {
        "morphology_mip_filepath": "morphology_mip.ome.tif",
        "morphology_focus_filepath": "morphology_focus.ome.tif",
    }


def _projected(plane: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """The projection of all z planes: brighter than the focal plane, and less sharp."""
    from scipy.ndimage import uniform_filter

    blurred: npt.NDArray[np.uint16] = uniform_filter(plane, 3)
    return blurred + blurred // 8
