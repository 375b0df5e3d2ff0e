"""Elements that are written batch by batch, for data that do not fit into memory."""
