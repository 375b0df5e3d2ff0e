"""A section written as the output folder of Space Ranger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spatialdata_io.simulate.folder import check_target, new_folder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.spots import Spots
    from spatialdata_io.simulate.tissue import Section

FULL_IMAGE = "tissue_image.ome.tif"
"""The full-resolution image, inside the written folder."""

_MARKER = "spatial/scalefactors_json.json"
_SOFTWARE = {1: ("spaceranger-1.3.0", "Spatial 3' v1"), 2: ("spaceranger-3.0.0", "Visium V4 Slide")}
_HIRES, _LOWRES = 2000, 600
_ROWS_AT_ONCE = 512


def write_visium(
    section: Section,
    path: str | Path,
    frame: Frame,
    version: Literal[1, 2] = 2,
    *,
    efficiency: float = 0.35,
    overwrite: bool = False,
) -> Path:
    """Write a section as the ``outs`` folder of Space Ranger, with its full-resolution image.

    The 4,992 spots of 55 micrometres lie 100 micrometres apart under the middle of the image. Spots whose
    centre lies on the image and on tissue are in the filtered matrix, all of them in the raw one.

    Parameters
    ----------
    section
        What lies on the slide; cut it with ``panel=tissue.transcriptome`` to see more than the in situ genes.
    path
        The folder to write. It also holds the haematoxylin and eosin image, ``tissue_image.ome.tif``.
    frame
        How the slide lies under the microscope; 0.5 micrometres a pixel are usual.
    version
        1 for the layout of Space Ranger 1 (``tissue_positions_list.csv`` without header, whole pixels), 2 for
        that of 2 and later (``tissue_positions.csv`` with header).
    efficiency
        Share of the molecules over a spot that is captured, above 0 and at most 1.
    overwrite
        Whether to replace an existing folder of this kind.

    Returns
    -------
    The folder. It appears whole or, after an error, not at all.

    Raises
    ------
    ValueError
        If there is no such version, the efficiency is out of range or no spot lies on tissue.
    FileExistsError
        If the folder exists, and ``overwrite`` is False or it is no Space Ranger folder.

    Examples
    --------
    >>> import tempfile
    >>> from spatialdata_io.simulate import Frame, simulate_tissue, write_visium
    >>> section = simulate_tissue("tiny").section()
    >>> frame = Frame(crop=(0, 0, 400, 300), pixel_size=1.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outs = write_visium(section, f"{folder}/outs", frame)
    ...     sorted(file.name for file in (outs / "spatial").iterdir())[1:]
    ['tissue_hires_image.png', 'tissue_lowres_image.png', 'tissue_positions.csv']
    """
    from spatialdata_io.simulate.spots import capture, lay_spots

    if version not in _SOFTWARE:
        raise ValueError(f"No Space Ranger layout of version {version!r}; there are 1 and 2.")
    if not 0 < efficiency <= 1:
        raise ValueError(f"The capture efficiency is above 0 and at most 1, found {efficiency}.")
    target = Path(path).absolute()
    check_target(target, marker=_MARKER, overwrite=overwrite)
    spots = lay_spots(section, frame)
    if not spots.in_tissue.any():
        raise ValueError(
            f"No spot lies on tissue with the crop {frame.crop}, shift {frame.shift} and rotation {frame.rotation}; "
            f"the tissue is {section.tissue.width:.0f} x {section.tissue.height:.0f} um."
        )
    counts = capture(section, frame, spots, efficiency)
    with new_folder(target, marker=_MARKER, overwrite=overwrite) as folder:
        (folder / "spatial").mkdir()
        _write_matrices(section, folder, spots, counts, version)
        _write_positions(folder / "spatial", spots, version)
        _write_images(section, frame, folder)
    return target


def _write_matrices(section: Section, folder: Path, spots: Spots, counts: csr_matrix, version: int) -> None:
    import numpy as np

    from spatialdata_io.simulate.tenx_h5 import write_matrix

    genes = section.panel.is_gene
    names = np.array(section.panel.features)[genes].tolist()
    features = {
        "id": np.array(section.panel.feature_ids)[genes].tolist(),
        "name": names,
        "feature_type": ["Gene Expression"] * len(names),
        "genome": ["GRCh38"] * len(names),
    }
    software, chemistry = _SOFTWARE[version]
    attributes = {
        "software_version": software,
        "chemistry_description": chemistry,
        "library_ids": np.array([b"simulated"]),
    }
    order = np.argsort(spots.barcode)
    for name, rows in (("raw", order), ("filtered", order[spots.in_tissue[order]])):
        part = counts[rows]
        part.sort_indices()
        write_matrix(folder / f"{name}_feature_bc_matrix.h5", part, spots.barcode[rows].tolist(), features, attributes)


def _write_positions(folder: Path, spots: Spots, version: int) -> None:
    import numpy as np
    import pandas as pd

    xy = spots.xy_px if version == 2 else np.rint(spots.xy_px).astype(int)
    table = pd.DataFrame(
        {
            "barcode": spots.barcode,
            "in_tissue": spots.in_tissue.astype(int),
            "array_row": spots.row,
            "array_col": spots.column,
            "pxl_row_in_fullres": xy[:, 1],
            "pxl_col_in_fullres": xy[:, 0],
        }
    )
    if version == 2:
        table.to_csv(folder / "tissue_positions.csv", index=False, lineterminator="\n")
        return
    zigzag = np.lexsort((spots.column, spots.row // 2))
    table.iloc[zigzag].to_csv(folder / "tissue_positions_list.csv", index=False, header=False, lineterminator="\n")


def _write_images(section: Section, frame: Frame, folder: Path) -> None:
    """Write the full image, its two small versions and the scale factors between them."""
    import imageio.v3 as iio

    from spatialdata_io.simulate.ome_tiff import write_rgb
    from spatialdata_io.simulate.spots import DIAMETER
    from spatialdata_io.simulate.stain import haematoxylin_eosin

    image = haematoxylin_eosin(section, frame)
    write_rgb(folder / FULL_IMAGE, image, frame.pixel_size)
    factors = {
        "spot_diameter_fullres": DIAMETER / frame.pixel_size,
        "fiducial_diameter_fullres": 90.0 / frame.pixel_size,
    }
    for name, longest in (("hires", _HIRES), ("lowres", _LOWRES)):
        factor = min(1.0, longest / max(image.shape[:2]))
        factors[f"tissue_{name}_scalef"] = factor
        iio.imwrite(folder / "spatial" / f"tissue_{name}_image.png", shrink(image, factor))
    text = json.dumps(factors)
    (folder / "spatial" / "scalefactors_json.json").write_text(text, encoding="utf-8")


def shrink(image: npt.NDArray[np.uint8], factor: float) -> npt.NDArray[np.uint8]:
    """Shrink ``(y, x, channel)`` by a factor of at most 1: every new pixel is the mean of what it covers."""
    import numpy as np
    from scipy.sparse import csr_matrix

    def weights(size: int) -> csr_matrix:
        """Share of every old row in every new one."""
        edges = np.minimum(np.arange(max(1, round(size * factor)) + 1) / factor, size)
        low, high = edges[:-1].astype(int), np.minimum(np.ceil(edges[1:]).astype(int), size)
        count = np.maximum(high - low, 1)
        new = np.repeat(np.arange(len(count)), count)
        old = np.minimum(np.arange(len(new)) - np.repeat(np.cumsum(count) - count, count) + low[new], size - 1)
        overlap = np.minimum(edges[new + 1], old + 1) - np.maximum(edges[new], old)
        share = np.maximum(overlap, 1e-9).astype(np.float32)
        total = np.bincount(new, weights=share)
        return csr_matrix((share / total[new], (new, old)), shape=(len(count), size), dtype=np.float32)

    down, across = weights(image.shape[0]).tocsc(), weights(image.shape[1])
    low = np.zeros((down.shape[0], image.shape[1] * image.shape[2]), dtype=np.float32)
    for start in range(0, len(image), _ROWS_AT_ONCE):
        part = image[start : start + _ROWS_AT_ONCE].astype(np.float32)
        low += down[:, start : start + _ROWS_AT_ONCE] @ part.reshape(len(part), -1)
    channels = np.moveaxis(low.reshape(len(low), *image.shape[1:]), -1, 0)
    return np.stack([np.rint((across @ channel.T).T) for channel in channels], axis=-1).astype(np.uint8)
