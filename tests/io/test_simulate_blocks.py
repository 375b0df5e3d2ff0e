"""Work is done in blocks, to bound the memory; how large they are changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from spatialdata_io.simulate import Frame, molecules, ome_tiff, readout, simulate_tissue, stain, visium
from spatialdata_io.simulate.raster import rasterise
from spatialdata_io.simulate.readout import read_out
from spatialdata_io.simulate.version import XoaVersion


def by_hand(image: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels, rounded half up."""
    rows, columns = (size // 2 for size in image.shape[:2])
    cut = image[: 2 * rows, : 2 * columns].astype(float)
    blocks = cut.reshape(rows, 2, columns, 2, *image.shape[2:])
    return np.floor(blocks.mean(axis=(1, 3)) + 0.5).astype(image.dtype)


@pytest.mark.parametrize("rows_at_once", [1, 3, 512])
@pytest.mark.parametrize("shape", [(7, 9), (8, 6, 3), (1, 5)])
def test_halving(monkeypatch, shape, rows_at_once) -> None:
    monkeypatch.setattr(ome_tiff, "_ROWS_AT_ONCE", rows_at_once)
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(ome_tiff.halve(image), by_hand(image))


@pytest.mark.parametrize("rows_at_once", [1, 7, 512])
def test_shrinking(monkeypatch, rows_at_once) -> None:
    monkeypatch.setattr(visium, "_ROWS_AT_ONCE", rows_at_once)
    image = np.random.default_rng(0).integers(0, 256, (40, 24, 3), dtype=np.uint8)
    means = image.reshape(10, 4, 6, 4, 3).mean(axis=(1, 3))
    assert np.abs(visium.shrink(image, 0.25) - means).max() <= 0.5 + 1e-3


def test_molecules_and_readouts(monkeypatch) -> None:
    frame, version = Frame(crop=(0, 0, 400, 300)), XoaVersion.parse("3.0.0.15")
    whole = read_out(simulate_tissue("tiny").section(), frame, version)
    monkeypatch.setattr(molecules, "_PLACES_AT_ONCE", 1001)
    monkeypatch.setattr(readout, "_ROWS_AT_ONCE", 777)
    parts = read_out(simulate_tissue("tiny").section(), frame, version)
    np.testing.assert_array_equal(parts.section.molecules.xy, whole.section.molecules.xy)
    np.testing.assert_array_equal(parts.transcripts.nucleus_distance, whole.transcripts.nucleus_distance)
    seen = whole.transcripts
    some = np.flatnonzero((seen.cell >= 0) & whole.cells.has_nucleus[seen.cell])[::200]
    nuclei = shapely.polygons(whole.cells.nucleus[seen.cell[some]])
    expected = shapely.distance(nuclei, shapely.points(seen.x[some], seen.y[some]))
    np.testing.assert_allclose(seen.nucleus_distance[some], expected, atol=1e-4)


def test_bands_of_an_image_join_without_a_seam(monkeypatch) -> None:
    section, frame = simulate_tissue("tiny").section(), Frame(crop=(50, 50, 250, 200), pixel_size=0.5)
    whole = stain.haematoxylin_eosin(section, frame)
    monkeypatch.setattr(stain, "_BAND", 50)
    np.testing.assert_array_equal(stain.haematoxylin_eosin(section, frame), whole)


def test_polygons_are_drawn_alike_in_every_window() -> None:
    polygons = simulate_tissue("tiny").section().cells.boundary
    number = np.arange(1, len(polygons) + 1, dtype=np.uint32)
    whole = rasterise(polygons, number, slice(0, 320), 420)
    parts = [rasterise(polygons, number, slice(start, min(start + 37, 320)), 420) for start in range(0, 320, 37)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
