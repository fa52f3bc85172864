"""Ranges of 256 characters as signed distance fields: what MapLibre draws its labels from.

The format is that of sdf-glyph-foundry and fontnik: at 24 pixels an em, with 3 pixels around a
letter, 191 on its outline and 32 more for every pixel inwards.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from spatial.errors import NotFound
from tiles.faces import DRAWING, Segments, ideographs, shipped

MIMETYPE = "application/x-protobuf"
RANGE = 256
EM, BORDER, RADIUS, CUTOFF = 24.0, 3, 8.0, 0.25
# where MapLibre stands the ideographs that it draws itself, so that both share a line
_BASELINE = 27
_SYMBOLS, _LAST = 0x2000, 0x10FFFF


@lru_cache(maxsize=128)
def glyphs(stack: str, start: int) -> bytes:
    """The characters start to start + 255 of a font, or of the first that has each of several.

    stack: names with commas between. Characters that no font has are left out. Raises NotFound
    for an unknown font, or a start that no range has.
    """
    if start % RANGE or not 0 <= start <= _LAST:
        raise NotFound(f"there is no range from {start}: ranges start at multiples of {RANGE}")
    with DRAWING:
        letters = b"".join(_letters([name.strip() for name in stack.split(",")], start))
    label = f"{start}-{start + RANGE - 1}"
    return _bytes(1, _bytes(1, stack.encode()) + _bytes(2, label.encode()) + letters)


def _letters(names: Sequence[str], start: int) -> Iterator[bytes]:
    fonts = [shipped(name, EM) for name in dict.fromkeys(names)]
    # a large file, opened only for what is beyond the alphabets
    if start >= _SYMBOLS and (more := ideographs("Bold" in names[0], EM)):
        fonts.append(more)
    for code in range(start, start + RANGE):
        face = next((one for one in fonts if code in one), None)
        if face is not None:
            yield _bytes(3, _letter(code, face.outline(code), face.advance(code)))


def _letter(code: int, outline: Segments, advance: float) -> bytes:
    """A message of the format: id, bitmap, width, height, left, top, advance."""
    body = _number(1, code)
    if not len(outline):
        width = height = left = top = 0
    else:
        west, south = np.floor(outline.reshape(-1, 2).min(axis=0)).astype(int)
        east, north = np.ceil(outline.reshape(-1, 2).max(axis=0)).astype(int)
        width, height, left, top = east - west, north - south, west, north - _BASELINE
        x = np.arange(west - BORDER, east + BORDER) + 0.5
        y = np.arange(north + BORDER, south - BORDER, -1) - 0.5
        distance = signed_distance(outline, x, y)
        value = 255 * (1 - CUTOFF - distance / RADIUS)
        body += _bytes(2, np.clip(np.rint(value), 0, 255).astype(np.uint8).tobytes())
    body += _number(3, int(width)) + _number(4, int(height))
    body += _number(5, _zigzag(int(left))) + _number(6, _zigzag(int(top)))
    return body + _number(7, round(advance))


def signed_distance(
    outline: Segments, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Distance from the outline at every (y, x), shape (len(y), len(x)); negative inside.

    Inside is where the outline winds around (the non-zero rule of TrueType and PostScript).
    """
    start, step = outline[:, :2], outline[:, 2:] - outline[:, :2]
    step, start = step[np.any(step != 0, axis=1)], start[np.any(step != 0, axis=1)]
    px = x[None, :, None] - start[:, 0]
    py = y[:, None, None] - start[:, 1]
    dx, dy = step[:, 0], step[:, 1]
    along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0, 1)
    nearest = np.sqrt(((px - along * dx) ** 2 + (py - along * dy) ** 2).min(axis=2))
    left = dx * py - dy * px
    up = (py >= 0) & (py < dy) & (left > 0)
    down = (py < 0) & (py >= dy) & (left < 0)
    winding = up.sum(axis=2) - down.sum(axis=2)
    signed: npt.NDArray[np.float64] = np.where(winding != 0, -nearest, nearest)
    return signed


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)
    return bytes(made)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value
