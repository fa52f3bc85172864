"""The one ASGI application: OGC API, map, screen and health over one database."""

import atexit
import logging
import multiprocessing
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from citytwin import (
    alerts,
    archives,
    cameras,
    cases,
    catalogue_pages,
    fonts,
    geocode,
    health,
    incidents,
    indicators,
    live,
    maps,
    qgis,
    sensorthings,
    state_tiles,
    twin,
    walls,
)
from citytwin.access import Access, Grants
from citytwin.home import rasters_dir
from citytwin.settings import Settings, settings
from citytwin.tile_door import TileDoor
from citytwin.together import Together
from ogc_api.connection import Connection
from ogc_api.routes import routes as ogc_routes
from spatial.database import OVERFLOW, POOL, Database
from tiles.mvt.encoder import ready
from tiles.server import THREADS, TileServer
from tiles.state_server import StateTiles

SCREEN = Path(__file__).parent / "screen"


@asynccontextmanager
async def _in_turn(app: Starlette) -> AsyncIterator[None]:
    """Requests wait for a thread in the order that they came, not for a connection out of it."""
    current_default_thread_limiter().total_tokens = POOL + OVERFLOW - THREADS
    async with live.lifespan(app):
        yield


async def _to_screen(_: object) -> Response:
    return RedirectResponse("/screen/")


def application(database: Database, chosen: Settings) -> Starlette:
    """The application over a database; no network, no process of its own."""
    rooms: list[Route | Mount] = [
        *health.routes,
        *fonts.routes,
        *state_tiles.routes,
        *maps.routes,
        *archives.routes,
        *qgis.routes,
        *twin.routes,
        *alerts.routes,
        *cases.routes,
        *incidents.routes,
        *indicators.routes,
        *cameras.routes,
        *geocode.routes,
        *walls.routes,
        *live.routes,
        *sensorthings.routes,
        *catalogue_pages.routes,
    ]
    if (SCREEN / "index.html").is_file():
        rooms += [
            Route("/screen", _to_screen),
            Mount("/screen", StaticFiles(directory=SCREEN, html=True)),
        ]
    rooms += ogc_routes
    title = {"zh": chosen.title_zh, "en": chosen.title_en}
    tiles, grants, zone = TileServer(database), Grants(database), ZoneInfo(chosen.timezone)
    app = Starlette(
        routes=rooms,
        middleware=[
            Middleware(TileDoor, tiles, grants, zone),
            Middleware(CORSMiddleware, allow_origins=["*"], allow_headers=["*"]),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=4),
            Middleware(health.Meter, {room.path.split("/")[1] for room in rooms}),
            Middleware(
                Access,
                database,
                tiles,
                grants,
                rasters_dir(chosen),
                zone,
                chosen.base_url,
                title,
            ),
            Middleware(Connection),
        ],
        lifespan=_in_turn,
    )
    app.state.live = live.Live(database)
    app.state.together = Together(database)
    app.state.state_tiles = StateTiles(database)
    app.state.timezone = chosen.timezone
    return app


def worker() -> Starlette:
    """The application of a serving process, which `up` started with its settings."""
    # before pygeoapi does, which would silence all of us
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pygeoapi").setLevel(logging.CRITICAL)
    Thread(target=_end_with_the_service, daemon=True).start()
    Thread(target=ready, daemon=True).start()  # before the first tile is asked for
    # the server's own threads abort, loudly, when Python is taken down under them
    atexit.register(os._exit, 0)
    chosen = settings()
    return application(
        Database(chosen.database_url, statement_timeout_s=chosen.statement_timeout), chosen
    )


def _end_with_the_service() -> None:
    """Leave when `up` was killed: this process would answer on its port beside the next one."""
    if service := multiprocessing.parent_process():
        service.join()
        os._exit(1)
