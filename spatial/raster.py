"""What a raster is: states of cells in time, each a file of one moment or a stack of many."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from spatial.asof import Interval, When, format_instant
from spatial.errors import NotFound
from spatial.layer import Box
from spatial.period import ALWAYS, Period


@dataclass(frozen=True, slots=True)
class Band:
    """What one band measures; minimum and maximum of its cells, None where none has a value."""

    name: str
    title: str
    unit: str | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class Edition:
    """A state of a raster: a COG or a Zarr stack in the store.

    extent in degrees and bounds in the CRS of `srid`, both x first; shape: rows, columns.
    """

    id: int
    file: str
    srid: int
    extent: Box
    profile: dict[str, Any] = field(compare=False)
    valid: Period = ALWAYS

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """Its bands, in the file's order."""
        return tuple(
            Band(
                found.get("name") or f"band_{number}",
                found.get("title") or found.get("name") or f"band {number}",
                found.get("unit"),
                found["minimum"],
                found["maximum"],
            )
            for number, found in enumerate(self.profile["bands"], 1)
        )

    @property
    def bounds(self) -> Box:
        minx, miny, maxx, maxy = self.profile["bounds"]
        return minx, miny, maxx, maxy

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.profile["shape"]
        return rows, columns

    @cached_property
    def starts(self) -> tuple[datetime, ...]:
        """When each layer of a stack begins to be true; empty for a single raster."""
        return tuple(map(datetime.fromisoformat, self.profile.get("times", ())))

    @cached_property
    def ends(self) -> tuple[datetime | None, ...]:
        """When each layer of a stack ceases to be true: as it states, or when the next begins."""
        stated = self.profile.get("ends")
        if stated:
            return tuple(map(datetime.fromisoformat, stated))
        return (*self.starts[1:], None)


@dataclass(frozen=True)
class Step:
    """One moment of a raster: the edition that holds then and, in a stack, which layer of it."""

    edition: Edition
    period: Period
    index: int = 0


@dataclass(frozen=True)
class Raster:
    """A registered raster as a grant may see it; editions as main believes them now, by time."""

    id: int
    name: str
    title_zh: str
    title_en: str
    access: str
    area: str | None
    vertical_datum: str | None
    style: dict[str, Any] = field(compare=False)
    last_recorded: datetime
    lineage: dict[str, Any] | None = field(default=None, compare=False)
    editions: tuple[Edition, ...] = ()
    area_field: None = None

    @property
    def latest(self) -> Edition:
        """The edition that the catalogue describes it by."""
        return self.editions[-1]

    @property
    def srid(self) -> int:
        return self.latest.srid

    @property
    def profile(self) -> dict[str, Any]:
        return self.latest.profile

    @property
    def extent(self) -> Box:
        """Degrees, x first, over all editions."""
        west, south, east, north = zip(*(e.extent for e in self.editions), strict=True)
        return min(west), min(south), max(east), max(north)

    @property
    def is_stack(self) -> bool:
        """Whether any edition has a time axis of its own."""
        return any(edition.starts for edition in self.editions)

    def title(self, language: str) -> str:
        """Title in zh or en, falling back on the other and on the name."""
        first, second = self.title_zh, self.title_en
        if language.startswith("en"):
            first, second = second, first
        return first or second or self.name


def steps(found: Sequence[Edition], when: When) -> list[Step]:
    """The moments of these states that hold at an instant, or that meet an interval, in order."""
    chosen = []
    for edition in found:
        if not edition.starts:
            step = Step(edition, edition.valid)
            chosen += [step] if _meets(step.period, when) else []
            continue
        # of many layers, only those about the time asked for are looked at
        first, last = 0, len(edition.starts)
        after = when.end if isinstance(when, Interval) else when
        if after is not None:
            last = bisect_right(edition.starts, after)
        before = when.start if isinstance(when, Interval) else when
        if before is not None:
            first = max(bisect_right(edition.starts, before) - 1, 0)
        for index in range(first, last):
            period = _cut(edition.starts[index], edition.ends[index], edition.valid)
            if period is not None and _meets(period, when):
                chosen.append(Step(edition, period, index))
    return chosen


def step_at(raster: Raster, found: Sequence[Edition], when: datetime) -> Step:
    """The moment that holds at an instant; raises NotFound with when there is one."""
    chosen = steps(found, when)
    if not chosen:
        raise NotFound(f"'{raster.name}' has nothing at {format_instant(when)}")
    return chosen[-1]


def _cut(start: datetime, end: datetime | None, within: Period) -> Period | None:
    starts = [start, *([within.start] if within.start else [])]
    ends = [one for one in (end, within.end) if one is not None]
    begin, finish = max(starts), min(ends, default=None)
    return None if finish is not None and begin >= finish else Period(begin, finish)


def _meets(period: Period, when: When) -> bool:
    if not isinstance(when, Interval):
        when = Interval(when, when)
    begins = when.end is None or period.start is None or period.start <= when.end
    goes_on = when.start is None or period.end is None or period.end > when.start
    return begins and goes_on
