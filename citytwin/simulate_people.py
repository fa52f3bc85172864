"""The people of the sample city: callers who report, departments that work on their cases."""

from datetime import datetime, timedelta
from typing import Any

from citytwin.door import Door
from datasets.sample.life import Life

EVERY = timedelta(seconds=20)
HANDLING = timedelta(seconds=60)
RETURNED, LATE = 4, 7  # every fourth comes back once, every seventh is left beyond its limit
WORKED_ON = 200


class People:
    """Acts on open cases as time goes by, by the same doors as everybody."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._acted: datetime | None = None
        self._jam: int | None = None

    def act(self, life: Life, now: datetime) -> int:
        """What is due of people by now; returns how many acts there were."""
        if self._acted is not None and now - self._acted < EVERY:
            return 0
        self._acted = now
        done = self._call(life, now)
        for stage in ("filed", "dispatched", "handling", "answered", "closed"):
            found = self._door.get("twin/cases", stage=stage, limit=WORKED_ON)["cases"]
            for case in found:
                step = next_step(case, now)
                if step is not None:
                    action, body = step
                    done += self._door.post(f"twin/cases/{case['id']}/{action}", body)
        return done

    def _call(self, life: Life, now: datetime) -> int:
        """Somebody calls the hotline when a jam has begun."""
        jam = life.jam_at(now.timestamp())
        if jam is None or jam[0] == self._jam:
            return 0
        self._jam, lon, lat = jam
        report = {
            "text": "路口拥堵，车都不动了", "source": "hotline", "place": [lon, lat],
            "category": "0103", "access": "public",
        }  # fmt: skip
        return self._door.post("twin/cases", report)


def next_step(case: dict[str, Any], now: datetime) -> tuple[str, dict[str, Any]] | None:
    """What comes next of a case, once its last edition is a minute old; None for nothing yet."""
    if now - datetime.fromisoformat(case["recorded"]) < HANDLING:
        return None
    due = case["due_at"] and datetime.fromisoformat(case["due_at"])
    match case["stage"]:
        case "filed":
            return "dispatch", {}
        case "dispatched":
            return "accept", {}
        case "handling":
            if case["id"] % LATE == 0 and due and now <= due:
                return None
            return "answer", {"note": "已处置"}
        case "answered":
            if case["id"] % RETURNED == 0 and not case["returns"]:
                return "return", {"note": "现场仍有问题"}
            return "close", {}
        case "closed":
            return "assess", {"mark": 3 + case["id"] % 3}
    return None
