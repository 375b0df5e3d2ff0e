"""``spatialdata ls``: the elements of a store, for people and for programs."""

from __future__ import annotations

import json
from typing import Any

import click

from spatialdata.cli.group import traceback_option

__all__ = ["ls"]


@click.command()
@click.argument("path")
@click.argument("selection", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--bytes", "space", is_flag=True, help="Tell the space that each element takes; its files are listed.")
@traceback_option
def ls(path: str, selection: tuple[str, ...], as_json: bool, space: bool) -> None:
    """List what the store at PATH holds: kinds, shapes, coordinate systems, and what the tables annotate.

    SELECTION are kinds (images), names (dapi) or patterns ('rep1_*'). PATH is a folder, a .zarr.zip, or an address.
    Only metadata are read.
    """
    from spatialdata.store.outline import outline
    from spatialdata.store.store import Store

    found = outline(Store.open(path), selection, space=space)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    click.echo(f"{found['path']} (container {found['version']})")
    for element in found["elements"]:
        click.echo(_line(element))


def _line(element: dict[str, Any]) -> str:
    line = f"  {element['kind']}/{element['name']}: "
    if element.get("bytes") is not None:
        line += f"{element['bytes']:,} bytes, "
    if "error" in element:
        return f"{line}cannot be read. {element['error']}"
    line += element["summary"]
    if "coordinate_systems" in element:
        return f"{line}, in {', '.join(element['coordinate_systems']) or 'no coordinate system'}"
    return f"{line}, annotates {', '.join(element['annotates'])}" if element["annotates"] else line
