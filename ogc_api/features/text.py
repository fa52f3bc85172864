"""A feature as GeoJSON text, made in PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from psycopg import sql

from ogc_api.wanted import Wanted
from spatial import crs
from spatial.asof import Interval
from spatial.errors import Invalid
from spatial.query import Reading

_PLAIN = ("integer", "bigint", "boolean")  # of which JSON writes the same as PostgreSQL


def attributes_of(view: Reading, wanted: Wanted) -> tuple[str, ...]:
    """The attributes that are wanted; raises Invalid for one that is none of the layer's."""
    known = view.layer.column_names
    attributes = known if wanted.columns is None else tuple(wanted.columns)
    unknown = set(attributes) - set(known)
    if unknown:
        raise Invalid(f"'{view.layer.name}' has no attribute '{', '.join(sorted(unknown))}'")
    return attributes


def as_geojson(view: Reading, wanted: Wanted) -> sql.Composed:
    """The expression that makes one GeoJSON feature as text.

    Joined as text: PostgreSQL's own objects would parse and print every geometry once more.
    """
    several = isinstance(view.moment.valid_at, Interval) and wanted.unique_ids
    attributes = attributes_of(view, wanted)
    types = {column.name: column.type for column in view.layer.columns}
    members = [_member(name, types[name]) for name in attributes]
    properties = sql.SQL("'{{' || {} || '}}'").format(_listed(members))
    return sql.SQL(
        """'{{"type":"Feature","id":' || {identity} || {geometry} || ',"properties":'"""
        """ || {properties} || ',"time":{{"interval":["' || {start} || '","' || {end} || '"]}}}}'"""
    ).format(
        identity=sql.SQL("""'"' || fid || '.' || version || '"'""" if several else "fid"),
        geometry=_geometries(view.layer.srid, wanted),
        properties=properties,
        start=_instant("lower(valid)"),
        end=_instant("upper(valid)"),
    )


def _member(name: str, kind: str) -> sql.Composed:
    """An attribute as a member of a JSON object; a row as a whole would take twice as long."""
    value = sql.SQL("{}::text" if kind in _PLAIN else "to_json({})::text")
    return sql.SQL("{} || coalesce({}, 'null')").format(
        f"{json.dumps(name, ensure_ascii=False)}:", value.format(sql.Identifier(name))
    )


def _listed(members: Sequence[sql.Composable]) -> sql.Composable:
    """The members with commas between them, in brackets, for there may be very many."""
    if len(members) < 2:
        return members[0] if members else sql.SQL("''")
    half = len(members) // 2
    return sql.SQL("({} || ',' || {})").format(_listed(members[:half]), _listed(members[half:]))


def _instant(expression: str) -> sql.Composable:
    text: Any = f"coalesce(to_char({expression}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '..')"
    return sql.SQL(text)


def _geometries(stored: int, wanted: Wanted) -> sql.Composable:
    """The members that hold the geometry: in JSON-FG another CRS than CRS84 goes into `place`."""
    shape = _geometry(stored, wanted)
    if not wanted.fg:
        return sql.SQL("""',"geometry":' || {}""").format(shape)
    both = sql.SQL("""',"geometry":' || {} || ',"place":' || {}""")
    none: sql.Composable = sql.SQL("'null'")
    if wanted.crs == crs.CRS84_URI:
        return both.format(shape, none)
    plain = _geometry(stored, replace(wanted, crs=crs.CRS84_URI)) if wanted.both else none
    return both.format(plain, shape)


def _geometry(stored: int, wanted: Wanted) -> sql.Composable:
    if not wanted.geometry:
        return sql.SQL("'null'")
    shape, target = shape_of(stored, wanted), crs.srid(wanted.crs)
    if wanted.crs != crs.CRS84_URI and crs.northing_first(target):
        shape = sql.SQL("ST_FlipCoordinates({})").format(shape)
    digits = 9 if crs.parse(target).is_geographic else 4
    return sql.SQL("coalesce(ST_AsGeoJSON({}, {}, 0), 'null')").format(shape, digits)


def shape_of(stored: int, wanted: Wanted) -> sql.Composable:
    """The geometry in the CRS that is wanted, x first; raises Invalid for one not on offer."""
    if wanted.crs not in crs.offered(stored):
        raise Invalid(f"'{wanted.crs}' is not on offer here: {', '.join(crs.offered(stored))}")
    target = crs.srid(wanted.crs)
    if stored == target:
        return sql.SQL("geom")
    return sql.SQL("ST_Transform(geom, {})").format(target)
