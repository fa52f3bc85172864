"""Small posts that come while a commit is under way share the next one.

Each is still answered after that commit, with a receipt of its own.
"""

import asyncio
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from spatial.database import Database
from spatial.errors import Unavailable
from spatial.grant import Grant
from twin_model.readings import Readings
from twin_model.store import Receipt, store, store_parts

SMALL = 1000
MOST = 10_000

type Caller = tuple[Grant, str]


@dataclass(slots=True)
class _Post:
    """Readings that wait for a commit; caller: who sends them, into which scenario."""

    readings: Readings
    caller: Caller
    receipt: asyncio.Future[Receipt]


class Together:
    """The posts of one worker, in the order in which they came."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Post] = []
        self._writer: asyncio.Task[None] | None = None

    async def store(self, readings: Readings, grant: Grant, scenario: str) -> Receipt:
        """Store readings that have no batch key; as `twin_model.store.store`, which it shares."""
        if len(readings) > SMALL:
            return await run_in_threadpool(
                store, self._database, readings, grant, scenario=scenario
            )
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Post(readings, (grant, scenario), receipt))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await receipt

    async def _write(self) -> None:
        while self._waiting:
            posts = self._next()
            answers = await run_in_threadpool(self._store, posts)
            for post, answer in zip(posts, answers, strict=True):
                if post.receipt.cancelled():
                    continue
                if isinstance(answer, Receipt):
                    post.receipt.set_result(answer)
                else:
                    post.receipt.set_exception(answer)
        self._writer = None

    def _next(self) -> list[_Post]:
        """The first that waits, and those of the same caller that can go with it.

        What corrects a reading of the same commit goes into the next, so that both are kept.
        """
        first, *others = self._waiting
        posts, count, told = [first], len(first.readings), _told(first.readings)
        for post in others:
            mine = _told(post.readings)
            count += len(mine)
            if post.caller != first.caller or count > MOST or not told.isdisjoint(mine):
                break
            posts.append(post)
            told |= mine
        del self._waiting[: len(posts)]
        return posts

    def _store(self, posts: list[_Post]) -> list[Receipt | Exception]:
        grant, scenario = posts[0].caller
        try:
            parts = [post.readings for post in posts]
            return list(store_parts(self._database, parts, grant, scenario=scenario))
        except Exception as error:
            if len(posts) == 1 or isinstance(error, Unavailable):
                return [error] * len(posts)
            # what is wrong with one must not fail the others
            return [answer for post in posts for answer in self._store([post])]


def _told(readings: Readings) -> set[tuple[str | None, str | None, int]]:
    """Of what the readings are, and when."""
    rows = zip(
        readings.asset.to_pylist(), readings.property.to_pylist(), readings.at.tolist(),
        strict=True,
    )  # fmt: skip
    return set(rows)
