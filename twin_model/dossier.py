"""All that is known of one asset: its class, owner, cell, height, relations, links and series."""

from collections.abc import Mapping
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from spatial import catalogue
from spatial.database import Database, Pg
from spatial.errors import NotFound
from spatial.grant import Grant
from spatial.moment import Moment
from spatial.query import Reading, stepped_down
from twin_model import classes, relations
from twin_model.assets import asset_layers
from twin_model.presence import Wanted, present
from twin_model.roll import Roll, roll

ATTRIBUTES = ("class", "owner", "cell", "height")


def dossier(pg: Pg, grant: Grant, moment: Moment, name: str) -> dict[str, Any]:
    """What the grant may see of an asset at a moment; raises NotFound where it sees none."""
    known = roll(pg)
    layers = {layer.id: layer for layer in catalogue.layers(pg, grant)}
    place = known.place.get(name)
    layer = layers.get(int(known.layer_id[place])) if place is not None else None
    if place is None or layer is None:
        raise NotFound(f"there is no asset '{name}'")
    registered = asset_layers(pg)[layer.id]
    roles = {role: registered.roles[role] for role in ATTRIBUTES if role in registered.roles}
    columns = [sql.SQL("fid"), *(sql.Identifier(column) for column in roles.values())]
    fid = int(known.fid[place])
    view = Reading(layer, moment, grant).where(sql.SQL("fid = {}").format(fid))
    with stepped_down(pg, grant):
        row = pg.execute(view.select(sql.SQL(", ").join(columns), limit=1)).fetchone()
    if row is None:
        raise NotFound(f"there is no asset '{name}' at this moment")
    told = dict(zip(roles, row[1:], strict=True))
    if "class" in told:
        code = None if told["class"] is None else str(told["class"])
        told |= {"class": code, "class_title": classes.title(registered.class_system, code)}
    return {
        "asset": name,
        "layer": layer.name,
        "fid": fid,
        "class_system": registered.class_system,
        **told,
        "series": series_by_asset(known, moment).get(place, {}),
        "relations": _relations(pg, grant, moment, known, name),
        "links": _links(pg, int(known.asset_id[place])),
    }


def series_by_asset(known: Roll, moment: Moment) -> dict[int, dict[str, Any]]:
    """The series of each asset, by place in the roll and property; a plan's own before main's."""
    found: dict[int, dict[str, Any]] = {}
    for scenario in {0, moment.scenario_id}:
        for one in known.by_id:
            if one.scenario == scenario:
                found.setdefault(one.asset, {})[one.property] = {
                    "id": one.id, "kind": one.kind.name, "unit": one.unit,
                }  # fmt: skip
    return found


def link(
    database: Database, asset: str, rel: str, href: str, *, type_: str = "", title: str = ""
) -> None:
    """Tie a document or a stream to an asset; again, to change its type and title."""
    with database.begin() as tx:
        done = tx.pg.execute(
            "INSERT INTO city.asset_link (asset_id, rel, href, type, title)"
            " SELECT id, %(rel)s, %(href)s, %(type)s, %(title)s FROM city.asset"
            " WHERE name = %(name)s"
            " ON CONFLICT (asset_id, rel, href) DO UPDATE SET type = %(type)s, title = %(title)s",
            {"name": asset, "rel": rel, "href": href, "type": type_, "title": title},
        )
        if not done.rowcount:
            raise NotFound(f"there is no asset '{asset}'")


def _relations(
    pg: Pg, grant: Grant, moment: Moment, known: Roll, name: str
) -> list[Mapping[str, str]]:
    """Its relations with assets that the grant may see."""
    found = relations.relations(pg, moment, [name])
    others = tuple({one.target if one.source == name else one.source for one in found})
    layers = catalogue.layers(pg, grant)
    there, _ = present(pg, layers, known, moment, grant, Wanted(assets=others), {}, False)
    seen = {known.names[place] for place in there.tolist()} | {name}
    return [
        {"from": one.source, "kind": one.kind, "to": one.target}
        for one in found
        if {one.source, one.target} <= seen
    ]


def _links(pg: Pg, asset_id: int) -> list[dict[str, Any]]:
    with pg.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT rel, href, type, title FROM city.asset_link WHERE asset_id = %s ORDER BY id",
            [asset_id],
        ).fetchall()
