"""Objects behind addresses: read, listed, brought and removed, with obstore where it reaches and fsspec elsewhere."""
