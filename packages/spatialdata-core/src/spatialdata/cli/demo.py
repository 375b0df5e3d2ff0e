"""``spatialdata demo``: the breast-cancer study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from spatialdata.cli.group import traceback_option

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer import StudyInput

__all__ = ["demo"]

_PATH = click.Path(path_type=Path)
_REPLICATES = 2


@click.command()
@click.option("--output", "-o", type=_PATH, default=Path("demo"), show_default=True, help="The folder to write.")
@click.option(
    "--size",
    type=click.Choice(["tiny", "small", "large"]),
    default="small",
    show_default=True,
    help="How much tissue to simulate: seconds, minutes, or a hundred thousand cells.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the simulation.")
@click.option("--xenium", "xenium", type=_PATH, multiple=True, metavar="DIR", help="A Xenium bundle; give it twice.")
@click.option("--visium", type=_PATH, metavar="DIR", help="The Space Ranger output folder.")
@click.option("--visium-image", type=_PATH, metavar="FILE", help="Its full-resolution H&E image.")
@click.option("--landmarks", type=_PATH, metavar="CSV", help="Landmarks: columns landmark, slide, x, y (pixels).")
@click.option("--cell-types", type=_PATH, metavar="CSV", help="Columns slide, cell_id, cell_type; else clustered.")
@click.option("--regions", type=_PATH, metavar="GEOJSON", help="Regions of interest, in um of the first bundle.")
@click.option("--subclones", type=_PATH, metavar="CSV", help="Subclones of the spots: columns barcode, subclone.")
@click.option("--overwrite", is_flag=True, help="Replace the output of an earlier run.")
@traceback_option
def demo(
    output: Path,
    size: str,
    seed: int,
    xenium: tuple[Path, ...],
    visium: Path | None,
    visium_image: Path | None,
    landmarks: Path | None,
    cell_types: Path | None,
    regions: Path | None,
    subclones: Path | None,
    overwrite: bool,
) -> None:
    """Align two Xenium replicates and a Visium slide of a breast tumour, and compare them.

    Without folders, a tumour with known truth is simulated. The slides of the landmarks are called xenium_rep1,
    xenium_rep2 and visium, or like the folders. The output folder gets the store study.zarr, report.html, results.json
    and figures/.
    """
    optional = {
        "visium_image": visium_image,
        "cell_types": cell_types,
        "regions": regions,
        "subclones": subclones,
    }
    inputs = _real_input(xenium, visium, landmarks, optional)
    from spatialdata.studies.breast_cancer import run_study

    results = run_study(output, inputs=inputs, size=size, seed=seed, overwrite=overwrite)
    click.echo(results.to_text())
    click.echo(f"\nReport: {output / 'report.html'}")


def _real_input(
    xenium: tuple[Path, ...], visium: Path | None, landmarks: Path | None, optional: dict[str, Path | None]
) -> StudyInput | None:
    """The folders that were given, or None if the study is to be simulated."""
    if not xenium and visium is None and landmarks is None:
        given = [name for name, path in optional.items() if path is not None]
        if given:
            raise click.UsageError(
                f"--{given[0].replace('_', '-')} describes real slides; give --xenium twice, --visium and --landmarks."
            )
        return None
    if len(xenium) != _REPLICATES or visium is None or landmarks is None:
        found = [
            f"{len(xenium)} x --xenium",
            *(["--visium"] if visium else []),
            *(["--landmarks"] if landmarks else []),
        ]
        raise click.UsageError(
            f"A study of real slides needs --xenium twice, --visium and --landmarks. Found {', '.join(found)}."
        )
    from spatialdata.studies.breast_cancer import StudyInput

    return StudyInput(xenium=(xenium[0], xenium[1]), visium=visium, landmarks=landmarks, **optional)
