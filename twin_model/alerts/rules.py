"""The book of rules: versions that are true for a period, and never overwritten."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb

from spatial.asof import format_instant
from spatial.database import Database, Pg
from spatial.errors import Invalid, NotFound
from spatial.grant import Grant, Scope
from spatial.moment import Moment
from twin_model import log, notices
from twin_model.alerts.rule import COMBINED, Rule, parse

_LOCK = 0x637479_30
_SELECT = (
    "SELECT id, name, document, lower(valid), upper(valid), lower(recorded), changed_by"
    " FROM city.alert_rule "
)


@dataclass(frozen=True, slots=True)
class Version:
    """A rule as it is from `since` on, until `end` or for good."""

    id: int
    name: str
    rule: Rule
    since: datetime
    end: datetime | None
    recorded: datetime
    author: str

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "rule": self.rule.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "since": format_instant(self.since),
            "end": self.end and format_instant(self.end),
            "recorded": format_instant(self.recorded),
            "author": self.author,
        }


def put(
    database: Database, grant: Grant, name: str, document: Any, since: datetime | None = None
) -> Version:
    """A new version of a rule, true from `since` (now) on. A version before it ends then.

    Raises Invalid for a rule that makes no sense, and for a start before its latest version's.
    """
    grant.require(Scope.ADMIN)
    rule = parse(document)
    with database.begin() as tx:
        pg = tx.pg
        pg.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        now = datetime.now(UTC)
        since = since or now
        for member in rule.of:
            found = current(pg, member, since)
            if found is None or found.rule.kind in COMBINED:
                raise Invalid(f"there is no rule '{member}' that could be combined")
        latest = pg.execute(
            _SELECT + "WHERE name = %s AND upper_inf(recorded) ORDER BY lower(valid) DESC LIMIT 1",
            [name],
        ).fetchone()
        if latest and latest[3] >= since:
            raise Invalid(f"'{name}' has a version since {latest[3].isoformat()}: start later")
        stamp = log.stamp(pg)
        if latest and (latest[4] is None or latest[4] > since):
            _end(pg, latest[0], since, stamp)
        row = pg.execute(
            "INSERT INTO city.alert_rule (name, document, valid, recorded, changed_by)"
            " VALUES (%s, %s, tstzrange(%s, NULL), tstzrange(%s, NULL), %s) RETURNING id",
            [
                name,
                Jsonb(rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)),
                since, stamp, grant.subject,
            ],
        ).fetchone()  # fmt: skip
        assert row is not None
        notices.tell(pg, stamp, "rule", [{"id": row[0], "name": name}])
        return Version(row[0], name, rule, since, None, stamp, grant.subject)


def end(database: Database, grant: Grant, name: str, at: datetime | None = None) -> None:
    """The rule ends, now or at a moment; raises NotFound where it does not hold then."""
    grant.require(Scope.ADMIN)
    with database.begin() as tx:
        tx.pg.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        at = at or datetime.now(UTC)
        found = current(tx.pg, name, at)
        if found is None or found.since >= at:
            raise NotFound(f"there is no rule '{name}' at this moment")
        stamp = log.stamp(tx.pg)
        _end(tx.pg, found.id, at, stamp)
        notices.tell(tx.pg, stamp, "rule", [{"id": found.id, "name": name}])


def _end(pg: Pg, version: int, at: datetime, stamp: datetime) -> None:
    # the version keeps its id, which alerts and watches know; what was believed of its end stays
    pg.execute(
        "INSERT INTO city.alert_rule (name, document, valid, recorded, changed_by)"
        " SELECT name, document, valid, tstzrange(lower(recorded), %(stamp)s), changed_by"
        " FROM city.alert_rule WHERE id = %(id)s",
        {"id": version, "stamp": stamp},
    )
    pg.execute(
        "UPDATE city.alert_rule SET valid = tstzrange(lower(valid), %(at)s),"
        " recorded = tstzrange(%(stamp)s, NULL) WHERE id = %(id)s",
        {"id": version, "at": at, "stamp": stamp},
    )


def current(pg: Pg, name: str, at: datetime) -> Version | None:
    """The rule at a moment, as it is known now."""
    row = pg.execute(
        _SELECT + "WHERE name = %s AND upper_inf(recorded) AND valid @> %s::timestamptz", [name, at]
    ).fetchone()
    return _version(row) if row else None


def believed(pg: Pg) -> list[Version]:
    """Every version that is believed in, by id."""
    rows = pg.execute(_SELECT + "WHERE upper_inf(recorded) ORDER BY id").fetchall()
    return [_version(row) for row in rows]


def known(pg: Pg, moment: Moment) -> list[Version]:
    """The rules of a moment, as known at another, by name."""
    rows = pg.execute(
        _SELECT + "WHERE valid @> %s::timestamptz AND recorded @> %s::timestamptz ORDER BY name",
        [moment.valid_at, moment.known_at],
    ).fetchall()
    return [_version(row) for row in rows]


def history(pg: Pg, name: str) -> list[Version]:
    """Every version of a rule in the order of the books; raises NotFound without any."""
    rows = pg.execute(_SELECT + "WHERE name = %s ORDER BY lower(recorded), id", [name]).fetchall()
    if not rows:
        raise NotFound(f"there is no rule '{name}'")
    return [_version(row) for row in rows]


def _version(row: Any) -> Version:
    return Version(row[0], row[1], parse(row[2]), *row[3:])
