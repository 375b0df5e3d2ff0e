"""The state of a session, free of Qt and of napari's viewer."""
