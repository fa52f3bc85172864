"""A picture of a back-test: how many alerts of each level there were as time went on."""

from datetime import datetime
from html import escape

import numpy as np

from twin_model.alerts import machine
from twin_model.alerts.back_test import Tested
from twin_model.alerts.rule import LEVEL_ZH, LEVELS
from twin_model.packed import Column

COLOURS = {"blue": "#2f7fd6", "yellow": "#f2c500", "orange": "#f08000", "red": "#d62828"}
WIDE, HIGH, LEFT, TOP = 800, 240, 50, 40
COLUMNS = 200


def open_by_level(tested: Tested, moments: Column) -> Column:
    """How many series are at each level, none to red, at each moment: (5, n)."""
    events = tested.events
    counts = np.zeros((machine.LEVELS + 1, len(moments) + 1), np.int64)
    place = np.searchsorted(moments, events.at)
    np.add.at(counts, (events.after, place), 1)
    np.subtract.at(counts, (events.before, place), 1)
    found: Column = counts[:, :-1].cumsum(axis=1)
    return found


def picture(
    tested: Tested, since: int, until: int, title: str, span: tuple[datetime, datetime]
) -> str:
    """An SVG: one stacked bar a stretch of time, blue below and red above."""
    moments = np.linspace(since, until, COLUMNS).astype(np.int64)
    counts = open_by_level(tested, moments)[1:]
    most = max(int(counts.sum(axis=0).max(initial=0)), 1)
    wide, high = (WIDE - LEFT - 20) / COLUMNS, HIGH - TOP - 40
    bars = []
    base = np.zeros(COLUMNS)
    for name, row in zip(LEVELS, counts, strict=True):
        for n in np.flatnonzero(row).tolist():
            tall = row[n] / most * high
            y = TOP + high - base[n] - tall
            bars.append(
                f'<rect x="{LEFT + n * wide:.1f}" y="{y:.1f}" width="{wide:.2f}"'
                f' height="{tall:.1f}" fill="{COLOURS[name]}"/>'
            )
        base += row / most * high
    key = "".join(
        f'<rect x="{WIDE - 300 + 72 * n}" y="8" width="12" height="12" fill="{COLOURS[name]}"/>'
        f'<text x="{WIDE - 284 + 72 * n}" y="19">{LEVEL_ZH[n + 1]} {name}</text>'
        for n, name in enumerate(LEVELS)
    )
    floor = TOP + high
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}"'
        ' font-family="sans-serif" font-size="11">'
        f'<text x="{LEFT}" y="19" font-size="14">{escape(title)}</text>{key}{"".join(bars)}'
        f'<path d="M{LEFT} {TOP}V{floor}H{WIDE - 20}" fill="none" stroke="#555"/>'
        f'<text x="{LEFT - 6}" y="{TOP + 8}" text-anchor="end">{most}</text>'
        f'<text x="{LEFT - 6}" y="{floor}" text-anchor="end">0</text>'
        f'<text x="{LEFT}" y="{floor + 18}">{span[0]:%Y-%m-%d %H:%M}</text>'
        f'<text x="{WIDE - 20}" y="{floor + 18}" text-anchor="end">{span[1]:%Y-%m-%d %H:%M}</text>'
        "</svg>"
    )
