"""The command ``spatialdata-io``: recognise, describe and convert the output of instruments.

Exit codes: 0 done, 1 the store cannot be written, 2 wrong usage, 3 the input is not recognised, 4 it cannot be read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from spatialdata.errors import SpatialDataError
from spatialdata_io.detection import describe, detect, read, scan
from spatialdata_io.errors import (
    AmbiguousFormatError,
    OptionError,
    ReaderError,
    UnknownFormatError,
    UnknownReaderError,
)
from spatialdata_io.registry import Match, Option, get_reader, list_readers

__all__ = ["cli", "main"]
_EXIT_CODES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((OptionError, UnknownReaderError), 2),
    ((UnknownFormatError, AmbiguousFormatError), 3),
    ((ReaderError,), 4),
    ((SpatialDataError, OSError), 1),
)


def _json_object(value: Any) -> dict[str, Any]:
    """Read a JSON object from text."""
    if isinstance(value, Mapping):
        return dict(value)
    try:
        parsed = json.loads(value)
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"Invalid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise click.BadParameter(f"Invalid JSON: looked for an object such as '{{\"chunks\": 1024}}', found {value!r}")
    return parsed


def _option_type(option: Option) -> click.ParamType[Any]:
    annotation = option.annotation.replace(" ", "").removesuffix("|None")
    if annotation.startswith("Mapping"):
        return click.types.FuncParamType(_json_object)
    types: dict[str, click.ParamType[Any]] = {"bool": click.BOOL, "int": click.INT, "float": click.FLOAT}
    return types.get(annotation, click.STRING)


def _click_options(option: Option) -> list[click.Option]:
    """Make the command-line form of a reader's option; a switch is ``--x``, ``--x False`` or ``--no-x``."""
    kind = _option_type(option)
    flag = "--" + option.name.replace("_", "-")
    shown: Any = None if isinstance(option.default, Mapping) or option.default is None else option.default
    if kind is not click.BOOL:
        return [
            click.Option(
                [flag, option.name], type=kind, help=option.help, show_default=shown is not None, default=shown
            )
        ]
    switch = click.Option(
        [flag, option.name],
        type=kind,
        is_flag=False,
        flag_value="true",
        default=shown,
        show_default=True,
        help=option.help,
    )
    off = click.Option(["--no-" + flag[2:], f"no_{option.name}"], is_flag=True, help=f"The same as {flag} False.")
    return [switch, off]


def _given(values: Mapping[str, Any], options: Iterable[Option]) -> dict[str, Any]:
    """Collect the options that were given, leaving the rest to the reader's own defaults."""
    given = {}
    for option in options:
        value = False if values.get(f"no_{option.name}") else values[option.name]
        if value is not None:
            given[option.name] = value
    return given


def _reader_command(name: str) -> click.Command:
    reader = get_reader(name)
    options = reader.options()

    def run(input_path: Path, output: Path, overwrite: bool, **values: Any) -> None:
        _convert(input_path, output, name, _given(values, options), overwrite=overwrite)

    parameters: list[click.Parameter] = [
        click.Option(
            ["-i", "--input", "input_path"],
            type=click.Path(path_type=Path),
            required=True,
            help="The output folder of the instrument.",
        ),
        *_output_options(),
        *(one for option in options for one in _click_options(option)),
    ]
    return click.Command(
        name.replace("_", "-"), params=parameters, callback=run, help=f"Convert a {reader.title} to SpatialData Zarr."
    )


def _output_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["-o", "--output"], type=click.Path(path_type=Path), required=True, help="The Zarr store to write."
        ),
        click.Option(["--overwrite"], is_flag=True, help="Replace the store if it is there already."),
    ]


class _Commands(click.Group):
    """The fixed commands, and one per reader."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the fixed commands first."""
        return [*super().list_commands(ctx), *(name.replace("_", "-") for name in list_readers())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a fixed command, or build that of a reader."""
        fixed = super().get_command(ctx, cmd_name)
        by_command = {name.replace("_", "-"): name for name in list_readers()}
        return _reader_command(by_command[cmd_name]) if fixed is None and cmd_name in by_command else fixed


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spatialdata-io")
def cli() -> None:
    """Recognise, describe and convert the output of spatial omics instruments."""


def _convert(path: Path, output: Path, reader: str | None, options: dict[str, Any], *, overwrite: bool) -> None:
    if output.exists() and not overwrite:
        raise click.UsageError(f"{output} exists already. Pass --overwrite to replace it, or choose another -o.")
    sdata = read(path, reader, **options)
    sdata.write(output, overwrite=overwrite)
    click.echo(f"{output}: {', '.join(name for _, name, _ in sdata.gen_elements())}")


def _parsed(reader: str, settings: Iterable[str]) -> dict[str, Any]:
    """Read ``name=value`` settings by the types of the reader's options."""
    known = {option.name: option for option in get_reader(reader).options()}
    parsed: dict[str, Any] = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not sign:
            raise click.UsageError(f"--set {setting} is not name=value.")
        key = name.replace("-", "_")
        parsed[key] = _option_type(known[key]).convert(value, None, None) if key in known else value
    return parsed


_SET = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="An option of the reader; see 'readers NAME'."
)
_READER = click.option("--reader", help="Name of the reader; found out from the files if not given.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_INPUT = click.argument("input_path", metavar="INPUT", type=click.Path(path_type=Path))


def _read_command(
    input_path: Path, output: Path, overwrite: bool, reader: str | None, settings: tuple[str, ...]
) -> None:
    """Convert the output folder INPUT of an instrument to SpatialData Zarr."""
    name = reader or detect(input_path).reader.name
    _convert(input_path, output, name, _parsed(name, settings), overwrite=overwrite)


def _add_read(name: str) -> None:
    command = click.command(name)(_INPUT(_READER(_SET(_read_command))))
    command.params += _output_options()
    cli.add_command(command)


_add_read("read")
_add_read("convert")


def _match_facts(match: Match) -> dict[str, Any]:
    files = {
        part: [path.relative_to(match.root).as_posix() for path in paths]
        for part, paths in match.files.items()
        if paths
    }
    return {
        "reader": match.reader.name,
        "folder": str(match.root),
        "confidence": match.confidence.name.lower(),
        "files": files,
    }


@cli.command("detect")
@_INPUT
@_JSON
def _detect(input_path: Path, as_json: bool) -> None:
    """Say which instrument wrote the folder INPUT."""
    facts = _match_facts(detect(input_path))
    click.echo(
        json.dumps(facts, indent=2) if as_json else f"{facts['reader']}\t{facts['confidence']}\t{facts['folder']}"
    )


@cli.command("scan")
@_INPUT
def _scan(input_path: Path) -> None:
    """List the output folders of instruments under the folder INPUT."""
    for match in scan(input_path):
        click.echo(f"{match.reader.name}\t{match.confidence.name.lower()}\t{match.root}")


@cli.command("describe")
@_INPUT
@_READER
@_SET
@_JSON
def _describe(input_path: Path, reader: str | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Say what reading the folder INPUT would give, from the headers of its files."""
    name = reader or detect(input_path).reader.name
    plan = describe(input_path, name, **_parsed(name, settings))
    if as_json:
        fields = ("name", "kind", "shape", "dtype", "file", "problem")
        elements = [{field: getattr(element, field) for field in fields} for element in plan.elements]
        click.echo(json.dumps({**_match_facts(plan.match), "elements": elements}, indent=2))
    else:
        click.echo(str(plan))
    if plan.problems:
        sys.exit(4)


@cli.command("readers")
@click.argument("name", required=False)
def _readers(name: str | None) -> None:
    """List the readers, or the files and options of the reader NAME."""
    if name is None:
        for reader in list_readers().values():
            click.echo(f"{reader.name:<12} {reader.vendor:<16} {reader.title}")
        return
    reader = get_reader(name)
    click.echo(f"{reader.name}: {reader.title} ({reader.vendor})")
    for part, file in reader.files.items():
        click.echo(f"  {part:<20} {', '.join(file.patterns)}{'  (needed)' if file.anchor else ''}")
    for option in reader.options():
        default = {} if isinstance(option.default, Mapping) else option.default
        click.echo(f"  --set {option.name}={default!r:<12} {option.help}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    try:
        cli.main(args=arguments, prog_name="spatialdata-io")
    except (SpatialDataError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(next(code for kinds, code in _EXIT_CODES if isinstance(error, kinds)))
