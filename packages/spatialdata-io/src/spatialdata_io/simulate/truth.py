"""What is true of a simulated study, kept beside the folders of the instruments.

The folder holds ``cell_types_<slide>.parquet`` for every in situ slide (``cell_id, cell_type, region,
subclone``), ``regions.parquet`` and ``subclones.parquet`` (GeoParquet: ``name, kind, geometry`` in tissue
micrometres), and ``frames.json``: for every slide the 3 x 3 matrices ``tissue_to_um``, ``um_to_px`` and
``tissue_to_px`` that act on columns ``(x, y, 1)``, the ``pixel_size`` in micrometres and the ``shape`` of the
image as rows and columns.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.readout import Readout
    from spatialdata_io.simulate.region import Region
    from spatialdata_io.simulate.tissue import Tissue

_FRAMES = "frames.json"
_CELLS = "cell_types_"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideTruth:
    """How one slide really lies: matrices (3, 3) that act on columns ``(x, y, 1)``."""

    tissue_to_um: npt.NDArray[np.float64]
    """From tissue micrometres to the micrometres of the instrument."""
    um_to_px: npt.NDArray[np.float64]
    """From the micrometres of the instrument to pixels of its image."""
    tissue_to_px: npt.NDArray[np.float64]
    """Both in turn."""
    pixel_size: float
    shape: tuple[int, int]
    """Rows and columns of the image."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """What is true of a simulated study."""

    cell_types: dict[str, pd.DataFrame]
    """For every in situ slide, ``cell_type``, ``region`` and ``subclone`` by ``cell_id``."""
    regions: gpd.GeoDataFrame
    """``name``, ``kind`` and ``geometry`` in tissue micrometres."""
    subclones: gpd.GeoDataFrame
    """The same of the subclones of the tumour."""
    slides: dict[str, SlideTruth]


def write_truth(folder: Path, tissue: Tissue, frames: Mapping[str, Frame], cells: Mapping[str, pd.DataFrame]) -> None:
    """Write the truth of a study into a new folder; ``cells`` has the table of cells of every in situ slide."""
    folder.mkdir()
    for slide, table in cells.items():
        table.to_parquet(folder / f"{_CELLS}{slide}.parquet", index=False)
    _region_table(tissue.regions).to_parquet(folder / "regions.parquet", index=False)
    _region_table(tissue.clones).to_parquet(folder / "subclones.parquet", index=False)
    slides = {
        slide: {
            "tissue_to_um": frame.tissue_to_um.tolist(),
            "um_to_px": frame.um_to_px.tolist(),
            "tissue_to_px": frame.tissue_to_px.tolist(),
            "pixel_size": frame.pixel_size,
            "shape": list(frame.shape),
        }
        for slide, frame in frames.items()
    }
    (folder / _FRAMES).write_text(json.dumps(slides, indent=2), encoding="utf-8")


def read_truth(path: str | Path) -> Truth:
    """Read the truth of a simulated study.

    Parameters
    ----------
    path
        The folder ``truth`` of a study.

    Raises
    ------
    FileNotFoundError
        If the folder lacks one of the files.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    folder = Path(path)
    needed = (_FRAMES, "regions.parquet", "subclones.parquet")
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder} holds no truth of a simulated study: {', '.join(missing)} missing, of {', '.join(needed)}."
        )
    slides = json.loads((folder / _FRAMES).read_text(encoding="utf-8"))
    cells = {file.stem.removeprefix(_CELLS): file for file in sorted(folder.glob(f"{_CELLS}*.parquet"))}
    return Truth(
        cell_types={slide: pd.read_parquet(file).set_index("cell_id") for slide, file in cells.items()},
        regions=gpd.read_parquet(folder / "regions.parquet"),
        subclones=gpd.read_parquet(folder / "subclones.parquet"),
        slides={
            slide: SlideTruth(
                tissue_to_um=np.array(facts["tissue_to_um"]),
                um_to_px=np.array(facts["um_to_px"]),
                tissue_to_px=np.array(facts["tissue_to_px"]),
                pixel_size=facts["pixel_size"],
                shape=(facts["shape"][0], facts["shape"][1]),
            )
            for slide, facts in slides.items()
        },
    )


def cell_table(readout: Readout) -> pd.DataFrame:
    """What is true of the cells of an in situ slide: their types, regions and subclones, by their identifiers."""
    import numpy as np
    import pandas as pd

    from spatialdata_io.simulate.celltype import CELL_TYPE_NAMES
    from spatialdata_io.simulate.panel import CLONES

    cells = readout.cells
    names = np.array([region.name for region in readout.section.tissue.regions])
    subclones = np.array(["none", *(f"Clone {letter}" for letter in CLONES[1:])])
    return pd.DataFrame(
        {
            "cell_id": readout.cell_id,
            "cell_type": np.array(CELL_TYPE_NAMES)[cells.cell_type],
            "region": names[cells.region],
            "subclone": subclones[cells.clone],
        }
    )


def _region_table(regions: Sequence[Region]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    columns = {"name": [r.name for r in regions], "kind": [r.kind for r in regions]}
    return gpd.GeoDataFrame(columns, geometry=[r.polygon for r in regions])
