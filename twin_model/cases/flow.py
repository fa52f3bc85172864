"""The way of a case, pure: which action leads from which stage to which.

信息收集 → 案卷建立 → 任务派遣 → 任务处理 → 处理反馈 → 核查结案 → 综合评价
"""

from enum import StrEnum

from spatial.errors import Conflict, Invalid


class Stage(StrEnum):
    """Where a case is."""

    collected = "collected"
    filed = "filed"
    dispatched = "dispatched"
    handling = "handling"
    answered = "answered"
    closed = "closed"
    assessed = "assessed"
    cancelled = "cancelled"


STAGE_ZH = {
    Stage.collected: "信息收集",
    Stage.filed: "案卷建立",
    Stage.dispatched: "任务派遣",
    Stage.handling: "任务处理",
    Stage.answered: "处理反馈",
    Stage.closed: "核查结案",
    Stage.assessed: "综合评价",
    Stage.cancelled: "作废",
}
_OPEN = frozenset(Stage) - {Stage.closed, Stage.assessed, Stage.cancelled}
_UNDER_WAY = frozenset({Stage.filed, Stage.dispatched, Stage.handling})
# action: from which stages, to which; None stays
ACTIONS: dict[str, tuple[frozenset[Stage], Stage | None]] = {
    "file": (frozenset({Stage.collected}), Stage.filed),
    "dispatch": (frozenset({Stage.filed}), Stage.dispatched),
    "refuse": (frozenset({Stage.dispatched}), Stage.filed),
    "accept": (frozenset({Stage.dispatched}), Stage.handling),
    "answer": (frozenset({Stage.dispatched, Stage.handling}), Stage.answered),
    "return": (frozenset({Stage.answered}), Stage.handling),
    "close": (frozenset({Stage.answered}), Stage.closed),
    "assess": (frozenset({Stage.closed}), Stage.assessed),
    "cancel": (_OPEN, Stage.cancelled),
    "postpone": (_UNDER_WAY, None),
    "pause": (_UNDER_WAY, None),
    "resume": (_UNDER_WAY, None),
    "comment": (frozenset(Stage), None),
    "correct": (frozenset(Stage), None),
}


def after(stage: Stage, action: str) -> Stage:
    """The stage that an action leads to; Invalid for no action, Conflict where it cannot be."""
    if action not in ACTIONS:
        raise Invalid(f"an action is one of {', '.join(ACTIONS)}, not '{action}'")
    stages, to = ACTIONS[action]
    if stage not in stages:
        raise Conflict(f"a case that is {stage} cannot be followed by '{action}'")
    return to or stage
