"""Positions and scale factors of a Visium slide."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata_io._shared.frames import check_columns
from spatialdata_io.errors import BrokenFileError, reading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScaleFactors", "read_positions", "read_scale_factors"]

_COLUMNS = ("barcode", "in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleFactors:
    """The lengths that relate the images of a slide.

    Attributes
    ----------
    spot_diameter
        Diameter of a spot in pixels of the full resolution image.
    hires, lowres
        Pixels of the high and low resolution images per pixel of the full resolution image.
    """

    spot_diameter: float
    hires: float
    lowres: float


def read_scale_factors(path: Path) -> ScaleFactors:
    """Read ``scalefactors_json.json``.

    Raises
    ------
    BrokenFileError
        If the file is no JSON object, or one of the three lengths is no positive number.
    """
    with reading(path, "a JSON object of scale factors"):
        content = json.loads(path.read_text(encoding="utf-8"))
    return ScaleFactors(
        spot_diameter=_positive(path, content, "spot_diameter_fullres"),
        hires=_positive(path, content, "tissue_hires_scalef"),
        lowres=_positive(path, content, "tissue_lowres_scalef"),
    )


def _positive(path: Path, content: Any, key: str) -> float:
    value = content.get(key) if isinstance(content, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        keys = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise BrokenFileError(f"{path}: looked for a positive number under {key!r}, found {value!r}. It has: {keys}.")
    return float(value)


def read_positions(path: Path) -> pd.DataFrame:
    """Read the positions of all spots, from a table with or without a header line.

    Parameters
    ----------
    path
        ``tissue_positions.csv`` or ``tissue_positions_list.csv``.

    Returns
    -------
    One row per spot, its barcode as the index; columns ``in_tissue``, ``array_row``, ``array_col``,
    ``pxl_row_in_fullres`` (y) and ``pxl_col_in_fullres`` (x).

    Raises
    ------
    BrokenFileError
        If the columns are not there or not numbers, or a barcode occurs twice.
    """
    import pandas as pd

    with reading(path, "the columns " + ", ".join(_COLUMNS)):
        with path.open(encoding="utf-8") as lines:
            first = lines.readline().strip()
        if first.startswith("barcode,"):
            table = pd.read_csv(path)
            check_columns(path, table.columns, _COLUMNS)
        else:
            table = pd.read_csv(path, header=None)
            if table.shape[1] != len(_COLUMNS):
                msg = f"{path} has {table.shape[1]} columns and no header; needed are {_COLUMNS}."
                raise BrokenFileError(msg)
            table.columns = pd.Index(_COLUMNS)
    table = table.set_index("barcode")[list(_COLUMNS[1:])]
    wrong = [
        name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name]) or table[name].isna().any()
    ]
    if wrong or not table.index.is_unique:
        problem = f"columns {wrong} hold other things than numbers" if wrong else "a barcode occurs twice"
        raise BrokenFileError(f"{path} is no table of positions: {problem}. The file is truncated or was edited.")
    return table
