"""The twin's doors: readings in, state and history out, quarantine."""

from functools import partial
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from citytwin import twin_history
from citytwin.together import Together
from ogc_api import context
from ogc_api.params import only
from spatial.asof import AsOf, format_instant
from spatial.box import parse_box
from spatial.crs import WGS84, transform_bounds
from spatial.digest import digest
from spatial.errors import Invalid, TooLarge
from spatial.grant import Scope
from spatial.layer import Box
from twin_model import quarantine, state_binary, state_json
from twin_model.decode import JSON, decode
from twin_model.presence import Wanted
from twin_model.replay import replay_all
from twin_model.state import State, state
from twin_model.store import store

MAX_BODY = 256 << 20
_ALIASES = {
    "application/jsonl": "application/x-ndjson",
    "application/ndjson": "application/x-ndjson",
}
FORMS = {
    "json": ("application/json", state_json.as_json),
    "geojson": ("application/geo+json", state_json.as_geojson),
    "bin": (state_binary.MIMETYPE, state_binary.as_binary),
}


async def observations(request: Request) -> Response:
    """Readings, answered once they are committed."""
    only(request.query_params, {"batch"})
    grant, asof = context.grant.get(), context.asof.get()
    grant.require(Scope.WRITE)
    if asof.valid_at is not None or asof.known_at is not None:
        raise Invalid("readings carry their own times: leave datetime and known_at out")
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    key = request.headers.get("idempotency-key") or request.query_params.get("batch")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge(f"a batch takes at most {MAX_BODY >> 20} MB: send several")
    readings = await run_in_threadpool(
        decode, bytes(body), _ALIASES.get(kind, kind), context.zone.get()
    )
    if key is None:
        together: Together = request.app.state.together
        receipt = await together.store(readings, grant, asof.scenario)
    else:
        keep = partial(store, scenario=asof.scenario, key=key, content=digest(bytes(body)))
        receipt = await run_in_threadpool(keep, context.database.get(), readings, grant)
    return JSONResponse(receipt.document())


async def city_state(request: Request) -> Response:
    """The state of all assets, or some, at one moment."""
    query = request.query_params
    only(query, {"bbox", "bbox-crs", "assets", "properties"})
    form = query.get("f", "json")
    if form not in FORMS:
        raise Invalid(f"f is one of {', '.join(FORMS)}, not '{form}'")
    wanted = Wanted(
        box_of(request), names_of(query.get("assets")), names_of(query.get("properties"))
    )
    body, asof = await run_in_threadpool(_state, wanted, form)
    headers = {"CityTwin-AsOf": urlencode(asof.params()), "Vary": "Authorization, X-API-Key"}
    if form == "bin":
        headers["Content-Encoding"] = "identity"  # packing it takes longer than sending it
    return Response(body, media_type=FORMS[form][0], headers=headers)


def _state(wanted: Wanted, form: str) -> tuple[bytes, AsOf]:
    found: State = state(
        context.database.get(),
        context.asof.get(),
        context.grant.get(),
        wanted,
        shapes=form != "bin",
    )
    return FORMS[form][1](found), found.moment.cite()


def box_of(request: Request) -> Box | None:
    """The box that a request asks for, in degrees."""
    text = request.query_params.get("bbox")
    if not text:
        return None
    box, srid = parse_box(text, request.query_params.get("bbox-crs"))
    return box if srid == WGS84 else transform_bounds(box, srid, WGS84)


def names_of(text: str | None) -> tuple[str, ...] | None:
    """Names by commas."""
    return None if text is None else tuple(name for name in text.split(",") if name)


async def held(request: Request) -> Response:
    """What waits in quarantine."""
    only(request.query_params, set())
    found = await run_in_threadpool(quarantine.held, context.database.get(), context.grant.get())
    return JSONResponse(
        {
            "quarantine": [
                {
                    "id": one.id,
                    "reason": one.reason,
                    "reading": one.reading,
                    "scenario": one.scenario,
                    "subject": one.subject,
                    "seen": one.seen,
                    "first_seen": format_instant(one.first_seen),
                    "last_seen": format_instant(one.last_seen),
                }
                for one in found
            ]
        }
    )


async def replay(request: Request) -> Response:
    """What waits in quarantine, tried again."""
    only(request.query_params, set())
    receipt = await run_in_threadpool(
        replay_all, context.database.get(), context.grant.get(), context.zone.get()
    )
    return JSONResponse(receipt.document())


routes = [
    Route("/twin/observations", observations, methods=["POST"]),
    Route("/twin/state", city_state),
    Route("/twin/quarantine", held),
    Route("/twin/quarantine/replay", replay, methods=["POST"]),
    *twin_history.routes,
]
