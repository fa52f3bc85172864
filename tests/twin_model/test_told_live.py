"""What `/live` tells, applied to a keyframe row by row, gives the next keyframe."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatial.database import Database
from spatial.grant import OWNER
from spatial.query import snapshot
from tests.twin_model.conftest import ago
from tests.twin_model.test_store import put
from twin_model import events
from twin_model.audience import Audience, Filter
from twin_model.state_binary import Body, decode

ASSETS = ("c0", "c1", "c2")
# of which asset, how many seconds ago (late ones too), what it says
READING = st.tuples(
    st.sampled_from(ASSETS),
    st.sampled_from((0, 1, 2, 30, 30, 500, 4000)),
    st.one_of(st.integers(-3, 3).map(float), st.tuples(st.just(120.0), st.floats(31, 32))),
)
BATCHES = st.lists(st.lists(READING, min_size=1, max_size=6), min_size=2, max_size=6)


def rows_of(body: Body) -> list[tuple[int, int, float, float]]:
    of = body.values
    y = [None if value != value else value for value in of.y.tolist()]
    return list(zip(of.series.tolist(), of.at.tolist(), of.x.tolist(), y, strict=True))  # type: ignore[arg-type]


def apply(held: dict[int, Any], body: Body) -> None:
    """As the documentation tells clients to: a row counts unless an older moment than is held."""
    for series, at, *value in rows_of(body):
        if series not in held or at >= held[series][0]:
            held[series] = (at, *value)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(BATCHES, st.data())
def test_a_keyframe_and_what_follows_is_the_next_keyframe(
    database: Database, gauges: list[str], batches: list[list[Any]], data: st.DataObject
) -> None:
    middle = data.draw(st.integers(0, len(batches) - 1))
    audience = Audience(database, OWNER, Filter(), lambda layer: "")
    held: dict[int, Any] = {}
    cursor = 0
    for number, batch in enumerate(batches):
        if number == middle:
            cursor, frame = audience.keyframe()
            apply(held, decode(frame))
        moments = {seconds: ago(seconds) for _, seconds, _ in batch}
        put(
            database,
            [
                {
                    "asset": asset, "at": moments[seconds],
                    "property": "place" if isinstance(value, tuple) else "level",
                    "value": list(value) if isinstance(value, tuple) else value,
                }
                for asset, seconds, value in batch
            ],
        )  # fmt: skip
    with snapshot(database) as pg:
        told = events.read(pg, cursor)
    assert told is not None
    for event in told:
        if body := audience.told(event):
            apply(held, decode(body))
    _, frame = audience.keyframe()
    fresh: dict[int, Any] = {}
    apply(fresh, decode(frame))
    assert held == fresh
