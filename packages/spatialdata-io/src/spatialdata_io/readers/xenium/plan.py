"""What reading a Xenium bundle would give, from the headers of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from spatialdata_io._shared.headers import matrix_shape, table_shape
from spatialdata_io._shared.tiff import open_tiff
from spatialdata_io.errors import ReaderError
from spatialdata_io.plan import ElementPlan
from spatialdata_io.readers.xenium.images import open_channels
from spatialdata_io.readers.xenium.segmentation import open_segmentation
from spatialdata_io.registry import Match

__all__ = ["plan"]

_Shape = tuple[tuple[int | None, ...], str]


def plan(bundle: Match, **options: Any) -> list[ElementPlan]:
    """Plan the elements that :func:`spatialdata_io.xenium` would read with the same options."""
    return [_planned(bundle, *element) for element in _elements(bundle, options)]


def _elements(
    bundle: Match, options: dict[str, Any]
) -> Iterator[tuple[str, str, str, Callable[[Path], _Shape]]]:
    """Yield name, kind and part of every element that is asked for, and how its shape is found."""
    if options["morphology_focus"]:
        yield "morphology_focus", "image", "focus", lambda _: _channels(bundle)
    if options["morphology_mip"] and bundle.files["mip"]:
        yield "morphology_mip", "image", "mip", _image
    if options["aligned_images"]:
        for part in ("he", "if"):
            if bundle.files[part]:
                yield f"{part}_image", "image", part, _image
    for kind, option in (("nucleus", "nucleus_labels"), ("cell", "cells_labels")):
        if options[option]:
            yield f"{kind}_labels", "labels", "segmentation", lambda path, kind=kind: _mask(path, kind)
    if options["transcripts"]:
        yield "transcripts", "points", "transcripts", table_shape
    for name, option in (("nucleus_boundaries", "nucleus_boundaries"), ("cell_boundaries", "cells_boundaries")):
        if options[option]:
            yield name, "shapes", name, _outlines
    if options["cells_as_circles"]:
        yield "cell_circles", "shapes", "cells", lambda path: ((table_shape(path)[0][0], 2), "")
    if options["cells_table"]:
        kept = "Gene Expression" if options["gex_only"] else ""
        yield "table", "table", "matrix", lambda path: (matrix_shape(path, kept), "float32")


def _planned(bundle: Match, name: str, kind: str, part: str, shape_of: Callable[[Path], _Shape]) -> ElementPlan:
    files = bundle.files[part]
    try:
        if not files:
            raise bundle.missing(part)
        shape, dtype = shape_of(files[0])
    except ReaderError as error:
        return ElementPlan(name=name, kind=kind, problem=str(error))
    file = files[0].relative_to(bundle.root).as_posix()
    return ElementPlan(name=name, kind=kind, shape=shape, dtype=dtype, file=file)


def _channels(bundle: Match) -> _Shape:
    headers = open_channels(bundle.files["focus"])
    return (sum(header.shape_cyx[0] for header in headers), *headers[0].shape_cyx[1:]), headers[0].dtype


def _outlines(path: Path) -> _Shape:
    table_shape(path)
    return (None,), ""


def _image(path: Path) -> _Shape:
    header = open_tiff(path)
    return header.shape_cyx, header.dtype


def _mask(path: Path, kind: Any) -> _Shape:
    mask = open_segmentation(path).mask(kind)
    return mask.shape, str(mask.dtype)
