"""The usual week of series: as pandas has it, whatever the parts, and no reading lost."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from worlds import make_layer

import twin_model.known  # noqa: F401
from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.analyses.series import SeriesSelection, open_series
from spatial.asof import AsOf
from spatial.database import Database
from spatial.errors import Invalid, NotFound
from spatial.grant import OWNER, Grant
from twin_model import assets, weekly_profile
from twin_model.decode import CSV, decode
from twin_model.profile import NORMAL, profile, stretches
from twin_model.store import store

ZONE = ZoneInfo("Asia/Shanghai")
HOUR_US = 3_600_000_000


def usual(database: Database, workers: int = 1, **inputs: Any) -> tuple[pd.DataFrame, jobs.Job]:
    """The table that the analysis writes, and its job."""
    job = jobs.submit(database, "weekly-profile", inputs, AsOf(), OWNER)
    run(database, job, workers=workers)
    done = jobs.get(database, job, OWNER)
    assert done.status == "successful", done.message
    columns = [one.name for one in weekly_profile.COLUMNS]
    with database.begin() as tx:
        rows = tx.pg.execute(
            f"SELECT {', '.join(columns)} FROM layers.{done.output} ORDER BY fid".encode()
        ).fetchall()
    return pd.DataFrame(rows, columns=columns), done


def oracle(table: pd.DataFrame, zone: ZoneInfo = ZONE, every: str = "1h") -> pd.DataFrame:
    """The same by pandas, of columns asset, property, at (aware) and value."""
    local = table.assign(at=table["at"].dt.tz_convert(zone))
    means = (
        local.set_index("at").groupby(["asset", "property"])["value"].resample(every).mean()
    ).dropna().reset_index()  # fmt: skip
    means["weekday"], means["hour"] = means["at"].dt.dayofweek + 1, means["at"].dt.hour
    spread = means.groupby(["asset", "property", "weekday", "hour"])["value"]
    return pd.DataFrame(
        {
            "stretches": spread.size(),
            "p10": spread.quantile(0.1),
            "p25": spread.quantile(0.25),
            "median": spread.median(),
            "p75": spread.quantile(0.75),
            "p90": spread.quantile(0.9),
            "spread": spread.apply(lambda v: NORMAL * (v - v.median()).abs().median()),
        }
    ).reset_index()


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    columns = [*expected.columns]
    key = ["asset", "property", "weekday", "hour"]
    pd.testing.assert_frame_equal(
        found[columns].sort_values(key, ignore_index=True),
        expected.sort_values(key, ignore_index=True),
        check_dtype=False,
        rtol=1e-9,
    )


def sent(database: Database, table: pd.DataFrame, *, key: str = "all") -> None:
    text = table.assign(at=table["at"].map(lambda at: at.isoformat())).to_csv(index=False)
    receipt = store(database, decode(text.encode(), CSV, ZONE), OWNER, key=key)
    assert (receipt.accepted, receipt.quarantined) == (len(table), 0)


@pytest.fixture
def weeks(database: Database, gauges: list[str]) -> pd.DataFrame:
    """Three weeks of readings of four assets, every 20 minutes and not always."""
    del gauges
    rng = np.random.default_rng(7)
    at = pd.date_range("2026-01-05T00:07", "2026-01-25", freq="20min", tz="UTC")
    table = pd.DataFrame(
        [(f"c{n}", "flow", one, rng.normal(10 * n, 3)) for n in range(4) for one in at],
        columns=["asset", "property", "at", "value"],
    ).sample(frac=0.9, random_state=3)
    sent(database, table)
    return table


def test_as_pandas_has_it_however_it_is_divided(
    database: Database, weeks: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial, done = usual(database, series="gauges?property=flow")
    assert_same(serial, oracle(weeks))
    certificate = done.document()["certificate"]
    assert certificate["holds"]
    assert certificate["left"] == certificate["balance"]["used"] == len(weeks)
    monkeypatch.setattr(weekly_profile, "PART", len(weeks) // 3)
    monkeypatch.setattr(weekly_profile, "SLICE", len(weeks) // 8)
    divided, done = usual(database, workers=2, series="gauges?property=flow")
    assert done.document()["summary"]["parts"] > 2
    pd.testing.assert_frame_equal(divided, serial)


def test_every_reading_is_used_or_left_out_for_a_reason(
    database: Database, weeks: pd.DataFrame
) -> None:
    corrected = weeks.iloc[:50].assign(value=1.0)
    sent(database, corrected, key="corrected")
    bad = weeks.iloc[50:80].assign(value=2.0, quality="bad")
    sent(database, bad, key="bad")
    whole = pd.concat([weeks.iloc[80:], corrected])
    expected = whole[whole["value"].between(-5, 35)]
    found, done = usual(
        database, series="gauges?property=flow", every_min=20, least=-5, greatest=35
    )
    assert_same(found, oracle(expected, every="20min"))
    certificate = done.document()["certificate"]
    assert certificate["holds"]
    assert certificate["balance"] == {
        "in": len(weeks) + 80.0,
        "used": float(len(expected)),
        "bad": 30.0,
        "outside": float(len(whole) - len(expected)),
        "superseded": 80.0,
        "coarse": 0.0,
    }
    assert int(found["readings"].sum()) == len(expected)


def test_what_was_known_before_a_correction_stays(database: Database, weeks: pd.DataFrame) -> None:
    with database.begin() as tx:
        (before,) = tx.pg.execute("SELECT last_recorded FROM city.twin").fetchone() or ()
    first, _ = usual(database, series="gauges?property=flow&asset=c1")
    sent(database, weeks[weeks["asset"] == "c1"].assign(value=0.0), key="corrected")
    job = jobs.submit(
        database, "weekly-profile", {"series": "gauges?asset=c1"}, AsOf(known_at=before), OWNER
    )
    run(database, job, workers=1)
    output = jobs.get(database, job, OWNER).output
    with database.begin() as tx:
        medians = tx.pg.execute(f"SELECT median FROM layers.{output} ORDER BY fid".encode())
        assert [row[0] for row in medians] == first["median"].tolist()


def test_a_week_without_an_hour_in_spring() -> None:
    zone = ZoneInfo("Europe/Paris")
    at = pd.date_range("2026-03-23", "2026-04-06", freq="10min", tz="UTC")
    us = at.as_unit("us").asi8
    rng = np.random.default_rng(1)
    value = rng.normal(size=len(us))
    series = np.ones(len(us), np.int64)
    found = profile(stretches(series, us, value, series, HOUR_US, zone))
    table = pd.DataFrame({"asset": "a", "property": "p", "at": at, "value": value})
    expected = oracle(table, zone)
    assert found.hour.tolist() == (24 * (expected["weekday"] - 1) + expected["hour"]).tolist()
    assert np.array_equal(found.stretches, expected["stretches"])
    assert found.quantiles[:, 2] == pytest.approx(expected["median"].to_numpy())
    assert found.spread == pytest.approx(expected["spread"].to_numpy())


def test_series_are_found_as_the_grant_sees_them(database: Database, weeks: pd.DataFrame) -> None:
    make_layer(database, "secrets", 1, access="restricted")
    stranger = Grant(subject="somebody")
    with database.begin() as tx:
        with pytest.raises(NotFound):
            open_series(tx.pg, SeriesSelection(layer="secrets"), stranger)
        with pytest.raises(NotFound, match="no such series"):
            open_series(tx.pg, SeriesSelection(layer="gauges", property=("heat",)), stranger)
        chosen = SeriesSelection.model_validate("gauges?asset=c0,c2&datetime=2026-01-06/2026-01-07")
        source = open_series(tx.pg, chosen, stranger)
        read = source.read(tx.pg, AsOf(datetime.now(ZONE)))
    assert (source.access, source.title("en")) == ("public", "gauges")
    days = weeks["at"].dt.tz_convert(ZONE).dt.strftime("%m-%d").isin(["01-06", "01-07"])
    expected = weeks[weeks["asset"].isin(["c0", "c2"]) & days].sort_values(["asset", "at"])
    assert read["value"].tolist() == expected["value"].tolist()
    assert read["asset"].tolist() == expected["asset"].tolist()


def test_what_cannot_be_profiled_is_told(database: Database, weeks: pd.DataFrame) -> None:
    del weeks
    for wrong, why in (
        ({"series": "gauges?datetime=2026"}, "span"),
        ({"series": "gauges", "timezone": "Wuxi"}, "no time zone"),
        ({"series": "gauges?colour=red"}, "colour"),
    ):
        with pytest.raises(Invalid, match=why):
            jobs.submit(database, "weekly-profile", wrong, AsOf(), OWNER)


def test_speeds_of_los_angeles(database: Database, shared_data: Path) -> None:
    place = shared_data / "sensors" / "metr_la_week" / "los_speed.csv.gz"
    if not place.is_file():
        pytest.skip("no speeds of Los Angeles among the shared data")
    raw = pd.read_csv(place).iloc[:, :40]
    make_layer(database, "loops", 40)
    assets.register(database, "loops", {"id": "code"})
    raw.columns = pd.Index([f"c{n}" for n in range(40)])
    start = pd.Timestamp("2012-03-01", tz="America/Los_Angeles")
    raw.index = pd.date_range(start, periods=len(raw), freq="5min", name="at")
    table = raw.reset_index().melt("at", var_name="asset").assign(property="speed")
    sent(database, table)
    found, done = usual(
        database, series="loops", least=0.1, timezone="America/Los_Angeles"
    )  # 0 is how they write that nothing was measured
    moving = table[table["value"] > 0]
    assert_same(found, oracle(moving, ZoneInfo("America/Los_Angeles")))
    balance = done.document()["certificate"]["balance"]
    assert (balance["used"], balance["outside"]) == (len(moving), len(table) - len(moving))


def test_air_of_beijing(database: Database, shared_data: Path) -> None:
    place = shared_data / "sensors" / "beijing_air"
    if not place.is_dir():
        pytest.skip("no air of Beijing among the shared data")
    raw = pd.concat(
        pd.read_csv(place / f"PRSA_Data_{name}_20130301-20170228.csv.gz")
        for name in ("Tiantan", "Huairou")
    )
    at = pd.to_datetime(raw[["year", "month", "day", "hour"]]).dt.tz_localize(ZONE)
    table = pd.DataFrame(
        {
            "asset": raw["station"].map({"Tiantan": "c0", "Huairou": "c1"}),
            "property": "pm2_5",
            "at": at,
            "value": raw["PM2.5"],
        }
    ).dropna()
    make_layer(database, "stations", 2)
    assets.register(database, "stations", {"id": "code"})
    sent(database, table)
    found, done = usual(database, series="stations")
    assert_same(found, oracle(table))
    assert done.document()["certificate"]["left"] == len(table)
