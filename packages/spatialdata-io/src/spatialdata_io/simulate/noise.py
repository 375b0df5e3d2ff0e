"""Smooth random fields, the same however they are sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """A field of values in [-1, 1], linear between the nodes of a lattice."""

    nodes: Floats
    """Values at the nodes, (rows, columns)."""
    spacing: tuple[float, float]
    """Distance ``(y, x)`` of neighbouring nodes; node (0, 0) lies at the origin."""

    @classmethod
    def draw(cls, extent: tuple[float, float], spacing: tuple[float, float], rng: np.random.Generator) -> Noise:
        """Draw a field over ``[0, extent[0]] x [0, extent[1]]``, both ``(y, x)``."""
        shape = [int(size / step) + 2 for size, step in zip(extent, spacing, strict=True)]
        return cls(rng.uniform(-1, 1, shape).astype("float32"), spacing)

    def at(self, xy: Floats) -> Floats:
        """Values at points ``(n, 2)``, x first; points outside take the value at the border."""
        import numpy as np
        from scipy.ndimage import map_coordinates

        places = np.stack([xy[:, 1] / self.spacing[0], xy[:, 0] / self.spacing[1]])
        values: Floats = map_coordinates(self.nodes, places, order=1, mode="nearest")
        return values

    def window(self, rows: slice, columns: int) -> Floats:
        """Values at the integer positions ``rows x [0, columns)``, as float32."""
        import numpy as np

        y = np.arange(rows.start, rows.stop) / self.spacing[0]
        x = np.arange(columns) / self.spacing[1]
        along_y = _between(self.nodes, y)
        values: Floats = _between(np.ascontiguousarray(along_y.T), x).T
        return values


def _between(nodes: Floats, places: Floats) -> Floats:
    import numpy as np

    below = np.clip(places.astype(np.intp), 0, len(nodes) - 2)
    fraction = np.clip(places - below, 0, 1).astype("float32")[:, None]
    values: Floats = nodes[below] * (1 - fraction) + nodes[below + 1] * fraction
    return values
