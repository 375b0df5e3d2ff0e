"""The store: SpatialData objects on disk, read lazily and written atomically."""
