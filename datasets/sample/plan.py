"""The city's plan: where its centres, lake, hills and growth lie, in metres from the south-west.

Everything is drawn in a plain plane first and bent by `Field.warp`, so that no line stays straight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]

CRS = "EPSG:4549"
DATUM = "EPSG:5737"
ORIGIN = (520_000.0, 3_480_000.0)
WIDTH, HEIGHT = 16_000.0, 12_000.0
GRID = 0.01
TODAY = 2026.0

OLD_TOWN = (7_700.0, 6_600.0)
NEW_TOWN = (8_700.0, 2_700.0)
PARK = (13_100.0, 6_978.0)  # on the eastern radial
MOAT_RADIUS = 1_000.0

# x, y, half axes, turn in degrees, height in metres
HILLS = (
    (1_700.0, 7_700.0, 1_350.0, 850.0, 25.0, 118.0),
    (3_500.0, 6_150.0, 800.0, 480.0, -35.0, 64.0),
    (1_300.0, 9_600.0, 560.0, 400.0, 10.0, 38.0),
    (2_950.0, 4_800.0, 620.0, 330.0, -20.0, 46.0),
)


@dataclass(frozen=True)
class Waves:
    """A smooth random field: a sum of plane waves, about N(0, 1) everywhere."""

    kx: Floats
    ky: Floats
    phase: Floats

    @classmethod
    def of(cls, seed: list[int], shortest: float, longest: float, count: int = 14) -> "Waves":
        rng = np.random.default_rng(seed)
        k = 2 * np.pi / np.geomspace(shortest, longest, count)
        turn = rng.uniform(0, 2 * np.pi, count)
        return cls(k * np.cos(turn), k * np.sin(turn), rng.uniform(0, 2 * np.pi, count))

    def __call__(self, x: Floats, y: Floats) -> Floats:
        total = np.zeros(np.shape(x))
        for kx, ky, phase in zip(self.kx, self.ky, self.phase, strict=True):
            total += np.cos(kx * x + ky * y + phase)
        total *= np.sqrt(2 / len(self.phase))
        return total


@dataclass(frozen=True)
class Field:
    """The seeded fields that every other part of the city reads."""

    east: Waves
    north: Waves
    growth: Waves
    patches: Waves
    meander: Waves
    relief: Waves

    @classmethod
    def of(cls, seed: int) -> "Field":
        return cls(
            east=Waves.of([seed, 1], 3_500, 9_000, 6),
            north=Waves.of([seed, 2], 3_500, 9_000, 6),
            growth=Waves.of([seed, 3], 1_400, 6_000, 10),
            patches=Waves.of([seed, 4], 500, 2_000, 12),
            meander=Waves.of([seed, 5], 900, 4_000, 8),
            relief=Waves.of([seed, 6], 350, 2_500, 14),
        )

    def warp(self, points: Floats, amount: float = 95.0) -> Floats:
        """Bend points (n, 2) of the plain plane into the city's."""
        x, y = points[:, 0], points[:, 1]
        return np.column_stack([x + amount * self.east(x, y), y + amount * self.north(x, y)])

    def curve(
        self, points: Sequence[tuple[float, float]], step: float = 60.0
    ) -> shapely.LineString:
        """A densified, warped line through `points`, its corners rounded."""
        line = smooth(shapely.LineString(points)) if len(points) > 2 else shapely.LineString(points)
        line = shapely.segmentize(line, step)
        return shapely.transform(line, self.warp)


def smooth(line: shapely.LineString, rounds: int = 3) -> shapely.LineString:
    """Chaikin's corner cutting; the end points stay."""
    points = shapely.get_coordinates(line)
    for _ in range(rounds):
        a, b = points[:-1], points[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = np.vstack([points[:1], cut, points[-1:]])
    return shapely.LineString(points)


def blob(
    x: float,
    y: float,
    rx: float,
    ry: float,
    turn: float,
    seed: list[int],
    rough: float = 0.12,
    top: int = 12,
) -> shapely.Polygon:
    """A star-shaped outline around (x, y) with a wavering radius."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 16 * top + 1)[:-1]
    orders = np.arange(2, top)
    size = rough / orders**0.8
    phase = rng.uniform(0, 2 * np.pi, len(orders))
    radius = 1 + (size * np.cos(np.outer(angle, orders) + phase)).sum(axis=1)
    u, v = rx * radius * np.cos(angle), ry * radius * np.sin(angle)
    t = np.radians(turn)
    ring = np.column_stack([x + u * np.cos(t) - v * np.sin(t), y + u * np.sin(t) + v * np.cos(t)])
    return shapely.Polygon(ring)


def hill_outlines(seed: int) -> list[shapely.Polygon]:
    """The foot of each hill."""
    return [blob(*hill[:5], [seed, 20, i]) for i, hill in enumerate(HILLS)]


@cache
def city_outline(seed: int) -> shapely.Polygon:
    """The city's boundary: the frame of the plan, made organic."""
    rng = np.random.default_rng([seed, 10])
    angle = np.linspace(0, 2 * np.pi, 241)[:-1]
    radius = 1 / (np.abs(np.cos(angle)) ** 7 + np.abs(np.sin(angle)) ** 7) ** (1 / 7)
    orders = np.arange(3, 17)
    phase = rng.uniform(0, 2 * np.pi, len(orders))
    radius *= 0.955 + (0.028 / orders**0.35 * np.cos(np.outer(angle, orders) + phase)).sum(axis=1)
    x = WIDTH / 2 * (1 + radius * np.cos(angle))
    y = HEIGHT / 2 * (1 + radius * np.sin(angle))
    return shapely.Polygon(np.column_stack([x, y]))


def lake_shore(seed: int) -> shapely.Polygon:
    """The lake with its bays and points, reaching beyond the city's boundary."""
    return blob(900.0, 600.0, 4_500.0, 4_100.0, 18.0, [seed, 11], rough=0.17, top=34)


def development(x: Floats, y: Floats, arterial_distance: Floats, field: Field) -> Floats:
    """The year in which each place is built up: rings around three centres, early along roads."""
    reach = 450.0 * np.exp(-arterial_distance / 260.0)
    old = 2000.0 + (np.hypot(x - OLD_TOWN[0], (y - OLD_TOWN[1]) * 1.1) - reach - 2_050.0) / 88.0
    new = 2004.0 + (np.hypot((x - NEW_TOWN[0]) * 0.85, y - NEW_TOWN[1]) - reach) / 118.0
    park = 1997.0 + (np.hypot((x - PARK[0]) * 0.95, (y - PARK[1]) * 1.1) - reach) / 78.0
    return np.minimum(np.minimum(old, new), park) + 2.2 * field.growth(x, y)
