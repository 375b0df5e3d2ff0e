"""Sample data, for File ▸ Open Sample."""

from __future__ import annotations

from typing import Any

__all__ = ["blobs"]


def blobs() -> list[tuple[Any, ...]]:
    """Make a small dataset of all kinds of elements and give its layers.

    Returns
    -------
    list of tuple
        Layer data tuples. In a viewer with a window the dataset is also listed in the dock widget "SpatialData".
    """
    import napari
    from napari_spatialdata.model.session import Session
    from napari_spatialdata.reader import all_layers
    from spatialdata.datasets import blobs as make_blobs

    sdata = make_blobs()
    viewer = napari.current_viewer()
    if viewer is None:
        return all_layers(Session([sdata]))
    from napari_spatialdata.widgets.docking import dock_browser

    listed = dock_browser(viewer).display.session
    dataset = listed.add(sdata)
    return [parts for parts in all_layers(listed) if parts[1]["metadata"]["sdata"] is dataset.sdata]
