"""Dialects: how transformations and multiscale rasters are spelled in the versions of the format."""
