"""Our side of MQTT against the specification, a real broker and paho."""

import shutil
import subprocess
from collections import Counter

import paho.mqtt.client as paho
import pytest
from broker import Broker
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from spatial.errors import Invalid, Unavailable
from twin_model import mqtt_packets as packets
from twin_model.mqtt_link import Broker as Where
from twin_model.mqtt_link import Link
from twin_model.mqtt_packets import Message, Packet, Unpacker

BODIES = st.lists(st.binary(max_size=300), max_size=6)


def test_packets_are_as_the_specification_has_them() -> None:
    """MQTT 3.1.1, 3.1.2 and 3.8: the examples' bytes, by hand."""
    assert packets.connect("ab", 10, None, None) == b"\x10\x0e\0\x04MQTT\x04\0\0\x0a\0\x02ab"
    named = packets.connect("", 60, "u", "p")
    assert named == b"\x10\x12\0\x04MQTT\x04\xc0\0\x3c\0\0\0\x01u\0\x01p"
    assert packets.subscribe(["a/b", "c"]) == b"\x82\x0c\0\x01\0\x03a/b\x01\0\x01c\x01"
    assert packets.refused(b"\0\x01\x01\x80\0", ["a", "b", "c"]) == ["b"]
    told = packets.message(Packet(0x3A, b"\0\x03a/b\0\x0a{}"))
    assert told == Message("a/b", b"{}", b"\0\x0a")
    at_most_once = packets.message(Packet(0x30, b"\0\x03a/b{}"))
    assert at_most_once == Message("a/b", b"{}", None)
    assert packets.acknowledgements([told, at_most_once]) == b"\x40\x02\0\x0a"


@pytest.mark.parametrize("length", [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_lengths_are_counted_in_groups_of_seven_bits(length: int) -> None:
    """The bounds of 2.2.3, table 2.4."""
    bounds = {0: b"\0", 127: b"\x7f", 128: b"\x80\x01", 16_383: b"\xff\x7f",
              16_384: b"\x80\x80\x01", 2_097_151: b"\xff\xff\x7f",
              2_097_152: b"\x80\x80\x80\x01"}  # fmt: skip
    packet = b"\x30" + bounds[length] + bytes(length)
    assert Unpacker().packets(packet) == [Packet(0x30, bytes(length))]
    assert Unpacker().packets(packet[:-1]) == []


@given(BODIES, st.lists(st.integers(1, 400)))
def test_packets_come_whole_however_they_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(packets._packet(0x32, one) for one in bodies)
    unpacker, found = Unpacker(), []
    for cut in [*cuts, len(stream)]:
        found += unpacker.packets(stream[:cut])
        stream = stream[cut:]
    assert found == [Packet(0x32, one) for one in bodies]


def test_what_is_no_mqtt_is_refused() -> None:
    with pytest.raises(Unavailable):
        Unpacker().packets(b"\x30\xff\xff\xff\xff\x01")
    with pytest.raises(Unavailable):
        packets.message(Packet(0x32, b"\0\x01a"))


def test_what_paho_sends_comes_and_comes_again_until_it_is_acknowledged(broker: Broker) -> None:
    where = Where.at(broker.url)
    Link(where, "city", ["city/#"]).close()  # the broker keeps a session from now on
    sent = [(f"city/水位/{n}", bytes(n % 7 * 40_000)) for n in range(40)]
    station = paho.Client(CallbackAPIVersion.VERSION2, "station")
    station.connect("127.0.0.1", broker.port)
    station.loop_start()
    for topic, body in sent:
        station.publish(topic, body, qos=1).wait_for_publish(10)
    station.disconnect()
    station.loop_stop()
    with Link(where, "city", ["city/#"]) as link:
        first = taken(link, len(sent))
        assert [(one.topic, one.payload) for one in first] == sent
        link.acknowledge(first[:30])
    with Link(where, "city", ["city/#"]) as link:
        again = taken(link, 10)
        assert Counter(one.topic for one in again) == Counter(one.topic for one in first[30:])
        link.acknowledge(again)
    with Link(where, "city", ["city/#"]) as link:
        assert link.receive(0.2) == []


def taken(link: Link, count: int) -> list[Message]:
    found: list[Message] = []
    while len(found) < count and (more := link.receive(10)):
        found += more
    return found


def test_a_broker_that_will_not_is_told_in_a_line(broker: Broker) -> None:
    broker.stop()
    with pytest.raises(Unavailable, match=r"127.0.0.1:\d+ cannot be reached"):
        Link(Where.at(broker.url), "city", ["#"])
    passwords = broker.place / "passwords"
    passwords.touch()
    subprocess.run(["mosquitto_passwd", "-b", passwords, "city", "se@cret"], check=True)
    broker.start("allow_anonymous false", f"password_file {passwords}")
    known = broker.url.replace("//", "//city:se%40cret@")
    Link(Where.at(known), "city", ["open/#"]).close()
    for url, why in (
        (broker.url, "this user may not connect"),
        (known.replace("cret", "cond"), "this user may not connect"),
        (known.replace("mqtt:", "mqtts:"), "cannot be reached"),
    ):
        with pytest.raises(Unavailable, match=why) as told:
            Link(Where.at(url), "city", ["open/#"])
        assert "\n" not in str(told.value)
        assert "se@c" not in str(told.value)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_a_safe_link_is_to_whom_it_says(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    key, cert = broker.place / "key.pem", broker.place / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", key, "-out", cert]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    broker.stop()
    broker.start(f"certfile {cert}", f"keyfile {key}")
    where = Where.at(f"mqtts://localhost:{broker.port}")
    with pytest.raises(Unavailable, match="self-signed certificate"):
        Link(where, "city", ["#"])
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    Link(where, "city", ["#"]).close()
    with pytest.raises(Unavailable, match="certificate verify failed"):
        Link(Where.at(f"mqtts://127.0.0.1:{broker.port}"), "city", ["#"])


@pytest.mark.parametrize("url", ["broker", "http://broker", "mqtt://", "mqtt://broker:port"])
def test_addresses_are_written_as_such(url: str) -> None:
    with pytest.raises(Invalid, match="a broker is written"):
        Where.at(url)
