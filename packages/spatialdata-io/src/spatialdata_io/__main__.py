"""Run the command as ``python -m spatialdata_io``."""

from __future__ import annotations

from spatialdata_io.cli import cli, main

__all__ = ["cli", "main"]

if __name__ == "__main__":
    main()
