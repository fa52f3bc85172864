"""The catalogue of layers: what exists, read fresh in the transaction that uses it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy import insert

from spatial import table
from spatial.database import Pg, Transaction
from spatial.errors import Conflict, NotFound
from spatial.grant import Grant, visible
from spatial.layer import Box, Column, Layer, LayerSpec, check_name
from spatial.metadata import Metadata
from spatial.models import LayerRow

_SELECT = """
SELECT id, name, title_zh, title_en, geometry_type, srid, columns, access, area, area_field,
       nullif(last_recorded, '-infinity') AS last_recorded, cursor, current, next_bound, valid_from,
       lineage, metadata, ST_XMin(extent), ST_YMin(extent), ST_XMax(extent), ST_YMax(extent)
FROM city.layer
"""
_NEVER = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


def _layer(row: dict[str, Any]) -> Layer:
    box: Box | None = None
    if row["st_xmin"] is not None:
        box = (row["st_xmin"], row["st_ymin"], row["st_xmax"], row["st_ymax"])
    columns = tuple(Column(c["name"], c["type"], c["title"]) for c in row["columns"])
    plain = {k: v for k, v in row.items() if not k.startswith("st_")}
    plain |= {"columns": columns, "last_recorded": row["last_recorded"] or _NEVER}
    plain["metadata"] = Metadata.of(row["metadata"])
    return Layer(**plain, extent=box)


def get(pg: Pg, name: str) -> Layer | None:
    """The layer of that name, if there is one."""
    with pg.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(f"{_SELECT} WHERE name = %s".encode(), [name]).fetchone()
    return None if row is None else _layer(row)


def find(pg: Pg, name: str) -> Layer:
    """The layer of that name; raises NotFound."""
    layer = get(pg, name)
    if layer is None:
        raise NotFound(f"there is no layer '{name}'")
    return layer


def find_visible(pg: Pg, name: str, grant: Grant) -> Layer:
    """The layer, if the grant may see any row of it; else NotFound, as if it did not exist."""
    layer = find(pg, name)
    if not visible(grant, layer):
        raise NotFound(f"there is no layer '{name}'")
    return layer


def layers(pg: Pg, grant: Grant) -> list[Layer]:
    """Every layer that the grant may see, by name."""
    with pg.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(f"{_SELECT} ORDER BY name".encode()).fetchall()
    return [layer for layer in map(_layer, rows) if visible(grant, layer)]


def is_taken(pg: Pg, name: str) -> bool:
    """Whether a layer or raster has this name."""
    row = pg.execute(
        "SELECT 1 FROM city.layer WHERE name = %(name)s"
        " UNION ALL SELECT 1 FROM city.raster WHERE name = %(name)s",
        {"name": name},
    ).fetchone()
    return row is not None


def require_free(pg: Pg, name: str) -> None:
    """Raise Conflict where a layer or raster has this name, Invalid where none could."""
    if is_taken(pg, check_name(name)):
        raise Conflict(
            f"the layer '{name}' exists: choose another name, drop it first, or load its next"
            f" state with --layer {name} --key FIELD"
        )


def create(tx: Transaction, spec: LayerSpec) -> Layer:
    """Register a layer and create its bare table; raises Conflict where the name is taken."""
    require_free(tx.pg, spec.name)
    tx.sa.execute(
        insert(LayerRow).values(
            name=spec.name,
            title_zh=spec.title_zh,
            title_en=spec.title_en,
            geometry_type=spec.geometry_type,
            srid=spec.srid,
            columns=[{"name": c.name, "type": c.type, "title": c.title} for c in spec.columns],
            access=spec.access,
            area=spec.area,
            area_field=spec.area_field,
            lineage=spec.lineage,
            metadata_=asdict(spec.metadata),
        )
    )
    table.create(tx.pg, spec)
    return find(tx.pg, spec.name)


def drop(tx: Transaction, name: str) -> None:
    """Remove a layer with all its versions; raises NotFound."""
    layer = find(tx.pg, name)
    table.drop(tx.pg, name)
    tx.pg.execute("DELETE FROM city.layer WHERE id = %s", [layer.id])
    tx.pg.execute("NOTIFY city_change")


def note_load(tx: Transaction, name: str, told: dict[str, Any]) -> None:
    """Keep in a layer's lineage what its latest load was made of."""
    tx.pg.execute(
        "UPDATE city.layer SET lineage = coalesce(nullif(lineage, 'null'), '{}') || %s"
        " WHERE name = %s",
        [Jsonb({"load": told}), name],
    )
