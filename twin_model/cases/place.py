"""Whose area a place is in, by the layer that the city named for it."""

from datetime import datetime

from psycopg import sql

from spatial import catalogue
from spatial.crs import WGS84, transform_bounds
from spatial.database import Pg
from spatial.errors import NotFound
from spatial.grant import OWNER
from spatial.moment import Moment
from spatial.query import Reading
from twin_model.cases import config


def area_at(pg: Pg, place: tuple[float, float], at: datetime, known_at: datetime) -> str | None:
    """The code of the area that holds a place (longitude, latitude); None where none is known.

    The layer is that of the setting `areas`, name `city`.
    """
    setting = config.at(pg, "areas", at, known_at).get(config.CITY)
    if setting is None:
        return None
    try:
        layer = catalogue.find_visible(pg, setting.layer, OWNER)
    except NotFound:
        return None
    lon, lat = place
    x, y, *_ = transform_bounds((lon, lat, lon, lat), WGS84, layer.srid)
    point = sql.SQL("ST_SetSRID(ST_MakePoint({}, {}), {})").format(x, y, layer.srid)
    view = Reading(layer, Moment(at, known_at), OWNER).within((x, y, x, y), layer.srid)
    row = pg.execute(
        view.where(sql.SQL("ST_Intersects(geom, {})").format(point)).select(
            sql.SQL("{}::text").format(sql.Identifier(setting.column)), limit=1
        )
    ).fetchone()
    return row[0] if row else None
