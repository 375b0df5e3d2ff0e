"""``spatialdata cp``: copy a store, or a part of it, to anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from spatialdata.cli.group import traceback_option
from spatialdata.errors import unknown_name

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData

__all__ = ["cp"]

_VERSIONS = ("0.1", "0.2")
_POINTS_LAYOUTS = ("sorted", "kept", "vitessce")
_NGFF = ("0.5-dev-spatialdata", "0.6")
_LINKS = ("copy", "keep")


@click.command()
@click.argument("source")
@click.argument("target")
@click.argument("selection", nargs=-1)
@click.option("--system", help="Only elements in this coordinate system; needed for --bbox if not 'global'.")
@click.option("--bbox", type=float, nargs=4, metavar="X0 Y0 X1 Y1", help="Only what lies in this box of the system.")
@click.option("--chunk", type=click.IntRange(min=1), help="Width and height of the chunks of images and labels.")
@click.option("--shard", type=click.IntRange(min=1), help="Width and height of files of several chunks.")
@click.option("--format", "version", type=click.Choice(_VERSIONS), help="Version of the container; else the newest.")
@click.option("--ngff", type=click.Choice(_NGFF), help="Version of OME-Zarr of images and labels.")
@click.option("--points-layout", type=click.Choice(_POINTS_LAYOUTS), default="sorted", help="Order of the points.")
@click.option(
    "--links",
    type=click.Choice(_LINKS),
    default="copy",
    show_default=True,
    help="Copy elements that lie in other stores, or only say at TARGET, too, where they lie.",
)
@click.option("--overwrite", is_flag=True, help="Replace a store at TARGET.")
@traceback_option
def cp(
    source: str,
    target: str,
    selection: tuple[str, ...],
    system: str | None,
    bbox: tuple[float, float, float, float] | None,
    chunk: int | None,
    shard: int | None,
    version: str | None,
    ngff: Any,
    points_layout: Any,
    links: Any,
    overwrite: bool,
) -> None:
    """Copy the store at SOURCE, or a part of it, to TARGET.

    SOURCE and TARGET are folders, .zarr.zip archives, or addresses such as s3://bucket/cells.zarr. SELECTION are kinds
    (images), names (dapi) or patterns ('rep1_*').
    """
    from spatialdata.sdata import read_zarr
    from spatialdata.store.formats import SpatialDataContainerFormatV01

    if bbox is not None and links == "keep":
        raise click.UsageError("A link is to a whole element, of which --bbox takes a part. Leave --links keep out.")
    try:
        part = _part(read_zarr(source, selection=selection or None, lazy=True), system, bbox)
        part.write(
            target,
            overwrite=overwrite,
            sdata_formats=SpatialDataContainerFormatV01() if version == _VERSIONS[0] else None,
            raster_chunks=None if chunk is None else {"y": chunk, "x": chunk},
            raster_shards=None if shard is None else {"y": shard, "x": shard},
            ngff=ngff,
            points_layout=points_layout,
            links=links,
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _part(sdata: SpatialData, system: str | None, box: tuple[float, float, float, float] | None) -> SpatialData:
    if system is not None:
        if system not in sdata.coordinate_systems:
            raise click.ClickException(unknown_name("coordinate system", system, sdata.coordinate_systems))
        sdata = sdata.filter_by_coordinate_system(system)
    if box is None:
        return sdata
    part = sdata.query.bounding_box(
        axes=("x", "y"),
        min_coordinate=list(box[:2]),
        max_coordinate=list(box[2:]),
        target_coordinate_system=system or "global",
    )
    if not part.elements_paths_in_memory():
        raise click.ClickException(f"Nothing lies in the box {box} of {system or 'global'!r}; nothing was written.")
    return part
