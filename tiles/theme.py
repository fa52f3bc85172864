"""Themes: one style in other colours, by lightness and chroma as the eye has them (OKLab)."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

type Line = tuple[float, float]

_HEX = re.compile("#[0-9a-f]{6}")
# B. Ottosson, A perceptual color space for image processing, 2020: linear sRGB to cone responses,
# and their cube roots to lightness and two opponent colours
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB, _FROM_CONES = np.linalg.inv(_LAB), np.linalg.inv(_CONES)


@dataclass(frozen=True, slots=True)
class Theme:
    """What becomes of a colour: lightness L, 0 to 1, turns into a + b L; chroma is scaled.

    The colour of words has a line of its own, so that they stay readable on their ground.
    tint: what is added to the two opponents, green to red and blue to yellow.
    """

    ground: Line
    words: Line
    chroma: float
    tint: Line = (0, 0)

    def recoloured(self, node: Any, line: Line | None = None) -> Any:
        """A copy of a style, or of a part of one, with every colour in it turned."""
        if isinstance(node, dict):
            return {
                key: self.recoloured(value, self.words if key == "text-color" else line)
                for key, value in node.items()
            }
        if isinstance(node, list):
            return [self.recoloured(value, line) for value in node]
        if isinstance(node, str) and _HEX.fullmatch(node):
            return self._turned(node, line or self.ground)
        return node

    def _turned(self, colour: str, line: Line) -> str:
        lightness, *opponents = to_oklab(colour)
        turned = (
            self.chroma * value + shift for value, shift in zip(opponents, self.tint, strict=True)
        )
        return from_oklab(line[0] + line[1] * lightness, *turned)


THEMES = {
    "light": Theme(ground=(0.45, 0.55), words=(0, 1), chroma=0.5),
    "dark": Theme(ground=(1.06, -0.88), words=(0.98, -0.25), chroma=0.5, tint=(-0.006, -0.02)),
}


def to_oklab(colour: str) -> tuple[float, float, float]:
    """Lightness and the two opponents of #rrggbb."""
    value = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    lightness, a, b = _LAB @ np.cbrt(_CONES @ linear)
    return float(lightness), float(a), float(b)


def from_oklab(lightness: float, a: float, b: float) -> str:
    """#rrggbb of a lightness and two opponents; what no screen can show is cut off."""
    linear = np.clip(_FROM_CONES @ (_FROM_LAB @ [lightness, a, b]) ** 3, 0, 1)
    value = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * part):02x}" for part in value)
