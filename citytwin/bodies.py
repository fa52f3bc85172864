"""What operations' doors share: JSON bodies in, moments in them, JSON out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ogc_api import context
from spatial.asof import AsOf, Interval, parse_instant
from spatial.errors import Invalid, TooLarge
from spatial.moment import Moment, resolve
from spatial.query import snapshot

MOST = 1 << 20


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a request brings; raises Invalid for anything else."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST:
            raise TooLarge("a body takes at most 1 MB")
    try:
        found = orjson.loads(bytes(data) or b"{}")
    except orjson.JSONDecodeError:
        raise Invalid("the body is no JSON") from None
    if not isinstance(found, dict):
        raise Invalid("the body is a JSON object")
    return found


def moment_in(body: dict[str, Any], name: str) -> datetime | None:
    """A moment of a body, in the city's zone where it names none."""
    text = body.get(name)
    if text is None:
        return None
    if not isinstance(text, str):
        raise Invalid(f"{name} is a moment: 2026-06-01T08:00:00+08:00")
    return parse_instant(text, context.zone.get())


def text_in(body: dict[str, Any], name: str, default: str = "") -> str:
    """A text of a body."""
    found = body.get(name, default)
    if not isinstance(found, str) or "\0" in found:
        raise Invalid(f"{name} is a text")
    return found


def only_in(body: dict[str, Any], names: set[str]) -> None:
    """Raise Invalid where a body says more than is asked."""
    if more := sorted(set(body) - names):
        raise Invalid(f"'{more[0]}' means nothing here: {', '.join(sorted(names))} do")


async def answer(function: Callable[[], Any], status: int = 200) -> Response:
    """What a function finds, in a thread, as JSON."""
    found = await run_in_threadpool(function)
    return Response(
        orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY),
        status,
        media_type="application/json",
        headers={"Vary": "Authorization, X-API-Key"},
    )


def looked[T](look: Callable[[Any, Moment], T]) -> tuple[T, AsOf]:
    """What is found at the request's AsOf, in one snapshot, and what that resolved to."""
    with snapshot(context.database.get()) as pg:
        moment = resolve(pg, context.asof.get())
        return look(pg, moment), moment.cite()


def instant(moment: Moment) -> datetime:
    """The moment of a request, where it must not be an interval."""
    if isinstance(moment.valid_at, Interval):
        raise Invalid("datetime is a moment here, not an interval")
    return moment.valid_at
