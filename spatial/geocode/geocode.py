"""Geocoding: from a text to places in the layers, and from a place to what it is called."""

from typing import Any

import numpy as np
from psycopg import sql

from spatial import catalogue
from spatial.asof import AsOf, Interval
from spatial.crs import WGS84, transform_bounds
from spatial.database import Database
from spatial.errors import Invalid, NotFound
from spatial.geocode.gazetteer import Gazetteer, gazetteer, named_by
from spatial.geocode.grams import plain
from spatial.geocode.likeness import LEAST, likeness
from spatial.grant import Grant
from spatial.layer import Layer
from spatial.moment import resolve
from spatial.query import Reading, names, snapshot, step_down

LONGEST, MOST = 500, 100
CANDIDATES = 100
INSIDE = 0.05  # what a place gains that lies in an area which the text names too
REACH_M = 200.0
_DEGREE_M = 111_000.0


def geocode(
    database: Database, asof: AsOf, grant: Grant, text: str, *, limit: int = 5,
    layer: str | None = None, least: float = 0.5,
) -> tuple[list[dict[str, Any]], AsOf]:  # fmt: skip
    """Places that a text may mean, the likest first, and the AsOf that this was read at.

    Addresses, place names, streets, communities, cells: whatever layer has names, or codes where
    it has none. Raises Invalid for no text, NotFound for a layer without names.
    """
    asked = plain(text)
    if not asked or len(text) > LONGEST:
        raise Invalid(f"give a text of at most {LONGEST} characters: text=云溪路12号")
    if not 0 < limit <= MOST:
        raise Invalid(f"limit is from 1 to {MOST}")
    with snapshot(database) as pg:
        moment = resolve(pg, asof)
        if isinstance(moment.valid_at, Interval):
            raise Invalid("places are told at one moment, not over an interval")
        layers = _named(catalogue.layers(pg, grant), layer)
        step_down(pg, grant)
        books = [gazetteer(database, pg, Reading(one, moment, grant)) for one in layers]
    found = [(book, row) for book in books for row in book.index.nearest(asked, CANDIDATES)]
    score = likeness(asked, [book.texts[row] for book, row in found])
    best: dict[tuple[str, int], tuple[float, Gazetteer, int]] = {}
    for (book, row), one in zip(found, score.tolist(), strict=True):
        n = int(book.entry[row])
        key = book.layer.name, n
        if one >= least and (key not in best or best[key][0] < one):
            best[key] = one, book, n
    places = _within_named(asked, list(best.values()))
    places.sort(key=lambda one: (-one["score"], one["layer"], one["fid"]))
    return places[:limit], moment.cite()


def _within_named(asked: str, found: list[tuple[float, Gazetteer, int]]) -> list[dict[str, Any]]:
    """The candidates as documents; those within an area that the text names too come first."""
    areas = [
        book.box[n]
        for _, book, n in found
        if book.layer.shape == "Polygon"
        and any(name and plain(name) in asked for name in (book.zh[n], book.en[n]))
    ]
    told = []
    for score, book, n in found:
        lon, lat = book.place[n].tolist()
        box = book.box[n]
        inside = any(
            area is not box and not np.array_equal(area, box)
            and area[0] <= lon <= area[2] and area[1] <= lat <= area[3]
            for area in areas
        )  # fmt: skip
        told.append(
            _document(book.layer, book.zh[n], book.en[n], int(book.fid[n]))
            | {
                "score": round(min(score + INSIDE * inside * (score >= LEAST), 1.0), 3),
                "place": [round(lon, 7), round(lat, 7)],
                "bbox": [round(side, 7) for side in box.tolist()],
            }
        )
    return told


def reverse(
    database: Database, asof: AsOf, grant: Grant, place: tuple[float, float], *,
    reach_m: float = REACH_M,
) -> tuple[list[dict[str, Any]], AsOf]:  # fmt: skip
    """What a place (longitude, latitude) is called: of every layer with names the nearest feature.

    metres: 0 inside. score: 1 there, 0 at the reach. Small things before those that hold them.
    """
    lon, lat = place
    if not (abs(lon) <= 180 and abs(lat) <= 90 and 0 < reach_m <= 5000):
        raise Invalid("a place is longitude,latitude in degrees; the reach at most 5000 m")
    high = reach_m / _DEGREE_M
    wide = min(high / max(np.cos(np.radians(lat)), 0.01), 180.0)
    told = []
    with snapshot(database) as pg:
        moment = resolve(pg, asof)
        if isinstance(moment.valid_at, Interval):
            raise Invalid("places are told at one moment, not over an interval")
        layers = _named(catalogue.layers(pg, grant), None)
        step_down(pg, grant)
        point = sql.SQL("ST_SetSRID(ST_MakePoint({}, {}), {})").format(lon, lat, WGS84)
        for layer in layers:
            box = transform_bounds(
                (lon - wide, lat - high, lon + wide, lat + high), WGS84, layer.srid
            )
            here = sql.SQL("ST_Transform({}, {})").format(point, layer.srid)
            away = sql.SQL("ST_Distance(ST_Transform(geom, {})::geography, {}::geography)").format(
                WGS84, point
            )
            wanted = [name for name in named_by(layer) if name]
            rows = pg.execute(
                Reading(layer, moment, grant).within(box, layer.srid).select(
                    sql.SQL("fid, {}, ST_Area(geom), {}").format(away, names(wanted)),
                    order=sql.SQL("geom <-> {}, ST_Area(geom), fid").format(here), limit=1,
                )
            ).fetchall()  # fmt: skip
            for fid, metres, area, *words in sorted(rows, key=lambda row: row[1])[:1]:
                if metres > reach_m:
                    continue
                told_by = dict(zip(wanted, words, strict=True))
                zh, en = (told_by.get(name or "") or "" for name in named_by(layer))
                document = _document(layer, zh, en, fid) | {
                    "score": round(1 - metres / reach_m, 3), "metres": round(metres, 1)
                }  # fmt: skip
                told.append((area > 0 and metres == 0, area, metres, document))
    told.sort(key=lambda one: (one[0], one[1] if one[0] else one[2], one[3]["layer"]))
    return [document for *_, document in told], moment.cite()


def _named(layers: list[Layer], only: str | None) -> list[Layer]:
    found = [
        one
        for one in layers
        if any(named_by(one)) and one.shape is not None and only in (None, one.name)
    ]
    if only is not None and not found:
        raise NotFound(f"there is no layer '{only}' whose features have names")
    return found


def _document(layer: Layer, zh: str, en: str, fid: int) -> dict[str, Any]:
    return {
        "name": zh or en, "name_zh": zh or None, "name_en": en or None, "layer": layer.name,
        "layer_zh": layer.title_zh, "layer_en": layer.title_en, "fid": fid,
    }  # fmt: skip
