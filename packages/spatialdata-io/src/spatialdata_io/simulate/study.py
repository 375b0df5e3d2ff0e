"""A whole study on disk: two in situ replicates, a capture slide, landmarks and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spatialdata_io.simulate.folder import check_target, new_folder
from spatialdata_io.simulate.frame import Frame

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata_io.simulate.tissue import Size, Tissue

REPLICATES = {"xenium_rep1": "3.0.0.15", "xenium_rep2": "1.4.0"}
"""Name and software version of the in situ slides."""
VISIUM = "visium"

_VERTICES = {"xenium_rep1": 24, "xenium_rep2": 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFolders:
    """Where the parts of a simulated study lie."""

    root: Path

    @property
    def xenium(self) -> tuple[Path, ...]:
        """The bundles of the in situ replicates."""
        return tuple(self.root / name for name in REPLICATES)

    @property
    def visium(self) -> Path:
        """The Space Ranger folder."""
        return self.root / VISIUM

    @property
    def visium_image(self) -> Path:
        """The full-resolution haematoxylin and eosin image of the Visium slide."""
        from spatialdata_io.simulate.visium import FULL_IMAGE

        return self.visium / FULL_IMAGE

    @property
    def landmarks(self) -> Path:
        """Landmarks of all slides; their names are those of the folders."""
        return self.root / "landmarks.csv"

    @property
    def truth(self) -> Path:
        """Cell types, regions, subclones and matrices, for ``read_truth``."""
        return self.root / "truth"


def simulate_study(
    path: str | Path,
    size: Size | int = "small",
    seed: int = 0,
    *,
    pixel_size: float = 0.2125,
    overwrite: bool = False,
) -> StudyFolders:
    """Simulate a tumour and write what three instruments make of serial sections of it.

    Two sections are written as Xenium bundles, ``xenium_rep1`` (analysis software 3) and ``xenium_rep2``
    (software 1), the third as the Space Ranger folder ``visium``. Every slide has a pixel grid, rotation,
    shift and crop of its own; the Visium image shows only a part of what both replicates show.
    ``landmarks.csv`` holds places clicked on all slides and ``truth`` what is true.

    Parameters
    ----------
    path
        The folder to write.
    size
        ``"tiny"``, ``"small"`` or ``"large"``, or about how many cells a section has.
    seed
        The same size, seed and pixel size always give the same files.
    pixel_size
        Micrometres a pixel of the Xenium images.
    overwrite
        Whether to replace an existing study.

    Returns
    -------
    The paths of its parts. The folder appears whole or, after an error, not at all.

    Raises
    ------
    ValueError
        If there is no such size, or the pixel size is not positive.
    FileExistsError
        If the folder exists, and ``overwrite`` is False or it holds no study.

    Examples
    --------
    >>> import tempfile
    >>> from spatialdata_io.simulate import simulate_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = simulate_study(f"{folder}/study", "tiny", pixel_size=0.85)
    ...     [bundle.name for bundle in study.xenium]
    ['xenium_rep1', 'xenium_rep2']
    """
    from tqdm import tqdm

    from spatialdata_io.simulate.landmarks import write_landmarks
    from spatialdata_io.simulate.tissue import check_size, simulate_tissue
    from spatialdata_io.simulate.truth import write_truth
    from spatialdata_io.simulate.visium import write_visium

    n_cells = check_size(size)
    target = Path(path).absolute()
    marker = "truth/frames.json"
    check_target(target, marker=marker, overwrite=overwrite)
    tissue = simulate_tissue(n_cells, seed)
    frames = study_frames(tissue, pixel_size)
    with new_folder(target, marker=marker, overwrite=overwrite) as folder:
        cells = {}
        slides = tqdm(frames, desc="Slides", disable=None)
        for number, slide in enumerate(slides):
            slides.set_postfix_str(slide)
            if slide == VISIUM:
                section = tissue.section(number, panel=tissue.transcriptome)
                write_visium(section, folder / slide, frames[slide])
            else:
                cells[slide] = _write_replicate(tissue, folder / slide, frames[slide], number)
        write_landmarks(folder / "landmarks.csv", tissue, frames, seed=seed)
        write_truth(folder / "truth", tissue, frames, cells)
    return StudyFolders(root=target)


def study_frames(tissue: Tissue, pixel_size: float) -> dict[str, Frame]:
    """How the three slides of a study lie, by their names."""
    w, h, unit = tissue.width, tissue.height, tissue.width / 2000
    return {
        "xenium_rep1": Frame(
            crop=(-0.02 * w, -0.03 * h, 1.01 * w, 1.02 * h), pixel_size=pixel_size, shift=(7.3 * unit, -4.1 * unit)
        ),
        "xenium_rep2": Frame(
            crop=(0.05 * w, -0.07 * h, 1.05 * w, 1.06 * h),
            pixel_size=pixel_size,
            rotation=12.0,
            shift=(-18.6 * unit, 11.2 * unit),
        ),
        VISIUM: Frame(
            crop=(-0.09 * w, -0.17 * h, 0.96 * w, 1.01 * h),
            pixel_size=0.5,
            rotation=-23.0,
            shift=(31.7 * unit, -22.9 * unit),
        ),
    }


def _write_replicate(tissue: Tissue, folder: Path, frame: Frame, number: int) -> pd.DataFrame:
    """Write a bundle and give what is true of its cells; all else of the section is let go."""
    from spatialdata_io.simulate.readout import read_out
    from spatialdata_io.simulate.truth import cell_table
    from spatialdata_io.simulate.version import XoaVersion
    from spatialdata_io.simulate.xenium import write_readout

    section = tissue.section(number, n_vertices=_VERTICES[folder.name])
    readout = read_out(section, frame, XoaVersion.parse(REPLICATES[folder.name]))
    folder.mkdir()
    write_readout(readout, folder, name=folder.name, stains=1)
    return cell_table(readout)
