"""The registry of rasters: files in the store, known to the catalogue by name."""

from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from spatial.catalogue import require_free
from spatial.database import Pg, Transaction
from spatial.errors import NotFound
from spatial.grant import Access, Grant
from spatial.layer import Box


@dataclass(frozen=True, slots=True)
class Raster:
    """A registered raster. extent in degrees, x first; file is relative to the store."""

    name: str
    title_zh: str
    title_en: str
    file: str
    srid: int
    extent: Box
    access: str
    vertical_datum: str | None
    profile: dict[str, Any]


def register(tx: Transaction, raster: Raster) -> None:
    """Make a stored file known; raises Conflict where the name is taken."""
    require_free(tx.pg, raster.name)
    tx.pg.execute(
        "INSERT INTO city.raster (name, title_zh, title_en, file, srid, extent, access,"
        " vertical_datum, profile)"
        " VALUES (%s, %s, %s, %s, %s, ST_MakeEnvelope(%s, %s, %s, %s, 4326), %s, %s, %s)",
        [
            raster.name,
            raster.title_zh,
            raster.title_en,
            raster.file,
            raster.srid,
            *raster.extent,
            raster.access,
            raster.vertical_datum,
            Jsonb(raster.profile),
        ],
    )


def rasters(pg: Pg, grant: Grant) -> list[Raster]:
    """Every raster that the grant may see, by name."""
    rows = pg.execute(
        "SELECT name, title_zh, title_en, file, srid, ST_XMin(extent), ST_YMin(extent),"
        " ST_XMax(extent), ST_YMax(extent), access, vertical_datum, profile"
        " FROM city.raster ORDER BY name"
    ).fetchall()
    found = []
    for name, title_zh, title_en, file, srid, x0, y0, x1, y1, *rest in rows:
        found.append(Raster(name, title_zh, title_en, file, srid, (x0, y0, x1, y1), *rest))
    return [r for r in found if r.access == Access.PUBLIC or Access(r.access) in grant.classes]


def forget(tx: Transaction, name: str) -> str:
    """Remove a raster from the registry; returns its file, which the caller removes."""
    row = tx.pg.execute("DELETE FROM city.raster WHERE name = %s RETURNING file", [name]).fetchone()
    if row is None:
        raise NotFound(f"there is no layer '{name}'")
    return str(row[0])
