"""How layers stand right now, for very many who ask at once.

All who wait are answered by one look at the database, made after their questions came. Who need
not wait takes what the last look found: for half a second at most, and only as long as the
database has told of no change since, which one poll of its socket says.
"""

import select
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Any

from spatial import catalogue, changes
from spatial.asof import MAIN, AsOf
from spatial.database import Database, Pg
from spatial.errors import CityError, NotFound
from spatial.grant import Grant
from spatial.layer import Layer
from spatial.moment import Moment, last_stamp, resolve
from spatial.query import Reading
from tiles.bands import SCHEMA, VERSION
from tiles.editions import Editions

SLACK_S = 0.5  # for a notification is only a hint
_LOOK = (
    "SELECT name, xmin::text, coalesce(obj_description(to_regclass(format('%%I.%%I', %s::text,"
    " name)), 'pg_class') = %s, false) FROM city.layer WHERE name = ANY(%s)"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A layer as it stands, the last edition of the books, and where the layer last changed.

    stored: whether its tiles are made from stored shapes.
    moment: what an AsOf without times resolves to in the scenario asked for.
    at, looked: when the look began, by the calendar and by the process's clock.
    """

    layer: Layer
    moment: Moment
    editions: Editions
    stored: bool
    at: datetime
    looked: float

    def reading(self, asof: AsOf, grant: Grant) -> Reading:
        """The layer as somebody may read it who asked for it at that look."""
        moment = replace(
            self.moment,
            valid_at=asof.valid_at or self.at,
            known_at=asof.known_at or self.moment.known_at,
        )
        return Reading(self.layer, moment, grant)


type Question = tuple[str, str]


class Watch:
    """Answers how a layer stands in a scenario."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(1, "tiles-watch")
        self._lock = Lock()
        self._asked: dict[Question, Future[Standing]] = {}
        self._looking = False
        self._known: dict[str, tuple[str, Layer, Editions]] = {}
        self._seen: dict[Question, Standing] = {}
        self._doubts = 0
        self._ear: Pg | None = None
        self._socket = select.poll()
        self._polling = Lock()

    def now(self, name: str, scenario: str) -> Standing | None:
        """How a layer stood within the last half second, if that still holds as far as is known.

        Nothing is asked of the database, and nobody waits.
        """
        seen = self._seen.get((name, scenario))
        if seen is None or self._looking or monotonic() - seen.looked > SLACK_S:
            return None
        with self._polling:  # one thread at a time, or Python refuses
            return None if self._socket.poll(0) else seen

    def doubt(self) -> None:
        """Forget what was seen, and what a look that is under way will see."""
        self._doubts += 1
        self._seen.clear()

    def standing(self, name: str, scenario: str) -> Future[Standing]:
        """How a layer stands from now on; NotFound where there is no such layer or scenario."""
        with self._lock:
            future = self._asked.get((name, scenario))
            if future is None:
                future = self._asked[name, scenario] = Future()
            if not self._looking:
                self._looking = True
                self._pool.submit(self._look)
        return future

    def _look(self) -> None:
        while True:
            with self._lock:
                asked, self._asked = self._asked, {}
                self._looking = bool(asked)
            if not asked:
                return
            try:
                self._database.glance(lambda pg: self._answer(pg, asked))  # noqa: B023
            except BaseException as error:
                for future in asked.values():
                    if not future.done():
                        future.set_exception(error)

    def _answer(self, pg: Pg, asked: dict[Question, Future[Standing]]) -> None:
        self._told(pg)
        at, looked, doubts = datetime.now(UTC), monotonic(), self._doubts
        stamp = last_stamp(pg)
        rows = pg.execute(_LOOK, [SCHEMA, VERSION, list({name for name, _ in asked})]).fetchall()
        found = {name: (edition, stored) for name, edition, stored in rows}
        for (name, scenario), future in asked.items():
            if future.done():
                continue
            try:
                layer, editions, stored = self._layer(pg, name, found.get(name))
                moment = Moment(stamp, stamp)
                if scenario != MAIN:
                    moment = resolve(pg, AsOf(stamp, stamp, scenario))
            except CityError as error:
                self._seen.pop((name, scenario), None)
                future.set_exception(error)
                continue
            standing = Standing(layer, moment, editions, stored, at, looked)
            if self._doubts == doubts:
                self._seen[name, scenario] = standing
            future.set_result(standing)
        self._told(pg)

    def _told(self, pg: Pg) -> None:
        """Forget what was seen where the database has told of a change since."""
        if pg is not self._ear:
            self.doubt()
            pg.execute(f"LISTEN {changes.CHANNEL}")
            self._ear, self._socket = pg, select.poll()
            self._socket.register(pg.fileno(), select.POLLIN)
        if list(pg.notifies(timeout=0)):
            self.doubt()

    def _layer(
        self, pg: Pg, name: str, found: tuple[str, bool] | None
    ) -> tuple[Layer, Editions, bool]:
        if found is None:
            self._known.pop(name, None)
            raise NotFound(f"there is no layer '{name}'")
        edition, stored = found
        known: Any = self._known.get(name)
        if known is None or known[0] != edition:
            layer = catalogue.find(pg, name)
            marks = known[2] if known and known[2].layer_id == layer.id else Editions(layer.id)
            known = self._known[name] = edition, layer, marks.followed(pg, layer.cursor)
        return known[1], known[2], stored
