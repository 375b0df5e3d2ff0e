"""The command ``spatialdata``.

Other packages add commands through the entry point group ``spatialdata.commands``; each entry is a
:class:`click.Command` under the name that it has on the command line.
"""

from __future__ import annotations

import click

from spatialdata.cli.group import CommandGroup, traceback_option

__all__ = ["main"]


@click.group(
    cls=CommandGroup,
    own={
        "concat": "spatialdata.cli.concat:concat",
        "cp": "spatialdata.cli.cp:cp",
        "demo": "spatialdata.cli.demo:demo",
        "diff": "spatialdata.cli.diff:diff",
        "ls": "spatialdata.cli.ls:ls",
        "peek": "spatialdata.cli.peek:peek",
        "repair": "spatialdata.cli.repair:repair",
        "upgrade": "spatialdata.cli.upgrade:upgrade",
        "validate": "spatialdata.cli.validate:validate",
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="spatialdata", prog_name="spatialdata")
@traceback_option
def main() -> None:
    """Images, labels, points, shapes and tables of spatial omics."""
