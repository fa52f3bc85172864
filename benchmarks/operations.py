"""Operations: rules over readings, the same history again for a back-test, indicators of cases.

Targets, on two cores: 10,000 rules over 1e5 series within a 10 s cycle in which every series
reads; a back-test over 1e7 readings in seconds, against pandas for the bare limit; indicators of a
million cases in seconds; 500 cameras in under a minute.
"""

import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from psycopg.types.json import Jsonb
from scipy.interpolate import RegularGridInterpolator

from benchmarks.city import city, seconds
from benchmarks.twin import place
from datasets.sample.city import sample_city
from datasets.sample.duties import INDICATORS
from spatial.asof import DEFAULT_ZONE
from spatial.database import Database
from spatial.grant import OWNER
from spatial.moment import Moment
from spatial.query import snapshot
from spatial.visibility.coverage import Blocks, Cameras, views
from spatial.visibility.viewshed import Floats
from twin_model import packed
from twin_model.alerts.back_test import back_test
from twin_model.alerts.engine import Engine
from twin_model.alerts.rule import parse
from twin_model.decode import ARROW, decode
from twin_model.indicators.indicators import indicators
from twin_model.indicators.model import Indicator
from twin_model.packed import Column
from twin_model.store import store

SERIES, RULES, READINGS, CASES = 100_000, 10_000, 10_000_000, 1_000_000
_OF_CASES = ("on_time", "emergencies_handled", "closing", "returned", "satisfaction", "reported")
# a case every few minutes, due in two days; one in twenty is corrected ten days later
_CASES_SQL = """
WITH made AS (
    SELECT n, at, at + interval '2 days' AS due, at + interval '2 days' * (0.2 + random()) AS done
    FROM (SELECT n, %(start)s + n::float8 * %(span)s / %(count)s * interval '1 second' AS at
          FROM generate_series(1, %(count)s) n) one
)
INSERT INTO city.case_record (id, recorded, action, changed_by, stage, source, text, category, area,
    department, reported_at, filed_at, dispatched_at, handled_at, closed_at, due_at, returns, mark,
    access)
SELECT n, tstzrange(done + k * interval '10 days',
        CASE WHEN k = 0 AND n %% 20 = 0 THEN done + interval '10 days' END),
    'close', 'bench', 'closed', 'hotline', 'x', '0' || (1 + n %% 3) || '01',
    '32990' || (2 + n %% 4) || '001', 'works', at, at, at, done - k * interval '1 day',
    done - k * interval '1 day', due, n %% 16 / 15, 3 + n %% 3, 'public'
FROM made, generate_series(0, 1) k WHERE k = 0 OR n %% 20 = 0
"""
LEVEL = {
    "kind": "threshold", "property": "level", "hysteresis": 0.2, "for_s": 60, "hold_s": 120,
    "limits": {"blue": 2.5, "yellow": 3, "orange": 3.5, "red": 4},
}  # fmt: skip


def back_tests() -> None:
    rng = np.random.default_rng(1)
    many = READINGS // 100
    series = np.repeat(np.arange(100), many)
    at = np.tile(np.arange(many) * 30_000_000, 100)
    x = rng.normal(0, 1.2, READINGS)
    rule = parse(LEVEL)

    def ours() -> Column:
        return back_test(
            rule, series, at, x, x, since=0, until=int(at[-1]), zone=DEFAULT_ZONE
        ).events.at

    def pandas() -> int:
        table = pd.DataFrame({"series": series, "x": x})
        level = np.digitize(table["x"], sorted(rule.limits.values()))
        return int((pd.Series(level).groupby(table["series"]).diff().fillna(0) != 0).sum())

    ours()
    mine, theirs = seconds(ours), seconds(pandas)
    print(
        f"back-test of {READINGS:.0e} readings: {mine:.2f} s, all of the rule; pandas, the bare"
        f" limits alone: {theirs:.2f} s; {theirs / mine:.1f} x"
    )


def cycles(database: Database) -> None:
    place(database, SERIES)
    start = datetime.now(UTC) - timedelta(minutes=4)
    each = SERIES // RULES
    with database.begin() as tx:
        stamp = datetime.now(UTC)
        with tx.pg.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO city.alert_rule (name, document, valid, recorded, changed_by)"
                " VALUES (%s, %s, tstzrange(%s, NULL), tstzrange(%s, NULL), 'bench')",
                [
                    (
                        f"rule {n}",
                        Jsonb(LEVEL | {"assets": [f"thing-{each * n + k}" for k in range(each)]}),
                        start, stamp,
                    )
                    for n in range(RULES)
                ],
            )  # fmt: skip
    engine, rng = Engine(database), np.random.default_rng(2)
    first = seconds(lambda: engine.cycle(start))
    print(f"first cycle, {RULES} rules and {SERIES} series: {first:.2f} s")
    names = pa.array([f"thing-{n}" for n in range(SERIES)])
    taken, events = [], 0
    for n in range(6):
        now = start + timedelta(seconds=30 * (n + 1))
        moment = packed.micros(now)
        table = pa.table(
            {
                "asset": names, "property": pa.array(["level"] * SERIES),
                "at": pa.array(np.full(SERIES, moment), pa.timestamp("us", "UTC")),
                "value": pa.array(rng.normal(0, 1.5, SERIES)),
            }
        )  # fmt: skip
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as out:
            out.write_table(table)
        store(database, decode(sink.getvalue().to_pybytes(), ARROW, ZoneInfo("UTC")), OWNER)
        cycle = []
        taken.append(seconds(lambda: cycle.append(engine.cycle(now))))  # noqa: B023
        events += len(cycle[0].alerts)
    print(
        f"a cycle of {SERIES} readings: median {np.median(taken):.2f} s, worst {max(taken):.2f} s,"
        f" {events} changes of alerts (target: within 10 s)"
    )


def indicators_of_cases(database: Database) -> None:
    """A million cases over five years, some corrected later: indicators then and now."""
    now = datetime.now(UTC)
    start = now - timedelta(days=5 * 365)
    with database.begin() as tx:
        tx.pg.execute("SELECT setseed(0.5)")
        tx.pg.execute(
            _CASES_SQL.encode(), {"count": CASES, "start": start, "span": 5 * 365 * 86_400}
        )
        tx.pg.execute("ANALYZE city.case_record")
    rate = Indicator.model_validate(INDICATORS["on_time"])
    several = {name: Indicator.model_validate(INDICATORS[name]) for name in _OF_CASES}
    for words, known in (("as known now", now), ("as reported two years ago", None)):
        at = known or now - timedelta(days=730)

        def one(at: datetime = at) -> None:
            with snapshot(database) as pg:
                indicators(database, pg, OWNER, Moment(at, at), {"on_time": rate}, windows=52)

        def all_(at: datetime = at) -> None:
            with snapshot(database) as pg:
                indicators(database, pg, OWNER, Moment(at, at), several, windows=12)

        print(
            f"{CASES:.0e} cases, {words}: on-time rate by week over a year {seconds(one):.2f} s,"
            f" {len(several)} indicators over 12 weeks {seconds(all_):.2f} s"
        )


def cameras() -> None:
    """What 500 cameras of the sample city see over its buildings."""
    made = sample_city()
    frames = {one.name: one.frame for one in made.layers}
    eyes = frames["cameras"].iloc[:500]
    houses = frames["buildings"]
    houses = houses[houses["valid_to"].isna()]
    heights = made.rasters[0].data
    stations = Cameras(
        shapely.get_coordinates(eyes.geometry.to_numpy()), eyes["height_m"].to_numpy(float),
        eyes["azimuth_deg"].to_numpy(float), eyes["fov_deg"].to_numpy(float),
        np.full(len(eyes), 120.0),
    )  # fmt: skip
    blocks = Blocks(houses.geometry.to_numpy(), houses["height_m"].to_numpy(float))
    x, y = heights["x"].to_numpy(), heights["y"].to_numpy()
    grid = RegularGridInterpolator(
        (y[::-1], x), heights.to_numpy()[::-1], bounds_error=False, fill_value=np.nan
    )

    def terrain(east: Floats, north: Floats) -> Floats:
        found: Floats = grid((north, east))
        return found

    first = Cameras(*(column[:1] for column in vars(stations).values()))
    views(first, blocks, terrain, 2.0, 1.5)  # compiled
    took = seconds(lambda: views(stations, blocks, terrain, 2.0, 1.5))
    print(f"viewsheds of {len(eyes)} cameras over {len(houses)} buildings: {took:.1f} s")


def main() -> None:
    back_tests()
    cameras()
    with city() as database:
        indicators_of_cases(database)
        cycles(database)


if __name__ == "__main__":
    sys.exit(main())
