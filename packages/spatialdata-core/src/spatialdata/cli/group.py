"""A group of commands that are imported when they are used, and whose errors are one message each."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import click

from spatialdata.errors import SpatialDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import EntryPoint

__all__ = ["ENTRY_POINTS", "CommandGroup", "traceback_option"]

ENTRY_POINTS = "spatialdata.commands"
_TRACEBACK = "spatialdata.traceback"

F = TypeVar("F")


def _remember(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().meta[_TRACEBACK] = True


def traceback_option(command: F) -> F:
    """Give a command the flag ``--traceback``."""
    add: Callable[[Any], F] = click.option(
        "--traceback",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Show where in the code an error arose.",
    )
    return add(command)


class CommandGroup(click.Group):
    """Commands of this package and of others, imported when they are used.

    An error of SpatialData or of the file system ends the program with exit code 1 and one message, without a
    traceback unless ``--traceback`` is given. Wrong usage ends it with exit code 2.

    Parameters
    ----------
    own
        For the name of each own command, ``module:attribute``. Commands of others never replace these.
    *args, **kwargs
        As for :class:`click.Group`.
    """

    def __init__(self, *args: Any, own: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._own = dict(own)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted({*self._own, *_joined(), *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        if cmd_name in self._own:
            module, _, attribute = self._own[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        joined = _joined()
        return _load(joined[cmd_name]) if cmd_name in joined else super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was chosen."""
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                return super().invoke(ctx)
        except (SpatialDataError, OSError) as error:
            if ctx.find_root().meta.get(_TRACEBACK):
                raise
            raise click.ClickException(str(error)) from error


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Say what a warning says, without the line of code that it came from."""
    click.echo(f"Warning: {message}", err=True)


def _joined() -> dict[str, EntryPoint]:
    """The commands of other packages by name; of two with one name the first in the order of packages."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        found.setdefault(entry.name, entry)
    return found


def _load(entry: EntryPoint) -> click.Command:
    try:
        command = entry.load()
    except (ImportError, AttributeError) as error:
        return _unusable(entry, f"{type(error).__name__}: {error}")
    return command if isinstance(command, click.Command) else _unusable(entry, f"{entry.value} is no click command")


def _unusable(entry: EntryPoint, reason: str) -> click.Command:
    """Stand in for a command of another package that cannot be loaded, so that the others still work."""
    package = entry.dist.name if entry.dist else "another package"

    def complain() -> None:
        raise click.ClickException(f"The command {entry.name!r} of {package} cannot be used: {reason}.")

    return click.Command(entry.name, callback=complain, short_help=f"(cannot be used: {reason})")
