"""AsOf: the one coordinate, beside place, that every read of the city takes.

A bare year, month or date is a period of the city's calendar. Where an instant is asked for it
means the period's end, because "the land in 2019" is its state when 2019 closed.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from spatial.errors import Invalid

MAIN = "main"
PARAMETERS = ("datetime", "known_at", "scenario")
DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")

_TICK = timedelta(microseconds=1)
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed stretch of valid time; None leaves that side open."""

    start: datetime | None = None
    end: datetime | None = None


type When = datetime | Interval


@dataclass(frozen=True, slots=True)
class AsOf:
    """When it is true, by which edition of the books, in which plan.

    None stands for now. Everything that reads the city carries this value unchanged.
    """

    valid_at: When | None = None
    known_at: datetime | None = None
    scenario: str = MAIN

    def params(self) -> dict[str, str]:
        """The query parameters that reproduce this value; defaults are left out."""
        out = {}
        if self.valid_at is not None:
            out["datetime"] = format_when(self.valid_at)
        if self.known_at is not None:
            out["known_at"] = format_instant(self.known_at)
        if self.scenario != MAIN:
            out["scenario"] = self.scenario
        return out


def as_of(
    valid_at: str | When | None = None,
    known_at: str | datetime | None = None,
    scenario: str | None = None,
    zone: tzinfo = DEFAULT_ZONE,
) -> AsOf:
    """An AsOf from what people and clients write.

    Raises Invalid where a time cannot be read.
    """
    if isinstance(valid_at, str):
        valid_at = parse_when(valid_at, zone) if valid_at.strip() else None
    if isinstance(known_at, str):
        known_at = parse_instant(known_at, zone) if known_at.strip() else None
    return AsOf(valid_at, known_at, scenario or MAIN)


def parse_when(text: str, zone: tzinfo = DEFAULT_ZONE) -> When | None:
    """An instant, or an interval `a/b`, `../b`, `a/..`; `now` gives None."""
    if "/" not in text:
        return None if text.strip() == "now" else parse_instant(text, zone)
    parts = [part.strip() for part in text.split("/")]
    if len(parts) != 2:
        raise Invalid(f"'{text}' is not an interval: write start/end, with .. for an open side")
    start, end = parts
    first = None if start in ("", "..") else parse_instant(start, zone, end=False)
    last = None if end in ("", "..") else parse_instant(end, zone)
    if first is not None and last is not None and first > last:
        raise Invalid(f"the interval '{text}' ends before it starts")
    return Interval(first, last)


def parse_instant(text: str, zone: tzinfo = DEFAULT_ZONE, *, end: bool = True) -> datetime:
    """The instant that a text names, in UTC.

    A bare year, month or date gives the last microsecond of that period, or its first with
    end=False. A date-time without an offset is in the city's zone.
    """
    text = text.strip()
    if is_bare(text):
        first, after = parse_period(text, zone)
        return after - _TICK if end else first
    try:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        # with an instant after it, as half-open periods need
        return moment.astimezone(UTC) + _TICK - _TICK
    except (ValueError, OverflowError):
        raise Invalid(
            f"'{text}' is not a time: write 2024, 2024-06, 2024-06-01 or 2024-06-01T08:00:00Z"
        ) from None


def is_bare(text: str) -> bool:
    """Whether a text is a year, a month or a date, not an instant."""
    return _PERIOD.fullmatch(text.strip()) is not None


def parse_period(text: str, zone: tzinfo = DEFAULT_ZONE) -> tuple[datetime, datetime]:
    """First instant of a bare year, month or date, and the first instant after it, in UTC."""
    match = _PERIOD.fullmatch(text.strip())
    if not match:
        raise Invalid(f"'{text}' is not a year, a month or a date")
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = datetime(year or 0, month or 1, day or 1, tzinfo=zone)
        if day:
            after = first + timedelta(days=1)
        elif month:
            after = first.replace(year=first.year + month // 12, month=month % 12 + 1)
        else:
            after = first.replace(year=first.year + 1)
        return first.astimezone(UTC), after.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"'{text}' is not a date of the calendar") from None


def format_instant(moment: datetime) -> str:
    """RFC 3339 in UTC, without a fraction where it is zero."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def format_when(when: When) -> str:
    """The OGC `datetime` text of an instant or interval."""
    if isinstance(when, datetime):
        return format_instant(when)
    start = format_instant(when.start) if when.start else ".."
    end = format_instant(when.end) if when.end else ".."
    return f"{start}/{end}"
