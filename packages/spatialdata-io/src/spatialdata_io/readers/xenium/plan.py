"""What reading a Xenium bundle would give, from the headers of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata_io._shared.headers import matrix_shape, table_shape
from spatialdata_io._shared.tiff import open_tiff
from spatialdata_io.errors import ReaderError
from spatialdata_io.plan import ElementPlan
from spatialdata_io.readers.xenium.images import open_channels
from spatialdata_io.readers.xenium.segmentation import open_segmentation

if TYPE_CHECKING:
    from spatialdata_io.registry import Match

__all__ = ["plan"]

_Shape = tuple[tuple[int | None, ...], str]


def plan(bundle: Match, **options: Any) -> list[ElementPlan]:
    """Plan the elements that :func:`spatialdata_io.xenium` would read with the same options."""
    return [_planned(bundle, *element) for element in _elements(bundle, options)]


def _elements(bundle: Match, options: dict[str, Any]) -> Iterator[tuple[str, str, str, Callable[[Path], _Shape]]]:
    """Yield name, kind and part of every element that is asked for, and how its shape is found."""
    gex = "Gene Expression" if options["gex_only"] else ""
    have = bundle.files
    aligned = options["aligned_images"]
    known: list[tuple[bool, str, str, str, Callable[[Path], _Shape]]] = [
        (options["morphology_focus"], "morphology_focus", "image", "focus", lambda _: _channels(bundle)),
        (options["morphology_mip"] and bool(have["mip"]), "morphology_mip", "image", "mip", _image),
        (aligned and bool(have["he"]), "he_image", "image", "he", _image),
        (aligned and bool(have["if"]), "if_image", "image", "if", _image),
        (options["nucleus_labels"], "nucleus_labels", "labels", "segmentation", lambda path: _mask(path, "nucleus")),
        (options["cells_labels"], "cell_labels", "labels", "segmentation", lambda path: _mask(path, "cell")),
        (options["transcripts"], "transcripts", "points", "transcripts", table_shape),
        (options["nucleus_boundaries"], "nucleus_boundaries", "shapes", "nucleus_boundaries", _outlines),
        (options["cells_boundaries"], "cell_boundaries", "shapes", "cell_boundaries", _outlines),
        (
            options["cells_as_circles"],
            "cell_circles",
            "shapes",
            "cells",
            lambda path: ((table_shape(path)[0][0], 2), ""),
        ),
        (options["cells_table"], "table", "table", "matrix", lambda path: (matrix_shape(path, gex), "float32")),
    ]
    for wanted, name, kind, part, shape_of in known:
        if wanted:
            yield name, kind, part, shape_of


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
