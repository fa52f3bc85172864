"""Counts: exact where they are cheap, else estimated within bounded time."""

import time

import pytest
from psycopg import sql
from worlds import make_layer

from spatial.asof import AsOf, as_of
from spatial.count import Count, count
from spatial.database import Database
from spatial.grant import OWNER
from spatial.query import Reading, reading

SLOW = sql.SQL("pg_sleep(0.01) IS NOT NULL")


@pytest.fixture(autouse=True)
def plots(database: Database) -> None:
    make_layer(database, count=500)
    with database.begin() as tx:
        tx.pg.execute("ANALYZE layers.plots")


@pytest.mark.parametrize("asof", [AsOf(), as_of("2020"), as_of("../..")])
def test_what_is_cheap_is_exact(database: Database, asof: AsOf) -> None:
    with reading(database, "plots", asof, OWNER) as (pg, view):
        assert count(pg, view, patience_s=5) == Count(500)
        assert count(pg, view.where(sql.SQL("height < 7")), patience_s=5) == Count(7)
        assert count(pg, view.where(sql.SQL("height < 0")), patience_s=5) == Count(0)


@pytest.mark.parametrize("asof", [AsOf(), as_of("2020"), as_of("../..")])
def test_a_few_in_a_box_are_counted_at_once_and_many_as_any(
    database: Database, monkeypatch: pytest.MonkeyPatch, asof: AsOf
) -> None:
    with reading(database, "plots", asof, OWNER) as (pg, view):
        x, y = 528_000, 3_486_000
        box = view.meeting([(x, y, x + 100, y + 100)], view.layer.srid)
        row = pg.execute(box.count()).fetchone()
        assert row is not None
        for few in (row[0], row[0] - 1):
            monkeypatch.setattr("spatial.count.FEW", few)
            assert count(pg, box, patience_s=5, boxed=True) == Count(row[0])
        assert 1 < row[0] < 500


def test_what_takes_too_long_is_estimated_in_time(database: Database) -> None:
    with reading(database, "plots", AsOf(), OWNER) as (pg, view):
        before = pg.execute("SHOW statement_timeout").fetchone()
        started = time.perf_counter()
        found = count(pg, view.where(SLOW), patience_s=0.2)
        assert time.perf_counter() - started < 1
        assert not found.exact
        assert found.number > 0
        assert pg.execute("SHOW statement_timeout").fetchone() == before
        assert count(pg, view, patience_s=5).exact  # the transaction goes on


def test_what_is_dear_is_not_even_tried(database: Database) -> None:
    with reading(database, "plots", AsOf(), OWNER) as (pg, view):
        narrowed: Reading = view.where(sql.SQL("height < 250"))
        found = count(pg, narrowed, patience_s=60, dear=0)
        assert not found.exact
        assert 100 <= found.number <= 400  # from the statistics
