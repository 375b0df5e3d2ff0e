"""Checks the OME-Zarr metadata of a store with the published JSON schemas, ngff-zarr and ome-zarr-models.

``python validate_ngff.py STORE`` prints one line of JSON: what each validator finds wrong, by node, and which of the
two libraries were asked.
"""

import importlib
import json
import sys
from pathlib import Path

import jsonschema
import ngff_zarr
import zarr
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SCHEMAS = Path(ngff_zarr.__file__).parent / "spec"


def schema_faults(attributes, version, name):
    folder = SCHEMAS / version / "schemas"
    documents = [json.loads(path.read_text()) for path in folder.glob("*.schema")]
    known = [(each["$id"], Resource.from_contents(each, DRAFT202012)) for each in documents if "$id" in each]
    schema = json.loads((folder / f"{name}.schema").read_text())
    validator = jsonschema.Draft202012Validator(schema, registry=Registry().with_resources(known))
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"[:2000]
        for error in validator.iter_errors(attributes)
    ]


def attributes_of(folder):
    if (folder / "zarr.json").is_file():
        return json.loads((folder / "zarr.json").read_text())["attributes"]
    return json.loads((folder / ".zattrs").read_text())


def plain(attributes):
    """The attributes without what makes a dialect of SpatialData of them, and the version that they follow."""
    if "ome" not in attributes:
        (multiscale,) = attributes["multiscales"]
        omero = {"channels": [{**each, "color": "FFFFFF", "window": WINDOW} for each in channels(attributes)]}
        body = {**attributes, "multiscales": [stripped(multiscale, "0.4")]}
        return {**body, "omero": omero} if "omero" in attributes else body, "0.4"
    if attributes["ome"]["version"] != "0.5-dev-spatialdata":
        return attributes, attributes["ome"]["version"]
    (multiscale,) = attributes["ome"]["multiscales"]
    return {"ome": {**attributes["ome"], "version": "0.5", "multiscales": [stripped(multiscale)]}}, "0.5"


WINDOW = {"start": 0, "min": 0, "end": 1, "max": 1}


def channels(attributes):
    return attributes.get("omero", {}).get("channels", [])


def stripped(multiscale, version=None):
    kept = {key: value for key, value in multiscale.items() if key != "coordinateTransformations"}
    return {**kept, "version": version} if version else kept


def model_of(version, name):
    try:
        module = importlib.import_module(f"ome_zarr_models.v{version.replace('.', '')}")
    except ImportError:
        return None
    return getattr(module, name, None)


def model_fault(group, version, name):
    model = model_of(version, name)
    if model is None:
        return []
    try:
        model.from_zarr(group)
    except Exception as error:  # noqa: BLE001
        return [f"{type(error).__name__}: {error}"[:2000]]
    return []


def checked(root):
    found = {}
    group = zarr.open_group(root, mode="r")
    if "scene" in attributes_of(root).get("ome", {}):
        found["/"] = schema_faults(attributes_of(root), "0.6", "scene") + model_fault(group, "0.6", "Scene")
    for container in ("images", "labels"):
        for folder in sorted(path for path in (root / container).glob("*") if path.is_dir()):
            path = f"{container}/{folder.name}"
            attributes, version = plain(attributes_of(folder))
            faults = schema_faults(attributes, version, "image")
            if container == "labels":
                faults += schema_faults(attributes, version, "label")
            if version == "0.6":
                faults += model_fault(group[path], version, "Image" if container == "images" else "ImageLabel")
                ngff_zarr.from_ngff_zarr(str(folder), validate=True)
            found[path] = faults
            for field in sorted((folder / "coordinateTransformations").glob("*-*")):
                found[f"{path}/{field.name}"] = schema_faults(attributes_of(field), "0.6", "image")
        if (root / container).exists() and container == "labels" and "ome" in attributes_of(root / container):
            found["labels"] = model_fault(
                group["labels"], attributes_of(root / "labels")["ome"].get("version", ""), "Labels"
            )
    return found


if __name__ == "__main__":
    print(json.dumps({"faults": checked(Path(sys.argv[1])), "models": model_of("0.6", "Scene") is not None}))
