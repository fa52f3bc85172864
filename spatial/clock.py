"""The clock: time alone changes a city, when a bound of `valid` passes."""

from psycopg import sql

from spatial import catalogue, changes
from spatial.database import Database
from spatial.period import instant

AUTHOR = "clock"


def tick(database: Database) -> int:
    """Log a change of every layer of which a future bound has passed; returns how many."""
    with database.begin() as tx:
        due = tx.pg.execute(
            "SELECT name FROM city.layer WHERE next_bound <= clock_timestamp() ORDER BY name"
        ).fetchall()
    for (name,) in due:
        _pass(database, str(name))
    return len(due)


def _pass(database: Database, name: str) -> None:
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, name)
        stamp = changes.lock_layer(tx.pg, layer)
        layer = catalogue.find(tx.pg, name)
        if layer.next_bound is None or layer.next_bound > stamp:
            return
        row = tx.pg.execute(
            sql.SQL(
                "SELECT least(min(lower(valid)) FILTER (WHERE lower(valid) > {now}),"
                " min(upper(valid)) FILTER (WHERE upper(valid) > {now}))"
                " FROM {table} WHERE upper_inf(recorded)"
            ).format(now=instant(stamp), table=layer.table)
        ).fetchone()
        tx.pg.execute(
            "UPDATE city.layer SET next_bound = %s WHERE id = %s", [row and row[0], layer.id]
        )
        tally = changes.Tally(boxes=[layer.extent] if layer.extent else [])
        changes.record(tx.pg, layer, stamp, tally, author=AUTHOR, action="clock")
