"""The sample city's people: which way a case goes, step by step."""

from datetime import UTC, datetime, timedelta
from typing import Any

from citytwin.simulate_people import next_step
from spatial.asof import format_instant
from twin_model.cases.flow import Stage, after

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


def way(id: int, due: datetime) -> tuple[list[str], datetime]:
    """The actions on a case until it is assessed, by the rules that cases really follow."""
    case: dict[str, Any] = {
        "id": id, "stage": "filed", "returns": 0, "recorded": format_instant(NOW),
        "due_at": format_instant(due),
    }  # fmt: skip
    now, done, answered = NOW, [], NOW
    for _ in range(500):
        now += timedelta(seconds=30)
        step = next_step(case, now)
        if step is None:
            continue
        done.append(step[0])
        answered = now if step[0] == "answer" else answered
        case["stage"] = str(after(Stage(case["stage"]), step[0]))
        case["returns"] += step[0] == "return"
        case["recorded"] = format_instant(now)
    return done, answered


def test_cases_go_their_way_come_back_and_miss_their_limit() -> None:
    soon = NOW + timedelta(hours=1)
    straight = ["dispatch", "accept", "answer", "close", "assess"]
    done, answered = way(1, soon)
    assert done == straight
    assert answered < soon
    assert way(4, soon)[0] == [*straight[:3], "return", "answer", "close", "assess"]
    done, answered = way(7, soon)
    assert done == straight
    assert answered > soon
