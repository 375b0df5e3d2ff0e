"""Grids: where the pixels of a raster lie."""
