"""The city as a QGIS project: what is so now, chosen moments, and the open scenarios."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from psycopg import sql
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citytwin.maps import style_layer
from ogc_api import context
from ogc_api.connection import said
from spatial import scenario
from spatial.asof import AsOf, Interval, as_of
from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.grant import Grant
from spatial.moment import Moment, resolve
from spatial.query import Reading, seen_layers, snapshot
from spatial.raster import Raster, steps
from spatial.rasters import editions, rasters
from tiles.qgis_project import MIMETYPE, Connection, Picture, View, project
from tiles.raster_tilejson import raster_tilejson

WORDS = {
    "zh": {"now": "现状", "moments": "历史时点", "scenarios": "方案"},
    "en": {"now": "Now", "moments": "Moments", "scenarios": "Scenarios"},
}


def city_project(
    database: Database,
    grant: Grant,
    connection: Connection,
    title: Mapping[str, str],
    zone: tzinfo,
    *,
    moments: Sequence[str] = (),
    scenarios: Sequence[str] | None = None,
    language: str = "zh",
    base: Mapping[str, str] | None = None,
) -> bytes:
    """A .qgz of the layers that the grant may see.

    moments: times as people write them; scenarios: their names, None for every open one;
    base: the AsOf parameters of the first view, over which those of the others are laid.
    Raises NotFound for an unknown scenario, Invalid for an interval or where nothing is to show.
    """
    words, now = WORDS[language], dict(base or {})
    titles = {one.name: one.title or one.name for one in _open_scenarios(database)}
    plans = list(titles) if scenarios is None else scenarios
    with snapshot(database) as pg:
        layers, grids = seen_layers(pg, grant), rasters(pg, grant)

        def view(title: str, own: dict[str, str], under: str | None = None) -> View:
            asof = as_of(**_words(now | own), zone=zone)
            moment = _moment(pg, asof)
            there = [layer for layer in layers if _is_there(pg, Reading(layer, moment, grant))]
            shown = [
                _picture(raster)
                for raster in grids
                if steps(editions(pg, raster, moment), moment.valid_at)
            ]
            params, drawn = now | own, list(map(style_layer, there))
            return View(title, params, drawn, shown, under, under is None)

        views = [
            view(words["now"], {}),
            *(view(at, {"datetime": at}, words["moments"]) for at in moments),
            *(view(titles.get(p, p), {"scenario": p}, words["scenarios"]) for p in plans),
        ]
    if not layers:
        raise Invalid("there is no layer to show yet, or none without a token: load a public one")
    return project(views, connection, title=title[language], language=language)


def _open_scenarios(database: Database) -> list[scenario.Scenario]:
    return [one for one in scenario.scenarios(database) if one.state == "open"]


def _words(params: Mapping[str, str]) -> dict[str, str]:
    """The AsOf's parameters by the names of `as_of`."""
    return {{"datetime": "valid_at"}.get(name, name): text for name, text in params.items()}


def _moment(pg: Pg, asof: AsOf) -> Moment:
    moment = resolve(pg, asof)
    if isinstance(moment.valid_at, Interval):
        raise Invalid("a map shows one moment: give an instant, not an interval")
    return moment


def _is_there(pg: Pg, view: Reading) -> bool:
    """Whether a layer has a feature then; QGIS cannot tell what an empty one is made of."""
    return pg.execute(view.select(sql.SQL("1"), limit=1)).fetchone() is not None


def _picture(raster: Raster) -> Picture:
    described = raster_tilejson(raster, "", AsOf(), {})
    titles = {language: raster.title(language) for language in WORDS}
    return Picture(raster.name, titles, described["maxzoom"])


async def qgis_project(request: Request) -> Response:
    """The project over this service's own address, with each `moment` that is asked for."""
    query = request.query_params
    made = await run_in_threadpool(
        city_project,
        context.database.get(),
        context.grant.get(),
        Connection(context.base_url.get(), authcfg=query.get("authcfg")),
        context.city.get(),
        context.zone.get(),
        moments=query.getlist("moment"),
        language=context.language.get(),
        base=said(),
    )
    headers = {"Content-Disposition": "attachment; filename=city.qgz"}
    return Response(made, media_type=MIMETYPE, headers=headers)


routes = [Route("/qgis.qgz", qgis_project)]
