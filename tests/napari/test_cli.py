"""The console script and the cost of importing the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from napari_spatialdata.cli import main


def test_help_and_version() -> None:
    runner = CliRunner()
    assert "Open the stores" in runner.invoke(main, ["view", "-h"]).output
    assert runner.invoke(main, ["--version"]).exit_code == 0


def test_a_missing_store_is_one_clear_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["view", str(tmp_path / "nothing.zarr")])
    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_the_import_is_light() -> None:
    code = (
        "import sys, napari_spatialdata; "
        "print([m for m in ('napari', 'qtpy', 'dask', 'pandas', 'xarray', 'geopandas', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
