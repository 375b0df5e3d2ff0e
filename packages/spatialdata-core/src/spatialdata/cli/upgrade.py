"""``spatialdata upgrade``: bring a store to the current version of the format."""

from __future__ import annotations

import click

from spatialdata.cli.group import traceback_option

__all__ = ["upgrade"]


@click.command()
@click.argument("path")
@traceback_option
def upgrade(path: str) -> None:
    """Write the store at PATH anew in the current version, in its place and all at once.

    Until the new store is complete, the old one stays as it is.
    """
    from spatialdata.sdata import read_zarr
    from spatialdata.store.formats import CurrentSpatialDataContainerFormat
    from spatialdata.store.store import Store
    from spatialdata.store.versions import CURRENT

    before = Store.open(path).version
    if before == CURRENT.version:
        click.echo(f"{path} has the current version {CURRENT.version} already.")
        return
    current = CurrentSpatialDataContainerFormat()
    read_zarr(path, lazy=True).write(path, overwrite=True, sdata_formats=current, links="keep")
    click.echo(f"{path} was brought from version {before} to {CURRENT.version}.")
