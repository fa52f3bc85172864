"""Work ahead of the consumer: the next items are made while this one is used."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor


def ahead[T, R](work: Callable[[T], R], items: Iterable[T], workers: int = 1) -> Iterator[R]:
    """`work` of every item, in order, made by threads at most `workers` items ahead.

    One worker is best where its work holds the interpreter: two would only wait for each other
    and for the consumer. The items themselves are taken in the caller's thread. An error of
    `work` is raised at its item's turn; leaving early drops what has not begun.
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="ahead") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
