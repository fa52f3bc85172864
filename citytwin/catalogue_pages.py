"""The data catalogue as pages: a list with a search, and what a steward knows of each layer."""

from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ogc_api import catalogue as records
from ogc_api import context
from ogc_api.records import THEMES
from spatial import catalogue
from spatial.asof import format_instant
from spatial.layer import Layer
from spatial.quality import quality
from spatial.query import snapshot

_WORDS = {
    "title": ("数据资源目录", "Data catalogue"), "search": ("查找", "Search"),
    "words": ("名称、说明", "words"), "theme": ("主题", "Theme"), "any": ("全部主题", "any theme"),
    "place": ("范围：西,南,东,北", "place: west,south,east,north"), "time": ("时间", "time"),
    "found": ("条", "found"), "code": ("资源代码", "Code"), "class": ("类别", "Class"),
    "owner": ("责任部门", "Owner"), "area": ("管辖区域", "Area"), "crs": ("坐标系", "CRS"),
    "frequency": ("更新频率", "Renewed"), "licence": ("许可", "Licence"),
    "contact": ("联系", "Contact"), "extent": ("空间范围", "Extent"),
    "since": ("起始时间", "Since"), "recorded": ("最近登记", "Last recorded"),
    "lineage": ("来源", "Lineage"), "quality": ("数据质量", "Quality"),
    "features": ("要素数", "Features"), "field": ("字段", "Field"),
    "filled": ("填写", "Filled"), "share": ("完整率", "Completeness"),
    "missing": ("缺图形", "Without geometry"), "empty": ("空图形", "Empty geometry"),
    "invalid": ("无效图形", "Invalid geometry"), "outside": ("超出范围", "Out of place"),
    "repeated": ("重复图形", "Repeated geometry"), "overdue": ("逾期未更新", "Overdue"),
    "days": ("天前", "days ago"), "data": ("数据", "Data"), "back": ("返回目录", "Catalogue"),
    "history": ("变更记录", "Changes"),
}  # fmt: skip
_STYLE = """
body{font:15px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;margin:0}
body{color:#1c2733;background:#f6f7f9}
main{max-width:60rem;margin:auto;padding:1.5rem}a{color:#0b5fa5;text-decoration:none}
a:hover{text-decoration:underline}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
form{display:flex;flex-wrap:wrap;gap:.5rem}input,select,button{font:inherit;padding:.35rem .6rem;
border:1px solid #c5ccd4;border-radius:4px;background:#fff}input[name=q]{flex:1 1 14rem}
li,section{background:#fff;border:1px solid #e2e6ea;border-radius:6px;padding:.8rem 1rem}
li{list-style:none;margin:.6rem 0}ul{padding:0}small{color:#5b6875}table{border-collapse:collapse;
width:100%}td,th{padding:.3rem .6rem;border-bottom:1px solid #edf0f3;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#b3261e;font-weight:600}
"""


async def _list(request: Request) -> Response:
    return HTMLResponse(await run_in_threadpool(_listed))


async def _one(request: Request) -> Response:
    return HTMLResponse(await run_in_threadpool(_described, request.path_params["layer"]))


def _listed() -> str:
    query = dict(context.query.get())
    found = records.page({name: text for name, text in query.items() if text})
    rows = "".join(map(_row, found["features"]))
    chosen, tongue = query.get("theme", ""), _tongue()
    themes = "".join(
        f'<option value="{name}"{" selected" if name == chosen else ""}>'
        f"{escape(texts[tongue])}</option>"
        for name, texts in THEMES.items()
    )
    boxes = "".join(
        f'<input name="{name}" value="{escape(query.get(name, ""))}" placeholder="{_(word)}">'
        for name, word in (("q", "words"), ("bbox", "place"), ("datetime", "time"))
    )
    more = "".join(
        f'<a href="/catalogue/?{escape(link["href"].partition("?")[2])}">{mark}</a> '
        for link in found["links"]
        for rel, mark in (("prev", "←"), ("next", "→"))
        if link["rel"] == rel
    )
    return _page(
        _("title"),
        f'<form>{boxes}<select name="theme" aria-label="{_("theme")}"><option value="">{_("any")}'
        f"</option>{themes}</select><button>{_('search')}</button></form>"
        f"<p><small>{found['numberMatched']} {_('found')}</small></p><ul>{rows}</ul>{more}",
    )


def _row(record: dict[str, Any]) -> str:
    said = record["properties"]
    name = record["id"]
    place = f"/catalogue/{quote(name)}" if said.get("type") == "dataset" else _record(name)
    return (
        f'<li><a href="{escape(place)}"><b>{escape(str(said["title"]))}</b></a>'
        f" <small>{escape(name)}</small><br>{escape(str(said.get('description') or ''))}</li>"
    )


def _record(name: str) -> str:
    return f"/collections/catalogue/items/{quote(name)}?f=html"


def _described(name: str) -> str:
    database, grant = context.database.get(), context.grant.get()
    with snapshot(database) as pg:
        layer = catalogue.find_visible(pg, name, grant)
    report = quality(database, name, grant)
    title, said = layer.title(_tongue()), layer.metadata
    facts = {
        "code": said.code, "theme": said.theme, "class": layer.access, "owner": said.owner,
        "area": layer.area, "frequency": said.frequency, "crs": f"EPSG:{layer.srid}",
        "since": layer.valid_from and format_instant(layer.valid_from),
        "recorded": format_instant(layer.last_recorded), "licence": said.licence,
        "contact": said.contact, "lineage": layer.lineage,
    }  # fmt: skip
    rows = "".join(
        f"<tr><th>{_(word)}</th><td>{escape(str(fact))}</td></tr>"
        for word, fact in facts.items()
        if fact
    )
    return _page(
        title,
        f'<p><a href="/catalogue/">← {_("back")}</a></p><p>{escape(said.abstract(_tongue()))}</p>'
        f"<section><table>{rows}</table></section>{_quality(layer, report)}{_links(layer)}",
    )


def _quality(layer: Layer, report: dict[str, Any]) -> str:
    fresh = report["freshness"]
    overdue = f' <span class="bad">{_("overdue")}</span>' if fresh["overdue"] else ""
    checks = "".join(
        f'<tr><th>{_(check)}</th><td class="n{" bad" if found["features"] else ""}">'
        f"{found['features']:,}</td><td>{_fids(layer, found['fids'])}</td></tr>"
        for check, found in report["geometry"].items()
    )
    fields = "".join(
        f"<tr><td>{escape(one['title'] or one['field'])}</td><td class=n>{one['filled']:,}</td>"
        f"<td class=n>{'' if one['share'] is None else format(one['share'], '.1%')}</td></tr>"
        for one in report["completeness"]
    )
    return (
        f"<h2>{_('quality')}</h2><section><p>{_('features')}: {report['features']:,}; "
        f"{_('recorded')}: {fresh['days']} {_('days')}{overdue}</p><table>{checks}</table>"
        f"<table><tr><th>{_('field')}</th><th>{_('filled')}</th><th>{_('share')}</th></tr>"
        f"{fields}</table></section>"
    )


def _fids(layer: Layer, fids: list[int]) -> str:
    place = f"/collections/{quote(layer.name)}/items"
    return " ".join(f'<a href="{place}/{fid}?f=html">{fid}</a>' for fid in fids)


def _links(layer: Layer) -> str:
    place = f"/collections/{quote(layer.name)}"
    links = {
        "GeoJSON": f"{place}/items?f=json", "CSV": f"{place}/items?f=csv",
        "GeoParquet": f"{place}/items?f=parquet", "FlatGeobuf": f"{place}/items?f=fgb",
        _("history"): f"{place}/changes", "JSON": f"{place}/quality",
    }  # fmt: skip
    shown = " · ".join(f'<a href="{href}">{word}</a>' for word, href in links.items())
    return f"<h2>{_('data')}</h2><p>{shown}</p>"


def _page(title: str, body: str) -> str:
    language = "en" if _tongue() == "en" else "zh-CN"
    other = {**context.query.get(), "lang": "zh-CN" if language == "en" else "en-US"}
    switch = (
        f'<a href="?{escape(urlencode(other))}">{"中文" if language == "en" else "English"}</a>'
    )
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<main><small>{switch}</small><h1>{escape(title)}</h1>{body}</main></html>"
    )


def _tongue() -> str:
    return "en" if context.language.get().startswith("en") else "zh"


def _(word: str) -> str:
    return _WORDS[word][_tongue() == "en"]


routes = [
    Route("/catalogue/", _list),
    Route("/catalogue/{layer}", _one),
]
