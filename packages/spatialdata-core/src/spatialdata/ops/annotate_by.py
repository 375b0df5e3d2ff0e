"""Annotation of regions carried over to what lies in them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.container import new_container, require_names
from spatialdata._core.elements import is_shapes, lazy_levels_of, spatial_axes_of
from spatialdata.errors import UnsupportedElementError, listing
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.shallow import with_transformations
from spatialdata.models.table import get_table_keys
from spatialdata.models.times import at_one_time
from spatialdata.ops.bent import placed_outlines
from spatialdata.ops.centroids import get_centroids
from spatialdata.ops.figures import Figures
from spatialdata.ops.frames import coordinates_of, copied_attrs, over_partitions
from spatialdata.ops.label_pixels import LabelPixels
from spatialdata.ops.pairs import PointLocator
from spatialdata.ops.rasterize_values import is_category
from spatialdata.regions.bend import Bend
from spatialdata.regions.between import Between
from spatialdata.regions.project import Projection, motion_of, projection_of
from spatialdata.relations.annotate import get_element_annotators
from spatialdata.relations.ids import as_ids, rows_of_region
from spatialdata.relations.values import get_values, places_of, table_with
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["annotate"]

_DUE = {Kind.SHAPES, Kind.LABELS}
# Floating point numbers hold each whole number up to this one; these types have larger ones, and missing ones.
_LARGEST = 2**53
_WHOLE = ("Int64", "UInt64")
_OWN = "coordinates of the element"


@dataclass(frozen=True, slots=True)
class _Regions:
    """Finds the region at a place, and its value.

    Attributes
    ----------
    element
        The regions.
    system
        The coordinate system in which places are compared.
    find
        Takes places in the coordinates of the regions, of labels in the order of their array, where those without z
        lie at all depths; gives the position of the first region there, or -1, and in how many each place lies.
    values
        The value of each region.
    scattered
        Whether only this process can ask for the regions; see :class:`~spatialdata.ops.label_pixels.LabelPixels`.
    """

    element: Any
    system: str
    find: Callable[[FloatArray], tuple[NDArray[np.intp], NDArray[np.intp]]]
    values: pd.Series
    scattered: bool = False

    def seen_from(self, other: Any) -> Callable[[FloatArray], tuple[Any, NDArray[np.intp]]]:
        """What gives the values at places, in the coordinates of an element and the order of its axes.

        They are missing where there is no region; and beside them come the numbers of regions there.
        """
        bring = _brought(motion_of(other, self.system), self.element, self.system)

        def at(places: FloatArray) -> tuple[Any, NDArray[np.intp]]:
            position, count = self.find(bring(places))
            return self.values.array.take(position, allow_fill=True), count

        return at


def annotate(
    sdata: SpatialData,
    target: str,
    by: str,
    column: str | None = None,
    target_coordinate_system: str = "global",
    table_name: str | None = None,
    by_table_name: str | None = None,
    new_column: str | None = None,
) -> SpatialData:
    """Give points, shapes or labels the annotation of the regions that they lie in.

    See :meth:`spatialdata.SpatialData.annotate`.
    """
    require_names(sdata, (target, by))
    kind = kind_of(sdata[target])
    if kind not in (Kind.POINTS, *_DUE):
        raise UnsupportedElementError(f"{target!r} is one of the {kind.value}, which have no instances to annotate.")
    regions = _regions(sdata, by, column, target_coordinate_system, by_table_name)
    name = new_column or column or by
    table = _table_of(sdata, target, kind, table_name)
    elements = {key: element for _, key, element in sdata.gen_elements()}
    if table is None:
        write = _onto_points if kind is Kind.POINTS else _onto_shapes
        elements[target] = write(sdata[target], regions, name)
    else:
        elements[table] = _onto_table(sdata, target, table, regions, name)
    return new_container(elements, sdata.attrs)


def _table_of(sdata: SpatialData, target: str, kind: Kind, table_name: str | None) -> str | None:
    """The name of the table that takes the column; None for the columns of the element."""
    annotators = sorted(get_element_annotators(sdata, target))
    if table_name is not None:
        if table_name not in annotators:
            raise ValueError(
                f"The table {table_name!r} does not annotate {target!r}. Tables that do: {listing(annotators)}."
            )
        return table_name
    if kind is Kind.POINTS:
        return None
    if len(annotators) == 1:
        return annotators[0]
    if annotators or kind is Kind.LABELS:
        raise ValueError(
            f"Give table_name, the table that takes the column: {target!r} is annotated by {listing(annotators)}."
        )
    return None


def _regions(sdata: SpatialData, by: str, column: str | None, system: str, table_name: str | None) -> _Regions:
    element = sdata[by]
    kind = kind_of(element)
    if kind not in _DUE:
        raise UnsupportedElementError(f"{by!r} is one of the {kind.value}. Regions are shapes or labels.")
    if table_name is None and column is not None and (kind is Kind.LABELS or column not in element.columns):
        table_name = _table_with(sdata, by, column)
    if kind is Kind.SHAPES:
        values = _values(sdata, by, column, table_name, element.index)
        transformation = get_transformation(element, system)
        shapes = element if transformation.is_linear else placed_outlines(element, transformation, system)
        return _Regions(shapes, system, _finder_of_shapes(shapes), values)
    ids = _ids_of_labels(sdata, by, column, table_name)
    values = _values(sdata, by, column, table_name, ids)
    pixels = LabelPixels.of(lazy_levels_of(at_one_time(element, "annotate"))[0].data)
    return _Regions(element, system, _finder_of_labels(pixels, ids.to_numpy()), values, pixels.scattered)


def _table_with(sdata: SpatialData, by: str, column: str) -> str:
    """The name of the table that annotates the regions and has the column."""
    annotators = sorted(get_element_annotators(sdata, by))
    if len(annotators) == 1:
        return annotators[0]
    holding = [name for name in sdata.tables if places_of(column, None, table_with(sdata, name, [column]))]
    found = [name for name in holding if name in annotators]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{column!r} is in the tables {listing(found)}. Give by_table_name, the one to take it from.")
    columns = sdata[by].columns if kind_of(sdata[by]) is Kind.SHAPES else ()
    elsewhere = (
        f" It is in {listing(holding)}: annotate by what that annotates, or let it annotate {by!r} with "
        "set_table_annotates_spatialelement."
    )
    raise ValueError(
        f"The regions {by!r} have no {column!r}. Searched: their columns ({listing(columns, limit=10)}) and the tables "
        f"that annotate them ({listing(annotators)}).{elsewhere if holding else ''}"
    )


def _ids_of_labels(sdata: SpatialData, by: str, column: str | None, table_name: str | None) -> Any:
    from spatialdata.relations.instances import instance_ids

    if column is None:
        return instance_ids(sdata[by])
    return get_values(column, sdata=sdata, element_name=by, table_name=table_name).index


def _values(sdata: SpatialData, by: str, column: str | None, table_name: str | None, index: Any) -> pd.Series:
    """The value of each region; categories for text, and numbers and times that can be missing."""
    import pandas as pd

    if column is None:
        found = pd.Series(index, index=index)
    else:
        own = kind_of(sdata[by]) is Kind.SHAPES and column in sdata[by].columns and table_name is None
        frame = (
            get_values(column, element=sdata[by])
            if own
            else get_values(column, sdata=sdata, element_name=by, table_name=table_name)
        )
        found = _unrounded(frame[column]).set_axis(as_ids(frame.index)).reindex(as_ids(index))
    if column is not None and pd.api.types.is_datetime64_any_dtype(found.dtype):
        return found
    if is_category(found) or column is None:
        return found.astype("category")
    if pd.api.types.is_bool_dtype(found.dtype):
        return found.astype("boolean")
    return found if found.dtype.name in _WHOLE else found.astype("float64")


def _unrounded(values: pd.Series) -> pd.Series:
    """Values; whole numbers too large for floating point numbers as a type that has them beside missing ones."""
    import pandas as pd

    if not pd.api.types.is_integer_dtype(values.dtype):
        return values
    known = values[values.notna()]
    large = bool(((known > _LARGEST) | (known < -_LARGEST)).any())
    if not large:
        return values
    return values.astype("UInt64" if pd.api.types.is_unsigned_integer_dtype(values.dtype) else "Int64")


def _finder_of_shapes(shapes: Any) -> Any:
    locate = PointLocator(Figures.of(shapes))
    size = len(shapes)

    def find(where: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        x, y = where.T
        point, figure = locate(np.ascontiguousarray(x), np.ascontiguousarray(y))
        position = np.full(len(where), size, dtype=np.intp)
        np.minimum.at(position, point, figure)
        count = np.bincount(point, minlength=len(where))
        return np.where(position == size, -1, position), count

    return find


def _finder_of_labels(pixels: LabelPixels, ids: NDArray[Any]) -> Any:
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]

    def find(where: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        if where.shape[1] < pixels.pixels.ndim:
            place, label = pixels.under(where)
        else:
            place, label = np.arange(len(where)), pixels.at(where)
        found = np.minimum(np.searchsorted(ordered, label), max(len(ordered) - 1, 0))
        known = (label != 0) & (ordered[found] == label) if len(ordered) else np.zeros(len(label), dtype=bool)
        position = np.full(len(where), len(ids), dtype=np.intp)
        np.minimum.at(position, place[known], order[found[known]])
        count = np.bincount(place[known], minlength=len(where))
        return np.where(position == len(ids), -1, position), count

    return find


def _brought(motion: Projection | Bend, regions: Any, system: str) -> Callable[[FloatArray], FloatArray]:
    """The map from the coordinates of what a motion moves to those of regions."""
    transformation = get_transformation(regions, system)
    own: tuple[ValidAxis, ...] = ("x", "y") if is_shapes(regions) else spatial_axes_of(regions)
    axes = tuple(axis for axis in own if axis in motion.axes)
    if transformation.is_linear:
        place = projection_of(regions, system)
        place = (place if len(axes) == len(own) else place.plane()).over(axes)
        if isinstance(motion, Projection):
            return Between.of(motion, place)
    back = place.inverse() if transformation.is_linear else Bend.over(transformation.inverse(), axes)
    columns = [motion.axes.index(axis) for axis in axes]
    return lambda places: back(motion(places)[:, columns])


def _onto_points(points: Any, regions: _Regions, name: str) -> Any:
    """Points with a further column, which is found out partition by partition."""
    axes, look = spatial_axes_of(points), regions.seen_from(points)

    def annotated(part: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        values, _ = look(coordinates_of(part, axes))
        return part.assign(**{name: pd.Series(values, index=part.index)})

    return points.map_partitions(annotated, meta=annotated(points._meta))  # noqa: SLF001


def _at_centres(element: Any, regions: _Regions, what: str) -> tuple[Any, Any]:
    """The ids of instances, and the values at their centres."""
    import pandas as pd

    own, seen = with_transformations(element, {_OWN: Identity()}), regions.seen_from(element)
    axes = list(("x", "y") if is_shapes(element) else spatial_axes_of(element))

    def look(rows: pd.DataFrame) -> pd.DataFrame:
        values, count = seen(rows[axes].to_numpy())
        return pd.DataFrame({"value": pd.Series(values, index=rows.index), "several": count > 1})

    centres = get_centroids(own, _OWN)
    # Points are many, and are looked at where they are read; the centres of others are here.
    far = kind_of(element) is Kind.POINTS and not regions.scattered
    found = over_partitions(centres, centres.columns, look, pd.concat, "annotation") if far else look(centres.compute())
    several = int(found["several"].sum())
    if several:
        warnings.warn(
            f"The centres of {several} of {len(found)} instances of {what} lie in several regions; the first counts.",
            UserWarning,
            stacklevel=4,
        )
    return found.index, found["value"].array


def _onto_shapes(shapes: Any, regions: _Regions, name: str) -> Any:
    _, values = _at_centres(shapes, regions, "the shapes")
    result = shapes.assign(**{name: values})
    result.attrs = copied_attrs(shapes)
    return result


def _onto_table(sdata: SpatialData, target: str, table_name: str, regions: _Regions, name: str) -> Any:
    """A copy of the table whose rows of the target have a further column."""
    import pandas as pd

    table = sdata.tables[table_name].copy()
    _, region_key, instance_key = get_table_keys(table)
    rows = rows_of_region(table, target, region_key)
    ids, values = _at_centres(sdata[target], regions, repr(target))
    position = as_ids(ids).get_indexer(as_ids(table.obs[instance_key].iloc[rows]))
    of_rows = np.full(table.n_obs, -1, dtype=np.intp)
    of_rows[rows] = position
    column = pd.Series(values.take(of_rows, allow_fill=True), index=table.obs.index)
    if name in table.obs:
        other = np.ones(table.n_obs, dtype=bool)
        other[rows] = False
        if other.any():
            column = _with_former(column, table.obs[name], other)
    table.obs[name] = column
    return table


def _with_former(column: pd.Series, former: pd.Series, other: NDArray[np.bool_]) -> pd.Series:
    """The new values, and for the rows of other elements the values that they had."""
    if is_category(column) or is_category(former):
        plain = column.astype(object).where(~other, former.astype(object))
        return plain.astype("category")
    return column.where(~other, former)
