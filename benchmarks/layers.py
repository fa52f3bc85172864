"""Loading and reading back buildings, against geopandas and the same server.

Targets: load >= 3 x `read_file` + `to_postgis`; read >= 5 x `read_postgis`.
`python -m benchmarks.layers [COUNT ROUNDS]`.
"""

import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import geopandas as gpd
import psycopg
import sqlalchemy as sa

from benchmarks.city import buildings, city, compare, seconds
from datasets.load import load
from spatial import catalogue
from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER

ROUNDS = 5
WARM_UP = 1_000


def measure(database: Database, file: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Medians of both sides, in turn."""
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database.conninfo)
    )
    times: dict[str, list[float]] = {"to": [], "load": [], "from": [], "read": []}
    query = "SELECT * FROM peer"
    for n in range(rounds):
        times["to"].append(
            seconds(lambda: gpd.read_file(file).to_postgis("peer", engine, if_exists="replace"))
        )
        times["load"].append(
            seconds(lambda: load(database, file, author="bench", rejects_dir=file.parent))
        )
        times["from"].append(seconds(lambda: gpd.read_postgis(query, engine, geom_col="geometry")))
        times["read"].append(seconds(lambda: read_frame(database, "buildings", AsOf(), OWNER)))
        if n < rounds - 1:
            with database.begin() as tx:
                catalogue.drop(tx, "buildings")
    engine.dispose()
    return {
        "load": compare("load GeoPackage", times["to"], times["load"], faster=True),
        "read": compare("read GeoDataFrame", times["from"], times["read"], faster=True),
    }


def main(count: int = 300_000, rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder, city() as database:
        file = Path(folder) / "buildings.gpkg"
        small = Path(folder) / "warm_up.gpkg"
        buildings(WARM_UP).to_file(small, layer="buildings")
        with redirect_stdout(StringIO()):
            measure(database, small, rounds=1)
        with database.begin() as tx:
            catalogue.drop(tx, "buildings")
        buildings(count).to_file(file, layer="buildings")
        return measure(database, file, rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
