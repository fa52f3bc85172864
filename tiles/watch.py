"""How layers stand right now, for very many who ask at once.

Every answer was read after its question came, so that a tile is never older than the request for
it; but all who wait are answered by one look at the database.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from spatial import catalogue
from spatial.asof import MAIN, AsOf
from spatial.database import Database, Pg
from spatial.errors import CityError, NotFound
from spatial.layer import Layer
from spatial.moment import Moment, last_stamp, resolve
from tiles.bands import SCHEMA, VERSION
from tiles.editions import Editions

_LOOK = (
    "SELECT name, xmin::text, coalesce(obj_description(to_regclass(format('%%I.%%I', %s::text,"
    " name)), 'pg_class') = %s, false) FROM city.layer WHERE name = ANY(%s)"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A layer as it stands, the last edition of the books, and where the layer last changed.

    stored: whether its tiles are made from stored shapes.
    moment: what an AsOf without times resolves to in the scenario asked for.
    """

    layer: Layer
    moment: Moment
    editions: Editions
    stored: bool


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
        stamp = last_stamp(pg)
        rows = pg.execute(_LOOK, [SCHEMA, VERSION, list({name for name, _ in asked})]).fetchall()
        found = {name: (edition, stored) for name, edition, stored in rows}
        for (name, scenario), future in asked.items():
            if future.done():
                continue
            try:
                future.set_result(self._standing(pg, name, found.get(name), scenario, stamp))
            except CityError as error:
                future.set_exception(error)

    def _standing(
        self, pg: Pg, name: str, found: tuple[str, bool] | None, scenario: str, stamp: datetime
    ) -> Standing:
        if found is None:
            self._known.pop(name, None)
            raise NotFound(f"there is no layer '{name}'")
        edition, stored = found
        known: Any = self._known.get(name)
        if known is None or known[0] != edition:
            layer = catalogue.find(pg, name)
            marks = known[2] if known and known[2].layer_id == layer.id else Editions(layer.id)
            known = self._known[name] = edition, layer, marks.followed(pg, layer.cursor)
        moment = Moment(stamp, stamp)
        if scenario != MAIN:
            moment = resolve(pg, AsOf(stamp, stamp, scenario))
        return Standing(known[1], moment, known[2], stored)
