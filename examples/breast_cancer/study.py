"""The breast-cancer study, step by step.

Run it with ``python examples/breast_cancer/study.py [FOLDER]``. The folder gets the simulated slides and the store.
"""

from __future__ import annotations

import sys
from pathlib import Path

import spatialdata_plot  # noqa: F401  (adds sdata.pl)
from spatialdata import SpatialData, read_zarr
from spatialdata.studies.breast_cancer import (
    Alignment,
    StudyTruth,
    add_cell_types,
    add_regions,
    align_slides,
    compare_fractions,
    compare_genes,
    compare_regions,
    find_common_area,
    label_spots,
    read_landmarks,
    read_slides,
    simulate_input,
    spots_within,
    transfer_subclones,
)


def main(folder: Path) -> None:
    """Simulate, align and compare three slides."""
    # The folders of three instruments, landmarks that a person clicked, and the truth, which only a simulation has.
    inputs = simulate_input(folder / "simulated", size="tiny", seed=0)
    truth = StudyTruth(folder / "simulated" / "truth")

    # One object with the elements of all slides. Each slide still has a coordinate system of its own.
    slides = read_slides(inputs)
    slides = add_cell_types(slides, truth.cell_types())
    print(slides)

    # One store. Images and transcripts stream through memory.
    slides.write(folder / "study.zarr")
    sdata = read_zarr(folder / "study.zarr")

    # One coordinate system: every element of every slide gets a transformation to "aligned", here and in the store.
    alignment = align_slides(sdata, read_landmarks(inputs), truth=truth)
    report_alignment(alignment)

    # Where all three slides can be compared.
    area = find_common_area(sdata)
    spots = spots_within(sdata, area)
    print(f"{len(spots)} spots lie in the {area.area:,.0f} square micrometres that all slides show.")

    # What the cells of each replicate say about the spots.
    fractions = compare_fractions(sdata, spots)
    print(f"Cell types of spots: median r = {fractions.median:.2f} between the replicates.")

    # What the transcripts say, gene by gene.
    genes = compare_genes(sdata, spots)
    print("Genes over the spots, median r:", genes.pearson.median().round(2).to_dict())

    # What is in the regions that a pathologist drew.
    add_regions(sdata, truth.regions, truth.tissue_to_aligned)
    print(compare_regions(sdata, area).fractions["xenium_rep1"].round(2).to_string())

    # From spots to cells.
    add_regions(sdata, truth.subclones, truth.tissue_to_aligned, name="subclones")
    labels = label_spots(spots, sdata.shapes["subclones"])
    print(transfer_subclones(sdata, "xenium_rep1", spots, labels).value_counts().to_string())

    draw_overlay(sdata, folder / "overlay.png")


def report_alignment(alignment: Alignment) -> None:
    """Print how well each slide was aligned."""
    for slide in alignment.slides.values():
        print(
            f"{slide.slide}: turned by {slide.rotation:.2f} degrees, landmarks off by {slide.residual:.2f} um (RMS), "
            f"tissue off by {slide.error:.2f} um at most"
        )


def draw_overlay(sdata: SpatialData, path: Path) -> None:
    """Draw cells of the first replicate and spots on the H&E image of the Visium slide."""
    layers = sdata.pl.render_images("visium_full_image")
    layers = layers.pl.render_shapes(
        "xenium_rep1_cell_boundaries", color="cell_type", table_name="xenium_rep1_table", fill_alpha=0.6
    )
    layers = layers.pl.render_shapes("visium_spots", fill_alpha=0.0, outline_alpha=1.0)
    layers.pl.show(coordinate_systems="aligned", scalebar_dx=1.0, scalebar_units="um", save=path, show=False)


if __name__ == "__main__":
    output = Path(sys.argv[1] if len(sys.argv) > 1 else "breast_cancer")
    output.mkdir(parents=True)
    main(output)
