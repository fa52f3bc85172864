"""The data catalogue as pages: a list with a search, and a page of each layer."""

from html import escape
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from citytwin.catalogue_shell import page, said, tongue
from citytwin.layer_page import layer_page
from ogc_api import context
from ogc_api.records import catalogue as records
from ogc_api.records.record import THEMES


async def _list(request: Request) -> Response:
    return HTMLResponse(await run_in_threadpool(_listed))


async def _one(request: Request) -> Response:
    return HTMLResponse(await run_in_threadpool(layer_page, request.path_params["layer"]))


def _listed() -> str:
    query = dict(context.query.get())
    found = records.page({name: text for name, text in query.items() if text})
    rows = "".join(map(_row, found["features"]))
    chosen = query.get("theme", "")
    themes = "".join(
        f'<option value="{name}"{" selected" if name == chosen else ""}>'
        f"{escape(texts[tongue()])}</option>"
        for name, texts in THEMES.items()
    )
    boxes = "".join(
        f'<input name="{name}" value="{escape(query.get(name, ""))}" placeholder="{said(word)}">'
        for name, word in (("q", "words"), ("bbox", "place"), ("datetime", "time"))
    )
    more = "".join(
        f'<a href="/catalogue/?{escape(link["href"].partition("?")[2])}">{mark}</a> '
        for link in found["links"]
        for rel, mark in (("prev", "←"), ("next", "→"))
        if link["rel"] == rel
    )
    return page(
        said("title"),
        f"<h1>{said('title')}</h1>"
        f'<form>{boxes}<select name="theme" aria-label="{said("theme")}">'
        f'<option value="">{said("any")}</option>{themes}</select>'
        f"<button>{said('search')}</button></form>"
        f"<p><small>{found['numberMatched']} {said('found')}</small></p><ul>{rows}</ul>{more}",
    )


def _row(record: dict[str, Any]) -> str:
    told = record["properties"]
    name = record["id"]
    place = f"/catalogue/{quote(name)}" if told.get("type") == "dataset" else _record(name)
    return (
        f'<li><a href="{escape(place)}"><b>{escape(str(told["title"]))}</b></a>'
        f" <small>{escape(name)}</small><br>{escape(str(told.get('description') or ''))}</li>"
    )


def _record(name: str) -> str:
    return f"/collections/catalogue/items/{quote(name)}?f=html"


routes = [
    Route("/catalogue/", _list),
    Route("/catalogue/{layer}", _one),
]
