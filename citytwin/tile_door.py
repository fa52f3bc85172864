"""The door of tiles, ahead of everything else: maps ask for very many, and mostly again."""

import re
from dataclasses import dataclass, replace
from time import perf_counter
from zoneinfo import ZoneInfo

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from citytwin.access import Grants, secret_of
from citytwin.health import count
from ogc_api.connection import words
from ogc_api.tiles.routes import answer_of, worth_packing
from spatial.asof import as_of
from spatial.errors import CityError, NotFound
from spatial.grant import ANONYMOUS, Grant
from tiles.server import TileServer, Wanted, matches
from tiles.several import kept, names_of, parts_of, tile_of
from tiles.vector import options_of
from tiles.watch import Standing

READING = frozenset(("GET", "HEAD", "OPTIONS"))
HELD_BYTES = 16 << 20
_ENTRY = 2000  # bytes that an answer takes beside its body
_PATH = re.compile(r"/tiles/([^/]+)/([0-9]+)/([0-9]+)/([0-9]+)\.mvt")


type _Asked = tuple[str, bytes, str | None, bool]


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer whole and as a 304, and how the layers stood when it was true."""

    parts: list[Wanted]
    standings: list[Standing | None]
    etag: str
    whole: Response
    unchanged: Response


class TileDoor:
    """Middleware that answers GET of `/tiles/{layers}/{z}/{x}/{y}.mvt`.

    What it gave it gives again, without asking anybody, as long as the watch knows that the
    layers stand as they did; who writes here sees it at once. Whatever goes wrong is told by the
    application behind it.
    """

    def __init__(self, app: ASGIApp, tiles: TileServer, grants: Grants, zone: ZoneInfo) -> None:
        self._app = app
        self._tiles = tiles
        self._grants = grants
        self._zone = zone
        self._given: dict[_Asked, _Given] = {}
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"][-4:] == ".mvt":
            began = perf_counter()
            answer = await self._answer(scope)
            if answer is not None:
                count("tiles", answer.status_code, began)
                await answer(scope, receive, send)
                return
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "http" and scope["method"] not in READING:
                self._tiles.doubt()

    async def _answer(self, scope: Scope) -> Response | None:
        known, packing, borne = None, False, {}
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                known = value.decode("latin-1")
            elif name == b"accept-encoding":
                packing = b"gzip" in value
            elif name in (b"authorization", b"x-api-key"):
                borne[name.decode()] = value.decode("latin-1")
        try:
            secret = secret_of(borne) if borne else None
            grant = ANONYMOUS if secret is None else self._grants.recent(secret)
            if grant is None:
                return None
            asked = scope["path"], scope["query_string"], secret, packing
            given = self._given.get(asked)
            if given is None or given.parts[0].grant is not grant or not self._stands(given):
                parts = self._parts(scope, grant)
                given = await self._give(asked, parts)
                if given is None:
                    return await self._made(parts, packing, known)
        except CityError:
            return None
        return given.unchanged if matches(known, given.etag) else given.whole

    def _stands(self, given: _Given) -> bool:
        pairs = zip(given.parts, given.standings, strict=True)
        return all(self._tiles.standing(part) is standing for part, standing in pairs)

    def _parts(self, scope: Scope, grant: Grant) -> list[Wanted]:
        """What a request asks for; raises NotFound where that is no tile."""
        place = _PATH.fullmatch(scope["path"])
        if place is None:
            raise NotFound("this is no address of a tile")
        query = words(scope["query_string"])
        names, zxy = names_of(place[1]), (int(place[2]), int(place[3]), int(place[4]))
        asof = as_of(
            query.get("datetime"), query.get("known_at"), query.get("scenario"), self._zone
        )
        return parts_of(Wanted(names[0], zxy, asof, grant, options_of(query)), names)

    async def _give(self, asked: _Asked, parts: list[Wanted]) -> _Given | None:
        """An answer to give again, from what is kept; None where that is not enough."""
        standings = [self._tiles.standing(part) for part in parts]
        made = kept(self._tiles, parts)
        if made is None or None in standings:
            return None
        grant, packed = parts[0].grant, None
        if asked[3] and worth_packing(made):
            packed = await self._tiles.packed(made)
        given = _Given(
            parts,
            standings,
            made.etag,
            answer_of(made, grant, packed),
            answer_of(replace(made, data=None), grant),
        )
        self._held += len(given.whole.body) + _ENTRY
        if self._held > HELD_BYTES:
            self._given.clear()
            self._held = len(given.whole.body) + _ENTRY
        self._given[asked] = given
        return given

    async def _made(self, parts: list[Wanted], packing: bool, known: str | None) -> Response:
        """A new tile's answer."""
        made = await tile_of(self._tiles, parts, known)
        packed = await self._tiles.packed(made) if packing and worth_packing(made) else None
        return answer_of(made, parts[0].grant, packed)
