"""SpatialData."""
