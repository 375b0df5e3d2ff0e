"""``spatialdata diff``: what two stores do not have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from spatialdata.cli.group import traceback_option

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData

__all__ = ["diff"]


@click.command()
@click.argument("first")
@click.argument("second")
@traceback_option
@click.pass_context
def diff(context: click.Context, first: str, second: str) -> None:
    """Compare the elements of two stores with all their values. The exit code is 1 if they differ.

    Lines with - are elements that only FIRST has, lines with + those that only SECOND has, lines with ! differ.
    """
    from spatialdata.sdata import read_zarr

    lines = list(_differences(read_zarr(first), read_zarr(second)))
    for line in lines:
        click.echo(line)
    if lines:
        context.exit(1)


def _differences(first: SpatialData, second: SpatialData) -> Iterator[str]:
    from spatialdata.errors import StoreError
    from spatialdata.testing import assert_elements_are_identical

    if first.attrs != second.attrs:
        yield f"! attrs: {first.attrs} and {second.attrs}"
    here, there = first.elements_paths_in_memory(), second.elements_paths_in_memory()
    for path in sorted({*here, *there}):
        if path not in there:
            yield f"- {path}"
        elif path not in here:
            yield f"+ {path}"
        else:
            name = path.partition("/")[2]
            try:
                assert_elements_are_identical(first[name], second[name])
            except (AssertionError, StoreError) as error:
                yield f"! {path}: {str(error).strip().partition(chr(10))[0]}"
