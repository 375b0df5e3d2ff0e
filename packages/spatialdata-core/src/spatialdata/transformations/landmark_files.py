"""Landmarks and alignments in the files of other programs: BigWarp, Warpy in QuPath, Xenium Explorer."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import LandmarkError, TransformationError, listing
from spatialdata.transformations.landmark_fit import Landmarks
from spatialdata.transformations.linear import Affine, Sequence
from spatialdata.transformations.thin_plate import ThinPlateSpline

if TYPE_CHECKING:
    import os

    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import Axes, BaseTransformation

__all__ = ["read_alignment", "read_landmarks"]

_AXES: Axes = ("x", "y", "z")
_XENIUM_COLUMNS = ("fixedX", "fixedY", "alignmentX", "alignmentY")


def read_landmarks(path: str | os.PathLike[str]) -> Landmarks:
    """Read pairs of landmarks that were placed in another program.

    Parameters
    ----------
    path
        One of: landmarks of BigWarp, as CSV without a header (name, active, moving, fixed) or as JSON, also within a
        saved project; or keypoints of Xenium Explorer, as CSV with the columns ``fixedX``, ``fixedY``, ``alignmentX``,
        ``alignmentY``. What it is, is seen from its content.

    Returns
    -------
    The pairs, in the units of the file: BigWarp uses those of its images, Xenium Explorer pixels. The moving landmarks
    are those of the image that was aligned (``alignmentX``, ``alignmentY``). Pairs that are switched off or have only
    one of their two places are left out, with a warning that counts them.

    Raises
    ------
    LandmarkError
        The file is none of these, or malformed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "landmarks.csv"
    >>> _ = path.write_text('"Pt-0","true","1.0","2.0","10.0","20.0"')
    >>> read_landmarks(path).reference
    array([[10., 20.]])
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8-sig")
    try:
        if text.lstrip().startswith("{"):
            return _bigwarp_json(json.loads(text), path)
        rows = [row for row in csv.reader(text.splitlines()) if row and not row[0].startswith("#")]
        if rows and set(_XENIUM_COLUMNS) <= {cell.strip() for cell in rows[0]}:
            return _xenium_keypoints(rows)
        return _bigwarp_csv(rows, path)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise LandmarkError(
            f"{path} cannot be read as landmarks: {error}. Valid are landmarks of BigWarp (CSV or JSON) and keypoints "
            f"of Xenium Explorer (CSV with the columns {', '.join(_XENIUM_COLUMNS)})."
        ) from error


def _xenium_keypoints(rows: list[list[str]]) -> Landmarks:
    header = [cell.strip() for cell in rows[0]]
    columns = [header.index(name) for name in _XENIUM_COLUMNS]
    values = np.array([[float(row[column]) for column in columns] for row in rows[1:]]).reshape(-1, 4)
    return Landmarks(values[:, 2:], values[:, :2])


def _bigwarp_csv(rows: list[list[str]], path: Path) -> Landmarks:
    widths = {len(row) for row in rows}
    if widths not in ({6}, {8}):
        raise ValueError(f"its rows have {sorted(widths)} columns, not 6 (flat) or 8 (in space)")
    active = np.array([row[1].strip().lower() == "true" for row in rows], dtype=bool)
    values = np.array([[float(cell) for cell in row[2:]] for row in rows])
    half = values.shape[1] // 2
    return _complete_pairs(values[:, :half], values[:, half:], active, path)


def _bigwarp_json(document: Mapping[str, Any], path: Path) -> Landmarks:
    found = document
    if "Transform" in document:
        found = document["Transform"]["landmarks"]
    if found.get("type") != "BigWarpLandmarks":
        raise ValueError(f"its type is {found.get('type')!r}, not 'BigWarpLandmarks'")
    count = int(found["numDimensions"])
    moving, fixed = (
        np.array(found[key], dtype=np.float64).reshape(-1, count) for key in ("movingPoints", "fixedPoints")
    )
    return _complete_pairs(moving, fixed, np.array(found.get("active", [True] * len(moving)), dtype=bool), path)


def _complete_pairs(moving: Any, fixed: Any, active: Any, path: Path) -> Landmarks:
    kept = active & np.isfinite(moving).all(axis=1) & np.isfinite(fixed).all(axis=1)
    if not kept.all():
        warnings.warn(
            f"{int((~kept).sum())} of {len(kept)} landmarks of {path} are switched off or have one place only. They "
            "are left out.",
            UserWarning,
            stacklevel=4,
        )
    return Landmarks(moving[kept], fixed[kept], _AXES[: moving.shape[1]])


def read_alignment(path: str | os.PathLike[str]) -> BaseTransformation:
    r"""Read a transformation between two images that another program computed.

    Parameters
    ----------
    path
        One of: a transformation of Warpy as it is kept in a QuPath project (JSON; thin-plate splines, affine maps and
        sequences of them), or a matrix of 2 or 3 rows and 3 columns (CSV or text), as Xenium Explorer exports and
        QuPath shows it.

    Returns
    -------
    The transformation over x and y, or over x, y and z, in the direction and units of the file. A matrix of Xenium
    Explorer takes pixels of the image that was aligned to pixels of the morphology image. Warpy transforms physical
    coordinates (calibrated units, millimetres or micrometres) of the image that the file belongs to; take the
    ``inverse()`` for the other direction.

    Raises
    ------
    TransformationError
        The file is none of these, or malformed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "he_alignment.csv"
    >>> _ = path.write_text("2,0,10\n0,2,20\n0,0,1")
    >>> read_alignment(path).to_affine_matrix(("x",), ("x", "y"))[0]
    array([ 2., 10.])
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8-sig")
    try:
        if text.lstrip().startswith("{"):
            return _warpy(json.loads(text))
        rows = [[float(cell) for cell in line.replace(",", " ").split()] for line in text.splitlines() if line.strip()]
        matrix = np.array(rows)
        if matrix.shape == (2, 3):
            matrix = np.vstack([matrix, [0.0, 0.0, 1.0]])
        return Affine(matrix, ("x", "y"), ("x", "y"))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise TransformationError(
            f"{path} cannot be read as an alignment: {error}. Valid are transformations of Warpy (JSON) and matrices "
            "of 2 or 3 rows and 3 columns (CSV)."
        ) from error


def _warpy(node: Mapping[str, Any]) -> BaseTransformation:
    kind = str(node.get("type", "AffineTransform3D" if "affinetransform3d" in node else None))
    if kind not in _WARPY:
        raise ValueError(f"it holds a transformation of the type {kind!r}; known: {listing(_WARPY)}")
    return _WARPY[kind](node)


def _warpy_spline(node: Mapping[str, Any]) -> ThinPlateSpline:
    source, target = (np.array(node[key], dtype=np.float64).T for key in ("srcPts", "tgtPts"))
    return ThinPlateSpline(source, target, _AXES[: source.shape[1]])


def _warpy_affine(node: Mapping[str, Any]) -> Affine:
    rows = np.array(node["affinetransform3d"], dtype=np.float64).reshape(3, 4)
    if _is_flat(rows):
        kept: tuple[ValidAxis, ...] = ("x", "y")
        flat = rows[np.ix_([0, 1], [0, 1, 3])]
        return Affine(np.vstack([flat, [0.0, 0.0, 1.0]]), kept, kept)
    return Affine(np.vstack([rows, [0.0, 0.0, 0.0, 1.0]]), _AXES, _AXES)


def _is_flat(rows: Any) -> bool:
    """Whether an affine map in space leaves x and y without z, so that it can be applied to flat elements."""
    return not rows[:2, 2].any() and not rows[2, :2].any()


def _warpy_sequence(node: Mapping[str, Any]) -> Sequence:
    return Sequence([_warpy(node[f"realTransform_{number}"]) for number in range(int(node["size"]))])


_WARPY: dict[str, Callable[[Mapping[str, Any]], BaseTransformation]] = {
    "ThinplateSplineTransform": _warpy_spline,
    "AffineTransform3D": _warpy_affine,
    "RealTransformSequence": _warpy_sequence,
    "InvertibleRealTransformSequence": _warpy_sequence,
    "Wrapped2DTransformAs3D": lambda node: _warpy(node["wrappedTransform"]),
    "InvertibleWrapped2DTransformAs3D": lambda node: _warpy(node["wrappedTransform"]),
    "WrappedIterativeInvertibleRealTransform": lambda node: _warpy(node["wrappedTransform"]),
    "BoundedRealTransform": lambda node: _warpy(node["realTransform"]),
}
