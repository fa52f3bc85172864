"""Many clients at once get their answers, and leave nothing behind."""

from hamlet import Hamlet
from town import COUNT, STEP, zxy_at

from benchmarks.load import held, storm, targets
from spatial.database import POOL
from tiles.server import THREADS

CLIENTS, SECONDS = 50, 5.0
#: Connections that one web worker may keep: its pool, its tiles', and its look at what changed.
KEPT = POOL + THREADS + 1


def test_many_clients_at_once(hamlet: Hamlet) -> None:
    side = STEP * COUNT**0.5
    places = [zxy_at(z, 528_000 + side / 2, 3_486_000 + side / 2) for z in (13, 14, 15, 16)]
    wanted = targets("town", places, side)
    first = storm(hamlet.url, wanted, CLIENTS, 2.0)
    assert not first.wrong
    before = held(hamlet.database, hamlet.service.data_dir)
    found = storm(hamlet.url, wanted, CLIENTS, SECONDS)
    after = held(hamlet.database, hamlet.service.data_dir)
    assert not found.wrong
    assert set(found.seconds) == set(wanted)
    # beside other work: the benchmark wants 10, of a quiet machine
    for kind, (middle, slow) in found.quantiles().items():
        assert slow <= 30 * middle, (kind, middle, slow)
    assert after.connections <= before.connections + 2 * KEPT
    assert after.memory_mb <= before.memory_mb * 1.2
