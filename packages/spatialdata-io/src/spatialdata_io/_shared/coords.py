"""Alignment files as transformations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spatialdata_io.errors import BrokenFileError, reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["affine_matrix"]


def affine_matrix(path: Path) -> NDArray[np.float64]:
    """Read a 3 × 3 matrix over (x, y, 1) from a CSV file without header.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    The matrix; it maps pixels of the aligned image to pixels of the image aligned to.

    Raises
    ------
    BrokenFileError
        If the file does not hold nine numbers that make an invertible affine matrix.
    """
    import numpy as np

    with reading(path, "3 rows of 3 numbers, separated by commas"):
        matrix = np.loadtxt(path, delimiter=",", ndmin=2)
    if matrix.shape != (3, 3):
        raise BrokenFileError(
            f"{path} holds {matrix.shape[0]} rows of {matrix.shape[1]} numbers, an alignment has 3 rows of 3."
        )
    affine = np.isfinite(matrix).all() and np.allclose(matrix[2], [0, 0, 1]) and np.linalg.det(matrix) != 0
    if not affine:
        raise BrokenFileError(f"{path} holds no invertible affine matrix with the last row 0, 0, 1: {matrix.tolist()}.")
    return matrix
