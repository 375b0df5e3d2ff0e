"""Writes the JSON Schemas of the format and the conformance stores, which the pages offer for download."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from spatialdata.testing.conformance_store import json_schemas, write_conformance_store


def write_format_files(folder: Path) -> None:
    """Write the files into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for version, ending in (("0.2", ""), ("0.1", "-0.1")):
        for name, schema in json_schemas(version).items():
            (folder / f"{name}{ending}.json").write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    _write_store(folder / "conformance")
    _write_store(folder / "conformance-0.1", version="0.1")
    _write_store(folder / "conformance-ngff-0.6", ngff="0.6")


def _write_store(store: Path, **versions: Any) -> None:
    write_conformance_store(store, **versions)
    shutil.make_archive(str(store), "zip", store)
    shutil.rmtree(store)
