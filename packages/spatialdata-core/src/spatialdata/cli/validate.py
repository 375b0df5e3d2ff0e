"""``spatialdata validate``: everything that is wrong with a store."""

from __future__ import annotations

import click

from spatialdata.cli.group import traceback_option

__all__ = ["validate"]


@click.command()
@click.argument("path")
@click.option("--deep", is_flag=True, help="Check elements by their models and read all of their data.")
@traceback_option
@click.pass_context
def validate(context: click.Context, path: str, deep: bool) -> None:
    """Report every fault of the store at PATH with its place. The exit code is 1 if there is any."""
    from spatialdata.store.validate import validate_store

    faults = validate_store(path, deep=deep)
    for fault in faults:
        click.echo(str(fault))
    if faults:
        context.exit(1)
    click.echo(f"{path} is valid.")
