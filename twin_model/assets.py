"""Assets: features with a name that is unique in the city, so that readings can be of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from spatial import catalogue
from spatial.asof import Interval
from spatial.database import Database, Pg
from spatial.errors import Conflict, Invalid, Rejected
from spatial.grant import OWNER
from spatial.layer import Layer
from spatial.moment import Moment
from spatial.query import Reading
from twin_model import classes, units

ROLES = ("id", "class", "owner", "cell", "height", "property", "unit")


@dataclass(frozen=True, slots=True)
class AssetLayer:
    """A layer of which every feature is an asset.

    roles: which column holds an asset's id (its name in the city), its class code, its owner, its
    grid cell, its height in metres, and, of a sensor, what it observes in which UCUM unit.
    """

    layer_id: int
    class_system: str
    roles: Mapping[str, str]


def register(
    database: Database,
    layer_name: str,
    roles: Mapping[str, str],
    *,
    class_system: str = classes.GENERIC,
) -> dict[str, Any]:
    """Make the features of a layer assets; again, for those that have come since.

    Returns the layer, and how many assets and series are new. Raises Invalid for a column that is
    not there, and Conflict where a name is another asset's.
    """
    unknown = set(roles) - set(ROLES)
    if unknown or "id" not in roles:
        raise Invalid(f"an asset layer names the column of its id; roles are {', '.join(ROLES)}")
    classes.find(class_system)
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, layer_name)
        for column in roles.values():
            if column not in layer.column_names:
                raise Invalid(f"'{layer_name}' has no column '{column}'")
        tx.pg.execute(
            "INSERT INTO city.asset_layer (layer_id, class_system, roles, cursor)"
            " VALUES (%(layer)s, %(system)s, %(roles)s, %(cursor)s) ON CONFLICT (layer_id)"
            " DO UPDATE SET class_system = %(system)s, roles = %(roles)s, cursor = %(cursor)s",
            {
                "layer": layer.id, "system": class_system, "roles": Jsonb(dict(roles)),
                "cursor": layer.cursor,
            },
        )  # fmt: skip
        return _enrol(tx.pg, layer, roles)


def follow(database: Database) -> int:
    """Register the features that asset layers were given since; returns how many layers."""
    with database.begin() as tx:
        behind = tx.pg.execute(
            "SELECT l.name, a.roles, a.class_system FROM city.asset_layer a"
            " JOIN city.layer l ON l.id = a.layer_id WHERE l.cursor > a.cursor ORDER BY l.id"
        ).fetchall()
    for name, roles, system in behind:
        register(database, name, roles, class_system=system)
    return len(behind)


def asset_layers(pg: Pg) -> dict[int, AssetLayer]:
    """Every asset layer, by the layer's id."""
    rows = pg.execute("SELECT layer_id, class_system, roles FROM city.asset_layer").fetchall()
    return {row[0]: AssetLayer(*row) for row in rows}


def _enrol(pg: Pg, layer: Layer, roles: Mapping[str, str]) -> dict[str, Any]:
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(roles[role])) if role in roles else sql.SQL("''")
        for role in ("id", "property", "unit")
    )
    # every state that anybody believes in, past and future: readings may be of any time
    ever = Moment(Interval(), datetime.now(UTC))
    ever = Moment(Interval(), max(ever.known_at, layer.last_recorded))
    states = Reading(layer, ever, OWNER).select(
        sql.SQL("fid, version, {columns}").format(columns=columns)
    )
    pg.execute(
        sql.SQL(
            "CREATE TEMP TABLE enrolled ON COMMIT DROP AS SELECT DISTINCT ON (fid) fid, name,"
            " nullif(property, '') AS property, coalesce(unit, '') AS unit"
            " FROM ({}) AS state (fid, version, name, property, unit)"
            " WHERE name <> '' ORDER BY fid, version DESC"
        ).format(states)
    )
    twice = pg.execute(
        "SELECT e.name FROM enrolled e LEFT JOIN city.asset a ON a.name = e.name"
        " WHERE NOT EXISTS (SELECT FROM city.asset o WHERE o.layer_id = %s AND o.fid = e.fid)"
        " GROUP BY e.name HAVING count(*) > 1 OR count(a.id) > 0 ORDER BY e.name LIMIT 1",
        [layer.id],
    ).fetchone()
    if twice:
        raise Conflict(f"two assets would be named '{twice[0]}': ids are unique in the city")
    for (unit,) in pg.execute("SELECT DISTINCT unit FROM enrolled WHERE property IS NOT NULL"):
        try:
            units.check(unit)
        except Rejected as error:
            raise Invalid(str(error)) from None
    new_assets = pg.execute(
        "INSERT INTO city.asset (name, layer_id, fid) SELECT name, %s, fid FROM enrolled"
        " ORDER BY fid ON CONFLICT (layer_id, fid) DO NOTHING",
        [layer.id],
    ).rowcount
    new_series = pg.execute(
        "INSERT INTO city.series (asset_id, property, kind, unit)"
        " SELECT a.id, e.property, 'number', e.unit FROM enrolled e"
        " JOIN city.asset a ON a.layer_id = %s AND a.fid = e.fid WHERE e.property IS NOT NULL"
        " ORDER BY a.id ON CONFLICT DO NOTHING",
        [layer.id],
    ).rowcount
    pg.execute("DROP TABLE enrolled")
    return {"layer": layer.name, "assets": new_assets, "series": new_series}
