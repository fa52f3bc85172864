"""How a raster is drawn: its bands, its colour map and the values that the map spans."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from rio_tiler.colormap import cmap
from rio_tiler.models import ImageData

from spatial.errors import Invalid
from spatial.raster import Edition, Raster

TERRAIN_RGB = "terrain-rgb"
HILLSHADE = "hillshade"
FORMATS = {"png": "image/png", "webp": "image/webp"}
PARAMETERS = frozenset(("colormap", "rescale", "properties"))
_HEIGHTS, _OTHERS, _LIGHT = "terrain", "viridis", "gray"
_STOPS = 9
_RAMP = (256, 24)


@dataclass(frozen=True, slots=True)
class Look:
    """Bands (from 0), colour map, and the values at the two ends of it.

    Three bands are red, green and blue, and have no map; of a hillshade the values are its light.
    """

    bands: tuple[int, ...]
    colormap: str | None
    low: float
    high: float


def look_of(raster: Raster, edition: Edition, query: Mapping[str, str]) -> Look:
    """What a request asks for, else the raster's style, else what suits its values.

    Raises Invalid for a band or a colour map that is not there.
    """
    bands = bands_of(edition, query.get("properties"))
    picture = edition.profile["dtype"] == "uint8" and len(edition.bands) >= 3
    if picture and "colormap" not in query and "properties" not in query:
        return Look((0, 1, 2), None, 0, 255)
    first = edition.bands[bands[0]]
    suits = _HEIGHTS if raster.vertical_datum else _OTHERS
    name = query.get("colormap") or raster.style.get("colormap") or suits
    if name == HILLSHADE:
        return Look(bands[:1], name, 0, 255)
    if name != TERRAIN_RGB and name not in cmap.list():
        raise Invalid(
            f"there is no colour map '{name}': try viridis, terrain, blues, hillshade or"
            " terrain-rgb"
        )
    low, high = _range(query.get("rescale")) or raster.style.get("rescale") or (None, None)
    low = first.minimum if low is None else low
    high = first.maximum if high is None else high
    low = 0.0 if low is None else float(low)
    return Look(bands[:1], name, low, float(high) if high is not None and high > low else low + 1)


def bands_of(edition: Edition, text: str | None) -> tuple[int, ...]:
    """Numbers, from 0, of the bands named in a list; all without one. Raises Invalid."""
    names = [band.name for band in edition.bands]
    if not text:
        return tuple(range(len(names)))
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in names]
    if unknown or not wanted:
        raise Invalid(f"there is no band '{(unknown or [text])[0]}': {', '.join(names)} are")
    return tuple(names.index(name) for name in dict.fromkeys(wanted))


def _range(text: str | None) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise Invalid(f"rescale is two numbers, low,high, not '{text}'") from None
    if not (isfinite(low) and isfinite(high) and low < high):
        raise Invalid("rescale goes from a number to a larger one")
    return low, high


def image(cells: Any, look: Look, form: str) -> bytes:
    """Cells (band, row, column) as a picture; those without a value are clear."""
    if look.colormap == TERRAIN_RGB:
        return bytes(ImageData(_terrain(cells[0])).render(add_mask=False, img_format=form))
    floats = np.ma.array(cells, dtype=np.float32)
    drawn = ImageData(floats).rescale(((look.low, look.high),))
    name = _LIGHT if look.colormap == HILLSHADE else look.colormap
    colours = cmap.get(name) if name else None
    return bytes(drawn.render(img_format=form, colormap=colours))


def _terrain(heights: Any) -> np.ma.MaskedArray[Any, Any]:
    """Heights in metres as red, green, blue: -10000 + 0.1 (65536 r + 256 g + b).

    Mapbox's coding, as MapLibre's raster-dem reads it; it knows no gaps, so they are at 0 m.
    """
    metres = np.ma.filled(np.ma.array(heights, dtype=np.float64), 0.0)
    code = np.clip(np.rint((metres + 10_000) * 10), 0, 2**24 - 1).astype(np.uint32)
    return np.ma.array(np.stack([code >> 16, code >> 8 & 255, code & 255]).astype(np.uint8))


def legend(raster: Raster, edition: Edition, look: Look) -> dict[str, Any]:
    """The legend as a document: the values along the colour map, each with its colour."""
    band = edition.bands[look.bands[0]]
    stops = []
    if look.colormap not in (None, TERRAIN_RGB, HILLSHADE):
        colours: Any = cmap.get(look.colormap)
        for at in np.linspace(0, 255, _STOPS):
            r, g, b, _ = colours[int(at)]
            value = look.low + (look.high - look.low) * at / 255
            stops.append({"value": round(float(value), 6), "color": f"#{r:02x}{g:02x}{b:02x}"})
    return {
        "raster": raster.name,
        "title": {"zh": raster.title("zh"), "en": raster.title("en")},
        "band": band.name,
        "unit": band.unit,
        "colormap": look.colormap,
        "minimum": look.low,
        "maximum": look.high,
        "stops": stops,
    }


def ramp(look: Look) -> bytes:
    """The colour map from low to high as a PNG of 256 by 24 pixels."""
    values = np.linspace(look.low, look.high, _RAMP[0], dtype=np.float32)
    return image(np.ma.array(np.broadcast_to(values, (1, *reversed(_RAMP))).copy()), look, "png")
