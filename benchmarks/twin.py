"""The twin: readings in, and the state of every asset at any past moment.

Targets: >= 100k readings/s (Arrow, batch key) and >= 30k/s (JSON with ids); a past state >= 3 x
faster than an index probe for each asset and >= 20 x DISTINCT ON, with equal answers; no slower
than 1.5 x with ten times the readings; the binary body within 2 x of the bare SQL.
`python -m benchmarks.twin [ASSETS] [MINUTES] [TIMES]`: a reading of each asset a minute, then
so many times as many minutes.
"""

import random
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pyarrow as pa
import shapely
from psycopg import sql

from benchmarks.city import CORNER, SRID, city, compare, seconds
from spatial import bulk
from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.grant import OWNER
from spatial.layer import Column, LayerSpec
from spatial.query import snapshot
from twin_model import assets, keyframes, packed, partitions
from twin_model.decode import ARROW, JSON, decode
from twin_model.presence import Wanted
from twin_model.state import state
from twin_model.state_binary import as_binary
from twin_model.store import store
from twin_model.values import values
from twin_model.window import LATE_US

ZONE = ZoneInfo("UTC")
LATE_SHARE = 0.01
ROUNDS = 15
BATCH = 100_000


def place(database: Database, count: int) -> None:
    """A layer of so many points, each an asset with one series."""
    spec = LayerSpec(
        "things", "Point", SRID,
        (Column("code", "text"), Column("what", "text"), Column("unit", "text")), access="public",
    )  # fmt: skip
    side = int(count**0.5) + 1
    at = np.arange(count)
    points = shapely.points(CORNER[0] + 20.0 * (at % side), CORNER[1] + 20.0 * (at // side))
    batch = pa.table(
        {
            "code": pa.array([f"thing-{n}" for n in range(count)]),
            "what": pa.array(["level"] * count),
            "unit": pa.array(["m"] * count),
            "geom": pa.array(shapely.to_wkb(points), pa.binary()),
        }
    )
    with database.begin() as tx, bulk.load(tx, spec, author="bench") as load:
        load.write(batch)
    assets.register(database, "things", {"id": "code", "property": "what", "unit": "unit"})


def live_through(database: Database, count: int, rounds: int, start: datetime) -> datetime:
    """So many minutes of a reading of each series a minute, with keyframes as they are due.

    Returns when they end.
    """
    rng = np.random.default_rng(rounds)
    with database.begin() as tx:
        ids = packed.select_packed(tx.pg, sql.SQL("SELECT id FROM city.series"), ["int8"])[0]
    half = count // 2
    for n in range(2 * rounds):
        began = packed.micros(start + timedelta(seconds=30 * n))
        recorded = np.sort(began + rng.integers(0, 30_000_000, half))
        age = rng.integers(0, 20_000_000, half)
        late = rng.random(half) < LATE_SHARE
        age[late] = rng.integers(LATE_US + 1, 24 * 3_600_000_000, int(late.sum()))
        x, series = rng.normal(0, 1, half), rng.permutation(ids)[:half]
        with database.begin() as tx:
            for table, rows in (("late", late), ("observation", ~late)):
                if table == "observation":
                    partitions.ensure(tx.pg, recorded[rows] - age[rows])
                packed.copy_in(
                    tx.pg,
                    sql.Identifier("city", table),
                    {
                        "at": ("timestamptz", recorded[rows] - age[rows]),
                        "recorded": ("timestamptz", recorded[rows]),
                        "x": ("float8", x[rows]),
                        "series": ("int4", series[rows]),
                        "quality": ("int2", np.zeros(int(rows.sum()), np.int16)),
                    },
                )
            tx.pg.execute(
                "UPDATE city.twin SET last_recorded = %s", [packed.moment(int(recorded[-1]))]
            )
            keyframes.make(tx.pg, packed.moment(int(recorded[-1])))
    return start + timedelta(minutes=rounds)


def make_peers(database: Database) -> None:
    """The same readings in plain tables, with the indexes that others have."""
    with database.listen() as pg:
        pg.execute(
            "CREATE TABLE plain AS SELECT series, at, recorded, x FROM city.observation"
            " UNION ALL SELECT series, at, recorded, x FROM city.late"
        )
        pg.execute("CREATE INDEX ON plain (series, at DESC, recorded DESC) INCLUDE (x)")
        pg.execute("CREATE TABLE usual AS TABLE plain")
        pg.execute("CREATE INDEX ON usual (series, at)")
        pg.execute("VACUUM ANALYZE")


_PROBE = """
SELECT s.id::int4, o.at, o.x FROM city.series s CROSS JOIN LATERAL (
    SELECT at, x FROM plain WHERE series = s.id AND at <= {at} AND recorded <= {known}
    ORDER BY at DESC, recorded DESC LIMIT 1) o ORDER BY 1
"""
_DISTINCT = """
SELECT DISTINCT ON (series) series, at, x FROM {table} WHERE at <= {at} AND recorded <= {known}
ORDER BY series, at DESC, recorded DESC
"""
_KINDS = ("int4", "timestamptz", "float8")


def past_states(database: Database, start: datetime, end: datetime) -> dict[str, Any]:
    """Random past states by keyframes, by a probe of an index for each series, by DISTINCT ON.

    The probes and one DISTINCT ON read a covering index alone, the best there can be; the other
    reads a table with the usual index on (series, at).
    """
    rng = random.Random(3)
    times: dict[str, list[float]] = {"ours": [], "probe": [], "usual": [], "plain": []}
    with snapshot(database) as pg:
        for n in range(ROUNDS):
            at = start + (end - start) * rng.uniform(0.1, 1)
            known = end if n % 3 else at + timedelta(minutes=2)
            named = {"at": sql.Literal(at), "known": sql.Literal(known)}
            probe = sql.SQL(_PROBE).format(**named)
            found, theirs = [], []
            times["ours"].append(seconds(lambda: found.append(values(pg, at, known))))  # noqa: B023
            times["probe"].append(
                seconds(lambda: theirs.append(packed.select_packed(pg, probe, _KINDS)))  # noqa: B023
            )
            for table in ("usual", "plain") if n < 3 else ():
                distinct = sql.SQL(_DISTINCT).format(table=sql.Identifier(table), **named)
                times[table].append(
                    seconds(lambda: packed.select_packed(pg, distinct, _KINDS))  # noqa: B023
                )
            for mine, other in zip(
                (found[0].series, found[0].at, found[0].x), theirs[0], strict=True
            ):
                assert np.array_equal(mine, other)
    return {
        "probe": compare("past state, index probes", times["probe"], times["ours"], faster=True),
        "distinct": compare(
            "past state, DISTINCT ON, usual index", times["usual"], times["ours"], faster=True
        ),
        "distinct_covered": compare(
            "past state, DISTINCT ON, covering", times["plain"], times["ours"], faster=True
        ),
    }


def growth(
    database: Database, count: int, rounds: int, times: int, start: datetime, end: datetime
) -> dict[str, float]:
    """Past states of the same city when it has lived so many times as long."""
    with database.listen() as pg:
        pg.execute("DROP TABLE plain, usual")
    before = _random_states(database, start, end)
    later = live_through(database, count, rounds * (times - 1), end)
    with database.listen() as pg:
        pg.execute("VACUUM ANALYZE")
    after = _random_states(database, start, later)
    title = f"past state, {times} x the readings"
    return compare(title, before, after, faster=False)


def _random_states(database: Database, start: datetime, end: datetime) -> list[float]:
    rng = random.Random(4)
    with snapshot(database) as pg:
        moments = [start + (end - start) * rng.uniform(0.1, 1) for _ in range(2 * ROUNDS)]
        return [seconds(lambda: values(pg, at, end)) for at in moments]  # noqa: B023


def binary(database: Database, start: datetime, end: datetime) -> dict[str, float]:
    """From an AsOf to the last byte of the binary body, against the SQL that it stands on."""
    rng = random.Random(5)
    bare: list[float] = []
    ours: list[float] = []
    view = sql.SQL("SELECT fid FROM layers.things WHERE valid @> {at} AND upper_inf(recorded)")
    for _ in range(ROUNDS):
        at = start + (end - start) * rng.uniform(0.1, 1)
        with snapshot(database) as pg:
            bare.append(seconds(lambda: _bare(pg, at, end, view)))  # noqa: B023
        ours.append(
            seconds(lambda: as_binary(state(database, AsOf(at), OWNER, Wanted())))  # noqa: B023
        )
    return compare("binary state, bare SQL", bare, ours, faster=False)


def _bare(pg: Pg, at: datetime, known: datetime, view: sql.SQL) -> None:
    values(pg, at, known)
    packed.select_packed(pg, view.format(at=at), ["int8"])


def ingest(database: Database, count: int) -> None:
    """Batches through the write path, from the body to the commit."""
    rng = np.random.default_rng(1)
    for form, title in ((ARROW, "Arrow with a batch key"), (JSON, "JSON rows with ids")):
        size = BATCH if form == ARROW else BATCH // 4
        taken = []
        for n in range(6):
            body = _body(form, count, size, rng, n)
            take = partial(_take, database, body, form, f"{form}{n}")
            taken.append(seconds(take))
        rates = sorted(size / took for took in taken[1:])
        print(f"{title:<44} {rates[len(rates) // 2]:12,.0f} readings/s")


def _take(database: Database, body: bytes, form: str, key: str) -> None:
    store(database, decode(body, form, ZONE), OWNER, key=key)


def _body(form: str, count: int, size: int, rng: np.random.Generator, n: int) -> bytes:
    now = packed.micros(datetime.now(UTC)) - rng.integers(0, 10_000_000, size)
    names = [f"thing-{one}" for one in rng.integers(0, count, size)]
    x = rng.normal(0, 1, size)
    if form == JSON:
        rows = zip(names, now.tolist(), x.tolist(), strict=True)
        return orjson.dumps(
            [
                {
                    "id": f"{n}-{k}", "asset": name, "property": "level",
                    "at": packed.moment(us), "value": value,
                }
                for k, (name, us, value) in enumerate(rows)
            ]
        )  # fmt: skip
    table = pa.table(
        {
            "asset": pa.array(names),
            "property": pa.array(["level"] * size).dictionary_encode(),
            "at": pa.array(now, pa.timestamp("us", "UTC")),
            "value": pa.array(x),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def main(count: int = 10_000, rounds: int = 100, times: int = 10) -> dict[str, Any]:
    with city() as database:
        place(database, count)
        start = datetime.now(UTC) - timedelta(hours=1, minutes=rounds * times)
        end = live_through(database, count, rounds, start)
        make_peers(database)
        print(f"-- {count} assets, {count * rounds} readings")
        results = past_states(database, start, end)
        results["binary"] = binary(database, start, end)
        if times > 1:
            results["growth"] = growth(database, count, rounds, times, start, end)
        ingest(database, count)
        return results


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
