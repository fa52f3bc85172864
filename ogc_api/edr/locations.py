"""Named places to put data queries to: the features of layers that have names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import shapely
from psycopg import sql
from shapely.geometry.base import BaseGeometry

from ogc_api import context
from ogc_api.params import limit_of
from ogc_api.rasters.covjson import Node
from spatial.asof import AsOf, Interval
from spatial.box import parse_box
from spatial.crs import WGS84
from spatial.errors import NotFound
from spatial.layer import Layer
from spatial.query import Reading, reading, seen_layers, snapshot

_NAMES = ("name", "title", "名称", "name_zh", "name_en", "mc", "xzqmc", "zldwmc")
DEFAULT_LIMIT, MAX_LIMIT = 100, 1000


def listed(words: Mapping[str, str]) -> Node:
    """Named features as GeoJSON: of one `layer`, else of the layers with the fewest first."""
    limit = limit_of(words.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)
    with snapshot(context.database.get()) as pg:
        layers = [one for one in seen_layers(pg, context.grant.get()) if _named(one)]
    if words.get("layer"):
        layers = [one for one in layers if one.name == words["layer"]]
        if not layers:
            raise NotFound(f"there is no layer '{words['layer']}' whose features have names")
    found: list[Node] = []
    for layer in sorted(layers, key=lambda one: one.current):
        found += _features(layer.name, words, limit - len(found))
        if len(found) >= limit:
            break
    return {"type": "FeatureCollection", "features": found, "numberReturned": len(found)}


def _features(name: str, words: Mapping[str, str], limit: int) -> Iterator[Node]:
    with reading(context.database.get(), name, _instant(), context.grant.get()) as (pg, view):
        if words.get("bbox"):
            view = view.within(*parse_box(words["bbox"], words.get("crs")))
        label = _named(view.layer)
        rows = pg.execute(
            view.page(
                sql.SQL("fid, version, {}, {}").format(sql.Identifier(str(label)), _degrees(view)),
                limit=limit,
            )
        ).fetchall()
    for fid, _, text, shape in rows:
        place = f"{name}.{fid}"
        yield {
            "type": "Feature",
            "id": place,
            "geometry": json.loads(shape),
            "properties": {"name": text, "layer": name},
        }


def shape(location: str) -> tuple[BaseGeometry, int]:
    """The shape of a named place, `layer.fid`, in degrees; raises NotFound."""
    name, _, fid = location.rpartition(".")
    if not name or not fid.isdecimal() or len(fid) > 18:
        raise NotFound(f"there is no location '{location}': /locations lists them")
    with reading(context.database.get(), name, _instant(), context.grant.get()) as (pg, view):
        one = view.where(sql.SQL("fid = {}").format(int(fid)))
        row = pg.execute(one.select(_degrees(view), limit=1)).fetchone()
    if row is None:
        raise NotFound(f"there is no location '{location}': /locations lists them")
    return shapely.from_geojson(row[0]), WGS84


def _degrees(view: Reading) -> sql.Composed:
    return sql.SQL("ST_AsGeoJSON(ST_Transform(ST_Force2D(geom), {}), 12)").format(WGS84)


def _instant() -> AsOf:
    """Where the places are: at the request's instant, or now where it asks for an interval."""
    asof = context.asof.get()
    return replace(asof, valid_at=None) if isinstance(asof.valid_at, Interval) else asof


def _named(layer: Layer) -> str | None:
    texts = [column for column in layer.columns if column.type == "text"]
    for wanted in _NAMES:
        for column in texts:
            if wanted in (column.name.lower(), column.title.lower()):
                return column.name
    return None
