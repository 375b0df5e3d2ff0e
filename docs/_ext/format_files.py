"""Writes the JSON Schemas of the format and the conformance store, which the pages offer for download."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from spatialdata.testing.conformance_store import json_schemas, write_conformance_store


def write_format_files(folder: Path) -> None:
    """Write the files into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, schema in json_schemas().items():
        (folder / f"{name}.json").write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    store = folder / "conformance"
    write_conformance_store(store)
    shutil.make_archive(str(store), "zip", store)
    shutil.rmtree(store)
