"""The folder that a run works in: beside the rasters of the store, and gone with the run."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from spatial.analyses.staging import table_name
from spatial.database import Database

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


def sweep(database: Database, store: Path) -> None:
    """Remove the folders of attempts that are over."""
    with database.begin() as tx:
        rows = tx.pg.execute("SELECT id, attempts FROM city.job WHERE status = 'running'")
        alive = {table_name(*row) for row in rows}
    for place in (store / _PLACE).glob("*"):
        if place.name not in alive:
            shutil.rmtree(place, ignore_errors=True)
