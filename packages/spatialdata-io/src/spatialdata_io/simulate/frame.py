"""The map from tissue to the grid of one instrument."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How one slide lies under one instrument.

    A point of the tissue, in micrometres with y down, is turned about the middle of the crop box, moved
    so that the middle of the box comes to the middle of the image, and shifted. The result is in the
    instrument's own micrometres, whose origin is the top left corner of its image; dividing by the pixel
    size gives pixels, so that pixel ``(row i, column j)`` covers ``[j, j + 1) x [i, i + 1)``.

    Examples
    --------
    >>> frame = Frame(crop=(0.0, 0.0, 200.0, 100.0), pixel_size=0.5, rotation=90.0)
    >>> frame.shape
    (200, 400)
    >>> frame.to_px([[100.0, 50.0]]).tolist()
    [[200.0, 100.0]]
    """

    crop: tuple[float, float, float, float]
    """``(x_min, y_min, x_max, y_max)`` in tissue micrometres; its width and height are those of the image."""
    pixel_size: float = 0.2125
    """Edge of a pixel in micrometres."""
    rotation: float = 0.0
    """Degrees from the x axis towards the y axis (clockwise on a screen)."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Displacement ``(x, y)`` of the tissue under the instrument, in micrometres, after the rotation."""
    mirror: bool = False
    """Whether x is reversed before the rotation, as when a section is mounted upside down."""

    def __post_init__(self) -> None:
        numbers = (*self.crop, self.pixel_size, self.rotation, *self.shift)
        if list(map(len, (self.crop, self.shift))) != [4, 2] or not all(math.isfinite(number) for number in numbers):
            raise ValueError(
                f"A frame takes four finite numbers as crop and two as shift, found crop={self.crop}, "
                f"shift={self.shift}, rotation={self.rotation}, pixel_size={self.pixel_size}."
            )
        if self.crop[2] <= self.crop[0] or self.crop[3] <= self.crop[1]:
            raise ValueError(
                f"The crop box {self.crop} is empty; give (x_min, y_min, x_max, y_max) in tissue micrometres."
            )
        if self.pixel_size <= 0:
            raise ValueError(f"The pixel size must be a positive number of micrometres, found {self.pixel_size}.")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the image."""
        x_min, y_min, x_max, y_max = self.crop
        rows = math.ceil((y_max - y_min) / self.pixel_size - 1e-9)
        return rows, math.ceil((x_max - x_min) / self.pixel_size - 1e-9)

    @property
    def tissue_to_um(self) -> Floats:
        """The 3 x 3 matrix from tissue micrometres ``(x, y, 1)`` to the instrument's micrometres."""
        import numpy as np

        x_min, y_min, x_max, y_max = self.crop
        angle = math.radians(self.rotation)
        cos, sin = math.cos(angle), math.sin(angle)
        flip = -1.0 if self.mirror else 1.0
        linear = np.array([[cos * flip, -sin], [sin * flip, cos]])
        middle = np.array([(x_min + x_max) / 2, (y_min + y_max) / 2])
        target = np.array([(x_max - x_min) / 2, (y_max - y_min) / 2]) + np.asarray(self.shift)
        matrix = np.eye(3)
        matrix[:2, :2] = linear
        matrix[:2, 2] = target - linear @ middle
        return matrix

    @property
    def um_to_px(self) -> Floats:
        """The 3 x 3 matrix from the instrument's micrometres to its pixels."""
        import numpy as np

        return np.diag([1 / self.pixel_size, 1 / self.pixel_size, 1.0])

    @property
    def tissue_to_px(self) -> Floats:
        """The 3 x 3 matrix from tissue micrometres to the pixels of the image."""
        matrix: Floats = self.um_to_px @ self.tissue_to_um
        return matrix

    @property
    def px_to_tissue(self) -> Floats:
        """The exact inverse of ``tissue_to_px``."""
        import numpy as np

        to_um = self.tissue_to_um
        inverse = np.eye(3)
        inverse[:2, :2] = to_um[:2, :2].T
        inverse[:2, 2] = -to_um[:2, :2].T @ to_um[:2, 2]
        matrix: Floats = inverse @ np.diag([self.pixel_size, self.pixel_size, 1.0])
        return matrix

    def to_um(self, xy: npt.ArrayLike) -> Floats:
        """Coordinates ``(..., 2)`` in tissue micrometres, as the instrument's micrometres."""
        return apply_matrix(self.tissue_to_um, xy)

    def to_px(self, xy: npt.ArrayLike) -> Floats:
        """Coordinates ``(..., 2)`` in tissue micrometres, as pixels ``(x, y)``."""
        return apply_matrix(self.tissue_to_px, xy)

    def to_tissue(self, xy_px: npt.ArrayLike) -> Floats:
        """Pixels ``(x, y)`` of shape ``(..., 2)``, as tissue micrometres."""
        return apply_matrix(self.px_to_tissue, xy_px)

    def holds(self, xy: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether points ``(..., 2)`` in tissue micrometres lie on the image."""
        px = self.to_px(xy)
        rows, columns = self.shape
        return (px[..., 0] >= 0) & (px[..., 1] >= 0) & (px[..., 0] < columns) & (px[..., 1] < rows)


def apply_matrix(matrix: Floats, xy: npt.ArrayLike) -> Floats:
    """Coordinates ``(..., 2)`` under a 3 x 3 affine matrix."""
    import numpy as np

    moved: Floats = np.asarray(xy, dtype=float) @ matrix[:2, :2].T + matrix[:2, 2]
    return moved
