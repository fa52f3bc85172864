"""Commands that feed a running city."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from citytwin.cli.output import Data, Json, answer, city
from citytwin.cli.reading_files import form_of
from citytwin.door import Door, own_door
from citytwin.settings import settings
from spatial.asof import Interval, parse_instant
from spatial.errors import Invalid, Unavailable
from twin_model.decode import decode
from twin_model.times import parse_every

app = typer.Typer()


@app.command()
def simulate(
    speed: Annotated[float, typer.Option(help="how many times as fast as time passes")] = 1.0,
    seed: Annotated[int, typer.Option(help="the same seed and moment, the same readings")] = 1,
    duration: Annotated[
        str | None, typer.Option("--for", help="10min, 1h; else without end")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Bring the running sample city to life: sensors, vehicles, a storm, a jam."""
    from citytwin.simulate import simulate as run

    span = parse_every(duration) if duration else None
    with _door(data) as door:
        sent = run(door, seed=seed, speed=speed, duration=span)
    answer({"readings": sent}, json, f"{sent} readings.")


@app.command()
def replay(
    file: Annotated[Path | None, typer.Argument(help="a file of readings")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="without a file: the city's own")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="until then")] = None,
    speed: Annotated[float, typer.Option(help="how many times as fast as they were taken")] = 1.0,
    now: Annotated[bool, typer.Option(help="as if taken now; the city's own always are")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Feed recorded readings through the ingest door of the running city."""
    from citytwin import replay as again

    zone = ZoneInfo(settings(data_dir=data).timezone)
    if (file is None) == (start is None or end is None):
        raise Invalid("replay a FILE, or what the city read: --from and --to")
    with city(data) as (database, _), _door(data) as door:
        if file is not None:
            recorded = again.of_readings(decode(file.read_bytes(), form_of(file), zone))
        else:
            assert start is not None
            assert end is not None
            span = Interval(parse_instant(start, zone, end=False), parse_instant(end, zone))
            recorded = again.of_city(database, span)
        sent = again.replay(door, recorded, speed=speed, now=now or file is None)
    answer({"readings": sent}, json, f"{sent} readings.")


@app.command()
def mqtt(
    broker: Annotated[str | None, typer.Option(help="mqtt://host:1883; else CITYTWIN_MQTT")] = None,
    topics: Annotated[str | None, typer.Option(help="TOML: what its topics mean")] = None,
    data: Data = None,
) -> None:
    """Store what an MQTT broker delivers, until stopped."""
    from citytwin.feeds import subscriber

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with city(data) as (database, chosen):
        told = replace(chosen, mqtt=broker or chosen.mqtt, mqtt_topics=topics or chosen.mqtt_topics)
        subscriber(database, told).run(stop)


@contextmanager
def _door(data: Path | None) -> Iterator[Door]:
    """The door of the service that runs on a data directory, with a token for as long."""
    from citytwin.running import status
    from citytwin.simulate import AUTHOR

    chosen = settings(data_dir=data)
    address = status(chosen)["url"]
    if address is None:
        raise Unavailable("the city is not up: start it with `citytwin up`")
    with city(data) as (database, _), own_door(database, address, AUTHOR) as door:
        yield door
