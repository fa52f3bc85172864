"""The folder that a run works in: beside the rasters of the store, and gone with the run."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from spatial.analyses.jobs import OPEN
from spatial.analyses.staging import table_name
from spatial.database import Database
from spatial.errors import Unavailable

_PLACE = ".runs"


@contextmanager
def folder(store: Path | None, name: str) -> Iterator[Path]:
    """An empty folder in the store, of that name; of the system's where there is no store."""
    if store is None:
        with TemporaryDirectory(prefix="citytwin-") as made:
            yield Path(made)
        return
    place = store / _PLACE / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def kept(store: Path | None, job: UUID) -> Iterator[Path]:
    """A folder of a job's: what an attempt that is lost leaves there, the next one finds."""
    if store is None:
        with folder(None, "") as made:
            yield made
        return
    place = store / _PLACE / _kept(job)
    place.mkdir(parents=True, exist_ok=True)
    try:
        yield place
    except Unavailable:
        raise  # the job will run again
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    shutil.rmtree(place, ignore_errors=True)


def _kept(job: UUID) -> str:
    return f"kept_{job.hex}"


def sweep(database: Database, store: Path) -> None:
    """Remove the folders of attempts and jobs that are over."""
    with database.begin() as tx:
        rows = tx.pg.execute(
            "SELECT id, attempts FROM city.job WHERE status = ANY(%s)", [list(OPEN)]
        ).fetchall()
    alive = {table_name(*row) for row in rows} | {_kept(job) for job, _ in rows}
    for place in (store / _PLACE).glob("*"):
        if place.name not in alive:
            shutil.rmtree(place, ignore_errors=True)
