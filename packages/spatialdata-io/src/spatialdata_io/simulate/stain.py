"""Images of a section: fluorescence stains and haematoxylin and eosin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata_io.simulate.raster import rasterise, rasterise_shapes

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt

    from spatialdata_io.simulate.cells import Cells
    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.tissue import Section

    Floats = npt.NDArray[np.floating]

STAINS = ("DAPI", "ATP1A1/CD45/E-Cadherin", "18S", "AlphaSMA/Vimentin")
"""The channels of the multimodal stain, in the vendor's order."""

_BAND = 256
_HALO = 8

# Cytoplasm of every cell type in the stains after DAPI.
_BRIGHTNESS = {
    "ATP1A1/CD45/E-Cadherin": (900, 900, 800, 150, 200, 500, 700, 700, 450),
    "18S": (800, 800, 900, 350, 300, 500, 250, 250, 500),
    "AlphaSMA/Vimentin": (60, 60, 90, 800, 500, 1100, 150, 120, 350),
}
# Eosin between the cells, by kind of region.
_EOSIN = {
    "DCIS 1": 0.30,
    "DCIS 2": 0.30,
    "Invasive tumour": 0.42,
    "Immune aggregate": 0.28,
    "Adipose": 0.34,
    "Necrosis": 0.75,
    "Stroma": 0.62,
}
# Eosin and haematoxylin of the cytoplasm, by type of cell.
_CYTOPLASM = (
    (0.55, 0.16),
    (0.50, 0.20),
    (0.55, 0.24),
    (0.60, 0.03),
    (0.55, 0.05),
    (0.62, 0.10),
    (0.25, 0.22),
    (0.25, 0.25),
    (0.45, 0.10),
)
# Absorption of red, green and blue by haematoxylin and by eosin.
_ABSORPTION = ((0.62, 0.78, 0.33), (0.10, 0.72, 0.33))


def fluorescence(section: Section, frame: Frame, stain: str) -> npt.NDArray[np.uint16]:
    """Image ``(y, x)`` of one of ``STAINS`` on the grid of a frame."""
    import numpy as np

    rng = np.random.default_rng([section.tissue.seed, 3, section.seed, STAINS.index(stain)])
    cells = section.cells
    boundary, nucleus = frame.to_px(cells.boundary), frame.to_px(cells.nucleus)
    if stain == "DAPI":
        level = np.where(cells.has_nucleus, rng.lognormal(np.log(900), 0.35, len(cells)), 0.0)
        drawn = nucleus
    else:
        level = np.array(_BRIGHTNESS[stain])[cells.cell_type] * rng.lognormal(0, 0.3, len(cells))
        drawn = boundary
    image = np.empty(frame.shape, dtype=np.uint16)
    outline = [frame_shape(section.tissue.outline, frame)]
    for band, padded in _bands(frame.shape[0]):
        light = _lit(drawn, level, padded, frame.shape[1])
        if stain == "ATP1A1/CD45/E-Cadherin":
            middle = boundary.mean(axis=1, keepdims=True)
            light -= 0.75 * _lit(middle + 0.8 * (boundary - middle), level, padded, frame.shape[1])
        glow = rasterise_shapes(outline, np.array([45.0], dtype=np.float32), padded, frame.shape[1])
        image[band] = _camera(light + glow, band, padded, frame, rng)
    return image


def haematoxylin_eosin(section: Section, frame: Frame) -> npt.NDArray[np.uint8]:
    """Bright-field image ``(y, x, 3)`` on the grid of a frame: nuclei purple, stroma pink, glass near white."""
    import numpy as np

    from spatialdata_io.simulate.noise import Noise

    rng = np.random.default_rng([section.tissue.seed, 4, section.seed])
    rows, columns = frame.shape
    unit = 1 / frame.pixel_size
    grain, fibres, patches = (
        Noise.draw((rows, columns), (max(1.0, y * unit), max(1.0, x * unit)), rng)
        for y, x in ((1.1, 1.1), (2.2, 16.0), (60.0, 60.0))
    )
    look = _Look(section, frame, rng)
    image = np.empty((rows, columns, 3), dtype=np.uint8)
    for band, padded in _bands(rows):
        blue, pink = look.densities(padded, columns)
        texture = grain.window(padded, columns)
        pink *= 1 + 0.16 * texture + 0.22 * fibres.window(padded, columns) + 0.18 * patches.window(padded, columns)
        blue *= 1 + 0.22 * texture
        image[band] = _transmitted(blue, pink, frame.pixel_size)[band.start - padded.start :][: band.stop - band.start]
    return image


class _Look:
    """Everything of a section that takes up dye, in pixels."""

    def __init__(self, section: Section, frame: Frame, rng: np.random.Generator) -> None:
        import numpy as np

        cells: Cells = section.cells
        self.regions = [frame_shape(region.polygon, frame) for region in section.tissue.regions]
        self.eosin = np.array([_EOSIN[region.kind] for region in section.tissue.regions], dtype=np.float32)
        self.fat = frame.to_px(section.tissue.adipocytes)
        self.boundary, self.nucleus = frame.to_px(cells.boundary), frame.to_px(cells.nucleus)
        shade = rng.lognormal(0, 0.16, (len(cells), 1))
        self.cytoplasm = np.array(_CYTOPLASM)[cells.cell_type] * shade
        self.chromatin = np.where(cells.has_nucleus, rng.lognormal(np.log(1.15), 0.22, len(cells)), 0.0)

    def densities(self, rows: slice, columns: int) -> tuple[Floats, Floats]:
        """Haematoxylin and eosin in the window, each float32."""
        import numpy as np

        pink = rasterise_shapes(self.regions, self.eosin, rows, columns)
        blue = np.zeros_like(pink)
        number = np.arange(1, len(self.boundary) + 1, dtype=np.uint32)
        cell = rasterise(self.boundary, number, rows, columns)
        inside = cell > 0
        pink[inside] = self.cytoplasm[cell[inside] - 1, 0]
        blue[inside] = self.cytoplasm[cell[inside] - 1, 1]
        if len(self.fat):
            drop = rasterise(self.fat, np.ones(len(self.fat), dtype=np.uint8), rows, columns) == 1
            pink[drop], blue[drop] = 0.03, 0.0
        nucleus = rasterise(self.nucleus, number, rows, columns)
        inside = nucleus > 0
        blue[inside] += self.chromatin[nucleus[inside] - 1]
        return blue, pink


def frame_shape(shape: object, frame: Frame) -> object:
    """A shapely geometry of the tissue in the pixels of a frame."""
    import shapely

    return shapely.transform(shape, frame.to_px)


def _bands(rows: int) -> Iterable[tuple[slice, slice]]:
    """Bands of rows, each with the rows that blur into it, as slices from 0."""
    from tqdm import tqdm

    starts = range(0, rows, _BAND)
    cut = [(start, min(start + _BAND, rows)) for start in starts]
    pairs = [(slice(a, b), slice(max(0, a - _HALO), min(rows, b + _HALO))) for a, b in cut]
    bands: Iterable[tuple[slice, slice]] = tqdm(
        pairs, desc="Image", leave=False, disable=None if len(pairs) > 8 else True
    )
    return bands


def _lit(polygons: Floats, level: Floats, rows: slice, columns: int) -> Floats:
    import numpy as np

    return rasterise(polygons, level.astype(np.float32), rows, columns)


def _camera(light: Floats, band: slice, padded: slice, frame: Frame, rng: np.random.Generator) -> Floats:
    """Blur, background and noise of a camera; the rows of the band only."""
    import numpy as np
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(light, 0.3 / frame.pixel_size, truncate=3)[band.start - padded.start :]
    seen = blurred[: band.stop - band.start] + 40
    noise = rng.integers(-2, 3, seen.shape, dtype=np.int8)
    counts: Floats = np.clip(seen + noise, 0, 65535)
    return counts


def _transmitted(blue: Floats, pink: Floats, pixel_size: float) -> npt.NDArray[np.uint8]:
    """Light through the dyes by the law of Beer and Lambert, (y, x, 3) uint8."""
    import numpy as np
    from scipy.ndimage import gaussian_filter

    blue, pink = (gaussian_filter(dye, 0.35 / pixel_size, truncate=3) for dye in (blue, pink))
    glass = np.array([243, 242, 244], dtype=np.float32)
    return np.stack(
        [
            (glass[i] * np.exp(-(blue * _ABSORPTION[0][i] + pink * _ABSORPTION[1][i]))).astype(np.uint8)
            for i in range(3)
        ],
        axis=-1,
    )
