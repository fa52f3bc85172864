"""What an editor may rely on."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import shapely
from worlds import make_layer

from spatial import catalogue, changes
from spatial.asof import AsOf
from spatial.clock import tick
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import Conflict, Gone, Invalid, NotFound, Rejected
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.moment import last_stamp
from spatial.period import Period
from spatial.query import snapshot

SQUARE = shapely.box(528_000, 3_486_000, 528_002, 3_486_002)


def versions(database: Database, fid: int) -> list[tuple[object, ...]]:
    with database.begin() as tx:
        return tx.pg.execute(
            "SELECT version, valid, recorded, code FROM layers.plots WHERE fid = %s"
            " ORDER BY version",
            [fid],
        ).fetchall()


def current(database: Database) -> dict[int, int]:
    frame = read_frame(database, "plots", AsOf(), OWNER)
    return dict(zip(frame["fid"], frame["version"], strict=True))


def test_nothing_is_updated_in_place(database: Database, plots: object) -> None:
    before = versions(database, 1)
    with edit(database, "plots", author="ada") as editor:
        editor.update(1, {"code": "new"})
    after = versions(database, 1)
    assert len(after) == 3  # closed, what it was until now, what it is from now on
    assert after[0][0] == before[0][0]
    assert not after[0][2].upper_inf
    assert [row[3] for row in after] == ["c0", "c0", "new"]


def test_several_changes_in_one_transaction_are_one(database: Database, plots: object) -> None:
    with edit(database, "plots", author="ada") as editor:
        for n in range(5):
            editor.update(1, {"code": f"n{n}"})
    assert [row[3] for row in versions(database, 1)] == ["c0", "c0", "n4"]


def test_who_edits_what_was_changed_meanwhile_is_told(database: Database, plots: object) -> None:
    seen = current(database)[1]
    with edit(database, "plots", author="ada") as editor:
        editor.update(1, {"code": "ada"}, expect=seen)
    with pytest.raises(Conflict), edit(database, "plots", author="bob") as editor:
        editor.update(1, {"code": "bob"}, expect=seen)


def test_two_editors_at_once_leave_one_state(database: Database, plots: object) -> None:
    ready = threading.Barrier(2)

    def work(name: str) -> None:
        ready.wait()
        for n in range(15):
            with edit(database, "plots", author=name) as editor:
                editor.update(1, {"code": f"{name}{n}"})

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    frame = read_frame(database, "plots", AsOf(), OWNER)
    assert frame["fid"].is_unique
    assert len(frame) == 3
    with database.begin() as tx:
        log = tx.pg.execute("SELECT cursor, at FROM city.change ORDER BY cursor").fetchall()
    stamps = [row[1] for row in log]
    assert len(log) == 31
    assert stamps == sorted(set(stamps))


def test_a_failed_transaction_leaves_nothing(database: Database, plots: object) -> None:
    with pytest.raises(Invalid), edit(database, "plots", author="ada") as editor:
        editor.update(1, {"code": "lost"})
        editor.update(2, {"height": "tall"})
    assert len(versions(database, 1)) == 1
    with snapshot(database) as pg:
        assert changes.latest(pg) == 1


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), "Self-intersection"),
        (shapely.Polygon(), "no geometry"),
        (shapely.Point(1, 1), "holds MultiPolygon"),
        (None, "no geometry"),
    ],
)
def test_a_bad_geometry_is_refused_with_its_reason(
    database: Database, plots: object, geometry: object, reason: str
) -> None:
    with (
        pytest.raises(Rejected, match=reason),
        edit(database, "plots", author="ada") as editor,
    ):
        editor.insert({"code": "x"}, geometry, 4549)


def test_unknown_things_are_named(database: Database, plots: object) -> None:
    with pytest.raises(Invalid, match="color"), edit(database, "plots", author="a") as editor:
        editor.update(1, {"color": "red"})
    with pytest.raises(NotFound), edit(database, "plots", author="a") as editor:
        editor.remove(99)
    with pytest.raises(NotFound), edit(database, "nothing", author="a"):
        pass
    with edit(database, "plots", author="a") as editor:
        editor.remove(1)
    with pytest.raises(Gone), edit(database, "plots", author="a") as editor:
        editor.update(1, {"code": "late"})


def test_the_database_itself_refuses_two_states_at_once(database: Database, plots: object) -> None:
    with pytest.raises(psycopg.errors.ExclusionViolation), database.begin() as tx:
        tx.pg.execute(
            "INSERT INTO layers.plots (fid, valid, recorded, changed_by)"
            " VALUES (1, tstzrange('2020-01-01', NULL), tstzrange(now(), NULL), 'x')"
        )


def test_the_clock_logs_a_bound_that_passed(database: Database, plots: object) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    with edit(database, "plots", author="ada") as editor:
        editor.insert({"code": "opening"}, SQUARE, 4549, Period(soon))
    assert tick(database) == 0
    assert len(read_frame(database, "plots", AsOf(), OWNER)) == 3
    threading.Event().wait(0.4)
    assert tick(database) == 1
    assert tick(database) == 0
    with snapshot(database) as pg:
        layer = catalogue.find(pg, "plots")
    assert layer.next_bound is None
    assert layer.current == len(read_frame(database, "plots", AsOf(), OWNER)) == 4


def test_no_edition_of_the_books_changes_afterwards(database: Database, plots: object) -> None:
    make_layer(database, "lots")
    with edit(database, "plots", author="slow") as slow:
        slow.update(1, {"code": "late"})
        with edit(database, "lots", author="quick") as quick:
            quick.update(1, {"code": "early"})
        with snapshot(database) as pg:
            edition = last_stamp(pg)
        before = read_frame(database, "plots", AsOf(known_at=edition), OWNER)
    after = read_frame(database, "plots", AsOf(known_at=edition), OWNER)
    assert set(before["code"]) == set(after["code"]) == {"c0", "c1", "c2"}
    assert slow.stamp > quick.stamp
    assert set(read_frame(database, "plots", AsOf(), OWNER)["code"]) == {"late", "c1", "c2"}


def test_a_layer_with_heights_keeps_them(database: Database) -> None:
    make_layer(database, "solid", count=0, geometry_type="MultiPolygonZ")
    tall = shapely.force_3d(SQUARE, 12.5)
    with edit(database, "solid", author="ada") as editor:
        editor.insert({"code": "flat"}, SQUARE, 4549)
        editor.insert({"code": "tall"}, tall, 4549)
    frame = read_frame(database, "solid", AsOf(), OWNER).set_index("code").geometry
    heights = {
        code: shapely.get_coordinates(frame[code], include_z=True)[0, 2] for code in frame.index
    }
    assert heights == {"flat": 0.0, "tall": 12.5}
