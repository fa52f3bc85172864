"""A layer's page in the catalogue: what it is, where, how good, how fresh, what became of it."""

import json
from datetime import datetime
from html import escape
from math import cos, radians
from typing import Any
from urllib.parse import quote

from psycopg import sql

from citytwin.catalogue_shell import page, said, tongue
from ogc_api import context
from ogc_api.features.exports import FORMATS
from ogc_api.records.record import THEMES, theme_of
from spatial import catalogue, history
from spatial.asof import MAIN, AsOf
from spatial.database import Pg
from spatial.history import Change
from spatial.layer import Box, Layer
from spatial.moment import resolve
from spatial.quality import CHECKS, quality
from spatial.query import Reading, snapshot

SHOWN_CHANGES = 12
SKETCHED = 600


def layer_page(name: str) -> str:
    """The page; raises NotFound where the grant sees no such layer."""
    database, grant = context.database.get(), context.grant.get()
    report = quality(database, name, grant)
    with snapshot(database) as pg:
        layer = catalogue.find_visible(pg, name, grant)
        view = Reading(layer, resolve(pg, AsOf()), grant)
        shapes = _shapes(pg, view, layer.extent) if layer.extent else []
        log = history.changes(
            pg, view, every_scenario=True, since=None, until=None,
            limit=SHOWN_CHANGES, newest=True,
        )  # fmt: skip
    title = layer.title(tongue())
    return page(
        title,
        f"<h1>{escape(title)}</h1><small>{escape(name)}</small>{_chips(layer, report)}"
        f"<p>{escape(layer.metadata.abstract(tongue()))}</p>"
        f'<div class="two"><section>{_facts(layer)}</section>'
        f"<section>{_sketch(layer, shapes)}</section></div>"
        f"<h2>{said('quality')}</h2>"
        f'<div class="two"><section>{_completeness(report)}</section>'
        f"<section>{_checks(layer, report)}</section></div>"
        f"<h2>{said('history')}</h2><section>{_history(layer, log)}</section>"
        f'<h2>{said("data")}</h2><div class="links">{_links(layer)}</div>',
    )


def _chips(layer: Layer, report: dict[str, Any]) -> str:
    fresh, failed = report["freshness"], sum(1 for _, found in _judged(report) if found["features"])
    late = f' <b class="bad">{said("overdue")}</b>' if fresh["overdue"] else ""
    verdict = (
        f'<b class="bad">{failed} {said("problems")}</b>'
        if failed
        else f'<b class="good">✓ {said("fine")}</b>'
    )
    theme = layer.metadata.theme or THEMES[theme_of(layer)][tongue()]
    chips = (
        f"<b>{report['features']:,}</b> {said('features')}", said(layer.access), escape(theme),
        f"{fresh['days']} {said('days')}{late}", verdict,
    )  # fmt: skip
    return '<p class="chips">' + "".join(f"<span>{chip}</span>" for chip in chips) + "</p>"


def _facts(layer: Layer) -> str:
    told = layer.metadata
    licence = escape(told.licence)
    if told.licence_url:
        licence = f'<a href="{licence}">{licence}</a>'
    facts = {
        "code": escape(told.code), "class": said(layer.access), "owner": escape(told.owner),
        "contact": escape(told.contact), "area": escape(layer.area or ""),
        "frequency": said(told.frequency), "licence": licence,
        "type": escape(layer.geometry_type), "crs": f"EPSG:{layer.srid}",
        "key": escape(told.key), "since": layer.valid_from and _clock(layer.valid_from),
        "recorded": _clock(layer.last_recorded),
        "lineage": _lineage(layer.lineage or {}),
    }  # fmt: skip
    return _table("", ((said(word), fact) for word, fact in facts.items() if fact), head=True)


def _lineage(lineage: dict[str, Any]) -> str:
    """What file or analysis it is from, and what was done to it; else as it is kept."""
    lines = []
    for name, told in lineage.items():
        if name == "load":
            counts = (f"{said(word)} {told[word]:,}" for word in ("read", "repaired", "rejected"))
            lines += [" · ".join((told["file"], told["crs"], *counts)), *told["notes"]]
        elif told:
            text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
            lines.append(text if name == "code" else f"{said(name)}: {text}")
    return "<br>".join(map(escape, lines))


def _shapes(pg: Pg, view: Reading, extent: Box) -> list[str]:
    """Outlines in degrees of some features, picked evenly; points become small squares."""
    layer, size = view.layer, max(extent[2] - extent[0], extent[3] - extent[1])
    picked = sql.SQL(
        "fid = ANY (ARRAY(SELECT round(n * greatest(top, 1)::numeric / {0})::bigint"
        " FROM generate_series(0, {0}) n, (SELECT max(fid) AS top FROM {1}) t))"
    ).format(SKETCHED, layer.table)
    outline = sql.SQL(
        "ST_AsSVG(CASE WHEN ST_Dimension(geom) = 0"
        " THEN ST_Expand(ST_Envelope(ST_Transform(geom, 4326)), {})"
        " ELSE ST_SimplifyPreserveTopology(ST_Transform(geom, 4326), {}) END, 0, 7)"
    ).format(size / 250, size / 400)
    rows = pg.execute(view.where(picked, sql.SQL("NOT ST_IsEmpty(geom)")).select(outline))
    return [row[0] for row in rows.fetchall() if row[0]]


def _sketch(layer: Layer, shapes: list[str]) -> str:
    """A map of outlines: x to the east, y to the south, degrees as wide as they are there."""
    if layer.extent is None:
        return ""
    west, south, east, north = layer.extent
    narrow = round(max(cos(radians((south + north) / 2)), 0.05), 5)  # as it is written below
    wide, high = max(east - west, 1e-4), max(north - south, 1e-4)
    margin = 0.06 * max(wide, high)
    box = (
        f"{(west - margin) * narrow:.8f} {-north - margin:.8f}"
        f" {(wide + 2 * margin) * narrow:.8f} {high + 2 * margin:.8f}"
    )
    paths = "".join(f'<path d="{shape}"/>' for shape in shapes)
    frame = f'<rect x="{west}" y="{-north}" width="{wide}" height="{high}"/>'
    corners = f"{west:.4f}, {south:.4f}, {east:.4f}, {north:.4f}"
    return (
        f'<svg viewBox="{box}" role="img" aria-label="{said("extent")}">'
        f'<g transform="scale({narrow} 1)">{frame}{paths}</g></svg>'
        f"<small>{said('extent')}: {corners}</small>"
    )


def _completeness(report: dict[str, Any]) -> str:
    rows = (
        (
            f"{escape(one['title'] or one['field'])}",
            f'<div class="bar"><i style="width:{100 * (one["share"] or 0):.1f}%"></i></div>',
            f'<span class="n">{_percent(one["share"])}</span>',
        )
        for one in report["completeness"]
    )
    return _table(f"{said('field')}|{said('share')}|", rows)


def _percent(share: float | None) -> str:
    """Never 100 % where one is missing."""
    if share is None:
        return ""
    return "100 %" if share == 1 else f"{min(100 * share, 99.9):.1f} %"


def _judged(report: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every check by its words, with what it found."""
    found = [(said(check), report["geometry"][check]) for check in CHECKS]
    if key := report["key"]:
        name = escape(key["field"])
        found += [(f"{said('unkeyed')}: {name}", key["missing"])]
        found += [(f"{said('doubled')}: {name}", key["repeated"])]
    for one in report["codes"]:
        found.append((f"{said('unknown')}: {escape(one['field'])}", one["unknown"]))
    return found


def _checks(layer: Layer, report: dict[str, Any]) -> str:
    place = f"/collections/{quote(layer.name)}/items"
    rows = (
        (
            words,
            f'<span class="bad">{found["features"]:,}</span>'
            if found["features"]
            else '<span class="good">✓</span>',
            " ".join(f'<a href="{place}/{fid}?f=html">{fid}</a>' for fid in found["fids"]),
        )
        for words, found in _judged(report)
    )
    return _table(f"{said('checks')}||", rows)


def _history(layer: Layer, log: list[Change]) -> str:
    knows = context.grant.get().authenticated  # names of persons are not for everyone
    heads = ("cursor", "when", "what", "who", "opened", "closed")
    rows = (
        (
            str(change.cursor),
            _clock(change.at),
            _action(change),
            escape(change.author) if knows else "—",
            f"{change.opened:,}",
            f"{change.closed:,}",
        )
        for change in log
    )
    table = _table("|".join(map(said, heads)), rows)
    return f'{table}<a href="/collections/{quote(layer.name)}/changes">{said("all")}</a>'


def _clock(at: datetime) -> str:
    """A moment on the city's clocks."""
    return f"{at.astimezone(context.zone.get()):%Y-%m-%d %H:%M}"


def _action(change: Change) -> str:
    where = "" if change.scenario == MAIN else f" ({change.scenario})"
    return escape(said(change.action) + where)


def _links(layer: Layer) -> str:
    place = f"/collections/{quote(layer.name)}"
    links = {"GeoJSON": f"{place}/items?f=json"}
    links |= {form.title: f"{place}/items?f={form.name}" for form in FORMATS}
    links |= {
        "QGIS": "/qgis.qgz", "PMTiles": f"/tiles/{quote(layer.name)}.pmtiles",
        "OGC API": f"{place}?f=html", said("report"): f"{place}/quality",
        "DCAT-AP": "/catalogue.jsonld", said("map"): "/screen/",
    }  # fmt: skip
    return "".join(f'<a href="{href}">{word}</a>' for word, href in links.items())


def _table(heads: str, rows: Any, *, head: bool = False) -> str:
    """A table of cells that are HTML already; with `head` each row begins with its name."""
    top = "".join(f"<th>{one}</th>" for one in heads.split("|")) if heads else ""
    first = "th" if head else "td"
    lines = (
        f"<tr><{first}>{row[0]}</{first}>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{''.join(lines)}</table>"
