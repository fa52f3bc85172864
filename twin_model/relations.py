"""How assets hang together, each for a time: part of, feeds, drains to, watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.range import TimestamptzRange

from spatial.database import Database, Pg
from spatial.errors import Invalid, NotFound
from spatial.moment import Moment
from spatial.period import ALWAYS, Period
from twin_model import log

KINDS = ("part_of", "feeds", "drains_to", "watches")


@dataclass(frozen=True, slots=True)
class Relation:
    """One asset's relation to another, by their names."""

    source: str
    kind: str
    target: str


def relate(
    database: Database, relations: Sequence[Relation], author: str, period: Period = ALWAYS
) -> None:
    """Say that these relations hold for a period, from now on in the books.

    Raises Invalid for an unknown kind or an asset's relation to itself, NotFound for an asset.
    """
    for one in relations:
        if one.kind not in KINDS or one.source == one.target:
            raise Invalid(f"an asset is related to another by one of {', '.join(KINDS)}")
    with database.begin() as tx:
        ids = _ids(tx.pg, {name for one in relations for name in (one.source, one.target)})
        stamp = log.stamp(tx.pg)
        with tx.pg.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO city.relation (from_id, kind, to_id, valid, recorded, changed_by)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    (
                        ids[one.source], one.kind, ids[one.target],
                        TimestamptzRange(period.start, period.end),
                        TimestamptzRange(stamp, None), author,
                    )
                    for one in relations
                ],
            )  # fmt: skip
        log.enter(tx.pg, stamp)


def withdraw(database: Database, relation: Relation, at: datetime | None = None) -> None:
    """Say that a relation ends at a moment; without one, that it never was.

    Raises NotFound where nobody believes in it.
    """
    with database.begin() as tx:
        ids = _ids(tx.pg, {relation.source, relation.target})
        stamp = log.stamp(tx.pg)
        closed = tx.pg.execute(
            "UPDATE city.relation SET recorded = tstzrange(lower(recorded), %(stamp)s)"
            " WHERE from_id = %(source)s AND kind = %(kind)s AND to_id = %(target)s"
            " AND upper_inf(recorded) AND (%(at)s::timestamptz IS NULL OR valid @> %(at)s)"
            " RETURNING from_id, kind, to_id, valid, changed_by",
            {
                "stamp": stamp, "source": ids[relation.source], "kind": relation.kind,
                "target": ids[relation.target], "at": at,
            },
        ).fetchall()  # fmt: skip
        if not closed:
            raise NotFound(f"{relation.source} has no such relation to {relation.target}")
        for source, kind, target, valid, author in closed:
            if at is not None and (valid.lower is None or valid.lower < at):
                tx.pg.execute(
                    "INSERT INTO city.relation (from_id, kind, to_id, valid, recorded, changed_by)"
                    " VALUES (%s, %s, %s, %s, %s, %s)",
                    [source, kind, target, TimestamptzRange(valid.lower, at),
                     TimestamptzRange(stamp, None), author],
                )  # fmt: skip
        log.enter(tx.pg, stamp)


def relations(pg: Pg, moment: Moment, assets: Sequence[str]) -> list[Relation]:
    """The relations from or to some assets that hold at a moment, as known then."""
    rows = pg.execute(
        "SELECT f.name, r.kind, t.name FROM city.relation r JOIN city.asset f ON f.id = r.from_id"
        " JOIN city.asset t ON t.id = r.to_id WHERE (f.name = ANY(%(names)s)"
        " OR t.name = ANY(%(names)s)) AND valid @> %(at)s::timestamptz"
        " AND recorded @> %(known)s::timestamptz ORDER BY 1, 2, 3",
        {"names": list(assets), "at": moment.valid_at, "known": moment.known_at},
    )
    return [Relation(*row) for row in rows.fetchall()]


def _ids(pg: Pg, names: set[str]) -> dict[str, int]:
    found = dict(
        pg.execute("SELECT name, id FROM city.asset WHERE name = ANY(%s)", [list(names)]).fetchall()
    )
    for name in sorted(names - found.keys()):
        raise NotFound(f"there is no asset '{name}'")
    return found
