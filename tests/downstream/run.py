"""Runs one workflow and writes what came out: ``python run.py squidpy_workflow results.json``."""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import warnings
from pathlib import Path

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path(__file__).parent))
    with tempfile.TemporaryDirectory() as folder:
        results = importlib.import_module(sys.argv[1]).run(folder)
    Path(sys.argv[2]).write_text(json.dumps(results, indent=1, default=float))
