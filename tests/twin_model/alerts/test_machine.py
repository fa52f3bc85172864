"""Rules over hand-made series: each event and its moment worked out by hand."""

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import Invalid
from twin_model.alerts import machine
from twin_model.alerts.back_test import back_test, held_seconds
from twin_model.alerts.combine import combine
from twin_model.alerts.judge import Judge, learn
from twin_model.alerts.rule import Kind, Rule, parse

ZONE = ZoneInfo("Asia/Shanghai")
S = 1_000_000
FOUR = {"blue": 1.0, "yellow": 2.0, "orange": 3.0, "red": 4.0}


def said(
    rule: Rule, readings: list[tuple[float, float]], until: float, y: float = np.nan, **more: Any
) -> list[tuple[float, int, int]]:
    """(second, before, after) of each event of one series; readings are (second, value)."""
    at = np.array([round(t * S) for t, _ in readings], np.int64)
    x = np.array([value for _, value in readings], float)
    tested = back_test(
        rule, np.ones(len(at), np.int64), at, x, np.full(len(at), y), since=0,
        until=round(until * S), zone=ZONE, wanted=np.array([1]), **more,
    )  # fmt: skip
    of = tested.events
    return list(zip((of.at / S).tolist(), of.before.tolist(), of.after.tolist(), strict=True))


def rule(**more: Any) -> Rule:
    return parse({"kind": "threshold", "property": "level", "limits": FOUR} | more)


def test_levels_rise_and_fall_with_the_value() -> None:
    values = [(0, 0.5), (10, 1.0), (20, 4.5), (30, 2.5), (40, 0.9)]
    assert said(rule(), values, 50) == [(10, 0, 1), (20, 1, 4), (30, 4, 2), (40, 2, 0)]


def test_hysteresis_keeps_a_level_until_well_below() -> None:
    values = [(0, 2.0), (10, 1.9), (20, 1.75), (30, 1.69), (40, 2.0)]
    assert said(rule(hysteresis=0.3), values, 50) == [(0, 0, 2), (30, 2, 1), (40, 1, 2)]


def test_a_level_rises_when_its_limit_was_passed_long_enough() -> None:
    values = [(0, 1.5), (30, 2.5), (60, 2.5), (90, 0), (100, 1.5), (130, 0)]
    # blue since 0 is due at 40; yellow since 30 at 70; the last peak lasts 30 s only
    assert said(rule(for_s=40), values, 200) == [(40, 0, 1), (70, 1, 2), (90, 2, 0)]


def test_a_level_falls_when_it_was_lower_long_enough() -> None:
    values = [(0, 4.0), (10, 3.5), (20, 4.0), (30, 1.5), (50, 0.5)]
    # red is gone since 30: at 90 down to blue, which is gone since 50: at 110
    assert said(rule(hold_s=60), values, 200) == [(0, 0, 4), (90, 4, 1), (110, 1, 0)]


def test_time_alone_makes_a_duration_true_but_not_through_a_gap() -> None:
    assert said(rule(for_s=600, gap_s=900), [(0, 1.5)], 3600) == [(600, 0, 1)]
    assert said(rule(for_s=600, gap_s=300), [(0, 1.5)], 3600) == []
    # the gap of 400 s starts the ten minutes anew
    values = [(0, 1.5), (250, 1.5), (650, 1.5), (900, 1.5), (1190, 1.5)]
    assert said(rule(for_s=600, gap_s=300), values, 1249) == []
    assert said(rule(for_s=600, gap_s=300), values, 1250) == [(1250, 0, 1)]


def test_below_is_the_mirror_of_above() -> None:
    low = rule(side="below", limits={"blue": -1.0, "red": -4.0}, hysteresis=0.5)
    values = [(0, 0), (10, -1), (20, -4), (30, -3.6), (40, -0.6), (50, -0.4)]
    assert said(low, values, 60) == [(10, 0, 1), (20, 1, 4), (40, 4, 1), (50, 1, 0)]


def test_a_rate_is_measured_against_what_was_then() -> None:
    quick = rule(kind="rate", over_s=600, limits={"orange": 0.5})
    # 0.05 in 10 minutes are 0.3 an hour; 0.1 are 0.6
    values = [(0, 3.0), (600, 3.05), (1200, 3.15), (1800, 3.2)]
    assert said(quick, values, 2000) == [(1200, 0, 3), (1800, 3, 0)]
    # nothing to measure against after an hour without readings: the level stays
    assert said(quick, [*values[:3], (4800, 9.0)], 5000) == [(1200, 0, 3)]


def test_a_total_is_what_fell_in_so_many_hours() -> None:
    """50 mm within 3 h: hourly rain, of which the fourth hour no longer counts."""
    wet = rule(kind="total", over_s=3 * 3600, limits={"orange": 50, "red": 100}, gap_s=7200)
    values = [(3600 * hour, mm) for hour, mm in enumerate([30, 15, 5, 29, 80, 0, 0, 0, 0], 1)]
    assert said(wet, values, 40_000) == [
        (3 * 3600, 0, 3), (4 * 3600, 3, 0), (5 * 3600, 0, 4), (7 * 3600, 4, 3), (8 * 3600, 3, 0)
    ]  # fmt: skip


def test_a_total_of_small_readings_is_right_to_a_part_of_its_stretch() -> None:
    """A mm each minute: an hour's total reaches 60 at the hour, and stays."""
    wet = rule(kind="total", over_s=3600, limits={"blue": 60}, hysteresis=1)
    values = [(60.0 * minute, 1.0) for minute in range(1, 150)]
    assert said(wet, values, 9000) == [(3600, 0, 1)]


def test_silence_grows_and_ends_with_a_reading() -> None:
    silent = rule(kind="silence", limits={"blue": 60, "red": 300})
    assert said(silent, [], 400) == [(60, 0, 1), (300, 1, 4)]
    values = [(50, 1.0), (110, 1.0), (200, 1.0)]
    assert said(silent, values, 259) == [(170, 0, 1), (200, 1, 0)]


def test_deviation_is_from_the_usual_hour_of_the_week() -> None:
    week = 168 * 3600
    hours = np.arange(4 * 168)
    usual = 100.0 + 50 * (hours % 24 == 8) + np.where(hours // 168 % 2, 1, -1)
    learnt = learn(
        np.array([1]), np.ones(len(hours), np.int64), hours * 3600 * S, usual, ZoneInfo("UTC")
    )
    # 08:00 on the epoch's Thursday, UTC: 150 is usual; in the hour after it is not
    values = [(4 * week + 8 * 3600, 150.0), (4 * week + 9 * 3600, 150.0), (4 * week + 36_000, 101)]
    score = rule(kind="deviation", limits={"red": 10.0}, gap_s=7200)
    tested = back_test(
        score, np.ones(3, np.int64), np.array([round(t * S) for t, _ in values]),
        np.array([v for _, v in values], float), np.full(3, np.nan), since=0,
        until=10**15, zone=ZoneInfo("UTC"), usual=learnt,
    )  # fmt: skip
    assert (tested.events.at // S - 4 * week).tolist() == [9 * 3600, 36_000]


def test_a_fence_is_passed_by_position() -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    fence = parse(
        {"kind": "fence", "property": "place", "side": "outside", "area": square, "level": "orange"}
    )
    values = [(0, 0.5), (10, 1.5), (20, 0.2)]  # longitudes
    assert said(fence, values, 30, y=0.5) == [(10, 0, 3), (20, 3, 0)]


def test_combinations_are_least_and_greatest() -> None:
    a = (np.array([10, 30, 50]), np.array([1, 4, 0]))
    b = (np.array([20, 60]), np.array([2, 0]))
    assert [c.tolist() for c in combine([a, b], Kind.all)] == [[20, 30, 50], [1, 2, 0]]
    assert [c.tolist() for c in combine([a, b], Kind.any)] == [
        [10, 20, 30, 50, 60],
        [1, 2, 4, 2, 0],
    ]


def test_counts_are_of_episodes_and_seconds() -> None:
    at = np.array([0, 10, 20, 40, 60], np.int64) * S
    x = np.array([1.0, 4.0, 0.0, 2.0, 2.0])
    tested = back_test(
        rule(), np.ones(5, np.int64), at, x, x * np.nan, since=0, until=100 * S, zone=ZONE
    )
    counts = tested.counts(100 * S)
    assert counts["episodes"] == 2
    assert counts["open_at_the_end"] == 1
    assert counts["peaks"] == {"blue": 0, "yellow": 1, "orange": 0, "red": 1}
    assert counts["seconds"] == {"blue": 10.0, "yellow": 60.0, "orange": 0.0, "red": 10.0}
    assert held_seconds(tested.events, 100 * S).sum() == 80


def _slow(r: Rule, values: list[tuple[int, float]], until: int) -> list[tuple[int, int, int]]:
    """The same said second by second: what has held for how long."""
    bounds, level, events = r.bounds(), 0, []
    up: list[int | None] = [None] * 4
    down: list[int | None] = [None] * 4
    read = dict(values)
    last: int | None = None
    for t in range(until + 1):
        for new in (False, True):
            if new:
                if t not in read:
                    continue
                broken = last is None or t - last > r.gap_s
                for k, bound in enumerate(bounds):
                    for since, holds in (
                        (up, read[t] >= bound), (down, read[t] < bound - r.hysteresis),
                    ):  # fmt: skip
                        if not holds:
                            since[k] = None
                        elif broken or since[k] is None:
                            since[k] = t
                last = t
            if last is None or t - last > r.gap_s:
                continue

            def holds(since: int | None, need: float, t: int = t) -> bool:
                return since is not None and t - since >= need

            rise = max((k + 1 for k in range(4) if holds(up[k], r.for_s)), default=0)
            to = level
            if rise > level:
                to = rise
            elif level and holds(down[level - 1], r.hold_s):
                to = max(
                    (k + 1 for k in range(level - 1) if not holds(down[k], r.hold_s)), default=0
                )
            if to != level:
                events.append((t, level, to))
                level = to
    return events


steps = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)), min_size=1, max_size=25)


@settings(max_examples=150, deadline=None)
@given(
    steps, st.integers(0, 20), st.integers(0, 20), st.integers(0, 3), st.integers(5, 40),
    st.lists(st.integers(0, 400), max_size=4),
    st.sampled_from(["threshold", "rate", "silence", "total"]),
)  # fmt: skip
def test_cut_into_cycles_it_says_the_same(
    spaced: list[tuple[int, int]], for_s: int, hold_s: int, hysteresis: int, gap_s: int,
    cuts: list[int], kind: str,
) -> None:  # fmt: skip
    at = np.cumsum([gap for gap, _ in spaced])
    x = np.array([value for _, value in spaced], float)
    limits = {"blue": 2.0, "yellow": 4.0, "orange": 6.0, "red": 8.0}
    one = rule(
        kind=kind, limits=limits, for_s=for_s, hold_s=hold_s, hysteresis=hysteresis, gap_s=gap_s,
        over_s=10,
    )  # fmt: skip
    until = int(at[-1]) + 60
    whole = said(one, list(zip(at.tolist(), x.tolist(), strict=True)), until)
    if kind == "threshold":
        slow = _slow(one, list(zip(at.tolist(), x.tolist(), strict=True)), until)
        assert whole == slow
    judge = Judge.of([one], ZONE, {})
    states = machine.begin(np.zeros(1, np.int64), judge.limits.kind, np.zeros(1, np.int64))
    parts, done = [], -1
    for end in [*sorted({cut for cut in cuts if cut < until}), until]:
        mine = (at > done) & (at <= end)
        n = int(mine.sum())
        found = judge.advance(
            states, np.zeros(n, np.int64), np.ones(n, np.int64), at[mine] * S, x[mine],
            x[mine] * np.nan, end * S,
        )  # fmt: skip
        parts += list(zip((found.at / S).tolist(), found.before.tolist(), found.after.tolist(),
                          strict=True))  # fmt: skip
        done = end
    assert parts == whole


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"limits": {}}, "a limit for one level"),
        ({"limits": {"blue": 2, "red": 1}}, "go further"),
        ({"limits": {"purple": 2}}, "purple"),
        ({"limits": {"red": float("nan")}}, "finite"),
        ({"property": None}, "property"),
        ({"colour": "red"}, "colour"),
        ({"kind": "all", "of": ["a"]}, "two rules"),
        ({"kind": "fence", "side": "inside", "area": {"type": "Point"}}, "polygon"),
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        rule(**wrong)
