"""GCJ-02 and BD-09, the shifted longitudes and latitudes of China's web maps, made true.

The formulas are those that map services publish for drawing on their maps; they are exact here
within a millimetre of each other's inverse.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]

_A, _E2 = 6378245.0, 0.00669342162296594323  # Krasovsky 1940
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_ROUNDS = 12  # each gains three digits
_X_PI = np.pi * 3000 / 180


def to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 of WGS 84 degrees; outside of China the same."""
    x, y = lon - 105, lat - 35
    wave = (np.sin(6 * np.pi * x) + np.sin(2 * np.pi * x)) * 40 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + wave
    north += (np.sin(np.pi * y) + 2 * np.sin(np.pi * y / 3)) * 40 / 3
    north += (np.sin(np.pi * y / 12) + 2 * np.sin(np.pi * y / 30)) * 320 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + wave
    east += (np.sin(np.pi * x) + 2 * np.sin(np.pi * x / 3)) * 40 / 3
    east += (np.sin(np.pi * x / 12) + 2 * np.sin(np.pi * x / 30)) * 100
    rad = np.radians(lat)
    magic = 1 - _E2 * np.sin(rad) ** 2
    north = np.degrees(north / (_A * (1 - _E2) / magic**1.5))
    east = np.degrees(east / (_A / np.sqrt(magic) * np.cos(rad)))
    inside = (lon > _WEST) & (lon < _EAST) & (lat > _SOUTH) & (lat < _NORTH)
    return lon + np.where(inside, east, 0), lat + np.where(inside, north, 0)


def to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """BD-09 of WGS 84 degrees."""
    return _gcj02_to_bd09(*to_gcj02(lon, lat))


def _gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _X_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _X_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _inverse(shift: Shift) -> Shift:
    """What a shift came from: the guess is mended by what it misses, until nothing is left."""

    def unshift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        x, y = np.array(lon, float), np.array(lat, float)
        for _ in range(_ROUNDS):
            far_x, far_y = shift(x, y)
            x, y = x - (far_x - lon), y - (far_y - lat)
        return x, y

    return unshift


from_gcj02, from_bd09 = _inverse(to_gcj02), _inverse(to_bd09)

FROM = {"gcj02": from_gcj02, "bd09": from_bd09}
TO = {"gcj02": to_gcj02, "bd09": to_bd09}
NAMES = {"gcj-02": "gcj02", "bd-09": "bd09", "bd09ll": "bd09"}


def named(text: str) -> str | None:
    """gcj02 or bd09, if a text names one of them."""
    plain = text.strip().lower()
    plain = NAMES.get(plain, plain)
    return plain if plain in FROM else None
