"""The fonts that letters come from: Noto Sans beside this file, the system's own for Chinese.

Noto Sans (SIL Open Font License 1.1, fonts/OFL.txt) is cut to Latin, Greek and Cyrillic letters.
"""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from threading import Lock
from typing import Any, override

import numpy as np
import numpy.typing as npt
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTCollection, TTFont

from spatial.errors import NotFound

type Segments = npt.NDArray[np.float64]

SHIPPED = {
    "Noto Sans Regular": "NotoSans-Regular.woff",
    "Noto Sans Bold": "NotoSans-Bold.woff",
    "Noto Sans Italic": "NotoSans-Italic.woff",
}
# free fonts only: a letter that is served is handed on
_IDEOGRAPHS = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc",
)  # fmt: skip
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_CURVE = np.linspace(0, 1, 9)[1:, None]


class Face:
    """A font file: which characters it has, and their outlines. Not for two threads at once."""

    def __init__(self, font: TTFont, em: float) -> None:
        self._glyphs = font.getGlyphSet()
        self._names: dict[int, str] = font.getBestCmap()
        self._scale: float = em / font["head"].unitsPerEm

    def __contains__(self, code: int) -> bool:
        return code in self._names

    def advance(self, code: int) -> float:
        """How far the next letter is, in pixels."""
        return float(self._glyphs[self._names[code]].width) * self._scale

    def outline(self, code: int) -> Segments:
        """The closed outline as straight pieces, (n, 4): x, y, x, y in pixels, y up."""
        pen = _Flat(self._glyphs)
        self._glyphs[self._names[code]].draw(pen)
        pieces: Segments = np.array(pen.pieces, float).reshape(-1, 4) * self._scale
        return pieces


class _Flat(BasePen):  # type: ignore[misc]
    """Draws an outline as straight pieces."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.pieces: list[tuple[float, float, float, float]] = []
        self._start = self._at = (0.0, 0.0)

    @override
    def _moveTo(self, pt: tuple[float, float]) -> None:
        self._start = self._at = pt

    @override
    def _lineTo(self, pt: tuple[float, float]) -> None:
        self.pieces.append((*self._at, *pt))
        self._at = pt

    @override
    def _curveToOne(self, *points: tuple[float, float]) -> None:
        a, b, c, d = np.array([self._at, *points])
        t = _CURVE
        curve = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
        for x, y in curve.tolist():
            self._lineTo((x, y))

    @override
    def _closePath(self) -> None:
        if self._at != self._start:
            self._lineTo(self._start)


DRAWING = Lock()
"""Held while a face is read: font files are shared and have one reading position."""


@cache
def shipped(name: str, em: float) -> Face:
    """A font of ours, `em` pixels high; raises NotFound for another."""
    if name not in SHIPPED:
        raise NotFound(f"there is no font '{name}': there are {', '.join(SHIPPED)}")
    with as_file(files("tiles").joinpath("fonts", SHIPPED[name])) as path:
        return Face(TTFont(path), em)


@cache
def ideographs(bold: bool, em: float) -> Face | None:
    """The system's face for Chinese, if it has one."""
    there = {path.name: path for folder in FOLDERS for path in folder.rglob("*.[ot]t[cf]")}
    heavy = [name.replace("Regular", "Bold") for name in _IDEOGRAPHS if bold]
    found = next((there[name] for name in [*heavy, *_IDEOGRAPHS] if name in there), None)
    return None if found is None else Face(_open(found), em)


def _open(path: Path) -> TTFont:
    """A font; of a collection the one for simplified Chinese, else the first."""
    if path.suffix != ".ttc":
        return TTFont(path, lazy=True)
    with TTCollection(path, lazy=True) as several:
        titles = [font["name"].getDebugName(1) or "" for font in several]
    chosen = next((at for at, title in enumerate(titles) if title.endswith(" SC")), 0)
    return TTFont(path, fontNumber=chosen, lazy=True)
