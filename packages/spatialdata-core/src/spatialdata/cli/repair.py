"""``spatialdata repair``: put a store in order after a crash."""

from __future__ import annotations

import click

from spatialdata.cli.group import traceback_option

__all__ = ["repair"]


@click.command()
@click.argument("path")
@traceback_option
def repair(path: str) -> None:
    """Finish or sweep interrupted writes of the store at PATH, and write its consolidated metadata anew.

    No element is changed or removed.
    """
    from spatialdata.store.repair import repair_store

    for line in repair_store(path):
        click.echo(line)
