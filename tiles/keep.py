"""Keeping the shapes of all layers stored, beside the service."""

import logging
from threading import Event

import psycopg

from spatial.database import Database
from spatial.errors import CityError, NotFound, Unavailable
from spatial.query import snapshot
from tiles.build import store, unstored

LOG = logging.getLogger("citytwin")
PAUSE_S = 2.0


def keep(database: Database, stop: Event) -> None:
    """Store the shapes of every layer soon after it was loaded, until told to stop.

    A layer of which they cannot be stored is told of once; its tiles come from the layer itself.
    """
    given_up: set[str] = set()
    while not stop.wait(PAUSE_S):
        try:
            with snapshot(database) as pg:
                waiting = [name for name in unstored(pg) if name not in given_up]
        except CityError as error:
            LOG.warning("the tiles wait: %s", error)
            continue
        for name in waiting:
            if stop.is_set():
                return
            try:
                store(database, name)
            except NotFound:
                continue
            except Unavailable as error:
                LOG.warning("the tiles wait: %s", error)
                break
            except (CityError, psycopg.Error) as error:
                LOG.warning("the shapes of '%s' cannot be stored: %s", name, error)
                given_up.add(name)
