"""The reader of napari: opens SpatialData stores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from napari_spatialdata.model.session import Session

    PathLike: TypeAlias = str | os.PathLike[str]
    Reader: TypeAlias = Callable[[PathLike | Sequence[PathLike]], list[tuple[Any, ...]]]

__all__ = ["all_layers", "get_reader", "is_spatialdata_store", "read_layers"]

_ATTRIBUTES = "spatialdata_attrs"


def is_spatialdata_store(path: PathLike) -> bool:
    """Whether a folder is the root of a SpatialData store; reads one small file.

    Parameters
    ----------
    path
        A folder. Plain OME-Zarr images and elements inside a store are not roots.
    """
    root = Path(path)
    attributes = _json(root / "zarr.json").get("attributes", {}) or _json(root / ".zattrs")
    return isinstance(attributes, dict) and _ATTRIBUTES in attributes and not _is_element(attributes)


def _is_element(attributes: dict[str, Any]) -> bool:
    """Elements carry attributes of the same name; they also say what they are."""
    return "encoding-type" in attributes or "ome" in attributes or "multiscales" in attributes


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def get_reader(path: PathLike | Sequence[PathLike]) -> Reader | None:
    """Offer to read what is a SpatialData store.

    Parameters
    ----------
    path
        A path or a list of paths.

    Returns
    -------
    callable or None
        ``read_layers`` if every path is the root of a SpatialData store, otherwise None, so that other plugins get
        their turn.
    """
    paths = _as_list(path)
    return read_layers if paths and all(is_spatialdata_store(one) for one in paths) else None


def read_layers(path: PathLike | Sequence[PathLike]) -> list[tuple[Any, ...]]:
    """Open stores.

    Parameters
    ----------
    path
        A path or a list of paths.

    Returns
    -------
    list of tuple
        In a viewer with a window the stores are listed in the dock widget "SpatialData" and no layer is added:
        ``[(None,)]``. Without a window: the layers of all elements in the first coordinate system.
    """
    import napari
    from napari_spatialdata.model.session import Session
    from spatialdata import read_zarr

    datasets = [read_zarr(Path(one)) for one in _as_list(path)]
    viewer = napari.current_viewer()
    if viewer is None:
        return all_layers(Session(datasets)) or [(None,)]
    from napari_spatialdata.widgets.docking import dock_browser

    session = dock_browser(viewer).display.session
    for sdata in datasets:
        session.add(sdata)
    return [(None,)]


def all_layers(session: Session) -> list[tuple[Any, ...]]:
    """The layers of all elements that have a place in the coordinate system shown, images at the bottom."""
    from napari_spatialdata.layers.build import layer_tuples
    from napari_spatialdata.model.dataset import CONTAINERS

    shown = session.coordinate_system
    if shown is None:
        return []
    entries = sorted(session.entries(shown), key=lambda entry: CONTAINERS.index(entry.container))
    return [parts for entry in entries for parts in layer_tuples(entry, shown)]


def _as_list(path: PathLike | Sequence[PathLike]) -> list[PathLike]:
    return list(path) if isinstance(path, list | tuple) else [path]  # type: ignore[list-item]
