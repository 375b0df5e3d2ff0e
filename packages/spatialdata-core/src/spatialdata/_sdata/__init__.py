"""The parts of the SpatialData object, one noun a file."""
