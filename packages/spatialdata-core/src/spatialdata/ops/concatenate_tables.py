"""Tables of several objects: side by side under names of their own, or joined to one."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata._core.sources import Derived, Pending
from spatialdata.errors import listing
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind
from spatialdata.models.table import TableModel, annotate_in_place
from spatialdata.models.table_twin import table_twin

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from spatialdata._core.sources import Source
    from spatialdata.sdata import SpatialData

__all__ = ["TablePart", "joined", "side_by_side", "suffixed", "tables_with_suffix"]

Change: TypeAlias = "Callable[[pd.DataFrame], pd.DataFrame]"


def suffixed(name: str, suffix: str) -> str:
    """A name of an object that got a suffix."""
    return f"{name}-{suffix}" if suffix else name


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table of one object, which is loaded when it is used.

    Attributes
    ----------
    name
        Its name in the object.
    keys
        What it annotates; empty if nothing.
    load
        Gives the table as it is in the object.
    source
        Where it comes from if it is not loaded.
    changes
        What is done to ``obs``: each takes a frame, which it leaves alone, and gives another.
    """

    name: str
    keys: Mapping[str, Any]
    load: Callable[[], AnnData]
    source: Source | None
    changes: tuple[Change, ...] = ()

    @property
    def annotates(self) -> bool:
        """Whether the table says which elements its rows annotate."""
        return self.keys.get(TableModel.REGION_KEY) is not None

    @property
    def regions(self) -> list[str]:
        """The elements that it annotates."""
        region = self.keys[TableModel.REGION_KEY]
        return [region] if isinstance(region, str) else list(region)

    def changed(self, change: Change, keys: Mapping[str, Any] | None = None) -> TablePart:
        """The table with a further change, and with other keys."""
        return replace(self, changes=(*self.changes, change), keys={**self.keys, **(keys or {})})

    def table(self, *, shared: bool = False) -> AnnData:
        """The table with its changes; its matrices are its own unless they may be shared with the object."""
        found = self.load()
        if not self.changes:
            return found
        obs = reduce(lambda rows, change: change(rows), self.changes, found.obs)
        # What was read just now is nobody else's.
        twin = table_twin(found if shared or self.source is not None else found.copy(), obs)
        if self.keys:
            twin.uns[ATTRS_KEY] = dict(self.keys)
        return twin

    def item(self) -> Any:
        """What is put into the new object: the table, or where it comes from."""
        if self.source is None:
            return self.table()
        return Pending(
            Kind.TABLE.container, Derived(self.table, {ATTRS_KEY: dict(self.keys)} if self.keys else {}, [self.source])
        )


def tables_with_suffix(sdata: SpatialData, suffix: str) -> list[TablePart]:
    """The tables of an object with their regions renamed; none is loaded for that."""
    parts = []
    for name in sdata.tables:
        keys = dict(sdata.tables.metadata(name).get(ATTRS_KEY) or {})
        source = None if sdata.tables.is_loaded(name) else sdata.tables.source(name)
        part = TablePart(name, keys, _loader(sdata, name, source), source)
        parts.append(_renamed(part, suffix) if suffix and part.annotates else part)
    return parts


def _loader(sdata: SpatialData, name: str, source: Source | None) -> Callable[[], AnnData]:
    return source.load if source is not None else lambda: sdata.tables[name]


def _renamed(part: TablePart, suffix: str) -> TablePart:
    region = part.keys[TableModel.REGION_KEY]
    renamed = suffixed(region, suffix) if isinstance(region, str) else [suffixed(name, suffix) for name in region]
    region_key = part.keys[TableModel.REGION_KEY_KEY]

    def change(obs: pd.DataFrame) -> pd.DataFrame:
        column = obs[region_key].astype("category")
        return obs.assign(**{region_key: column.cat.rename_categories(lambda name: suffixed(str(name), suffix))})

    return part.changed(change, {TableModel.REGION_KEY: renamed})


def side_by_side(tables: Sequence[Sequence[TablePart]], suffixes: Sequence[str]) -> dict[str, Any]:
    """All tables, those of the same name numbered; with a warning."""
    names = [suffixed(part.name, suffix) for of, suffix in zip(tables, suffixes, strict=True) for part in of]
    flat = [part for of in tables for part in of]
    counts = Counter(names)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        warnings.warn(
            f"Several objects have tables of the names {listing(repeated)}; they get a number behind their name. "
            "concatenate_tables=True makes one table of them, a dict of objects makes the names differ.",
            UserWarning,
            stacklevel=3,
        )
    numbers: Counter[str] = Counter()
    result: dict[str, Any] = {}
    for name, part in zip(names, flat, strict=True):
        unique = f"{name}_{numbers[name]}" if counts[name] > 1 else name
        numbers[name] += 1
        result[unique] = part.item()
    return result


def joined(
    tables: Sequence[Sequence[TablePart]],
    suffixes: Sequence[str],
    keys: Mapping[str, str | None],
    kwargs: Mapping[str, Any],
    *,
    unique: bool,
) -> dict[str, Any]:
    """One table for each name; made when it is first used if one of its parts is not loaded.

    Parameters
    ----------
    tables, suffixes
        The tables of each object, and what is put behind the names of their rows.
    keys
        The names of the columns with the element and the id of each row, where they are given.
    kwargs
        For :func:`anndata.concat`.
    unique
        Whether to put a number behind names of rows that are there several times.

    Raises
    ------
    ValueError
        Tables of one name cannot become one.
    """
    by_name: dict[str, list[TablePart]] = {}
    for of, suffix in zip(tables, suffixes, strict=True):
        for part in of:
            by_name.setdefault(part.name, []).append(_with_row_suffix(part, suffix))
    concatenated = partial(_concatenated, kwargs=kwargs, unique=unique)
    return {name: _joined(name, parts, keys, concatenated).item() for name, parts in by_name.items()}


def _with_row_suffix(part: TablePart, suffix: str) -> TablePart:
    if not suffix:
        return part
    return part.changed(lambda obs: obs.set_axis(obs.index.astype(str) + f"-{suffix}", axis=0))


def _joined(
    name: str,
    parts: Sequence[TablePart],
    given: Mapping[str, str | None],
    concatenated: Callable[[Sequence[AnnData]], AnnData],
) -> TablePart:
    sources = [part.source for part in parts if part.source is not None]
    whole = Derived(lambda: None, {}, sources) if sources else None
    annotating = [part for part in parts if part.annotates]
    if annotating and len(annotating) < len(parts):
        raise ValueError(f"Some tables of the name {name!r} annotate elements and others none; they cannot become one.")
    if not annotating:
        return TablePart(name, {}, lambda: concatenated([part.table(shared=True) for part in parts]), whole)
    region_key, instance_key = (_common_key(name, annotating, key, given[key]) for key in given)
    regions = [region for part in annotating for region in part.regions]
    twice = sorted(region for region, count in Counter(regions).items() if count > 1)
    if twice:
        raise ValueError(
            f"Several tables of the name {name!r} annotate {listing(twice)}; a dict of objects renames them."
        )

    keys = {
        TableModel.REGION_KEY: regions,
        TableModel.REGION_KEY_KEY: region_key,
        TableModel.INSTANCE_KEY: instance_key,
    }

    def load() -> AnnData:
        merged = concatenated([_with_keys(part, region_key, instance_key).table(shared=True) for part in annotating])
        return annotate_in_place(merged, keys)

    return TablePart(name, keys, load, whole)


def _concatenated(tables: Sequence[AnnData], kwargs: Mapping[str, Any], *, unique: bool) -> AnnData:
    """One table of several, which shares nothing with them."""
    import anndata

    given = tables if len(tables) > 1 else [table.copy() for table in tables]
    with warnings.catch_warnings():
        if unique:
            warnings.filterwarnings("ignore", "Observation names are not unique", UserWarning)
        merged = anndata.concat(given, **kwargs)
    # What is merged is taken from the tables as it is.
    merged.uns = deepcopy(merged.uns)
    for aligned in (merged.varm, merged.varp):
        for key, value in aligned.items():
            aligned[key] = value.copy()
    if unique:
        merged.obs_names_make_unique()
    return merged


def _common_key(name: str, parts: Sequence[TablePart], key: str, given: str | None) -> str:
    found = sorted({str(part.keys[key]) for part in parts})
    if given is not None:
        return given
    if len(found) > 1:
        raise ValueError(
            f"The tables of the name {name!r} call their {key} {listing(found)}. Pass {key}= to say what it shall be."
        )
    return found[0]


def _with_keys(part: TablePart, region_key: str, instance_key: str) -> TablePart:
    old = (part.keys[TableModel.REGION_KEY_KEY], part.keys[TableModel.INSTANCE_KEY])
    renames = {before: after for before, after in zip(old, (region_key, instance_key), strict=True) if before != after}
    return part.changed(lambda obs: obs.rename(columns=renames)) if renames else part
