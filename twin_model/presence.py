"""Which assets are there at a moment, for whom, and where."""

from dataclasses import dataclass

import numpy as np
from psycopg import sql

from spatial import crs
from spatial.database import Pg
from spatial.grant import NOBODY, Grant
from spatial.layer import Box, Layer
from spatial.moment import Moment
from spatial.query import Reading, stepped_down
from twin_model import packed
from twin_model.packed import Column
from twin_model.roll import Roll

DIGITS = 7


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the state is asked for; None is all.

    box: west, south, east, north in degrees. It holds of where moving assets are at the moment.
    classes: codes of which an asset's own starts with one.
    """

    box: Box | None = None
    assets: tuple[str, ...] | None = None
    properties: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None


def present(
    pg: Pg,
    layers: list[Layer],
    known: Roll,
    moment: Moment,
    grant: Grant,
    wanted: Wanted,
    moving: dict[int, tuple[float, float]],
    shapes: bool,
) -> tuple[Column, list[str | None] | None]:
    """Places in the roll of assets that are there and may be seen, and their GeoJSON in degrees.

    layers: those that the grant may see; moving: where assets are that have a position.
    """
    named = None
    if wanted.assets is not None:
        named = [known.place[name] for name in wanted.assets if name in known.place]
    coded = class_columns(pg) if wanted.classes is not None else {}
    there: list[Column] = []
    geometry: list[str | None] = []
    for layer in layers:
        places, fids = known.of_layer(layer.id)
        if named is not None:
            chosen = np.isin(places, named)
            places, fids = places[chosen], fids[chosen]
        if not len(places):
            continue
        view = Reading(layer, moment, grant)
        if named is not None:
            view = view.where(sql.SQL("fid = ANY({}::int8[])").format(fids.tolist()))
        if wanted.classes is not None:
            view = view.where(_of_class(coded.get(layer.id), wanted.classes))
        if wanted.box is not None:
            view = _boxed(view, wanted.box, places, known, moving)
        with stepped_down(pg, grant):
            seen, texts = _fetch(pg, view, shapes)
        order = np.argsort(seen)
        at = np.searchsorted(fids, seen[order]).clip(max=len(fids) - 1)
        mine = fids[at] == seen[order]
        there.append(places[at[mine]])
        if shapes:
            geometry += [
                _point(moving[place]) if place in moving else texts[row]
                for place, row in zip(places[at[mine]].tolist(), order[mine].tolist(), strict=True)
            ]
    found = np.concatenate(there) if there else np.empty(0, np.int64)
    return found, geometry if shapes else None


def class_columns(pg: Pg) -> dict[int, str]:
    """The column of an asset's class code, by the id of its layer."""
    rows = pg.execute("SELECT layer_id, roles ->> 'class' FROM city.asset_layer").fetchall()
    return {layer_id: column for layer_id, column in rows if column}


def _of_class(column: str | None, codes: tuple[str, ...]) -> sql.Composable:
    if column is None:
        return NOBODY
    named = sql.Identifier(column)
    return sql.SQL("({})").format(
        sql.SQL(" OR ").join(
            sql.SQL("starts_with({}::text, {})").format(named, code) for code in codes
        )
    )


def _boxed(
    view: Reading, box: Box, places: Column, known: Roll, moving: dict[int, tuple[float, float]]
) -> Reading:
    """Fixed assets by where their feature is, moving ones by where they are."""
    west, south, east, north = box
    here = [
        place
        for place in places.tolist()
        if place in moving
        and west <= moving[place][0] <= east
        and south <= moving[place][1] <= north
    ]
    gone = [place for place in places.tolist() if place in moving]
    if not gone:
        return view.within(box, crs.WGS84)
    corners = crs.transform_bounds(box, crs.WGS84, view.layer.srid)
    return view.where(
        sql.SQL(
            "(fid = ANY({here}::int8[]) OR geom && ST_MakeEnvelope({corners}, {srid})"
            " AND NOT fid = ANY({gone}::int8[]))"
        ).format(
            here=known.fid[here].tolist() if here else [],
            gone=known.fid[gone].tolist(),
            corners=sql.SQL(", ").join(map(sql.Literal, corners)),
            srid=view.layer.srid,
        )
    )


def _fetch(pg: Pg, view: Reading, shapes: bool) -> tuple[Column, list[str | None]]:
    if not shapes:
        (fids,) = packed.select_packed(pg, view.select(sql.SQL("fid")), ["int8"])
        return fids, []
    rows = pg.execute(
        view.select(
            sql.SQL("fid, ST_AsGeoJSON(ST_Transform(geom, {}), {}, 0)").format(crs.WGS84, DIGITS)
        )
    ).fetchall()
    return np.array([row[0] for row in rows], np.int64), [row[1] for row in rows]


def _point(place: tuple[float, float]) -> str:
    return f'{{"type":"Point","coordinates":[{place[0]:.{DIGITS}f},{place[1]:.{DIGITS}f}]}}'
