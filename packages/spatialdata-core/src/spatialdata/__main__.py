"""The command line as ``python -m spatialdata``."""

from __future__ import annotations

from spatialdata.cli import main

if __name__ == "__main__":
    main(prog_name="python -m spatialdata")
