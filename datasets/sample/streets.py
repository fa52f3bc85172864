"""The main streets: expressways, the ring and its radials, the grids of new town and park."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from datasets.sample import plan
from datasets.sample.plan import Field
from datasets.sample.waters import Waters

EVER = -np.inf
CLASSES = ("expressway", "arterial", "collector", "local")


Route = tuple[tuple[float, float], ...]

# year of opening, route
EXPRESSWAYS: tuple[tuple[float, Route], ...] = (
    (2002.8, ((-500, 10_500), (4_000, 10_150), (8_000, 9_850), (11_500, 9_800), (16_500, 9_300))),
    (2007.4, ((11_900, 12_500), (11_750, 9_000), (11_500, 6_200), (11_450, 3_500), (11_700, -500))),
)
# the highways out of the old town: degrees from east, and how far they reach
RADIALS = (
    (4, 9_000), (42, 5_000), (88, 6_000), (133, 7_500),
    (183, 4_300), (222, 5_000), (268, 2_600), (318, 9_000),
)  # fmt: skip
# the old town's two main streets, from its middle
OLD_STREETS: tuple[Route, ...] = (
    ((-1_350, -60), (-300, -20), (400, 20), (1_350, 90)),
    ((-60, -1_350), (-20, -300), (30, 400), (40, 1_350)),
)
COUNTRY_ROADS: tuple[Route, ...] = (
    ((300, 11_300), (5_000, 11_250), (9_500, 11_150), (16_000, 10_700)),
    ((5_000, 12_000), (5_300, 10_000), (5_100, 8_600), (4_750, 7_200)),
    ((2_700, 12_000), (2_900, 10_300), (3_300, 8_700), (3_600, 7_400)),
    ((9_100, 12_000), (9_000, 10_500), (9_150, 9_000)),
    ((400, 8_900), (2_600, 8_650), (5_100, 8_350)),
    ((14_100, 12_000), (14_200, 10_600), (14_350, 9_500)),
    ((11_500, 1_200), (13_600, 1_450), (16_000, 1_000)),
    ((11_500, 3_100), (13_200, 2_550), (16_000, 2_100)),
    ((13_300, 0), (13_500, 2_500), (13_350, 4_900)),
    ((15_100, 0), (15_000, 2_700), (14_900, 4_800)),
)


@dataclass(frozen=True)
class MainStreet:
    """A part of a planned street: class, line, which street it is of, and when it opened.

    opened is NaN where it follows the growth of the city, -inf where it was always there.
    """

    rank: int
    line: BaseGeometry
    street: int
    opened: float


def plan_streets(seed: int, field: Field, waters: Waters) -> list[MainStreet]:
    """The main streets, kept off the lake and the hills, within the city."""
    steep = shapely.union_all([hill.buffer(-70) for hill in plan.hill_outlines(seed)])
    off = shapely.union_all([waters.lake.buffer(70), steep])
    town = shapely.Point(plan.OLD_TOWN)
    streets: list[MainStreet] = []

    def lay(
        rank: int,
        line: BaseGeometry,
        zone: BaseGeometry | None = None,
        opened: float = np.nan,
    ) -> None:
        street = streets[-1].street + 1 if streets else 0
        kept = line.intersection(waters.outline.buffer(60)).difference(off)
        kept = kept.intersection(zone) if zone is not None else kept
        for part in shapely.get_parts(kept):
            if part.length > 250:
                streets.append(MainStreet(rank, part, street, opened))

    for opened, points in EXPRESSWAYS:
        lay(0, field.curve(points), opened=opened)

    town_ring = _around(seed, town, 1_180, 1_080, 15)
    core = shapely.Polygon(town_ring)
    lay(1, town_ring, opened=EVER)
    ring = _around(seed, town, 2_950, 2_350, 16)
    lay(1, ring, opened=2005.7)
    for degrees, stop in RADIALS:
        lay(1, field.curve(_ray(degrees, 700, stop)), waters.outline.difference(core), EVER)
    for points in OLD_STREETS:
        lay(1, field.curve([(town.x + x, town.y + y) for x, y in points]), core, EVER)

    shore = waters.lake.buffer(230).simplify(40).boundary
    lay(1, shore.intersection(shapely.box(3_000, 300, 9_000, 12_000)), opened=2009.3)

    inner = shapely.Polygon(ring).difference(core)
    lay(2, _around(seed, town, 2_050, 1_680, 17), inner)
    for degrees in (22, 64, 110, 155, 200, 245, 292, 340):
        lay(2, field.curve(_ray(degrees, 700, 3_300)), inner)

    for centre, turn, half, spacing, middle in (
        (plan.NEW_TOWN, 6.0, (2_700, 1_950), 900.0, True),
        (plan.PARK, 4.0, (2_350, 2_750), 1_100.0, False),  # its middle street is the eastern radial
    ):
        for rank, line in _grid(centre, turn, half, spacing, middle, field):
            zone = waters.outline.difference(shapely.Polygon(ring))
            lay(rank, line, zone)

    for points in COUNTRY_ROADS:
        lay(2, field.curve(points), opened=EVER)
    return streets


def _ray(degrees: float, start: float, stop: float) -> list[tuple[float, float]]:
    t = np.radians(degrees)
    x, y = plan.OLD_TOWN
    return [(x + r * np.cos(t), y + r * np.sin(t)) for r in (start, stop)]


def _around(
    seed: int, town: shapely.Point, rx: float, ry: float, stream: int
) -> shapely.LineString:
    ring = plan.blob(town.x, town.y, rx, ry, 12, [seed, stream], 0.045)
    return shapely.LineString(shapely.get_coordinates(ring))


def _grid(
    centre: tuple[float, float],
    turn: float,
    half: tuple[float, float],
    spacing: float,
    middle: bool,
    field: Field,
) -> list[tuple[int, shapely.LineString]]:
    """Arterials every `spacing` and collectors between them, turned about the centre."""
    t = np.radians(turn)
    lines = []
    for axis in (0, 1):
        reach, run = half[axis], half[1 - axis]
        count = int(reach // (spacing / 2))
        for i in range(-count, count + 1):
            if axis == 1 and i == 0 and not middle:
                continue
            a = (
                np.array([i * spacing / 2, -run])
                if axis == 0
                else np.array([-run, i * spacing / 2])
            )
            b = a * [1, -1] if axis == 0 else a * [-1, 1]
            points = [
                (
                    centre[0] + p[0] * np.cos(t) - p[1] * np.sin(t),
                    centre[1] + p[0] * np.sin(t) + p[1] * np.cos(t),
                )
                for p in (a, b)
            ]
            lines.append((1 if i % 2 == 0 else 2, field.curve(points)))
    return lines
