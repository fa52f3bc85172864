"""A connection to an MQTT broker that takes messages at QoS 1, and acknowledges them when told."""

import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from spatial.errors import Invalid, Unavailable
from twin_model import mqtt_packets as packets
from twin_model.mqtt_packets import Message, Packet, Unpacker

KEEP_ALIVE_S = 60
ANSWER_S = 10.0
CHUNK = 1 << 18
PORTS = {"mqtt": 1883, "mqtts": 8883}
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not take the name of the session",
    3: "it is not ready",
    4: "the user or the password is wrong",
    5: "this user may not connect",
}


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and as whom to come."""

    host: str
    port: int
    safe: bool
    user: str | None
    password: str | None

    @classmethod
    def at(cls, url: str) -> Self:
        """mqtt://[user:password@]host[:port], or mqtts:// for TLS; raises Invalid for another."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS.get(parts.scheme)
        except ValueError:
            port = None
        if port is None or parts.scheme not in PORTS or not parts.hostname:
            raise Invalid("a broker is written mqtt://host:1883 or mqtts://host:8883, not"
                          f" '{url}'")  # fmt: skip
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password or "") if user is not None else None
        return cls(parts.hostname, port, parts.scheme == "mqtts", user, password)

    def __str__(self) -> str:
        return f"the broker at {self.host}:{self.port}"


class Link:
    """A session that the broker keeps when the link ends: what was not acknowledged comes again.

    Whatever goes wrong with the broker is Unavailable, in one line.
    """

    def __init__(self, broker: Broker, client_id: str, filters: Sequence[str]) -> None:
        """Connect and subscribe."""
        self._broker = broker
        self._unpacker = Unpacker()
        self._early: list[Message] = []
        self._socket = self._open()
        self._sent = self._heard = time.monotonic()
        try:
            self._send(packets.connect(client_id, KEEP_ALIVE_S, broker.user, broker.password))
            self._greeted(self._wait(packets.CONNACK))
            self._send(packets.subscribe(filters))
            self._granted(self._wait(packets.SUBACK), filters)
        except BaseException:
            self._socket.close()
            raise

    def receive(self, within_s: float) -> list[Message]:
        """What comes next; nothing if nothing came in time."""
        early, self._early = self._early, []
        if early:
            return early
        now = time.monotonic()
        if now - self._heard > 1.5 * KEEP_ALIVE_S:
            raise Unavailable(f"{self._broker} no longer answers")
        if now - self._sent > KEEP_ALIVE_S / 2:
            self._send(packets.PING)
        return [
            packets.message(one)
            for one in self._read(within_s)
            if one.kind & 0xF0 == packets.PUBLISH
        ]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Tell the broker that these need not come again."""
        self._send(packets.acknowledgements(messages))

    def close(self) -> None:
        """End the link in peace."""
        try:
            self._send(packets.DISCONNECT)
        except Unavailable:
            pass  # it has ended already
        finally:
            self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> socket.socket:
        where = self._broker.host, self._broker.port
        try:
            plain = socket.create_connection(where, ANSWER_S)
            if not self._broker.safe:
                return plain
            with plain:  # wrapping takes it over; it is closed where that fails
                return ssl.create_default_context().wrap_socket(plain, server_hostname=where[0])
        except OSError as error:
            raise Unavailable(f"{self._broker} cannot be reached: {error}") from None

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(ANSWER_S)
            self._socket.sendall(data)
        except OSError as error:
            raise Unavailable(f"{self._broker} was lost: {error}") from None
        self._sent = time.monotonic()

    def _read(self, within_s: float) -> list[Packet]:
        try:
            self._socket.settimeout(max(within_s, 0.001))
            data = self._socket.recv(CHUNK)
        except TimeoutError:
            return []
        except OSError as error:
            raise Unavailable(f"{self._broker} was lost: {error}") from None
        if not data:
            raise Unavailable(f"{self._broker} ended the connection")
        self._heard = time.monotonic()
        return self._unpacker.packets(data)

    def _wait(self, kind: int) -> bytes:
        """The body of the next packet of a kind; messages may come before it."""
        end, found = time.monotonic() + ANSWER_S, b""
        while not found:
            left = end - time.monotonic()
            if left < 0:
                raise Unavailable(f"{self._broker} does not answer in MQTT")
            for one in self._read(left):
                if one.kind & 0xF0 == packets.PUBLISH:
                    self._early.append(packets.message(one))
                elif one.kind == kind:
                    found = one.body
        return found

    def _greeted(self, body: bytes) -> None:
        if code := body[-1]:
            why = _REFUSALS.get(code, f"code {code}")
            raise Unavailable(f"{self._broker} refuses: {why}")

    def _granted(self, body: bytes, filters: Sequence[str]) -> None:
        for one in packets.refused(body, filters):
            raise Unavailable(f"{self._broker} refuses the topics '{one}'")
