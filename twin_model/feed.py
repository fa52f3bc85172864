"""The city's events as they are committed, for all who listen in one process.

One thread follows the cursor: a notification is only a hint, so it also looks every half second.
Events wait in one ring for everybody; who is slower than the ring reads the database, and who is
too far behind even for that gets a keyframe. So no queue grows, however slow a client is.
"""

import logging
from collections import deque
from collections.abc import Callable
from itertools import takewhile
from threading import Event as Flag
from threading import Lock, Thread

import psycopg

from spatial import changes
from spatial.database import Database, Pg
from spatial.errors import CityError
from spatial.query import snapshot
from twin_model import events
from twin_model.events import MOST_READINGS, MOST_ROWS, Delta, Event

LOG = logging.getLogger("citytwin")
LOOK_S = 0.5
REST_S = 0.05


class Feed:
    """Follows the cursor from the first listener on, until it is closed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ring: deque[Event] = deque()
        self._readings = 0
        self._start = self._cursor = 0
        self._where: dict[int, tuple[float, float]] = {}
        self._lock = Lock()
        self._listeners: set[Callable[[], None]] = set()
        self._stop = Flag()
        self._thread: Thread | None = None

    @property
    def closed(self) -> bool:
        return self._stop.is_set()

    @property
    def cursor(self) -> int:
        """The last cursor that was read."""
        return self._cursor

    def open(self) -> None:
        """Follow from now on, unless that is done already; Unavailable without a database."""
        with self._lock:
            if self._thread is not None or self.closed:
                return
            with snapshot(self._database) as pg:
                self._begin(pg)
            self._thread = Thread(target=self._run, name="feed", daemon=True)
            self._thread.start()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call this, from another thread, whenever the cursor moved or the feed closed."""
        with self._lock:
            self._listeners.add(wake)

    def leave(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._listeners.discard(wake)

    def after(self, cursor: int) -> list[Event] | None:
        """The events after a cursor; None where the ring does not reach back so far."""
        with self._lock:
            if not self._start <= cursor <= self._cursor:
                return None
            # from the newest back: those who keep up want few of many
            newer = takewhile(lambda event: event.cursor > cursor, reversed(self._ring))
            return list(newer)[::-1]

    def reread(self, cursor: int) -> tuple[list[Event] | None, int]:
        """The events after a cursor from the database, and up to which; None if too many."""
        with snapshot(self._database) as pg:
            last = changes.latest(pg)
            return (events.read(pg, cursor) if cursor <= last else None), last

    def close(self) -> None:
        """End, and tell everybody."""
        self._stop.set()
        self._wake()

    def _run(self) -> None:
        connection: Pg | None = None
        while not self._stop.is_set():
            try:
                if connection is None:
                    connection = self._database.listen()
                    connection.execute(f"LISTEN {changes.CHANNEL}")
                for _ in connection.notifies(timeout=LOOK_S, stop_after=1):
                    pass
                self._look()
            except (CityError, psycopg.Error) as error:
                LOG.warning("the feed waits: %s", error)
                if connection is not None:
                    connection.close()
                    connection = None
                self._stop.wait(LOOK_S)
            except Exception:
                LOG.exception("the feed could not be read")
                self._stop.wait(LOOK_S)
            # what comes close together is read and sent together
            self._stop.wait(REST_S)
        if connection is not None:
            connection.close()

    def _look(self) -> None:
        with snapshot(self._database) as pg:
            last = changes.latest(pg)
            if last == self._cursor:
                return
            found = events.read(pg, self._cursor) if last > self._cursor else None
            if found is None:
                self._begin(pg)
                found = []
        with self._lock:
            for event in found:
                events.follow(event, self._where)
                self._ring.append(event)
                self._readings += _size(event)
            while self._ring and (self._readings > MOST_READINGS or len(self._ring) > MOST_ROWS):
                gone = self._ring.popleft()
                self._start = gone.cursor
                self._readings -= _size(gone)
            self._cursor = last
        self._wake()

    def _begin(self, pg: Pg) -> None:
        """Start from now: there is nothing to tell, or too much."""
        self._ring.clear()
        self._readings = 0
        self._start = self._cursor = changes.latest(pg)
        rows = pg.execute("SELECT series, x, y FROM city.latest WHERE y IS NOT NULL").fetchall()
        self._where = {series: (x, y) for series, x, y in rows}

    def _wake(self) -> None:
        with self._lock:
            waiting = list(self._listeners)
        for wake in waiting:
            wake()


def _size(event: Event) -> int:
    return len(event.values) if isinstance(event, Delta) else 0
