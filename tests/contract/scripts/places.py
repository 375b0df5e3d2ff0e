"""Prints the matrices of the transformations in a store over x and y, by element and coordinate system.

``python places.py STORE`` reads with the spatialdata of that interpreter, and leaves out what it cannot read.
"""

import json
import sys

from spatialdata import get_extent, read_zarr
from spatialdata.transformations import get_transformation

if __name__ == "__main__":
    sdata = read_zarr(sys.argv[1], on_bad_files="warn")
    places, extents = {}, {}
    for _, name, element in sdata.gen_spatial_elements():
        for system, transformation in get_transformation(element, get_all=True).items():
            places[f"{name} {system}"] = transformation.to_affine_matrix(("x", "y"), ("x", "y")).tolist()
            extents[f"{name} {system}"] = [float(side) for side in get_extent(element, coordinate_system=system)["x"]]
    print(json.dumps({"places": places, "extents": extents, "attrs": dict(sdata.attrs)}))
