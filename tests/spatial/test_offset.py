"""A place in the order of pages, found without making what is skipped."""

from datetime import UTC, datetime

import pytest
from psycopg import sql
from worlds import make_layer

from spatial.asof import AsOf
from spatial.database import Database
from spatial.edit import edit
from spatial.grant import OWNER
from spatial.offset import STEP, key_at
from spatial.query import reading

_COLUMNS = sql.SQL("fid, version")


def keys(database: Database, asof: AsOf) -> list[int]:
    """The fids in the order of pages, once key_at has found them at some places."""
    with reading(database, "plots", asof, OWNER) as (pg, view):
        fids = [row[0] for row in pg.execute(view.page(_COLUMNS, limit=10_000)).fetchall()]
        places = [0, 1, STEP - 1, STEP, STEP + 7, len(fids) - 1, len(fids), 10 * STEP]
        found = [key_at(pg, view, place) for place in places]
    want = [fids[place] if place < len(fids) else None for place in places]
    assert [one and one[0] for one in found] == want
    return fids


def test_every_place_now_and_before_an_edit(database: Database) -> None:
    make_layer(database, count=3 * STEP)
    before = keys(database, AsOf())
    with edit(database, "plots", author="ed") as editor:
        editor.remove(5)
    after = keys(database, AsOf())
    assert len(after) == len(before) - 1
    assert keys(database, AsOf(datetime(2020, 1, 1, tzinfo=UTC))) == before


@pytest.mark.parametrize("place", [0, 4, 5])
def test_a_narrowed_reading(database: Database, place: int) -> None:
    make_layer(database, count=5)
    with reading(database, "plots", AsOf(), OWNER) as (pg, view):
        found = key_at(pg, view.where(sql.SQL("fid > 1")), place)
    assert (found and found[0]) == (place + 2 if place < 4 else None)
