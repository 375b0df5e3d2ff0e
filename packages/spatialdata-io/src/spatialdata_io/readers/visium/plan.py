"""What reading a Visium slide would give, from the headers of its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata_io._shared.headers import matrix_shape
from spatialdata_io._shared.tiff import open_tiff
from spatialdata_io.errors import ReaderError, reading
from spatialdata_io.plan import ElementPlan
from spatialdata_io.readers.visium.counts import find_counts

if TYPE_CHECKING:
    from spatialdata_io.registry import Match

__all__ = ["plan"]


def plan(slide: Match, **options: Any) -> list[ElementPlan]:
    """Plan the elements that :func:`spatialdata_io.visium` would read with the same options.

    The name of the slide is written ``<id>`` where only reading the matrix would tell it.
    """
    name = options["dataset_id"] or "<id>"
    plans = []
    full = options["fullres_image_file"]
    if full is not None:
        plans.append(_image(slide, slide.root / full, f"{name}_full_image"))
    plans += [
        _image(slide, slide.files[part][0], f"{name}_{part}_image") for part in ("hires", "lowres") if slide.files[part]
    ]
    try:
        path = find_counts(slide, options["counts_file"], options["dataset_id"])
        kept = "Gene Expression" if options["gex_only"] else ""
        matrix = next(path.glob("*matrix.mtx*")) if path.is_dir() else path
        spots, genes = matrix_shape(matrix, kept)
    except ReaderError as error:
        return [
            *plans,
            ElementPlan(name=name, kind="shapes", problem=str(error)),
            ElementPlan(name="table", kind="table", problem=str(error)),
        ]
    file = matrix.relative_to(slide.root).as_posix()
    return [
        *plans,
        ElementPlan(name=name, kind="shapes", shape=(spots, 2), file=file),
        ElementPlan(name="table", kind="table", shape=(spots, genes), dtype="float32", file=file),
    ]


def _image(slide: Match, path: Path, name: str) -> ElementPlan:
    import imageio.v3 as iio

    try:
        if path.suffix.lower() in (".png", ".jpg", ".jpeg"):
            with reading(path, "an image"):
                properties = iio.improps(path, plugin="pillow")
            height, width, *channels = properties.shape
            shape, dtype = (channels[0] if channels else 1, height, width), str(properties.dtype)
        else:
            header = open_tiff(path)
            shape, dtype = header.shape_cyx, header.dtype
    except ReaderError as error:
        return ElementPlan(name=name, kind="image", problem=str(error))
    inside = path.is_relative_to(slide.root)
    file = path.relative_to(slide.root).as_posix() if inside else str(path)
    return ElementPlan(name=name, kind="image", shape=shape, dtype=dtype, file=file)
