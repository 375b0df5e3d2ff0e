"""Prints the version of the published package."""

import json

import spatialdata

print(json.dumps({"version": spatialdata.__version__, "file": spatialdata.__file__}))
