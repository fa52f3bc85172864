"""Eight weeks of cases of the sample city, from a seed: what happened, and when it was noted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from datasets.sample.duties import CATEGORIES
from datasets.sample.plan import Floats

DAYS = 56
_TEXTS = {
    "0101": "路面积水，车辆难行", "0102": "井盖不见了，很危险", "0103": "两车相撞，道路堵塞",
    "0201": "路灯不亮", "0202": "路面坑洞", "0301": "摊贩占道", "0302": "垃圾没有清运",
}  # fmt: skip
_OFTEN = {"0101": 6, "0102": 4, "0103": 8, "0201": 12, "0202": 10, "0301": 30, "0302": 30}
_SOURCES = ("hotline", "patrol", "citizen")


@dataclass(frozen=True)
class PastCase:
    """A case: of which category, when and where; after which share of its limit it was answered,
    whether it came back once, how it was marked, and how much later its closing was noted.
    """

    category: str
    source: str
    text: str
    at: datetime
    place: int
    pace: float
    returned: bool
    mark: int
    noted_after: timedelta


def past_cases(seed: int, end: datetime, weight: Floats, count: int = 600) -> list[PastCase]:
    """Cases of the weeks before a moment, in the order of time.

    weight (n,): how many happen at each of n places; the work is slower three weeks ago.
    """
    rng = np.random.default_rng([seed, 61])
    names = list(CATEGORIES)
    chance = np.array([_OFTEN[name] for name in names], float)
    back = np.sort(rng.uniform(0, DAYS, count))[::-1]
    made = []
    for days in back.tolist():
        category = str(rng.choice(names, p=chance / chance.sum()))
        slow = 0.22 if 14 < days < 24 else 0.07
        late = rng.random() < slow
        pace = rng.uniform(1.05, 1.8) if late else rng.uniform(0.15, 0.95)
        noted_after = rng.uniform(1, 6) if rng.random() < 0.05 else 0.0
        made.append(
            PastCase(
                category,
                str(rng.choice(_SOURCES, p=(0.5, 0.3, 0.2))),
                _TEXTS[category],
                end - timedelta(days=days),
                int(rng.choice(len(weight), p=weight / weight.sum())),
                float(pace),
                bool(rng.random() < 0.06),
                int(rng.choice([3, 4, 5], p=(0.1, 0.4, 0.5))),
                timedelta(days=float(noted_after)),
            )
        )
    return made
