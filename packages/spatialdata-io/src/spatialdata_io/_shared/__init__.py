"""Building blocks that several readers use: files in, arrays and frames out."""
