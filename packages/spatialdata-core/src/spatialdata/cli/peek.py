"""``spatialdata peek``: what a store holds."""

from __future__ import annotations

import click

from spatialdata.cli.group import traceback_option

__all__ = ["peek"]

_KINDS = ("images", "labels", "points", "shapes", "table", "tables")


@click.command()
@click.argument("path")
@click.argument("kinds", nargs=-1, metavar="[images|labels|points|shapes|table]...", type=click.Choice(_KINDS))
@traceback_option
def peek(path: str, kinds: tuple[str, ...]) -> None:
    """Show what the store at PATH holds, or only the kinds of elements that are named.

    PATH is a folder, or the address of a remote store. Only metadata are read.
    """
    from spatialdata.sdata import read_zarr

    selection = tuple(dict.fromkeys("tables" if kind == "table" else kind for kind in kinds))
    click.echo(repr(read_zarr(path, selection=selection or None)))
