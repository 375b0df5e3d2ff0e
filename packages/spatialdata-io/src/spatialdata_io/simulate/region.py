"""The regions of the tissue: smooth outlines that every section shares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from shapely import Geometry, Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A named part of the tissue."""

    name: str
    kind: str
    """What grows there: a key of ``celltype.MIXTURE``, or the clone."""
    polygon: Geometry
    """Outline in tissue micrometres, a Polygon or MultiPolygon."""


# Kind, centre and half axes as parts of the width and height of a tile; earlier ones cut into later ones.
_TEMPLATE = (
    ("Necrosis", 0.25, 0.31, 0.050, 0.060),
    ("DCIS 1", 0.25, 0.31, 0.125, 0.170),
    ("DCIS 1", 0.13, 0.60, 0.055, 0.075),
    ("DCIS 2", 0.49, 0.21, 0.090, 0.120),
    ("DCIS 2", 0.41, 0.55, 0.070, 0.090),
    ("Immune aggregate", 0.47, 0.80, 0.060, 0.060),
    ("Immune aggregate", 0.82, 0.21, 0.040, 0.055),
    ("Invasive tumour", 0.71, 0.58, 0.195, 0.270),
    ("Adipose", 0.20, 0.83, 0.150, 0.130),
)


def blob(centre: tuple[float, float], half_axes: tuple[float, float], rng: np.random.Generator) -> Polygon:
    """A smooth, roundish outline about a centre, all in tissue micrometres."""
    import numpy as np
    from shapely import Polygon

    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    radius = np.ones_like(angle)
    for order in range(2, 7):
        radius += rng.normal(0, 0.16 / order) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.5, 1.4)
    x = centre[0] + half_axes[0] * radius * np.cos(angle)
    y = centre[1] + half_axes[1] * radius * np.sin(angle)
    return Polygon(np.column_stack([x, y]))


def lay_out(width: float, height: float, tiles: int, rng: np.random.Generator) -> tuple[Polygon, tuple[Region, ...]]:
    """Outline and regions of a tissue of ``width`` x ``height`` micrometres.

    The ducts, the tumour, the immune aggregates and the fat are laid out once for each of about ``tiles``
    parts of the tissue, so that large tissues have more ducts and not larger ones. The stroma is the rest.
    """
    import numpy as np
    from shapely import union_all

    outline = blob((width / 2, height / 2), (width * 0.47, height * 0.47), rng)
    down = max(1, round(math.sqrt(tiles)))
    across = max(1, math.ceil(tiles / down))
    size = np.array([width / across, height / down])
    regions: list[Region] = []
    taken = outline.boundary.buffer(min(width, height) * 0.004)
    number: dict[str, int] = {}
    for row, column in np.ndindex(down, across):
        for kind, x, y, half_x, half_y in _TEMPLATE:
            centre = (np.array([column + x, row + y]) + rng.normal(0, 0.006, 2)) * size
            shape = blob((centre[0], centre[1]), (half_x * size[0], half_y * size[1]), rng)
            shape = _largest(shape.intersection(outline).difference(taken))
            if shape is None:
                continue
            number[kind] = number.get(kind, 0) + 1
            name = kind if number[kind] == 1 else f"{kind} ({number[kind]})"
            regions.append(Region(name=name, kind=kind, polygon=shape))
            taken = union_all([taken, shape])
    stroma = outline.difference(union_all([region.polygon for region in regions]))
    regions.append(Region(name="Stroma", kind="Stroma", polygon=stroma))
    return outline, tuple(regions)


def clones_of(regions: tuple[Region, ...], rng: np.random.Generator) -> tuple[Region, ...]:
    """The subclones of the tumour: one for each kind of duct, two that share every invasive tumour."""
    import numpy as np
    from shapely import MultiPolygon, Polygon, get_parts, union_all

    parts: dict[str, list[Geometry]] = {"A": [], "B": [], "C": [], "D": []}
    for region in regions:
        if region.kind == "DCIS 1":
            parts["A"].append(region.polygon)
        elif region.kind == "DCIS 2":
            parts["B"].append(region.polygon)
        elif region.kind == "Invasive tumour":
            x_min, y_min, x_max, y_max = region.polygon.bounds
            x = np.linspace(x_min, x_max, 60)
            phase = rng.uniform(0, 2 * np.pi)
            swing = 0.12 * (y_max - y_min) * np.sin(3 * np.pi * (x - x_min) / (x_max - x_min) + phase)
            line = np.column_stack([x, (y_min + y_max) / 2 + swing])
            upper = Polygon(np.vstack([line, [[x_max, y_min - 1], [x_min, y_min - 1]]]))
            parts["C"].append(region.polygon.intersection(upper))
            parts["D"].append(region.polygon.difference(upper))
    return tuple(
        Region(name=f"Clone {letter}", kind=letter, polygon=MultiPolygon(_polygons(get_parts(union_all(shapes)))))
        for letter, shapes in parts.items()
        if shapes
    )


def _polygons(parts: np.ndarray) -> list[Polygon]:
    return [part for part in parts if part.geom_type == "Polygon" and part.area > 0]


def _largest(shape: Geometry) -> Polygon | None:
    from shapely import get_parts

    polygons = _polygons(get_parts(shape))
    return max(polygons, key=lambda part: float(part.area)) if polygons else None
