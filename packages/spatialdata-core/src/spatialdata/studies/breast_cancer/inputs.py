"""What the study starts from: the folders of the instruments and what was drawn on their images."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatialdata._core.optional import require
from spatialdata.errors import listing
from spatialdata.studies.breast_cancer.names import SLIDES
from spatialdata.studies.errors import StudyInputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from geopandas import GeoDataFrame

__all__ = ["StudyInput", "read_cell_types", "read_landmarks", "read_regions", "read_subclones", "simulate_input"]

_FULL_IMAGE = (".tif", ".tiff", ".btf")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyInput:
    """The files of a study.

    Examples
    --------
    >>> from pathlib import Path
    >>> bundles = (Path("rep1"), Path("rep2"))
    >>> StudyInput(xenium=bundles, visium=Path("outs"), landmarks=Path("landmarks.csv")).folders["visium"].name
    'outs'
    """

    xenium: tuple[Path, Path]
    """The bundles of the two replicates; the first is the reference of the alignment."""
    visium: Path
    """The Space Ranger output folder."""
    landmarks: Path
    """CSV file with the columns landmark, slide, x, y: places in pixels of each slide's full-resolution image."""
    visium_image: Path | None = None
    """The full-resolution image of the Visium slide; if not given, the one TIFF file in its folder."""
    cell_types: Path | None = None
    """CSV file with the columns slide, cell_id, cell_type; if not given, cells are clustered."""
    regions: Path | None = None
    """GeoJSON file of regions of interest, in micrometres of the first replicate."""
    subclones: Path | None = None
    """CSV file with the columns barcode, subclone: the label of each spot."""
    truth: Path | None = None
    """The truth of a simulated study; it takes the place of the three optional files."""

    @property
    def folders(self) -> dict[str, Path]:
        """The folder of every slide, by the name of the slide."""
        return dict(zip(SLIDES, (*self.xenium, self.visium), strict=True))

    def full_image(self) -> Path | None:
        """The full-resolution image of the Visium slide, None if there is none."""
        if self.visium_image is not None:
            return self.visium_image
        found = [file for file in sorted(self.visium.glob("*")) if file.suffix.lower() in _FULL_IMAGE]
        if len(found) > 1:
            raise StudyInputError(
                f"{self.visium} holds {len(found)} images ({listing(file.name for file in found)}). Say which one is "
                "the full-resolution image."
            )
        return found[0] if found else None


def simulate_input(folder: Path, size: str, seed: int) -> StudyInput:
    """Simulate the slides of a tumour with known truth.

    Parameters
    ----------
    folder
        A folder that does not exist.
    size
        ``"tiny"``, ``"small"`` or ``"large"``.
    seed
        The same seed gives the same slides.
    """
    simulate = require("spatialdata_io.simulate", "simulate the slides of the study")
    made = simulate.simulate_study(folder, size=size, seed=seed)
    return StudyInput(
        xenium=(made.xenium[0], made.xenium[1]),
        visium=made.visium,
        visium_image=made.visium_image,
        landmarks=made.landmarks,
        truth=made.truth,
    )


def read_landmarks(inputs: StudyInput) -> pd.DataFrame:
    """Read the landmarks of all slides.

    Returns
    -------
    Columns landmark, slide, x, y; slides by their names in the study, positions in pixels.

    Raises
    ------
    StudyInputError
        The file is absent or no such table, a slide is absent, or one name may mean two slides.
    """
    simulate = require("spatialdata_io.simulate", "read landmarks")
    _check_file(inputs.landmarks, "landmarks (columns landmark, slide, x, y)")
    try:
        found: pd.DataFrame = simulate.read_landmarks(inputs.landmarks)
    except ValueError as error:
        raise StudyInputError(str(error)) from error
    renamed = found.assign(slide=found["slide"].map(_names_of_slides(inputs, set(found["slide"]))))
    absent = [slide for slide in SLIDES if slide not in set(renamed["slide"])]
    if absent:
        wanted = listing(f"{slide} or {inputs.folders[slide].name}" for slide in absent)
        raise StudyInputError(
            f"{inputs.landmarks} has no landmarks on {len(absent)} of the slides. Looked for slides called {wanted}; "
            f"found {listing(found['slide'].unique())}."
        )
    return renamed.dropna(subset="slide").reset_index(drop=True)


def _names_of_slides(inputs: StudyInput, used: set[str]) -> dict[str, str]:
    """The slide that each name means: its name in the study, or that of its folder."""
    first, second = inputs.xenium
    if first.resolve() == second.resolve():
        raise StudyInputError(f"{first} is given as both replicates. Give the bundles of two.")
    names = {slide: slide for slide in SLIDES}
    for slide, folder in inputs.folders.items():
        if names.setdefault(folder.name, slide) != slide and folder.name in used:
            raise StudyInputError(
                f"{inputs.landmarks} has landmarks on {folder.name!r}, which may mean {names[folder.name]} or {slide}, "
                f"since the folder of {slide} is {folder}. Call the slides {listing(SLIDES)} after the order in which "
                "they are given, and the folders otherwise."
            )
    return names


def read_cell_types(path: Path) -> pd.DataFrame:
    """Read the type of every cell: columns slide, cell_id, cell_type."""
    return _read_table(path, ("slide", "cell_id", "cell_type"), "cell types")


def read_subclones(path: Path) -> pd.DataFrame:
    """Read the subclone of every spot: columns barcode, subclone."""
    return _read_table(path, ("barcode", "subclone"), "subclones of spots")


def _read_table(path: Path, columns: Sequence[str], what: str) -> pd.DataFrame:
    import pandas as pd

    _check_file(path, what)
    try:
        found = pd.read_csv(path, dtype=str, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise StudyInputError(f"{path} is no CSV file with the columns {listing(columns)}: {error}") from error
    missing = [column for column in columns if column not in found.columns]
    if missing:
        raise StudyInputError(
            f"{path} lacks the columns {listing(missing)} of the {what}; it has {listing(found.columns)}."
        )
    return found.loc[:, list(columns)]


def read_regions(path: Path) -> GeoDataFrame:
    """Read regions of interest from a GeoJSON file.

    Parameters
    ----------
    path
        A feature collection of polygons. The property ``name`` names a region; without it, and if several have the
        same, they are numbered.

    Returns
    -------
    A frame with the columns name and geometry, in the coordinates of the file.

    Raises
    ------
    StudyInputError
        The file is absent, no GeoJSON, or holds something else than polygons.
    """
    import geopandas as gpd
    import shapely
    from shapely.geometry import shape

    _check_file(path, "regions of interest")
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        shapes = [shape(feature["geometry"]) for feature in features]
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise StudyInputError(f"{path} is no GeoJSON feature collection: {type(error).__name__}: {error}") from error
    other = sorted({one.geom_type for one in shapes} - {"Polygon", "MultiPolygon"})
    if other or not shapes:
        found = listing(other) if other else "no feature at all"
        raise StudyInputError(f"{path} must hold polygons; found {found}.")
    return gpd.GeoDataFrame({"name": _names_of(features)}, geometry=shapes)


def _names_of(features: Sequence[Any]) -> list[str]:
    """A name for each region that no other has."""
    taken: set[str] = set()
    names: list[str] = []
    for number, feature in enumerate(features, start=1):
        wanted = str((feature.get("properties") or {}).get("name") or f"region {number}")
        free = (wanted if count == 1 else f"{wanted} ({count})" for count in range(1, len(features) + 2))
        name = next(one for one in free if one not in taken)
        taken.add(name)
        names.append(name)
    return names


def _check_file(path: Path, what: str) -> None:
    if not path.is_file():
        beside = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
        raise StudyInputError(f"There is no file {path} with {what}. {path.parent} has: {listing(beside)}.")
