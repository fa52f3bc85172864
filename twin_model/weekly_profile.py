"""The analysis `weekly-profile`: the usual week of many series, from a history of any length."""

from collections.abc import Iterator
from typing import Annotated
from zoneinfo import available_timezones

import numpy as np
from psycopg import sql
from pydantic import AfterValidator, Field

from spatial.analyses.inputs import Inputs, Label
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Run
from spatial.analyses.series import SeriesName
from spatial.analyses.staging import Staging, counts
from spatial.asof import DEFAULT_ZONE
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.layer import Column
from spatial.moment import resolve
from spatial.query import snapshot
from twin_model import packed
from twin_model.kinds import Kind
from twin_model.packed import Column as Numbers
from twin_model.profile_parts import FATES, SLICE, STAGED, Chosen, Profiler
from twin_model.series_input import find_series

PART = 2 * SLICE  # readings
COLUMNS = (
    Column("asset", "text"),
    Column("property", "text"),
    Column("unit", "text"),
    Column("weekday", "integer"),
    Column("hour", "integer"),
    Column("stretches", "bigint"),
    Column("readings", "bigint"),
    Column("p10", "double precision"),
    Column("p25", "double precision"),
    Column("median", "double precision"),
    Column("p75", "double precision"),
    Column("p90", "double precision"),
    Column("spread", "double precision"),
)
_ROWS = """
SELECT a.name AS asset, r.property, r.unit, s.hour / 24 + 1 AS weekday, s.hour % 24 AS hour,
    s.stretches, s.readings, p10, p25, p50 AS median, p75, p90, spread, s.geom
FROM {staging} s JOIN city.series r ON r.id = s.series JOIN city.asset a ON a.id = r.asset_id
WHERE {counts} ORDER BY a.name, r.property, s.hour
"""


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("this is no time zone: write Asia/Shanghai, as the IANA names them")
    return name


class ProfileInputs(Inputs):
    """Whose usual week, and of what in it."""

    series: Annotated[
        SeriesName,
        Label(
            "序列：资产图层，可加 ?property=、asset=、datetime=起/止",
            "series: a layer of assets, and ?property=, asset=, datetime=start/end",
        ),
    ]
    every_min: Annotated[
        int,
        Field(ge=1, le=60),
        Label("先按此时段取平均", "stretch that readings are averaged over first", unit="min"),
    ] = 60
    least: Annotated[
        float | None,
        Label("低于此值的读数不计", "readings below this are left out", unit="unit of the series"),
    ] = None
    greatest: Annotated[
        float | None,
        Label("高于此值的读数不计", "readings above this are left out", unit="unit of the series"),
    ] = None
    timezone: Annotated[
        str, AfterValidator(_zone), Label("时区", "time zone of the hours and weekdays")
    ] = DEFAULT_ZONE.key


@analysis(
    "weekly-profile",
    zh="一周典型过程",
    en="Weekly profile",
    about_zh="把长期读数按时段平均后，逐序列统计一周 168 个小时的中位数、分位数（10、25、75、90）"
    "与稳健离散度（1.4826 × 绝对中位差），写成一张表；证明：读数总数 = 采用 + 剔除。",
    about_en="Averages a long history over stretches of time, then tells for each series and each "
    "of the 168 hours of the week the median, the quantiles (10, 25, 75, 90) and a robust spread "
    "(1.4826 × median absolute deviation), as a table. The certificate: readings in = used + "
    "left out.",
)
def weekly_profile(run: Run, inputs: ProfileInputs) -> Outcome:
    """Profile the series part by part; the pure function is `twin_model.profile.profile`.

    weekday is 1 on Monday. Raises NotFound without such series, Invalid where none is of numbers
    and where a stretch does not divide the hour.
    """
    if 60 % inputs.every_min:
        raise Invalid("an hour is a whole number of stretches: 60, 30, 20, 15, 10, 5 … minutes")
    run.progress(0.0, "finding the series")
    with snapshot(run.database) as pg:
        source = find_series(pg, inputs.series, run.grant)
        found = [one.id for one in source.find(pg, run.asof) if one.kind is Kind.number]
        if not found:
            raise Invalid(f"'{source.name}' has no series of numbers")
        span, series = source.span(run.asof), np.array(found, np.int64)
        assert span.start is not None
        assert span.end is not None
        chosen = Chosen(
            packed.micros(span.start), packed.micros(span.end), resolve(pg, run.asof).known_at
        )
        there = chosen.count(pg, series)
        chosen = chosen.narrowed(pg)
    before = np.array([there.get(one, 0) for one in found], np.int64)
    staging = run.staging(STAGED, source.layer.srid)
    profiler = Profiler(
        run.database.conninfo, chosen, inputs.every_min * 60_000_000, inputs.timezone,
        -np.inf if inputs.least is None else inputs.least,
        np.inf if inputs.greatest is None else inputs.greatest, staging,
    )  # fmt: skip
    parts = list(_parts(series, before))
    batches: list[int] = []
    fates = np.zeros((len(series), len(FATES)), np.int64)
    for batch, of, became in run.parallel.map(profiler, parts):
        batches.append(batch)
        fates[np.searchsorted(series, of)] = became
        run.progress(0.9 * len(batches) / len(parts), f"{len(batches)} of {len(parts)} parts")
    return _outcome(source.layer.srid, staging, batches, before, fates)


def _parts(series: Numbers, count: Numbers) -> Iterator[tuple[Numbers, int]]:
    """Series that come to about PART readings together, and into how many slices of time."""
    part = (np.cumsum(count) - count) // PART
    for one in np.unique(part):
        mine = part == one
        yield series[mine], 1 + int(count[mine].sum()) // SLICE


def _outcome(
    srid: int, staging: Staging, batches: list[int], before: Numbers, fates: Numbers
) -> Outcome:
    total = dict(zip(FATES, map(float, fates.sum(axis=0)), strict=True))
    return Outcome(
        {
            "layer": NewLayer(
                geometry_type="Geometry",  # of a table: there, and empty
                srid=srid,
                columns=COLUMNS,
                rows=sql.SQL(_ROWS).format(staging=staging.table, counts=counts(batches)),
            )
        },
        certificate=Certificate(
            equation="readings in = used + bad + outside the limits + superseded + summed up"
            " too coarsely",
            left=float(before.sum()),
            right=float(fates.sum()),
            residual=float(np.abs(before - fates.sum(axis=1)).sum()),
            tolerance=0.0,
            unit="readings",
            balance={"in": float(before.sum()), **total},
            dropped=float(fates[:, 1:].sum()),
        ),
        summary={"series": len(before), "readings": int(fates[:, 0].sum()), "parts": len(batches)},
    )
