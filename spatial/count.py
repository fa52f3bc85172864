"""How many rows a reading has: exactly where that is cheap, else as the planner estimates."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from spatial.database import Pg
from spatial.query import Reading

#: Above this cost by the planner's own measure (about a second) nobody counts for a page.
DEAR = 200_000.0
#: Rows of a box that are counted at once.
FEW = 5000


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows; an estimate may be off by much, and says that it is one."""

    number: int
    exact: bool = True


def count(
    pg: Pg, view: Reading, *, patience_s: float, dear: float = DEAR, boxed: bool = False
) -> Count:
    """The number of rows, counted for at most `patience_s` seconds.

    Nothing is counted where the planner already says that it costs more than `dear`.

    boxed: nothing but a box narrows the reading, so that a few rows are found without asking what
    it would take.
    """
    if view.counted:
        return Count(view.layer.current)
    if boxed and (few := _few(pg, view)) is not None:
        return Count(few)
    estimate, cost = _estimate(pg, view)
    exact = _exact(pg, view, patience_s) if cost <= dear else None
    return Count(estimate, exact=False) if exact is None else Count(exact)


def _few(pg: Pg, view: Reading) -> int | None:
    """The number of rows, or None where there are more than a few."""
    query = sql.SQL("SELECT count(*) FROM ({}) few").format(
        view.select(sql.SQL("1"), limit=FEW + 1)
    )
    row = pg.execute(query).fetchone()
    assert row is not None
    return int(row[0]) if row[0] <= FEW else None


def _estimate(pg: Pg, view: Reading) -> tuple[int, float]:
    """Rows and cost of reading them all, as the planner has it from its statistics."""
    query = sql.SQL("EXPLAIN (FORMAT JSON) {}").format(view.select(sql.SQL("1")))
    row = pg.execute(query).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return round(plan["Plan Rows"]), float(plan["Total Cost"])


def _exact(pg: Pg, view: Reading, patience_s: float) -> int | None:
    """The number itself, or None where counting took too long."""
    found: int | None = None
    try:
        with pg.transaction():
            limit = f"SET LOCAL statement_timeout = {max(1, round(1000 * patience_s))}"
            pg.execute(limit.encode())
            row = pg.execute(view.count()).fetchone()
            found = int(row[0]) if row else 0
            raise psycopg.Rollback  # which gives the former timeout back
    except psycopg.errors.QueryCanceled:
        return None
    return found
