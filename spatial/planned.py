"""A new scenario with features of its own in one layer, written in bulk."""

from psycopg import sql

from spatial import catalogue, changes
from spatial.asof import MAIN
from spatial.bulk import degrees
from spatial.database import Pg, Transaction
from spatial.errors import Conflict, Invalid
from spatial.layer import check_name
from spatial.moment import last_stamp
from spatial.period import Period, tstzrange
from spatial.query import names


def require_free(pg: Pg, scenario: str) -> None:
    """Raise Invalid for what cannot name a scenario, Conflict where the name is taken."""
    if check_name(scenario) == MAIN:
        raise Invalid("the main line is called 'main': choose another name")
    if pg.execute("SELECT 1 FROM city.scenario WHERE name = %s", [scenario]).fetchone():
        raise Conflict(f"the scenario '{scenario}' exists: choose another name")


def plan(
    tx: Transaction, layer: str, scenario: str, title: str, rows: sql.Composable, *, author: str
) -> int:
    """Branch from the books as this transaction leaves them, and add rows to a layer there.

    rows: a query of the layer's columns, `geom` and `valid_from`, from when on each feature is
    there. Returns how many there are. Raises as `require_free` does.
    """
    pg = tx.pg
    require_free(pg, scenario)
    target = catalogue.find(pg, layer)
    stamp = changes.lock_layer(pg, target)
    base = max(last_stamp(pg), target.last_recorded)
    row = pg.execute(
        "INSERT INTO city.scenario (name, title, base_known_at, created_by)"
        " VALUES (%s, %s, %s, %s) RETURNING id",
        [scenario, title, base, author],
    ).fetchone()
    assert row is not None
    number = int(row[0])
    columns = names([*target.column_names, "geom"])
    tally = changes.Tally()
    tally.opened = pg.execute(
        sql.SQL(
            "INSERT INTO {} ({columns}, valid, recorded, scenario, changed_by)"
            " SELECT {columns}, tstzrange(valid_from, NULL), {}, {}, {} FROM ({}) planned"
        ).format(target.table, tstzrange(Period(stamp)), number, author, rows, columns=columns)
    ).rowcount
    found = pg.execute(
        sql.SQL(
            "SELECT array_agg(DISTINCT lower(valid)), ST_XMin(ST_Extent(geom)),"
            " ST_YMin(ST_Extent(geom)), ST_XMax(ST_Extent(geom)), ST_YMax(ST_Extent(geom))"
            " FROM {} WHERE scenario = {}"
        ).format(target.table, number)
    ).fetchone()
    assert found is not None
    starts, west, south, east, north = found
    tally.bounds = [start for start in starts or [] if start]
    tally.earliest = min(tally.bounds, default=None)
    if west is not None:
        tally.boxes = [degrees((west, south, east, north), target.srid)]
    changes.record(pg, target, stamp, tally, author=author, action="plan", scenario=number)
    return tally.opened
