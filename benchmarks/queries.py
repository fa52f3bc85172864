"""What time costs: a layer with five versions of each feature against a plain table of today's.

Same rows, same order, same server. Targets: bbox, items and tiles <= 1.15 x, key paging <= 1.3 x.
"""

import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.city import CORNER, SRID, buildings, city, compare, seconds
from datasets.load import load
from ogc_api.features import items
from ogc_api.wanted import Wanted
from spatial import catalogue
from spatial.asof import AsOf
from spatial.cells import cell_at
from spatial.crs import WGS84, transformer
from spatial.database import Database
from spatial.grant import OWNER
from spatial.layer import Layer
from spatial.query import Reading, names, reading
from tiles.vector import mvt

LAYER = "buildings"
VERSIONS = 5
ROUNDS = 60
ZOOM = 15


def grow_history(database: Database) -> None:
    """Four more rounds of edits to every feature, and the plain table of what is current."""
    with database.begin() as tx:
        attributes = catalogue.find(tx.pg, LAYER).column_names
        columns = names([*attributes, "geom", "valid"])
        table = sql.Identifier("layers", LAYER)
        for _ in range(VERSIONS - 1):
            tx.pg.execute(
                sql.SQL(
                    "UPDATE {t} SET recorded = tstzrange(lower(recorded), lower(recorded)"
                    " + interval '1 second') WHERE upper_inf(recorded)"
                ).format(t=table)
            )
            tx.pg.execute(
                sql.SQL(
                    "INSERT INTO {t} (fid, {c}, recorded, changed_by) SELECT fid, {c},"
                    " tstzrange(upper(recorded), NULL), 'bench' FROM {t}"
                    " WHERE upper(recorded) = (SELECT max(upper(recorded)) FROM {t}) ORDER BY fid"
                ).format(t=table, c=columns)
            )
        tx.pg.execute("UPDATE city.layer SET last_recorded = last_recorded + interval '5 seconds'")
        tx.pg.execute(
            sql.SQL(
                "CREATE TABLE plain AS SELECT fid, version, {c} FROM {t}"
                " WHERE upper_inf(recorded) ORDER BY fid"
            ).format(t=table, c=columns)
        )
        tx.pg.execute("ALTER TABLE plain ADD PRIMARY KEY (fid)")
        tx.pg.execute("CREATE INDEX ON plain USING gist (geom)")
    with database.listen() as pg:
        # four million index entries came and went: what a nightly REINDEX mends
        pg.execute(sql.SQL("REINDEX TABLE {}").format(sql.Identifier("layers", LAYER)))
        pg.execute("VACUUM ANALYZE")


class PlainReading(Reading):
    """The same questions to the plain table: no time, no scenario, no rule."""

    def _arms(self) -> Any:
        yield [*self.conditions] or [sql.SQL("true")]


def plain(view: Reading) -> Reading:
    """The reading of the plain table that asks the same."""
    table = _PlainLayer(**{f.name: getattr(view.layer, f.name) for f in fields(Layer)})
    return PlainReading(table, view.moment, view.grant)


class _PlainLayer(Layer):
    """A layer whose table is the plain one."""

    @property
    def table(self) -> Any:
        return sql.Identifier("public", "plain")


type Question = Callable[[Reading], sql.Composed]


def questions(rng: random.Random, side: float) -> dict[str, Question]:
    """One random question of each kind."""
    x, y = (corner + rng.uniform(0.1, 0.8) * side for corner in CORNER)
    box = (x, y, x + 1200.0, y + 1200.0)  # a screenful: some 2,300 buildings
    start = rng.randrange(1, 250_000)
    zxy = _tile(x, y)
    wanted = Wanted(limit=1000, box=(box, SRID))
    return {
        "bbox": lambda view: view.touching(box).select(sql.SQL("fid, geom")),
        "items in a bbox (1000)": lambda view: items.select(items.narrowed(view, wanted), wanted),
        "tile z15": lambda view: mvt(view, zxy),
        "page of 1000 by key": lambda view: view.page(
            sql.SQL("fid, version, name, use, floors, height, geom"), after=(start, 0), limit=1000
        ),
    }


def _tile(x: float, y: float) -> tuple[int, int, int]:
    lon, lat = transformer(SRID, WGS84).transform(x, y)
    return cell_at(lon, lat, ZOOM)


def measure(pg: psycopg.Connection[Any], view: Reading, side: float) -> dict[str, dict[str, float]]:
    """Medians of both tables, asked in turn, each question new."""
    rng = random.Random(1)
    other = plain(view)
    times: dict[str, tuple[list[float], list[float]]] = {}
    for n in range(ROUNDS):
        for name, question in questions(rng, side).items():
            theirs, ours = times.setdefault(name, ([], []))
            for reader, record in ((other, theirs), (view, ours))[:: 1 if n % 2 else -1]:
                query = question(reader).as_bytes(pg)
                pg.execute(query).fetchall()
                record.append(seconds(lambda: pg.execute(query).fetchall()))  # noqa: B023
    return {
        name: compare(name, theirs, ours, faster=False) for name, (theirs, ours) in times.items()
    }


def main(count: int = 300_000) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder, city() as database:
        file = Path(folder) / "buildings.gpkg"
        buildings(count).to_file(file, layer=LAYER)
        load(database, file, author="bench", rejects_dir=Path(folder))
        grow_history(database)
        side = 25.0 * count**0.5
        results = {}
        with database.begin() as tx:
            tx.pg.execute("GRANT SELECT ON plain TO citytwin_restricted")
        for title, asof in (("now", AsOf()),):
            with reading(database, LAYER, asof, OWNER) as (pg, view):
                print(f"-- {title}, {VERSIONS} versions of {count} features")
                results[title] = measure(pg, view, side)
        return results


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
