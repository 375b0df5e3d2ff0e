"""Landmarks: the same places of the tissue, clicked on every slide.

They are kept in one CSV file with the header ``landmark,slide,x,y``: the name of the place, the name of the
slide, and the position in pixels of that slide's full-resolution image, with the origin in the top left
corner of its first pixel.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.tissue import Tissue

    Floats = npt.NDArray[np.floating]

COLUMNS = ("landmark", "slide", "x", "y")
FEWEST = 3
"""Landmarks that every slide needs at least."""


def write_landmarks(
    path: str | Path, tissue: Tissue, frames: Mapping[str, Frame], *, n: int = 12, noise: float = 0.15, seed: int = 0
) -> Path:
    """Write the landmarks that a person would click on every slide.

    Parameters
    ----------
    path
        The CSV file to write; an existing one is replaced.
    tissue
        The tissue on all slides. Landmarks are places on the outlines of its regions, far from each other.
    frames
        Name and frame of every slide.
    n
        How many landmarks, at least 3.
    noise
        How far a click misses, as the standard deviation in micrometres along each axis.
    seed
        Seed of the clicks.

    Returns
    -------
    The path.

    Raises
    ------
    ValueError
        If fewer than three landmarks are asked for, the noise is negative, or fewer than ``n`` places are
        visible on all slides.

    Examples
    --------
    >>> import tempfile
    >>> from spatialdata_io.simulate import Frame, read_landmarks, simulate_tissue, write_landmarks
    >>> tissue = simulate_tissue("tiny")
    >>> frames = {"one": Frame(crop=(0, 0, 400, 300)), "two": Frame(crop=(0, 0, 400, 300), rotation=20)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(read_landmarks(write_landmarks(f"{folder}/landmarks.csv", tissue, frames, n=8)))
    16
    """
    import numpy as np
    import pandas as pd

    if n < FEWEST or noise < 0:
        raise ValueError(f"Landmarks need n of at least {FEWEST} and noise of at least 0, found n={n}, noise={noise}.")
    places = _places(tissue, frames, n)
    rng = np.random.default_rng([tissue.seed, 6, seed])
    names = [f"L{number:02d}" for number in range(1, n + 1)]
    parts = []
    for slide, frame in frames.items():
        x, y = (frame.to_px(places) + rng.normal(0, noise, places.shape) / frame.pixel_size).T
        parts.append(pd.DataFrame({"landmark": names, "slide": slide, "x": x, "y": y}))
    target = Path(path)
    pd.concat(parts).round(4).to_csv(target, index=False, lineterminator="\n")
    return target


def read_landmarks(path: str | Path) -> pd.DataFrame:
    """Read and check a file of landmarks.

    Parameters
    ----------
    path
        A CSV file with the columns ``landmark, slide, x, y``; x and y are pixels of the slide's image.

    Returns
    -------
    One row for each landmark on each slide, in the order of the file; ``landmark`` and ``slide`` are text,
    ``x`` and ``y`` are float64.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no table with these columns, a position is no finite number, a landmark occurs twice on a
        slide or misses on one, or a slide has fewer than three.
    """
    import pandas as pd

    source = Path(path)
    if not source.is_file():
        raise FileNotFoundError(
            f"No landmark file at {source}; looked for a CSV file with the columns {', '.join(COLUMNS)}."
        )
    try:
        table = pd.read_csv(source, dtype=str, skipinitialspace=True, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{source} is no CSV file with the columns {', '.join(COLUMNS)}: {str(error).strip()}."
        ) from error
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise ValueError(
            f"{source} lacks the columns {', '.join(missing)}; it has {', '.join(map(str, table.columns))} and "
            f"needs {', '.join(COLUMNS)}."
        )
    table = table.loc[:, list(COLUMNS)]
    _check_names(table, source)
    for axis in ("x", "y"):
        table[axis] = _numbers(table, axis, source)
    _check_slides(table, source)
    return table


def _check_names(table: pd.DataFrame, source: Path) -> None:
    for column in ("landmark", "slide"):
        if table[column].isna().any():
            line = int(table[column].isna().to_numpy().argmax()) + 2
            raise ValueError(
                f"{source}, line {line}: the {column} has no name; every row needs a landmark and a slide."
            )


def _numbers(table: pd.DataFrame, axis: str, source: Path) -> pd.Series:
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(table[axis], errors="coerce").astype(float)
    bad = ~np.isfinite(numbers.to_numpy())
    if bad.any():
        first = int(bad.argmax())
        raise ValueError(
            f"{source}, line {first + 2}: {axis} of landmark {table['landmark'].iloc[first]} on slide "
            f"{table['slide'].iloc[first]} is {table[axis].iloc[first]!r}; a finite number of pixels is needed."
        )
    return numbers


def _check_slides(table: pd.DataFrame, source: Path) -> None:
    twice = table.duplicated(["landmark", "slide"])
    if twice.any():
        row = table[twice].iloc[0]
        raise ValueError(f"{source} gives landmark {row['landmark']} on slide {row['slide']} more than once.")
    on_slide = {str(slide): set(part["landmark"]) for slide, part in table.groupby("slide", sort=False)}
    if not on_slide:
        raise ValueError(f"{source} holds no landmarks; every slide needs at least {FEWEST}.")
    for slide, names in on_slide.items():
        if len(names) < FEWEST:
            raise ValueError(
                f"{source} has {len(names)} landmarks on slide {slide} ({', '.join(sorted(names))}); an alignment "
                f"needs at least {FEWEST} on every slide."
            )
    everything = set().union(*on_slide.values())
    for slide, names in on_slide.items():
        if names != everything:
            raise ValueError(
                f"{source}: slide {slide} lacks the landmarks {', '.join(sorted(everything - names))}, which are on "
                "another slide; every landmark must be given on all slides."
            )


def _places(tissue: Tissue, frames: Mapping[str, Frame], n: int) -> Floats:
    """Places (n, 2) on outlines of regions that all slides show, each as far from the others as can be."""
    import numpy as np
    from shapely import get_coordinates

    candidates = get_coordinates([region.polygon for region in tissue.regions])[::3]
    visible = np.logical_and.reduce([frame.holds(candidates) for frame in frames.values()])
    candidates = candidates[visible]
    if len(candidates) < n:
        raise ValueError(f"{n} landmarks asked for, but only {len(candidates)} places are visible on all slides.")
    chosen = [int(np.argmin(candidates.sum(axis=1)))]
    nearest = np.full(len(candidates), np.inf)
    while len(chosen) < n:
        nearest = np.minimum(nearest, np.hypot(*(candidates - candidates[chosen[-1]]).T))
        chosen.append(int(np.argmax(nearest)))
    return np.asarray(candidates[chosen])
