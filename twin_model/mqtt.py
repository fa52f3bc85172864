"""A subscriber to an MQTT broker: QoS 1, acknowledged only once the readings are committed.

The session is the broker's to keep: what comes while nobody listens waits there, and what was not
acknowledged comes again. So nothing is lost, and readings that come twice are known by their ids.
"""

import logging
import ssl
import time
from datetime import tzinfo
from threading import Condition, Event
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from spatial.database import Database
from spatial.errors import Invalid, Unavailable
from spatial.grant import Grant
from twin_model.decode import from_rows
from twin_model.roll import roll
from twin_model.store import store
from twin_model.topics import Topics

LOG = logging.getLogger("citytwin")
MOST_AT_ONCE = 10_000
GATHER_S = 0.05
AGAIN_S = 1.0
PORTS = {"mqtt": 1883, "mqtts": 8883}
QOS = 1


class Subscriber:
    """Stores what a broker delivers, until it is stopped."""

    def __init__(
        self, database: Database, url: str, topics: Topics, grant: Grant, zone: tzinfo,
        *, client_id: str = "citytwin",
    ) -> None:  # fmt: skip
        """url: mqtt://[user:password@]host[:port], or mqtts:// for TLS; else Invalid.

        client_id: names the session that the broker keeps; two at once would cut each other off.
        """
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise Invalid(f"a broker is written mqtt://host:1883 or mqtts://host:8883, not '{url}'")
        self._database, self._topics, self._grant, self._zone = database, topics, grant, zone
        self._where = parts.hostname, parts.port or PORTS[parts.scheme]
        self._came = Condition()
        self._messages: list[paho.MQTTMessage] = []
        self._connection = 0
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=False, manual_ack=True
        )
        self._client.reconnect_delay_set(1, 10)
        if parts.username:
            self._client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            self._client.tls_set_context(ssl.create_default_context())
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._cut
        self._client.on_message = self._take

    def run(self, stop: Event) -> int:
        """Store until `stop` is set; returns how many readings were new."""
        self._client.connect_async(*self._where)
        self._client.loop_start()
        stored = 0
        try:
            while not stop.is_set():
                connection, batch = self._gather()
                if batch and (new := self._store(batch, stop)) is not None:
                    stored += new
                    self._acknowledge(connection, batch)
        finally:
            self._client.disconnect()
            self._client.loop_stop()
        return stored

    def _gather(self) -> tuple[int, list[paho.MQTTMessage]]:
        """What came, and over which connection."""
        with self._came:
            if not self._messages:
                self._came.wait(AGAIN_S)
        time.sleep(GATHER_S)
        with self._came:
            batch, self._messages = (
                self._messages[:MOST_AT_ONCE], self._messages[MOST_AT_ONCE:]
            )  # fmt: skip
            return self._connection, batch

    def _store(self, batch: list[paho.MQTTMessage], stop: Event) -> int | None:
        while not stop.is_set():
            try:
                with self._database.begin() as tx:
                    known = roll(tx.pg)
                rows = [self._topics.reading(known, one.topic, bytes(one.payload)) for one in batch]
                return store(self._database, from_rows(rows, self._zone), self._grant).accepted
            except Unavailable as error:
                LOG.warning("readings wait at the broker: %s", error)
                stop.wait(AGAIN_S)
        return None

    def _acknowledge(self, connection: int, batch: list[paho.MQTTMessage]) -> None:
        with self._came:
            # a number means another message on another connection; what was cut off comes again
            if connection == self._connection:
                for message in batch:
                    self._client.ack(message.mid, message.qos)

    def _connected(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            LOG.warning("the broker refuses: %s", reason)
            return
        self._forget()
        client.subscribe([(one, QOS) for one in self._topics.filters])

    def _cut(self, *_: Any) -> None:
        self._forget()

    def _forget(self) -> None:
        with self._came:
            self._connection += 1
            self._messages = []

    def _take(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        with self._came:
            self._messages.append(message)
            self._came.notify()
