"""Which assets a grant sees, or may act on, at a moment, and where they are."""

from collections.abc import Iterable

import numpy as np
import orjson
import shapely
from psycopg import sql

from spatial import catalogue
from spatial.database import Pg
from spatial.grant import EVERYBODY, Grant, rule
from spatial.moment import Moment
from spatial.query import Reading
from twin_model.packed import Column
from twin_model.presence import Wanted, present
from twin_model.roll import roll

type Places = dict[int, tuple[float, float] | None]


def seen(pg: Pg, grant: Grant, moment: Moment, assets: Iterable[int]) -> Places:
    """Of assets by id those that the grant sees, and where: longitude and latitude, or None."""
    known = roll(pg)
    wanted = np.isin(known.asset_id, np.array([*assets], np.int64))
    names = tuple(known.names[place] for place in np.flatnonzero(wanted).tolist())
    if not names:
        return {}
    layers = catalogue.layers(pg, grant)
    there, shapes = present(pg, layers, known, moment, grant, Wanted(assets=names), {}, True)
    assert shapes is not None
    return {
        int(known.asset_id[place]): point(shape)
        for place, shape in zip(there.tolist(), shapes, strict=True)
    }


def point(text: str | None) -> tuple[float, float] | None:
    """A place of a GeoJSON, or None."""
    if text is None:
        return None
    point = shapely.point_on_surface(shapely.geometry.shape(orjson.loads(text)))
    return None if point.is_empty else (point.x, point.y)


def writable(pg: Pg, grant: Grant, moment: Moment, assets: Iterable[int]) -> set[int]:
    """Of assets by id those of which the grant may write, at a moment."""
    known = roll(pg)
    wanted = np.flatnonzero(np.isin(known.asset_id, np.array([*assets], np.int64)))
    layers = {layer.id: layer for layer in catalogue.layers(pg, grant)}
    found: set[int] = set()
    for layer_id in np.unique(known.layer_id[wanted]).tolist():
        places: Column = wanted[known.layer_id[wanted] == layer_id]
        if layer_id not in layers:
            continue
        allowed = rule(grant, layers[layer_id], writing=True)
        if allowed == EVERYBODY:
            found |= set(known.asset_id[places].tolist())
            continue
        view = (
            Reading(layers[layer_id], moment, grant)
            .where(allowed)
            .where(sql.SQL("fid = ANY({}::int8[])").format(known.fid[places].tolist()))
        )
        fids = [row[0] for row in pg.execute(view.select(sql.SQL("fid"))).fetchall()]
        found |= set(known.asset_id[places[np.isin(known.fid[places], fids)]].tolist())
    return found
