"""An AsOf resolved against the records: concrete times, and the scenario's base."""

from dataclasses import dataclass
from datetime import UTC, datetime

from spatial.asof import MAIN, AsOf, When
from spatial.changes import LAST_STAMP
from spatial.database import Pg
from spatial.errors import Closed, Gone, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Moment:
    """What an AsOf resolved to. Answers name it, so that a figure can be cited.

    base_known_at: in a scenario, by which edition of the books main is read under it.
    """

    valid_at: When
    known_at: datetime
    scenario: str = MAIN
    scenario_id: int = 0
    base_known_at: datetime | None = None

    def cite(self) -> AsOf:
        """The explicit AsOf that reads the same again."""
        return AsOf(self.valid_at, self.known_at, self.scenario)

    @property
    def main_known_at(self) -> datetime:
        """By which edition main's rows are read."""
        return (
            self.known_at if self.base_known_at is None else min(self.known_at, self.base_known_at)
        )


def resolve(pg: Pg, asof: AsOf) -> Moment:
    """Resolve defaults once: now, and the last committed stamp.

    Raises NotFound for an unknown scenario and Gone for a discarded one.
    """
    known_at = asof.known_at or last_stamp(pg)
    valid_at = asof.valid_at or datetime.now(UTC)
    if asof.scenario == MAIN:
        return Moment(valid_at, known_at)
    row = pg.execute(
        "SELECT id, base_known_at, state FROM city.scenario WHERE name = %s", [asof.scenario]
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no scenario '{asof.scenario}'")
    number, base, state = row
    if state == "discarded":
        raise Gone(f"the scenario '{asof.scenario}' was discarded")
    if not isinstance(number, int) or not isinstance(base, datetime):
        raise Invalid(f"the scenario '{asof.scenario}' is damaged")
    return Moment(valid_at, known_at, asof.scenario, number, base)


def require_open(pg: Pg, scenario: str) -> None:
    """Raise Closed where a scenario takes no more edits."""
    row = pg.execute("SELECT state FROM city.scenario WHERE name = %s", [scenario]).fetchone()
    if row is not None and row[0] != "open":
        raise Closed(f"the scenario '{scenario}' is {row[0]} and takes no more edits")


def last_stamp(pg: Pg) -> datetime:
    """The last committed stamp of any layer, raster or reading; now, before there is any."""
    row = pg.execute(LAST_STAMP.encode()).fetchone()
    stamp = row[0] if row else None
    return stamp if isinstance(stamp, datetime) else datetime.now(UTC)
