"""Cameras by HTTP: which of them see a place, from the viewsheds that `camera-coverage` stored."""

from typing import Any

from psycopg import sql
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citytwin.bodies import answer, looked
from citytwin.geocode import numbers_in
from ogc_api import context
from ogc_api.params import only
from spatial import catalogue
from spatial.crs import WGS84, transform_bounds
from spatial.errors import Invalid
from spatial.moment import Moment
from spatial.query import Reading, stepped_down
from spatial.visibility.camera_coverage import VIEWS

DEFAULT = "camera_views"
_NAMES = ("camera", "name", "gb28181", "stream", "lon", "lat")


async def cameras(request: Request) -> Response:
    """The cameras that see a place, the nearest first."""
    query = request.query_params
    only(query, {"sees", "views"})
    place = numbers_in(query.get("sees", ""))
    if len(place) != 2 or abs(place[0]) > 180 or abs(place[1]) > 90:
        raise Invalid("say which place: sees=120.3,31.5 (longitude, latitude)")

    def find() -> dict[str, Any]:
        found, asof = looked(lambda pg, at: _seeing(pg, at, query.get("views", DEFAULT), place))
        return {"asOf": asof.params(), "place": place, "cameras": found}

    return await answer(find)


def _seeing(pg: Any, at: Moment, name: str, place: list[float]) -> list[dict[str, Any]]:
    grant = context.grant.get()
    layer = catalogue.find_visible(pg, name, grant)
    if not {one.name for one in VIEWS} <= set(layer.column_names):
        raise Invalid(f"'{name}' holds no views: make some with the analysis camera-coverage")
    lon, lat = place
    x, y, *_ = transform_bounds((lon, lat, lon, lat), WGS84, layer.srid)
    point = sql.SQL("ST_SetSRID(ST_MakePoint({}, {}), {})").format(x, y, layer.srid)
    view = Reading(layer, at, grant).within((x, y, x, y), layer.srid)
    view = view.where(sql.SQL("ST_Intersects(geom, {})").format(point))
    away = sql.SQL("ST_DistanceSphere(ST_MakePoint(lon, lat), ST_MakePoint({}, {}))").format(
        lon, lat
    )
    with stepped_down(pg, grant):
        rows = pg.execute(
            view.select(
                sql.SQL("{}, {}").format(
                    away, sql.SQL(", ").join(map(sql.Identifier, _NAMES))
                )
            )
        ).fetchall()  # fmt: skip
    return [
        {
            "camera": camera, "name": title, "gb28181": code, "stream": stream,
            "place": [at_lon, at_lat], "metres": round(metres, 1),
        }
        for metres, camera, title, code, stream, at_lon, at_lat in sorted(
            rows, key=lambda row: row[:2]
        )
    ]  # fmt: skip


routes = [Route("/twin/cameras", cameras)]
