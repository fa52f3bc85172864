"""What is stored of readings, and how it goes into the tables."""

from dataclasses import dataclass

import numpy as np
from psycopg import sql

from spatial.database import Pg
from twin_model import packed
from twin_model.packed import Column, Packed


@dataclass(frozen=True, slots=True)
class Cells:
    """What is stored of readings."""

    series: Column
    at: Column
    x: Column
    y: Column
    quality: Column

    def at_rows(self, rows: Column) -> "Cells":
        return Cells(
            self.series[rows], self.at[rows], self.x[rows], self.y[rows], self.quality[rows]
        )


def append(pg: Pg, table: str, cells: Cells, now: int) -> None:
    """Append to `late` or `observation`; those that have no y leave it null."""
    flat = np.isnan(cells.y)
    for part, placed in ((cells.at_rows(flat), False), (cells.at_rows(~flat), True)):
        if not len(part.at):
            continue
        columns = {
            "at": ("timestamptz", part.at),
            "recorded": ("timestamptz", np.full(len(part.at), now)),
            "x": ("float8", part.x),
            "series": ("int4", part.series),
            "quality": ("int2", part.quality),
        }
        if placed:
            columns["y"] = ("float8", part.y)
        packed.copy_in(pg, sql.Identifier("city", table), columns)


def keep_latest(pg: Pg, cells: Cells, now: int) -> None:
    """Bring `latest` up to date, series in order so that pages are met once."""
    order = np.lexsort((cells.at, cells.series))
    ends = order[np.append(np.diff(cells.series[order]) != 0, True)] if len(order) else order
    last = cells.at_rows(ends)
    pg.execute(
        "INSERT INTO city.latest AS old (series, at, recorded, x, y, quality)"
        " SELECT s, at, %(now)s, x, nullif(y, 'NaN'), q FROM unnest(%(series)s::int4[],"
        " %(at)s::timestamptz[], %(x)s::float8[], %(y)s::float8[], %(quality)s::int2[])"
        " AS new (s, at, x, y, q)"
        " ON CONFLICT (series) DO UPDATE SET at = excluded.at, recorded = excluded.recorded,"
        " x = excluded.x, y = excluded.y, quality = excluded.quality WHERE excluded.at >= old.at",
        {
            "now": packed.moment(now),
            "series": Packed("int4", last.series),
            "at": Packed("timestamptz", last.at),
            "x": Packed("float8", last.x),
            "y": Packed("float8", last.y),
            "quality": Packed("int2", last.quality),
        },
    )


def last_of_each(rows: Column, series: Column, at: Column) -> Column:
    """Of rows of one series and moment the last; in the order of moments, which BRIN likes."""
    order = np.lexsort((rows, series[rows], at[rows]))
    rows = rows[order]
    follows = (at[rows[1:]] == at[rows[:-1]]) & (series[rows[1:]] == series[rows[:-1]])
    return rows[~np.append(follows, False)] if len(rows) else rows
