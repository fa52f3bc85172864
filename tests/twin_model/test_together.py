"""Small posts share commits, and each has a receipt of its own."""

import asyncio
from zoneinfo import ZoneInfo

from citytwin.together import Together
from spatial.database import Database
from spatial.errors import Denied
from spatial.grant import ANONYMOUS, OWNER
from tests.twin_model.conftest import ago, reading
from twin_model.decode import from_rows
from twin_model.readings import Readings

ZONE = ZoneInfo("UTC")


def post(*rows: object) -> Readings:
    return from_rows(list(rows), ZONE)


def commits(database: Database) -> int:
    with database.begin() as tx:
        row = tx.pg.execute("SELECT count(*) FROM city.batch").fetchone()
    assert row is not None
    return int(row[0])


def test_posts_share_commits_and_are_answered_one_by_one(
    database: Database, gauges: list[str]
) -> None:
    moment = ago(3)
    posts = [
        post(reading("c0", 1.0), reading("c1", 2.0, id="one")),
        post(reading("c1", 2.0, id="one")),
        post(reading("nobody", 1.0), reading("c2", "dry"), reading("c3", [120.3, 31.5])),
        post(),
        post(reading("c4", 4.0, at=moment)),
        post(reading("c4", 5.0, at=moment)),
    ]

    async def send() -> list[tuple[int, int, int]]:
        together = Together(database)
        found = await asyncio.gather(*(together.store(one, OWNER, "main") for one in posts))
        return [(one.accepted, one.duplicates, one.quarantined) for one in found]

    assert asyncio.run(send()) == [
        (2, 0, 0), (0, 1, 0), (2, 0, 1), (0, 0, 0), (1, 0, 0), (1, 0, 0),
    ]  # fmt: skip
    # the correction of what the same commit would have stored has one of its own
    assert commits(database) == 2
    with database.begin() as tx:
        kept = tx.pg.execute(
            "SELECT x FROM city.observation o JOIN city.series s ON s.id = o.series"
            " JOIN city.asset a ON a.id = s.asset_id WHERE a.name = 'c4' ORDER BY recorded"
        ).fetchall()
    assert kept == [(4.0,), (5.0,)]


def test_who_may_not_write_fails_alone(database: Database, gauges: list[str]) -> None:
    async def send() -> list[object]:
        together = Together(database)
        return await asyncio.gather(
            together.store(post(reading("c0", 1.0)), OWNER, "main"),
            together.store(post(reading("c0", 2.0)), ANONYMOUS, "main"),
            together.store(post(reading("c1", 3.0)), OWNER, "main"),
            return_exceptions=True,
        )

    first, second, third = asyncio.run(send())
    assert isinstance(second, Denied)
    assert getattr(first, "accepted", None) == getattr(third, "accepted", None) == 1


def test_many_small_posts_take_few_commits(database: Database, gauges: list[str]) -> None:
    async def send() -> int:
        together = Together(database)
        rows = [post(reading(f"c{n % 5}", float(n), seconds=1 + n / 100)) for n in range(300)]
        found = await asyncio.gather(*(together.store(one, OWNER, "main") for one in rows))
        return sum(one.accepted for one in found)

    assert asyncio.run(send()) == 300
    assert commits(database) < 10
