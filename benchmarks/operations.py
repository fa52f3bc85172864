"""Operations: rules over readings, the same history again for a back-test, indicators of cases.

Targets, on two cores: 10,000 rules over 1e5 series within a 10 s cycle in which every series
reads; a back-test over 1e7 readings in seconds, against pandas for the bare limit.
"""

import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from psycopg.types.json import Jsonb

from benchmarks.city import city, seconds
from benchmarks.twin import place
from spatial.asof import DEFAULT_ZONE
from spatial.database import Database
from spatial.grant import OWNER
from twin_model import packed
from twin_model.alerts.back_test import back_test
from twin_model.alerts.engine import Engine
from twin_model.alerts.rule import parse
from twin_model.decode import ARROW, decode
from twin_model.packed import Column
from twin_model.store import store

SERIES, RULES, READINGS = 100_000, 10_000, 10_000_000
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


def main() -> None:
    back_tests()
    with city() as database:
        cycles(database)


if __name__ == "__main__":
    sys.exit(main())
