"""Where a page that is asked for by offset begins, without making what it skips."""

from collections import OrderedDict
from threading import Lock

from psycopg import sql

from spatial.database import Pg
from spatial.query import Reading

#: Features from one mark to the next.
STEP = 1000
_KEPT = 64
_marks: OrderedDict[tuple[object, ...], list[int]] = OrderedDict()
_lock = Lock()


def key_at(pg: Pg, view: Reading, offset: int) -> tuple[int, int] | None:
    """The (fid, version) of the row at a place in the order of pages; None beyond the last.

    In the whole of a present layer marks show the way, so that the last page costs what the
    first does; they are made once for each edition.
    """
    if view.counted and offset >= STEP:
        marks = _marked(pg, view)
        if offset // STEP >= len(marks):
            return None
        view = view.where(sql.SQL("fid >= {}").format(marks[offset // STEP]))
        offset %= STEP
    keys = view.select(sql.SQL("fid, version"), order=sql.SQL("fid, version"), limit=offset + 1)
    row = pg.execute(
        sql.SQL("SELECT * FROM ({}) key ORDER BY fid, version OFFSET {} LIMIT 1").format(
            keys, offset
        )
    ).fetchone()
    return (row[0], row[1]) if row else None


def _marked(pg: Pg, view: Reading) -> list[int]:
    """The fid of every STEP-th feature."""
    with _lock:
        if view.edition in _marks:
            _marks.move_to_end(view.edition)
            return _marks[view.edition]
    rows = pg.execute(
        sql.SQL(
            "SELECT fid FROM (SELECT fid, row_number() OVER (ORDER BY fid) AS place"
            " FROM ({}) one) placed WHERE place % {} = 1 ORDER BY fid"
        ).format(view.select(sql.SQL("fid")), STEP)
    ).fetchall()
    marks = [row[0] for row in rows]
    with _lock:
        _marks[view.edition] = marks
        while len(_marks) > _KEPT:
            _marks.popitem(last=False)
    return marks
