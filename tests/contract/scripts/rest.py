"""Prints the elements that spatialdata can read of a store in which it cannot read all: ``rest.py STORE``."""

import json
import sys

from spatialdata import read_zarr

try:
    read_zarr(sys.argv[1])
    refused = False
except (ValueError, KeyError, TypeError):
    refused = True
sdata = read_zarr(sys.argv[1], on_bad_files="warn")
times = {name: sdata.points[name]["t"].compute().tolist() for name in sdata.points}
print(json.dumps({"refused": refused, "images": list(sdata.images), "times": times}))
