"""The console script ``napari-spatialdata``."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["main"]

_STORE = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="napari-spatialdata")
def main() -> None:
    """Browse SpatialData in napari."""


@main.command()
@click.argument("paths", nargs=-1, required=True, type=_STORE)
@click.option("--coordinate-system", help="The coordinate system to show. By default 'global', or the first.")
@click.option("--show", multiple=True, metavar="ELEMENT", help="Add this element as a layer; may be repeated.")
@click.option("--screenshot", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Save a picture.")
@click.option("--headless", is_flag=True, help="Return at once instead of waiting until the window is closed.")
def view(
    paths: tuple[Path, ...],
    coordinate_system: str | None,
    show: tuple[str, ...],
    screenshot: Path | None,
    headless: bool,
) -> None:
    """Open the stores at PATHS in one viewer."""
    from napari_spatialdata.interactive import Interactive
    from spatialdata import read_zarr
    from spatialdata.errors import SpatialDataError

    try:
        interactive = Interactive([read_zarr(path) for path in paths], headless=True)
        if coordinate_system is not None:
            interactive.switch_coordinate_system(coordinate_system)
        for element in show:
            interactive.add_element(element, interactive.session.coordinate_system or "global")
    except SpatialDataError as error:
        raise click.ClickException(str(error)) from error
    if screenshot is not None:
        _save(interactive, screenshot)
    if not headless:
        interactive.run()


def _save(interactive: object, path: Path) -> None:
    from napari.utils.io import imsave
    from qtpy.QtWidgets import QApplication

    from napari_spatialdata.interactive import Interactive

    if isinstance(interactive, Interactive):
        for _ in range(5):
            QApplication.processEvents()
        imsave(str(path), interactive.screenshot())
