"""A subscriber to an MQTT broker: QoS 1, acknowledged only once the readings are committed.

The session is the broker's to keep: what comes while nobody listens waits there, and what was not
acknowledged comes again. So nothing is lost, and readings that come twice are known by their ids.
"""

import logging
import time
from datetime import tzinfo
from threading import Event

from spatial.database import Database
from spatial.errors import Unavailable
from spatial.grant import Grant
from twin_model.decode import from_rows
from twin_model.mqtt_link import Broker, Link
from twin_model.mqtt_packets import Message
from twin_model.roll import roll
from twin_model.store import store
from twin_model.topics import Topics

LOG = logging.getLogger("citytwin")
# of what the broker may have under way, half: the other half comes while this is stored
MOST_AT_ONCE = 5_000
GATHER_S = 0.05
IDLE_S = 0.5
AGAIN_S, AGAIN_AT_MOST_S = 0.5, 10.0


class Subscriber:
    """Stores what a broker delivers, until it is stopped."""

    def __init__(
        self, database: Database, url: str, topics: Topics, grant: Grant, zone: tzinfo,
        *, client_id: str = "citytwin",
    ) -> None:  # fmt: skip
        """url: as `Broker.at` takes it.

        client_id: names the session that the broker keeps; two at once would cut each other off.
        """
        self._broker, self._client_id = Broker.at(url), client_id
        self._database, self._topics, self._grant, self._zone = database, topics, grant, zone

    def run(self, stop: Event) -> int:
        """Store until `stop` is set; returns how many readings were new."""
        stored, pause = 0, AGAIN_S
        while not stop.is_set():
            try:
                with Link(self._broker, self._client_id, self._topics.filters) as link:
                    while not stop.is_set():
                        if batch := _gather(link):
                            stored += self._store(batch)
                            link.acknowledge(batch)
                            pause = AGAIN_S
            except Unavailable as error:
                # what is not acknowledged comes again with the next link
                LOG.warning("readings wait at the broker: %s", error)
                stop.wait(pause)
                pause = min(2 * pause, AGAIN_AT_MOST_S)
        return stored

    def _store(self, batch: list[Message]) -> int:
        with self._database.begin() as tx:
            known = roll(tx.pg)
        rows = [self._topics.reading(known, one.topic, one.payload) for one in batch]
        return store(self._database, from_rows(rows, self._zone), self._grant).accepted


def _gather(link: Link) -> list[Message]:
    """What comes close together."""
    found = link.receive(IDLE_S)
    end = time.monotonic() + GATHER_S
    while found and len(found) < MOST_AT_ONCE and (left := end - time.monotonic()) > 0:
        found += link.receive(left)
    return found
