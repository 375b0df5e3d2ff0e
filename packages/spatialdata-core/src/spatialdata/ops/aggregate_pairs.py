"""What is done with each pair of kinds of values and regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata._core.elements import axes_of, is_raster
from spatialdata.errors import listing
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.times import at_one_time
from spatialdata.ops.aggregate_pixels import aggregate_points_by_labels
from spatialdata.ops.aggregate_planes import shapes_by_volumes
from spatialdata.ops.aggregate_raster import aggregate_image_by_labels, aggregate_image_by_regions
from spatialdata.ops.aggregate_values import ValueSource, source_of_values
from spatialdata.ops.aggregate_vector import aggregate_points, aggregate_shapes
from spatialdata.ops.aggregate_volumes import aggregate_volumes
from spatialdata.ops.alike import unmoved
from spatialdata.ops.bent import in_system, lose_their_form, on_pixels, straight_points, under_pixels
from spatialdata.ops.cube_fractions import CubeFractions
from spatialdata.ops.figures import Figures
from spatialdata.ops.frames import copied_attrs
from spatialdata.ops.image_values import ImageValues
from spatialdata.ops.pairs import CellLocator, PointLocator
from spatialdata.ops.pixel_fractions import FigureFractions
from spatialdata.ops.pixel_runs import FigureRuns, GridRuns
from spatialdata.ops.to_vector import outlines_of_labels
from spatialdata.ops.transform import transform
from spatialdata.regions.between import Between
from spatialdata.regions.lattice import HexagonGrid, SquareGrid
from spatialdata.regions.project import plane_of, projection_of
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.pairs import Locator

__all__ = ["AGGREGATE", "BY_GRID", "Found", "Task", "gathered"]

# The regions, the matrix, the names of its variables, the ids of the regions.
Found: TypeAlias = "tuple[Any, Any, list[str], Any]"


@dataclass(frozen=True, slots=True)
class Task:
    """One call of aggregate, with its elements found."""

    values: Any
    by: Any
    values_sdata: Any
    values_name: str | None
    value_key: list[str] | str | None
    funcs: tuple[AggFunc, ...]
    system: str
    fractions: bool
    weights: str | None
    table_name: str | None
    buffer_resolution: int | None
    deepcopy: bool


def gathered(task: Task) -> Found:
    """The values of one element by the regions of another, or by the cells of a grid.

    Raises
    ------
    NotImplementedError
        This pair of kinds cannot be aggregated.
    """
    task = replace(task, values=at_one_time(task.values, "aggregate"), by=at_one_time(task.by, "aggregate"))
    return _pair(task.values, task.by)(task)


def _vector_regions(task: Task) -> Any:
    """The regions in the target coordinate system."""
    transformations = [get_transformation(element, task.system) for element in (task.by, task.values)]
    if not all(isinstance(t, Identity) for t in transformations):
        return transform(task.by, to_coordinate_system=task.system)
    if not task.deepcopy:
        return task.by
    copy = task.by.copy()
    copy.attrs = copied_attrs(task.by)
    return copy


def _source(task: Task) -> ValueSource:
    """Where the values of points, shapes or labels come from."""
    if task.fractions and kind_of(task.values) is Kind.POINTS:
        raise ValueError("fractions=True is for shapes and labels; a point has no area to take a fraction of.")
    return source_of_values(
        task.values, task.value_key, task.values_sdata, task.values_name, task.table_name, task.weights
    )


def _image_values(task: Task) -> ImageValues:
    return ImageValues.of(task.values, task.value_key, task.weights)


def _figures(task: Task, regions: Any) -> Any:
    """What the regions cover in the target coordinate system; where edges were bent or circles stretched, as that."""
    return in_system(task.by, task.system) if lose_their_form(task.by, task.system) else regions


def _unmoved(task: Task) -> Task | None:
    """The task in the coordinates of its elements, where they have the same place."""
    found = None if task.buffer_resolution is not None else unmoved(task.values, task.by, task.system)
    return None if found is None else replace(task, values=found[0], by=found[1])


def _points_by_shapes(task: Task) -> Found:
    source = _source(task)
    regions = _vector_regions(task)
    here = _unmoved(task)
    figures = _figures(task, regions) if here is None else here.by
    locate = PointLocator(Figures.of(figures, task.buffer_resolution))
    return regions, *_points_at(here or task, source, locate), regions.index


def _points_at(task: Task, source: ValueSource, locate: Locator) -> tuple[Any, list[str]]:
    points = straight_points(task.values, task.system)
    plane = plane_of(points, get_transformation(points, task.system))
    return aggregate_points(points, plane, locate, source, task.funcs)


def _points_by_grid(task: Task) -> Found:
    regions = task.by.shapes()
    return regions, *_points_at(task, _source(task), CellLocator(task.by)), regions.index


def _shapes_by_grid(task: Task) -> Found:
    """The shapes, or the outlines of labels, that share an area with a cell; those that only touch it do not count."""
    source, regions = _source(task), task.by.shapes()
    if _is_deep(task.values):
        return regions, *_volumes_on(task, source, regions), regions.index
    values = outlines_of_labels(task.values) if kind_of(task.values) is Kind.LABELS else task.values
    matrix, names = aggregate_shapes(
        in_system(values, task.system), regions, source, task.funcs, task.buffer_resolution,
        fractions=task.fractions, overlapping=True,
    )  # fmt: skip
    return regions, matrix, names, regions.index


def _image_by_grid(task: Task) -> Found:
    values, regions = _image_values(task), task.by.shapes()
    if task.fractions or not get_transformation(values.image, task.system).is_linear:
        return regions, *_image_on(task, values, regions), regions.index
    runs = GridRuns(task.by, projection_of(values.image, task.system).plane())
    return regions, *aggregate_image_by_regions(values.image, runs, task.funcs, weighted=values.weighted), regions.index


def _points_by_labels(task: Task) -> Found:
    source = _source(task)
    points, labels = on_pixels(task.values, task.by, task.system)
    return _labels(task), *aggregate_points_by_labels(points, labels, source, task.funcs, task.system)


def _shapes_by_shapes(task: Task) -> Found:
    source = _source(task)
    regions = _vector_regions(task)
    here = _unmoved(task)
    figures = _figures(task, regions) if here is None else here.by
    matrix, names = aggregate_shapes(
        in_system((here or task).values, task.system), figures, source, task.funcs, task.buffer_resolution,
        fractions=task.fractions,
    )  # fmt: skip
    return regions, matrix, names, regions.index


def _by_pixel_outlines(task: Task) -> Found:
    """Flat labels are taken as the polygons that their pixels form, and those with a depth pixel by pixel."""
    source = _source(task)
    by_labels = kind_of(task.by) is Kind.LABELS
    if _is_deep(task.values):
        return _volumes(task, source)
    here = _unmoved(task)
    values = (here or task).values
    values = in_system(outlines_of_labels(values) if kind_of(values) is Kind.LABELS else values, task.system)
    if _is_deep(task.by):
        return _labels(task), *shapes_by_volumes(
            values, task.by, source, task.funcs, task.system, task.buffer_resolution, fractions=task.fractions
        )
    regions = _outlines(here or task) if by_labels else _vector_regions(task)
    figures = regions if by_labels else _figures(task, regions) if here is None else here.by
    matrix, names = aggregate_shapes(
        values, figures, source, task.funcs, task.buffer_resolution, fractions=task.fractions, overlapping=True
    )
    return _labels(task) if by_labels else regions, matrix, names, regions.index


def _outlines(task: Task) -> Any:
    """The outlines of the labels that are the regions, in the coordinate system and the order of their ids."""
    return in_system(outlines_of_labels(task.by), task.system).sort_index()


def _is_deep(element: Any) -> bool:
    return is_raster(element) and "z" in axes_of(element)


def _volumes(task: Task, source: ValueSource) -> Found:
    if kind_of(task.by) is Kind.LABELS:
        if _is_deep(task.by):
            cubes = CubeFractions.of(task.values, task.by, task.system)
            found = aggregate_volumes(task.values, cubes, source, task.funcs, fractions=task.fractions)
            return _labels(task), *found, cubes.ids
        outlines = outlines_of_labels(task.by).sort_index()
        return _labels(task), *_volumes_on(task, source, outlines), outlines.index
    regions = _vector_regions(task)
    return regions, *_volumes_on(task, source, _placed(task, regions)), regions.index


def _volumes_on(task: Task, source: ValueSource, shapes: Any) -> tuple[Any, list[str]]:
    """Labels with a depth by flat polygons, wherever they lie, or by circles in the coordinate system."""
    values, shapes = _linearly_placed(task.values, shapes, task.system)
    figures = Figures.of(shapes, task.buffer_resolution).repaired()
    regions = FigureFractions.of(figures, _to_pixels(shapes, values, task.system))
    return aggregate_volumes(task.values, regions, source, task.funcs, fractions=task.fractions)


def _image_by_labels(task: Task) -> Found:
    values = _image_values(task)
    if task.fractions:
        if _is_deep(task.by):
            cubes = CubeFractions.of(values.image, task.by, task.system)
            found = aggregate_image_by_regions(values.image, cubes, task.funcs, weighted=values.weighted)
            return _labels(task), *found, cubes.ids
        regions = outlines_of_labels(task.by).sort_index()
        return _labels(task), *_image_on(task, values, regions), regions.index
    return _labels(task), *aggregate_image_by_labels(
        values.image, task.by, task.funcs, task.system, weighted=values.weighted
    )


def _image_by_shapes(task: Task) -> Found:
    values, regions = _image_values(task), _vector_regions(task)
    return regions, *_image_on(task, values, _placed(task, regions)), regions.index


def _placed(task: Task, regions: Any) -> Any:
    """What regions cover of pixels: themselves where they are, or moved where they are bent."""
    return task.by if get_transformation(task.by, task.system).is_linear else _figures(task, regions)


def _linearly_placed(raster: Any, figures: Any, system: str) -> tuple[Any, Any]:
    """A raster and figures that linear maps bring together."""
    if all(get_transformation(element, system).is_linear for element in (raster, figures)):
        return raster, figures
    return under_pixels(raster, in_system(figures, system), system)


def _image_on(task: Task, values: ImageValues, figures: Any) -> tuple[Any, list[str]]:
    """The pixels of an image on polygons, wherever they lie, or on circles in the coordinate system."""
    image, figures = _linearly_placed(values.image, figures, task.system)
    find = FigureFractions if task.fractions else FigureRuns
    regions = find.of(Figures.of(figures, task.buffer_resolution), _to_pixels(figures, image, task.system))
    return aggregate_image_by_regions(image, regions, task.funcs, weighted=values.weighted)


def _to_pixels(figures: Any, raster: Any, system: str) -> Between:
    """The map from the coordinates of figures to the pixels of a plane of a raster."""
    return Between.of(projection_of(figures, system), projection_of(raster, system).plane().over(("y", "x")))


def _labels(task: Task) -> Any:
    return task.by.copy() if task.deepcopy else task.by


AGGREGATE: dict[tuple[Kind, Kind], Callable[[Task], Found]] = {
    (Kind.POINTS, Kind.SHAPES): _points_by_shapes,
    (Kind.POINTS, Kind.LABELS): _points_by_labels,
    (Kind.SHAPES, Kind.SHAPES): _shapes_by_shapes,
    (Kind.SHAPES, Kind.LABELS): _by_pixel_outlines,
    (Kind.LABELS, Kind.SHAPES): _by_pixel_outlines,
    (Kind.LABELS, Kind.LABELS): _by_pixel_outlines,
    (Kind.IMAGE, Kind.LABELS): _image_by_labels,
    (Kind.IMAGE, Kind.SHAPES): _image_by_shapes,
}


BY_GRID: dict[Kind, Callable[[Task], Found]] = {
    Kind.POINTS: _points_by_grid,
    Kind.SHAPES: _shapes_by_grid,
    Kind.LABELS: _shapes_by_grid,
    Kind.IMAGE: _image_by_grid,
}


def _pair(values: Any, by: Any) -> Callable[[Task], Found]:
    on_grid = isinstance(by, SquareGrid | HexagonGrid)
    kind = kind_of(values)
    if kind is Kind.TABLE:
        raise NotImplementedError(
            f"{kind.value} have no place and cannot be aggregated by {'a grid' if on_grid else kind_of(by).value}. "
            "Aggregate the element that they annotate, with table_name."
        )
    if on_grid:
        return BY_GRID[kind]
    pair = (kind, kind_of(by))
    if pair not in AGGREGATE:
        possible = list(dict.fromkeys(regions.value for _, regions in AGGREGATE))
        raise NotImplementedError(
            f"{pair[0].value} cannot be aggregated by {pair[1].value}, which are no regions. Regions are "
            f"{listing(possible)}, grids and the rows of tables. Make circles of points first (to_circles), or "
            "exchange values and by."
        )
    return AGGREGATE[pair]
