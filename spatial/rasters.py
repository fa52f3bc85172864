"""The registry of rasters: files of the store, known by name, read at an AsOf by a grant."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg.types.json import Jsonb

from spatial.catalogue import require_free
from spatial.changes import lock_log
from spatial.database import Pg, Transaction
from spatial.errors import Conflict, NotFound
from spatial.grant import Grant, visible
from spatial.moment import Moment
from spatial.period import ALWAYS, Period
from spatial.raster import Edition, Raster

_EDITION = (
    "e.id, e.file, e.srid, ST_XMin(e.extent), ST_YMin(e.extent), ST_XMax(e.extent),"
    " ST_YMax(e.extent), e.profile"
)


@dataclass(frozen=True, slots=True)
class RasterSpec:
    """All that a raster is registered with, beside its first edition."""

    name: str
    title_zh: str = ""
    title_en: str = ""
    access: str = "restricted"
    area: str | None = None
    vertical_datum: str | None = None
    style: dict[str, Any] = field(default_factory=dict)
    lineage: dict[str, Any] | None = None


def register(
    tx: Transaction, spec: RasterSpec, edition: Edition, *, author: str, scenario_id: int = 0
) -> None:
    """Record a state of a raster for the edition's period; a new name makes a new raster.

    What was believed of the period so far is superseded, of the rest it stays. Raises Conflict
    where a layer has the name, and where the raster is there and no period was named.
    """
    lock_log(tx.pg)  # in the order of the books, among layers' changes
    row = tx.pg.execute("SELECT id FROM city.raster WHERE name = %s", [spec.name]).fetchone()
    if row is None:
        require_free(tx.pg, spec.name)
        row = tx.pg.execute(
            "INSERT INTO city.raster"
            " (name, title_zh, title_en, access, area, vertical_datum, style, lineage)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            [
                spec.name, spec.title_zh, spec.title_en, spec.access, spec.area,
                spec.vertical_datum, Jsonb(spec.style), spec.lineage and Jsonb(spec.lineage),
            ],
        ).fetchone()  # fmt: skip
    elif edition.valid == ALWAYS:
        raise Conflict(
            f"the raster '{spec.name}' exists: say from when this state of it is true"
            " (--valid-from), choose another name, or drop it first"
        )
    assert row is not None
    tx.pg.execute(
        "UPDATE city.raster SET last_recorded ="
        " greatest(clock_timestamp(), last_recorded + interval '1 microsecond') WHERE id = %s",
        [row[0]],
    )
    values = {
        "raster": row[0],
        "scenario": scenario_id,
        "file": edition.file,
        "srid": edition.srid,
        "profile": Jsonb(edition.profile),
        "start": edition.valid.start,
        "end": edition.valid.end,
        "author": author,
    } | dict(zip(("x0", "y0", "x1", "y1"), edition.extent, strict=True))
    tx.pg.execute(
        "WITH stamp AS (SELECT last_recorded AS now FROM city.raster WHERE id = %(raster)s),"
        " closed AS (UPDATE city.raster_edition SET"
        "  recorded = tstzrange(lower(recorded), (SELECT now FROM stamp))"
        "  WHERE raster_id = %(raster)s AND scenario = %(scenario)s AND upper_inf(recorded)"
        "  AND valid && tstzrange(%(start)s, %(end)s) RETURNING *)"
        " INSERT INTO city.raster_edition"
        "  (raster_id, file, srid, extent, profile, valid, recorded, scenario, changed_by)"
        " SELECT raster_id, file, srid, extent, profile, unnest(tstzmultirange(valid)"
        "  - tstzmultirange(tstzrange(%(start)s, %(end)s))), tstzrange((SELECT now FROM stamp),"
        "  NULL), scenario, changed_by FROM closed"
        " UNION ALL SELECT %(raster)s, %(file)s, %(srid)s,"
        "  ST_MakeEnvelope(%(x0)s, %(y0)s, %(x1)s, %(y1)s, 4326), %(profile)s,"
        "  tstzrange(%(start)s, %(end)s), tstzrange((SELECT now FROM stamp), NULL),"
        "  %(scenario)s, %(author)s",
        values,
    )


def rasters(pg: Pg, grant: Grant) -> list[Raster]:
    """Every raster that the grant may see, by name."""
    return _rasters(pg, grant, None)


def find_visible(pg: Pg, name: str, grant: Grant) -> Raster:
    """The raster, if the grant may see it; else NotFound, as if it did not exist."""
    found = _rasters(pg, grant, name)
    if not found:
        raise NotFound(f"there is no raster '{name}'")
    return found[0]


def _rasters(pg: Pg, grant: Grant, name: str | None) -> list[Raster]:
    rows = pg.execute(
        f"SELECT r.id, r.name, r.title_zh, r.title_en, r.access, r.area, r.vertical_datum, r.style,"
        f" r.last_recorded, r.lineage, lower(e.valid), upper(e.valid), {_EDITION}"
        " FROM city.raster r JOIN city.raster_edition e ON e.raster_id = r.id"
        " WHERE (%(name)s::text IS NULL OR r.name = %(name)s) AND e.scenario = 0"
        " AND upper_inf(e.recorded) ORDER BY r.name, e.valid".encode(),
        {"name": name},
    ).fetchall()
    found: dict[int, Raster] = {}
    for row in rows:
        raster = found.setdefault(row[0], Raster(*row[:10]))
        found[row[0]] = replace(raster, editions=(*raster.editions, _edition(row[10:])))
    return [raster for raster in found.values() if visible(grant, raster)]


def editions(pg: Pg, raster: Raster, moment: Moment) -> list[Edition]:
    """The states that a moment's edition of the books and scenario tell of, by valid time.

    Over all of time: `steps` chooses among them. A scenario's states hide main's.
    """
    rows = pg.execute(
        "WITH plan AS (SELECT * FROM city.raster_edition WHERE raster_id = %(raster)s"
        "  AND scenario <> 0 AND scenario = %(scenario)s AND recorded @> %(known)s::timestamptz),"
        " hidden AS (SELECT coalesce(range_agg(valid), '{}') AS valid FROM plan),"
        " main AS (SELECT e.*, unnest(tstzmultirange(e.valid) - hidden.valid) AS open"
        "  FROM city.raster_edition e, hidden WHERE raster_id = %(raster)s AND scenario = 0"
        "  AND recorded @> %(main)s::timestamptz),"
        " e AS (SELECT *, valid AS open FROM plan UNION ALL SELECT * FROM main)"
        f" SELECT lower(open), upper(open), {_EDITION} FROM e ORDER BY open".encode(),
        {
            "raster": raster.id,
            "scenario": moment.scenario_id,
            "known": moment.known_at,
            "main": moment.main_known_at,
        },
    ).fetchall()
    return list(map(_edition, rows))


def _edition(row: Sequence[Any]) -> Edition:
    start, end, number, file, srid, x0, y0, x1, y1, profile = row
    return Edition(number, file, srid, (x0, y0, x1, y1), profile, Period(start, end))


def forget(tx: Transaction, name: str) -> list[str]:
    """Remove a raster with all its states; returns its files, which the caller removes."""
    rows = tx.pg.execute(
        "DELETE FROM city.raster_edition e USING city.raster r"
        " WHERE r.id = e.raster_id AND r.name = %s RETURNING e.file",
        [name],
    ).fetchall()
    gone = tx.pg.execute("DELETE FROM city.raster WHERE name = %s RETURNING id", [name]).fetchone()
    if gone is None:
        raise NotFound(f"there is no layer '{name}'")
    return sorted({row[0] for row in rows})
