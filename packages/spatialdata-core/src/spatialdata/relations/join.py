"""Joins of elements with the table that annotates them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np

from spatialdata._core.container import require_container
from spatialdata.errors import ElementNotFoundError, UnsupportedElementError, listing, unknown_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.points import PointsModel
from spatialdata.models.table import get_table_keys
from spatialdata.relations.filter import with_regions_in_use
from spatialdata.relations.labels import keep_labels
from spatialdata.relations.link import Link, link
from spatialdata.relations.point_ids import points_at, rows_in_memory

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData

__all__ = ["How", "MatchRows", "join_spatialelement_table"]

How: TypeAlias = Literal["left", "left_exclusive", "inner", "right", "right_exclusive"]
MatchRows: TypeAlias = Literal["no", "left", "right"]
Rows: TypeAlias = "NDArray[np.intp]"
Joined: TypeAlias = "tuple[Any, Rows | None]"


def join_spatialelement_table(
    sdata: SpatialData | None = None,
    spatial_element_names: str | list[str] | None = None,
    spatial_elements: Any = None,
    table_name: str | None = None,
    table: AnnData | None = None,
    how: How = "left",
    match_rows: MatchRows = "no",
    filter_label_pixels: bool | None = None,
) -> tuple[dict[str, Any], AnnData | None]:
    """Join elements with the table that annotates them.

    Parameters
    ----------
    sdata
        The object that holds the elements (and the table, if it is given by name).
    spatial_element_names
        The names of the elements, as the table has them in its region column.
    spatial_elements
        The elements, if ``sdata`` is not given.
    table_name, table
        The table, by its name in ``sdata`` or itself.
    how
        ``"left"``: all instances, and the rows that have one. ``"inner"``: instances and rows that have each
        other. ``"right"``: the whole table, and the instances that it has. ``"left_exclusive"``: the instances
        without a row, and no table. ``"right_exclusive"``: the rows without an instance, and no elements.
    match_rows
        Order the result like the element (``"left"``) or like the table (``"right"``). ``"no"``: the element of a
        left join and the table keep their order, instances of other joins are ordered like the table.
    filter_label_pixels
        What becomes of labels in joins that select instances. True: the pixels of the other instances become
        background, lazily. False: they are returned whole. Not given: whole, with a warning.

    Returns
    -------
    elements
        The elements by name; None where nothing of one is left. Those that the table does not annotate are whole, or
        None for ``"inner"`` and ``"right_exclusive"``.
    table
        The rows of the table as a new table, or the table itself for ``"right"``; None where none is left. Its
        metadata name the elements that it still annotates.

    Raises
    ------
    ValueError
        The arguments contradict each other; an element is an image or a table; the table annotates nothing; an id
        occurs twice.
    KeyError
        There is no element of a name.
    TypeError
        ``how`` or ``match_rows`` is unknown, or ids are strings on one side and numbers on the other.

    Warns
    -----
    UserWarning
        The table does not annotate an element; rows name an instance that the element does not
        have, and are left out; or labels, whose pixels are not changed, take part in a join that selects instances.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> from spatialdata.models import ShapesModel, TableModel
    >>> cells = ShapesModel.parse(np.zeros((3, 2)), geometry=0, radius=1.0)
    >>> obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 2), "id": [2, 0]}, index=["a", "b"])
    >>> table = TableModel.parse(anndata.AnnData(np.ones((2, 1)), obs=obs), "cells", "region", "id")
    >>> elements, rows = join_spatialelement_table(
    ...     spatial_element_names="cells", spatial_elements=cells, table=table, how="inner"
    ... )
    >>> elements["cells"].index.tolist(), rows.obs_names.tolist()
    ([2, 0], ['a', 'b'])
    """
    join = _choice(how, JOINS, "how")
    if match_rows not in ("no", "left", "right"):
        raise TypeError(f"match_rows must be 'no', 'left' or 'right', not {match_rows!r}.")
    annotating = _table(sdata, table_name, table)
    elements = _elements(sdata, spatial_element_names, spatial_elements)
    if how == "right" and match_rows == "left":
        warnings.warn(
            "A right join keeps the table as it is; match_rows='left' orders the instances only.",
            UserWarning,
            stacklevel=2,
        )
    select = partial(join, element_order=match_rows == "left", filter_pixels=filter_label_pixels)
    return _joined(elements, annotating, how, select, element_order=match_rows == "left")


def _joined(
    elements: Mapping[str, Any],
    table: AnnData,
    how: How,
    select: Callable[[Any, Link], Joined],
    *,
    element_order: bool,
) -> tuple[dict[str, Any], AnnData | None]:
    region, _, _ = get_table_keys(table)
    annotated = [region] if isinstance(region, str) else list(region)
    found: dict[str, Any] = {}
    chosen: list[Rows] = []
    for name, element in elements.items():
        if name not in annotated:
            warnings.warn(
                f"The table does not annotate {name!r}, which takes no part. It annotates {listing(annotated)}.",
                UserWarning,
                stacklevel=3,
            )
            found[name] = None if how in ("inner", "right_exclusive") else element
            continue
        linked = link(element, name, table)
        if how in ("left", "inner"):
            _warn_unmatched(linked, name)
        result, rows = select(element, linked)
        found[name] = result
        if rows is not None:
            chosen.append(rows)
    if how == "right":
        return found, table
    return found, _rows(table, chosen, element_order=element_order)


def _rows(table: AnnData, chosen: list[Rows], *, element_order: bool) -> AnnData | None:
    if not chosen or not any(len(rows) for rows in chosen):
        return None
    rows = np.concatenate(chosen)
    rows = rows if element_order else np.sort(rows)
    whole = len(rows) == table.n_obs and bool((np.diff(rows) == 1).all())
    return with_regions_in_use(table.copy() if whole else table[rows].copy())


def _warn_unmatched(linked: Link, name: str) -> None:
    unmatched = len(linked.rows_without_instance())
    if unmatched:
        warnings.warn(
            f"{unmatched} of the {len(linked.rows)} rows that annotate {name!r} name an instance that it does not "
            "have; they are left out.",
            UserWarning,
            stacklevel=4,
        )


def _left(element: Any, linked: Link, *, element_order: bool, filter_pixels: bool | None) -> Joined:
    del filter_pixels
    return element, linked.matched(element_order=element_order)[0]


def _inner(element: Any, linked: Link, *, element_order: bool, filter_pixels: bool | None) -> Joined:
    rows, positions = linked.matched(element_order=element_order)
    if kind_of(element) is Kind.LABELS and not filter_pixels:
        if filter_pixels is None:
            _warn_labels(f"they are returned whole, and the {len(rows)} rows that annotate them are left out")
        return element, None
    return _instances(element, linked, positions), rows


def _right(element: Any, linked: Link, *, element_order: bool, filter_pixels: bool | None) -> Joined:
    if kind_of(element) is Kind.LABELS and not filter_pixels:
        if filter_pixels is None:
            _warn_labels("they are returned whole")
        return element, None
    return _instances(element, linked, linked.matched(element_order=element_order)[1]), None


def _left_exclusive(element: Any, linked: Link, *, element_order: bool, filter_pixels: bool | None) -> Joined:
    del element_order
    if kind_of(element) is Kind.LABELS and not filter_pixels:
        if filter_pixels is None:
            _warn_labels("they are left out")
        return None, None
    return _instances(element, linked, linked.instances_without_row()), None


def _right_exclusive(element: Any, linked: Link, *, element_order: bool, filter_pixels: bool | None) -> Joined:
    del element, element_order, filter_pixels
    return None, linked.rows_without_instance()


JOINS: dict[str, Callable[..., Joined]] = {
    "left": _left,
    "left_exclusive": _left_exclusive,
    "inner": _inner,
    "right": _right,
    "right_exclusive": _right_exclusive,
}


def _warn_labels(consequence: str) -> None:
    warnings.warn(
        f"The instances of labels cannot be selected by a join, since that would change pixels; {consequence}. "
        "filter_label_pixels says what is to become of them.",
        UserWarning,
        stacklevel=5,
    )


def _instances(element: Any, linked: Link, positions: Rows) -> Any:
    """Some instances of an element, with its attributes; None without any."""
    if not len(positions):
        return None
    if kind_of(element) is Kind.LABELS:
        ids = cast("pd.Index", linked.ids)
        return keep_labels(element, ids[positions].to_numpy())
    if kind_of(element) is Kind.SHAPES:
        result = element.iloc[positions].copy()
        result.attrs = {key: dict(value) if isinstance(value, dict) else value for key, value in element.attrs.items()}
        return result
    if rows_in_memory(element):
        return PointsModel.parse(element.compute().iloc[positions])
    return points_at(element, positions, linked.sizes)


def _choice(value: str, known: Mapping[str, Any], what: str) -> Any:
    if value not in known:
        raise TypeError(f"{what} must be one of {listing(known)}, not {value!r}.")
    return known[value]


def _table(sdata: SpatialData | None, table_name: str | None, table: AnnData | None) -> AnnData:
    if sdata is not None:
        require_container(sdata, "A join")
    if (table is None) == (table_name is None):
        raise ValueError("Give either table or table_name, and not both.")
    if table is not None:
        found: AnnData = table
    elif sdata is None or table_name is None:
        raise ValueError(f"table_name={table_name!r} was given without sdata. Give the object that holds the table.")
    elif table_name not in sdata.tables:
        raise _UnknownTableError(unknown_name("table", table_name, sdata.tables))
    else:
        found = sdata.tables[table_name]
    get_table_keys(found)
    return found


class _UnknownTableError(ElementNotFoundError, ValueError):
    """A table was named that does not exist."""


def _elements(sdata: SpatialData | None, names: str | list[str] | None, elements: Any) -> dict[str, Any]:
    if names is None:
        raise ValueError("Give spatial_element_names, the names of the elements as the table has them.")
    listed = [names] if isinstance(names, str) else list(names)
    if (sdata is None) == (elements is None):
        raise ValueError("Give the elements either by sdata or by spatial_elements, and not both.")
    if sdata is not None:
        for name in listed:
            if name not in sdata:
                raise ElementNotFoundError(
                    unknown_name("element", name, [found for _, found, _ in sdata.gen_elements()])
                )
        given: Sequence[Any] = [sdata[name] for name in listed]
    else:
        given = elements if isinstance(elements, list) else [elements]
    if len(given) != len(listed):
        raise ValueError(f"There are {len(listed)} names and {len(given)} elements. Give one name for each element.")
    for name, element in zip(listed, given, strict=True):
        if kind_of(element) in (Kind.IMAGE, Kind.TABLE):
            raise _NoInstancesError(
                f"{name!r} is one of the {kind_of(element).value}, which a table cannot be joined with. "
                "Labels, points and shapes can be."
            )
    return dict(zip(listed, given, strict=True))


class _NoInstancesError(UnsupportedElementError, ValueError):
    """A join was asked for with an element that has no instances."""
