"""What a worker keeps of its tiles: bounded in bytes, and computed once however many ask."""

from collections import OrderedDict
from collections.abc import Callable, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

type Work[T: Sized] = Callable[[], tuple[str, T]]

_ENTRY = 400  # bytes that an entry takes beside its content


class Cache[T: Sized]:
    """Things by key, as large as they say; the least recently used go first.

    The work runs in a few threads of its own, so that a rush of new tiles leaves the rest of the
    service its share of the database.
    """

    def __init__(self, limit: int, threads: int) -> None:
        self._limit = limit
        self._pool = ThreadPoolExecutor(threads, "tiles")
        self._lock = Lock()
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._flying: dict[str, Future[tuple[str, T]]] = {}
        self.size = 0
        self.made = 0

    def get(self, key: str) -> T | None:
        """What is kept under a key."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def make(self, key: str, work: Work[T]) -> Future[tuple[str, T]]:
        """What some work makes, or the same work that is under way already.

        The work says under which key it is to be kept: the world may have moved on.
        """
        with self._lock:
            if key in self._flying:
                return self._flying[key]
            future: Future[tuple[str, T]] = Future()
            if key in self._kept:
                future.set_result((key, self._kept[key]))
            else:
                self._flying[key] = future
                self._pool.submit(self._fly, key, work, future)
        return future

    def _fly(self, key: str, work: Work[T], future: Future[tuple[str, T]]) -> None:
        try:
            made = work()
            self._keep(*made)
        except BaseException as error:
            self._land(key)
            future.set_exception(error)
        else:
            self._land(key)
            future.set_result(made)

    def _land(self, key: str) -> None:
        with self._lock:
            self._flying.pop(key, None)

    def _keep(self, key: str, data: T) -> None:
        with self._lock:
            self.made += 1
            if key not in self._kept:
                self.size += len(data) + _ENTRY
            self._kept[key] = data
            while self.size > self._limit:
                _, gone = self._kept.popitem(last=False)
                self.size -= len(gone) + _ENTRY
