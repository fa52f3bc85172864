"""Packets of MQTT 3.1.1 (OASIS, 2014), as far as a subscriber at QoS 1 sends and gets them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spatial.errors import Unavailable

CONNACK, PUBLISH, SUBACK = 0x20, 0x30, 0x90  # the high half of a packet's first byte
PING, DISCONNECT = b"\xc0\x00", b"\xe0\x00"
_REFUSED = 0x80
_PASSWORD, _USER = 0x40, 0x80
_LONGEST_LENGTH = 4  # bytes


class Packet(NamedTuple):
    """kind: its first byte, with flags in the low half; body: what follows its length."""

    kind: int
    body: bytes


class Message(NamedTuple):
    """What was published. id: by which it is acknowledged; None at QoS 0."""

    topic: str
    payload: bytes
    id: bytes | None


def connect(client_id: str, keep_alive_s: int, user: str | None, password: str | None) -> bytes:
    """Ask for the session of this name, which the broker keeps."""
    flags = _PASSWORD * (password is not None) | _USER * (user is not None)
    head = _text("MQTT") + bytes((4, flags)) + keep_alive_s.to_bytes(2)
    names = [one for one in (client_id, user, password) if one is not None]
    return _packet(0x10, head + b"".join(map(_text, names)))


def subscribe(filters: Sequence[str]) -> bytes:
    """Ask for what comes under these topic filters, at QoS 1."""
    return _packet(0x82, (1).to_bytes(2) + b"".join(_text(one) + b"\x01" for one in filters))


def refused(suback: bytes, filters: Sequence[str]) -> list[str]:
    """Which of the filters that were asked for the body of a SUBACK refuses."""
    codes = zip(filters, suback[2:], strict=False)
    return [one for one, code in codes if code & _REFUSED]


def acknowledgements(messages: Iterable[Message]) -> bytes:
    """PUBACK of each message that asks for one."""
    return b"".join(b"\x40\x02" + one.id for one in messages if one.id is not None)


def message(packet: Packet) -> Message:
    """The message that a PUBLISH brings; raises Unavailable where it is none."""
    kind, body = packet
    start = 2 + int.from_bytes(body[:2])
    topic = body[2:start].decode(errors="replace")
    if not kind & 0x06:
        return Message(topic, body[start:], None)
    if len(body) < start + 2:
        raise Unavailable("the broker does not speak MQTT 3.1.1: a message is cut short")
    return Message(topic, body[start + 2 :], body[start : start + 2])


class Unpacker:
    """Takes bytes as they come, and gives the packets that are whole."""

    def __init__(self) -> None:
        self._held = bytearray()

    def packets(self, data: bytes) -> list[Packet]:
        """Those that end in this data; raises Unavailable for what is no MQTT."""
        held = self._held
        held += data
        found: list[Packet] = []
        at, end = 0, len(held)
        while end - at > 1:
            length, start = held[at + 1], at + 2
            if length > 127:
                more = _length(held, at + 1)
                if more is None:
                    break
                length, start = more
            if start + length > end:
                break
            found.append(Packet(held[at], bytes(held[start : start + length])))
            at = start + length
        del held[:at]
        return found


def _length(held: bytearray, at: int) -> tuple[int, int] | None:
    """A length in groups of 7 bits, and where what it is of starts; None where it is cut."""
    length = 0
    for n in range(_LONGEST_LENGTH):
        if at + n == len(held):
            return None
        length |= (held[at + n] & 127) << 7 * n
        if held[at + n] < 128:
            return length, at + n + 1
    raise Unavailable("the broker does not speak MQTT 3.1.1: a packet has no end")


def _packet(kind: int, body: bytes) -> bytes:
    left, length = len(body), b""
    while left > 127:
        length += bytes((left & 127 | 128,))
        left >>= 7
    return bytes((kind,)) + length + bytes((left,)) + body


def _text(text: str) -> bytes:
    told = text.encode()
    return len(told).to_bytes(2) + told
