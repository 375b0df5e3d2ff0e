"""Elements as napari layers: pure functions from an element to layer data."""
