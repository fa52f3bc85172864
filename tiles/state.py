"""The state of the city as vector tiles: each asset where it is, with its values."""

from typing import Any
from urllib.parse import urlencode

import orjson
from psycopg import sql

from spatial import crs
from spatial.asof import AsOf
from spatial.database import Pg
from spatial.grant import Grant
from spatial.layer import STATE
from tiles.matrix_set import MAX_ZOOM, MIN_ZOOM, WEB_MERCATOR_QUAD, Zxy
from tiles.tilejson import DEEPEST_DRAWN, WORLD_BOUNDS
from tiles.vector import BUFFER, EXTENT, MARGIN
from twin_model.kinds import Kind
from twin_model.presence import Wanted
from twin_model.state import state_in
from twin_model.state_json import assets

# an asset that is smaller than a step of the tile is drawn as a point
_TILE = """
SELECT coalesce(ST_AsMVT(t, {name}, {extent}, 'geom'), '') FROM (
    SELECT told, coalesce(
        ST_AsMVTGeom(shape, tile, {extent}, {buffer}),
        ST_AsMVTGeom(ST_PointOnSurface(shape), tile, {extent}, {buffer})) AS geom
    FROM (
        SELECT told, ST_MakeEnvelope({bounds}, {srid}) AS tile,
            ST_Transform(ST_SetSRID(ST_GeomFromGeoJSON(text), {degrees}), {srid}) AS shape
        FROM unnest({shapes}::text[], {told}::jsonb[]) AS asset (text, told)) placed) t
"""


def state_tile(pg: Pg, asof: AsOf, grant: Grant, zxy: Zxy) -> bytes:
    """The tile of layer `state`, as a snapshot has it; empty where nothing is."""
    matrices = WEB_MERCATOR_QUAD
    box, world = matrices.bounds(*zxy, margin=MARGIN), matrices.world
    west, south = map(max, box[:2], world[:2])
    east, north = map(min, box[2:], world[2:])
    around = crs.transform_bounds((west, south, east, north), matrices.srid, crs.WGS84)
    found = state_in(pg, asof, grant, Wanted(around), shapes=True)
    shapes, told = [], []
    for one, shape in zip(assets(found), found.shapes or (), strict=True):
        if shape is None:
            continue
        values = {
            name: value["value"]
            for name, value in one["values"].items()
            if not isinstance(value["value"], list)
        }
        shapes.append(shape)
        told.append(orjson.dumps({"asset": one["asset"], "fid": one["fid"]} | values).decode())
    statement = sql.SQL(_TILE).format(
        name=STATE, extent=EXTENT, buffer=BUFFER, degrees=crs.WGS84, srid=matrices.srid,
        bounds=sql.SQL(", ").join(map(sql.Literal, matrices.bounds(*zxy))),
        shapes=sql.Placeholder("shapes"), told=sql.Placeholder("told"),
    )  # fmt: skip
    row = pg.execute(statement, {"shapes": shapes, "told": told}).fetchone()
    assert row is not None
    return bytes(row[0])


def state_tilejson(
    properties: dict[str, Kind], base_url: str, asof: AsOf, title: str
) -> dict[str, Any]:
    """The TileJSON document of the state at an AsOf; properties: what is measured."""
    query = urlencode(asof.params())
    place = f"{base_url}/tiles/{STATE}/{{z}}/{{x}}/{{y}}.mvt"
    fields = {
        name: "Number" if kind is Kind.number else "String"
        for name, kind in properties.items()
        if kind is not Kind.position
    }
    return {
        "tilejson": "3.0.0",
        "name": STATE,
        "description": title,
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [place + (f"?{query}" if query else "")],
        "minzoom": MIN_ZOOM,
        "maxzoom": min(DEEPEST_DRAWN, MAX_ZOOM),
        "bounds": list(WORLD_BOUNDS),
        "vector_layers": [
            {
                "id": STATE,
                "description": title,
                "fields": {"asset": "String", "fid": "Number"} | fields,
            }
        ],
    }
