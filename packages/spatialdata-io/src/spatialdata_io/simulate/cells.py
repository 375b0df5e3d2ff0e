"""The cells of a section: polygons that never overlap, with a nucleus inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatialdata_io.simulate.celltype import CELL_TYPES, MIXTURE, SPACING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.tissue import Tissue

    Floats = npt.NDArray[np.floating]
    Ints = npt.NDArray[np.integer]

_GAP = 0.985
_MYOEPITHELIAL = 5
_FAT_RADIUS = 20.0
_ROWS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Cells as polygons about a centre from which every vertex can be seen."""

    centre: Floats
    """(n, 2), x first, micrometres."""
    boundary: Floats
    """Vertices of the cells, (n, k, 2), not closed."""
    nucleus: Floats
    """Vertices of the nuclei, (n, k, 2), inside the cell and in the same directions from the centre."""
    has_nucleus: npt.NDArray[np.bool_]
    """Whether the section shows the nucleus, (n,)."""
    cell_type: Ints
    """Number in ``CELL_TYPES``, (n,)."""
    region: Ints
    """Number in the regions of the tissue, (n,)."""
    clone: Ints
    """Number in ``panel.CLONES``, 0 for what is no tumour, (n,)."""

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.centre)

    def take(self, which: npt.NDArray[np.generic]) -> Cells:
        """The cells of a mask or of a list of numbers."""
        return Cells(**{name: getattr(self, name)[which] for name in self.__dataclass_fields__})

    def moved(self, frame: Frame) -> Cells:
        """The cells in the micrometres of an instrument, rounded to float32 as its files hold them."""
        import numpy as np

        def to_um(xy: Floats) -> Floats:
            rounded: Floats = frame.to_um(xy).astype(np.float32)
            return rounded

        return Cells(
            centre=to_um(self.centre),
            boundary=to_um(self.boundary),
            nucleus=to_um(self.nucleus),
            has_nucleus=self.has_nucleus,
            cell_type=self.cell_type,
            region=self.region,
            clone=self.clone,
        )

    def locate(self, xy: Floats) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """For points (m, 2): the number of the cell around each or -1, and whether its nucleus is too."""
        import numpy as np
        from scipy.spatial import cKDTree

        cell = np.full(len(xy), -1, dtype=np.int32)
        in_nucleus = np.zeros(len(xy), dtype=bool)
        if not len(self):
            return cell, in_nucleus
        tree = cKDTree(self.centre)
        for start in range(0, len(xy), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            points = np.asarray(xy[part], dtype=float)
            nearest = tree.query(points)[1]
            inside = contains(self.boundary[nearest], points)
            cell[part] = np.where(inside, nearest, -1)
            in_nucleus[part] = inside & self.has_nucleus[nearest] & contains(self.nucleus[nearest], points)
        return cell, in_nucleus


def contains(polygons: Floats, points: Floats) -> npt.NDArray[np.bool_]:
    """Whether each of n polygons (n, k, 2) contains the point (n, 2) of its row, by the even-odd rule."""
    import numpy as np

    x, y = (polygons[..., axis].astype(float) for axis in (0, 1))
    x1, y1 = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    px, py = points[:, :1], points[:, 1:]
    crosses = (y > py) != (y1 > py)
    rise = np.where(crosses, y1 - y, 1.0)
    right = px < x + (py - y) * (x1 - x) / rise
    inside: npt.NDArray[np.bool_] = (crosses & right).sum(axis=1) % 2 == 1
    return inside


def area(polygons: Floats) -> Floats:
    """Areas of polygons (n, k, 2)."""
    import numpy as np

    xy = polygons.astype(float) - polygons[:, :1].astype(float)
    after = np.roll(xy, -1, axis=1)
    twice = (xy[..., 0] * after[..., 1] - after[..., 0] * xy[..., 1]).sum(axis=1)
    size: Floats = np.abs(twice) / 2
    return size


def centroid(polygons: Floats) -> Floats:
    """Centroids (n, 2) of polygons (n, k, 2)."""
    import numpy as np

    origin = polygons[:, :1].astype(float)
    xy = polygons.astype(float) - origin
    after = np.roll(xy, -1, axis=1)
    cross = (xy[..., 0] * after[..., 1] - after[..., 0] * xy[..., 1])[..., None]
    middle: Floats = ((xy + after) * cross).sum(axis=1) / (3 * cross.sum(axis=1)) + origin[:, 0]
    return middle


def draw_cells(tissue: Tissue, rng: np.random.Generator, n_vertices: int) -> Cells:
    """Draw the cells of a section: places, types, clones and polygons of ``n_vertices`` vertices."""
    import numpy as np

    centre, region = _seeds(tissue, rng)
    cell_type = _types(tissue, centre, region, rng)
    clone = _clones(tissue, centre, cell_type)
    boundary, nucleus = _polygons(centre, cell_type, rng, n_vertices)
    inside = tissue.contains(boundary.reshape(-1, 2)).reshape(boundary.shape[:2]).all(axis=1)
    cells = Cells(
        centre=centre,
        boundary=boundary,
        nucleus=nucleus,
        has_nucleus=rng.random(len(centre)) > 0.02,
        cell_type=cell_type,
        region=region,
        clone=clone,
    )
    return cells.take(np.flatnonzero(inside))


def _seeds(tissue: Tissue, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Centres of cells on shaken hexagonal grids, as dense as the region asks for."""
    import numpy as np
    from scipy.spatial import cKDTree
    from shapely import contains_xy, prepare

    places, numbers = [], []
    for number, region in enumerate(tissue.regions):
        spacing = SPACING[region.kind]
        x_min, y_min, x_max, y_max = region.polygon.bounds
        step = spacing * np.sqrt(3) / 2
        row, column = np.mgrid[: int((y_max - y_min) / step) + 2, : int((x_max - x_min) / spacing) + 2]
        x = x_min + (column + 0.5 * (row % 2)) * spacing - rng.uniform(0, spacing)
        y = y_min + row * step - rng.uniform(0, step)
        xy = np.column_stack([x.ravel(), y.ravel()]) + rng.normal(0, 0.16 * spacing, (row.size, 2))
        prepare(region.polygon)
        xy = xy[contains_xy(region.polygon, xy[:, 0], xy[:, 1])]
        places.append(xy)
        numbers.append(np.full(len(xy), number, dtype=np.int16))
    xy, of_region = np.concatenate(places), np.concatenate(numbers)
    if len(tissue.adipocytes):
        in_fat = cKDTree(tissue.adipocytes.mean(axis=1)).query(xy)[0] < _FAT_RADIUS
        xy, of_region = xy[~in_fat], of_region[~in_fat]
    crowded = cKDTree(xy).query_pairs(4.5, output_type="ndarray")
    kept = np.setdiff1d(np.arange(len(xy)), crowded.max(axis=1, initial=-1))
    return xy[kept], of_region[kept]


def _types(tissue: Tissue, centre: Floats, region: Ints, rng: np.random.Generator) -> Ints:
    """Types drawn from the mixture of the region, modulated by smooth fields that all sections share."""
    import numpy as np
    from shapely import distance, points

    weights = np.array([MIXTURE[r.kind] for r in tissue.regions])[region]
    weights = weights * np.exp(1.1 * np.column_stack([field.at(centre) for field in tissue.type_fields]))
    for number, duct in enumerate(tissue.regions):
        if duct.kind.startswith("DCIS"):
            mine = np.flatnonzero(region == number)
            near = distance(duct.polygon.exterior, points(centre[mine])) < 9.0
            weights[mine[near], _MYOEPITHELIAL] = 4 * weights[mine[near]].sum(axis=1)
    below = np.cumsum(weights, axis=1)
    chosen: Ints = (rng.random(len(centre))[:, None] * below[:, -1:] > below).sum(axis=1).astype(np.int8)
    return chosen


def _clones(tissue: Tissue, centre: Floats, cell_type: Ints) -> Ints:
    import numpy as np
    from shapely import contains_xy, prepare

    from spatialdata_io.simulate.panel import CLONES

    clone = np.zeros(len(centre), dtype=np.int8)
    for part in tissue.clones:
        prepare(part.polygon)
        clone[contains_xy(part.polygon, centre[:, 0], centre[:, 1])] = CLONES.index(part.kind)
    clone[cell_type > 2] = 0
    return clone


def _polygons(centre: Floats, cell_type: Ints, rng: np.random.Generator, n_vertices: int) -> tuple[Floats, Floats]:
    """Boundaries and nuclei (n, k, 2): the Voronoi cell of each centre, cut at the reach of its type."""
    import numpy as np

    reach, small, elongation = (
        np.array([getattr(kind, name) for kind in CELL_TYPES])[cell_type, None]
        for name in ("reach", "nucleus", "elongation")
    )
    n = len(centre)
    angle = rng.uniform(0, 2 * np.pi, (n, 1)) + np.linspace(0, 2 * np.pi, n_vertices, endpoint=False)
    towards = angle - rng.uniform(0, np.pi, (n, 1))
    ellipse = 1 / np.hypot(np.cos(towards) / np.sqrt(elongation), np.sin(towards) * np.sqrt(elongation))
    wobble = 1 + 0.07 * np.cos(3 * angle + rng.uniform(0, 2 * np.pi, (n, 1)))
    size = rng.lognormal(0, 0.10, (n, 1))
    radius = np.minimum(_GAP * _voronoi_radius(centre, angle), reach * size * ellipse * wobble)
    nucleus = np.minimum(0.78 * radius, small * size * ellipse**0.7 * (2 - wobble))
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return tuple(centre[:, None] + r[..., None] * direction for r in (radius, nucleus))


def _voronoi_radius(centre: Floats, angle: Floats) -> Floats:
    """Distance (n, k) from each centre to the border of its Voronoi cell in the directions ``angle``."""
    import numpy as np
    from scipy.spatial import Delaunay

    start, neighbours = Delaunay(centre).vertex_neighbor_vertices
    radius = np.full(angle.shape, np.inf)
    for first in range(0, len(centre), _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, len(centre))
        edges = slice(start[first], start[last])
        owner = np.repeat(np.arange(first, last), np.diff(start[first : last + 1]))
        apart = centre[neighbours[edges]] - centre[owner]
        along = apart[:, :1] * np.cos(angle[owner]) + apart[:, 1:] * np.sin(angle[owner])
        half = (apart**2).sum(axis=1, keepdims=True) / 2
        limit = np.divide(half, along, out=np.full(along.shape, np.inf), where=along > 1e-9)
        radius[first:last] = np.minimum.reduceat(limit, start[first:last] - start[first], axis=0)
    return radius
