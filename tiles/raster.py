"""Picture tiles of a raster at one moment: a window read at the tile's detail, coloured."""

from math import cosh, pi
from pathlib import Path

import numpy as np

from datasets.cells import Frame, read
from spatial.crs import WEB_MERCATOR, WORLD
from spatial.digest import digest
from spatial.errors import NotFound
from spatial.raster import Step
from tiles.colours import HILLSHADE, TERRAIN_RGB, Look, image
from tiles.hillshade import hillshade
from tiles.matrix_set import MAX_ZOOM, MIN_ZOOM, WEB_MERCATOR_QUAD

SIDE = 256
RADIUS = WORLD / pi
_RIMMED = SIDE + 2, SIDE + 2
_SMOOTH = None, TERRAIN_RGB, HILLSHADE


def check(z: int, x: int, y: int) -> None:
    """Raise NotFound outside of the matrix."""
    if not MIN_ZOOM <= z <= MAX_ZOOM or not 0 <= x < 1 << z or not 0 <= y < 1 << z:
        raise NotFound(f"there is no tile {z}/{x}/{y}: zooms go to {MAX_ZOOM}")


def picture(
    store: Path, step: Step, zxy: tuple[int, int, int], look: Look, form: str
) -> bytes | None:
    """A WebMercatorQuad tile, 256 pixels a side; None where no cell has a value.

    Measured values are interpolated between cells; whole numbers may be classes and are not.
    """
    frame = Frame(WEB_MERCATOR_QUAD.bounds(*zxy), WEB_MERCATOR, (SIDE, SIDE))
    smooth = "float" in step.edition.profile["dtype"] or look.colormap in _SMOOTH
    if look.colormap == HILLSHADE:
        frame = Frame(WEB_MERCATOR_QUAD.bounds(*zxy, margin=1 / SIDE), WEB_MERCATOR, _RIMMED)
    cells = read(store, step, frame, look.bands, smooth=smooth)
    if cells is None or cells.mask.all():
        return None
    if look.colormap == HILLSHADE:
        cells = np.ma.stack([hillshade(cells[0], _metres(zxy))])
    return image(cells, look, form)


def _metres(zxy: tuple[int, int, int]) -> float:
    """The side of a pixel in metres on the ground, in the middle of a tile."""
    _, south, _, north = WEB_MERCATOR_QUAD.bounds(*zxy)
    return (north - south) / SIDE / cosh((north + south) / 2 / RADIUS)


def etag(step: Step, zxy: tuple[int, int, int], look: Look, form: str) -> str:
    """Equal exactly as long as the tile is: an edition's file never changes."""
    parts = step.edition.id, step.edition.file, step.index, zxy, look, form
    return f'"{digest(repr(parts).encode())[7:31]}"'
