"""``spatialdata concat``: several stores in one."""

from __future__ import annotations

from pathlib import Path

import click

from spatialdata.cli.group import traceback_option

__all__ = ["concat"]


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--output", "-o", required=True, help="The store to write.")
@click.option("--rename", is_flag=True, help="Add the name of its store to the name of each element.")
@click.option("--overwrite", is_flag=True, help="Replace a store at the output.")
@traceback_option
def concat(sources: tuple[str, ...], output: str, rename: bool, overwrite: bool) -> None:
    """Put the elements of several stores into one. The sources are not changed."""
    from spatialdata.ops.concatenate import concatenate
    from spatialdata.sdata import read_zarr

    try:
        opened = [read_zarr(source, lazy=True) for source in sources]
        names = [Path(source.rstrip("/")).name.split(".")[0] for source in sources]
        if rename and len(set(names)) < len(names):
            raise click.UsageError(f"--rename needs stores of different names. Found {', '.join(names)}.")
        whole = concatenate(dict(zip(names, opened, strict=True)) if rename else opened)
        whole.write(output, overwrite=overwrite)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        # To Python, the message of a KeyError is the key.
        hint = "" if rename else " On the command line, --rename does."
        raise click.ClickException(f"{error.args[0]}{hint}") from error
