"""Editing and reading against a model so simple that it can only be right."""

import random
from copy import deepcopy
from datetime import UTC, datetime

import pytest
import shapely
from worlds import make_layer

from spatial import scenario
from spatial.asof import AsOf
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import Gone, NotFound
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.period import Period

SLOTS = 8
FIRST = 2022  # so that the slots lie on both sides of now
SQUARE = shapely.box(528_000, 3_486_000, 528_001, 3_486_001)
ROUND = (527_000.0, 3_485_000.0, 529_000.0, 3_487_000.0)


def year(slot: int | None) -> datetime | None:
    return None if slot is None else datetime(FIRST + slot, 1, 1, tzinfo=UTC)


def seen(database: Database, asof: AsOf) -> dict[int, str]:
    frame = read_frame(database, "plots", asof, OWNER)
    assert frame["fid"].is_unique
    boxed = read_frame(database, "plots", asof, OWNER, bbox=ROUND)
    assert sorted(boxed["fid"]) == sorted(frame["fid"])
    assert set(boxed["code"]) == set(frame["code"])
    return dict(zip(frame["fid"], frame["code"], strict=True))


class Model:
    """What is believed of each feature in each year slot, copied after every edit."""

    def __init__(self) -> None:
        self.main: dict[int, dict[int, str]] = {}
        self.plan: dict[int, dict[int, str | None]] = {}
        self.base: dict[int, dict[int, str]] | None = None
        self.history: list[tuple[datetime, dict, dict]] = []

    def through(self, fid: int, slot: int, *, plan: bool) -> str | None:
        if plan and slot in self.plan.get(fid, {}):
            return self.plan[fid][slot]
        source = self.base if plan and self.base is not None else self.main
        return source.get(fid, {}).get(slot)


def play(database: Database, rng: random.Random, steps: int) -> None:
    model = Model()
    stamps: list[tuple[datetime, Model]] = []
    for step in range(steps):
        if step == steps // 3:
            scenario.create(database, "plan", author="planner")
            model.base = deepcopy(model.main)
        on_plan = model.base is not None and rng.random() < 0.5
        name = "plan" if on_plan else "main"
        fids = sorted(set(model.main) | set(model.plan))
        kind = rng.choice(["insert", "update", "correct", "remove", "away"]) if fids else "insert"
        start = rng.choice([None, *range(SLOTS)])
        end = rng.choice([None, *range((start or 0) + 1, SLOTS + 1)])
        span = range(start or 0, SLOTS if end is None else end)
        value = f"v{step}"
        with edit(database, "plots", author="ed", scenario=name) as editor:
            target = model.plan if on_plan else model.main
            if kind == "insert":
                period = Period(year(start), year(end))
                fid = editor.insert({"code": value}, SQUARE, 4549, period)
                target[fid] = dict.fromkeys(span, value)
            else:
                fid = rng.choice(fids)
                there = {s for s in range(SLOTS) if model.through(fid, s, plan=on_plan)}
                own = target.setdefault(fid, {})
                try:
                    if kind == "correct":
                        editor.correct(fid, Period(year(start), year(end)), {"code": value})
                        own |= dict.fromkeys(there & set(span), value)
                    elif kind == "update":
                        slot = start or 0
                        editor.update(fid, {"code": value}, at=year(slot))
                        raise_unless(slot in there)
                        end_of_state = slot
                        # the state ends where the stored row ends: read it back from the books
                        frame = read_frame_row(editor, fid, year(slot))
                        while end_of_state < SLOTS and covers(frame, end_of_state):
                            own[end_of_state] = value
                            end_of_state += 1
                    elif kind == "remove":
                        slot = start or 0
                        editor.remove(fid, at=year(slot))
                        for s in [s for s in there if s >= slot]:
                            if on_plan and model.base and model.base.get(fid):
                                own[s] = None
                            else:
                                own.pop(s, None)
                    else:
                        editor.correct_away(fid, Period(year(start), year(end)))
                        for s in span:
                            own.pop(s, None)
                except (Gone, NotFound):
                    pass
            stamp = editor.stamp
        stamps.append((stamp, deepcopy(model)))
    for stamp, past in rng.sample(stamps, min(12, len(stamps))):
        for slot in range(SLOTS):
            for plan in (False, True) if past.base is not None else (False,):
                moment = datetime(FIRST + slot, 6, 1, tzinfo=UTC)
                want = {
                    fid: past.through(fid, slot, plan=plan)
                    for fid in set(past.main) | set(past.plan)
                }
                got = seen(database, AsOf(moment, stamp, "plan" if plan else "main"))
                assert got == {fid: code for fid, code in want.items() if code}, (slot, plan)


def raise_unless(condition: bool) -> None:
    assert condition


def read_frame_row(editor, fid: int, at: datetime):
    return editor._pg.execute(
        "SELECT lower(valid), upper(valid) FROM layers.plots WHERE fid = %s AND scenario = %s"
        " AND upper_inf(recorded) AND valid @> %s::timestamptz",
        [fid, editor.scenario, at],
    ).fetchone()


def covers(row, slot: int) -> bool:
    moment = datetime(FIRST + slot, 6, 1, tzinfo=UTC)
    return (row[0] is None or row[0] <= moment) and (row[1] is None or moment < row[1])


@pytest.mark.parametrize("seed", range(6))
def test_any_history_reads_back_at_any_asof(database: Database, seed: int) -> None:
    make_layer(database, count=0)
    play(database, random.Random(seed), steps=40)
