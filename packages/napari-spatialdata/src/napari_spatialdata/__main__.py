"""``python -m napari_spatialdata`` is the console script ``napari-spatialdata``."""

from __future__ import annotations

from napari_spatialdata.cli import main

if __name__ == "__main__":
    main(prog_name="napari-spatialdata")
