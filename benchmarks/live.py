"""Live events: 10,000 readings a second to many clients, from the stamp of a batch to the client.

Target: p95 from commit to client <= 1 s at 100 clients. The stamp is taken just before the commit,
so what is measured is a little more. Arguments: clients, seconds, readings a second.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import httpx
import numpy as np
import pyarrow as pa

from benchmarks.city import free_port
from benchmarks.twin import place
from spatial import token
from spatial.asof import parse_instant
from spatial.database import Database
from spatial.postgres.cluster import Cluster
from twin_model.state_binary import decode

ASSETS = 10_000
BATCHES_A_SECOND = 10


def send(url: str, secret: str, rate: int, done: Event) -> None:
    """Batches of readings at an even pace."""
    rng, size = np.random.default_rng(1), rate // BATCHES_A_SECOND
    kind = {"Content-Type": "application/vnd.apache.arrow.stream", "X-API-Key": secret}
    due = time.monotonic()
    with httpx.Client(base_url=url, headers=kind, timeout=60) as client:
        while not done.is_set():
            table = pa.table(
                {
                    "asset": [f"thing-{n}" for n in rng.permutation(ASSETS)[:size]],
                    "property": ["level"] * size,
                    "at": pa.array([datetime.now(UTC)] * size),
                    "value": rng.normal(0, 1, size),
                }
            )
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            client.post("twin/observations", content=sink.getvalue().to_pybytes())
            due += 1 / BATCHES_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


async def listen(url: str, seconds: float, delays: list[float]) -> list[tuple[datetime, int]]:
    """Delays of what one client is told; returns the stamps of it, and how many readings."""
    parts, got = urlsplit(url), []
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 26)
    writer.write(b"GET /live HTTP/1.1\r\nHost: city\r\n\r\n")
    end = time.monotonic() + seconds
    kind = b""
    while time.monotonic() < end:
        line = await asyncio.wait_for(reader.readline(), 30)
        if line.startswith(b"event: "):
            kind = line[7:].strip()
        elif line.startswith(b"data: ") and kind == b"state":
            now = datetime.now(UTC)
            body = decode(b64decode(line[6:]))
            stamp = parse_instant(body.head["known_at"], UTC)
            delays.append((now - stamp).total_seconds())
            got.append((stamp, len(body.values)))
    writer.close()
    return got


type Told = list[list[tuple[datetime, int]]]


async def everybody(url: str, clients: int, seconds: float) -> tuple[list[float], Told]:
    delays: list[float] = []
    got = await asyncio.gather(*(listen(url, seconds, delays) for _ in range(clients)))
    return delays, got


def committed(database: Database, start: datetime, end: datetime) -> int:
    """How many readings were committed with stamps within (start, end]."""
    with database.begin() as tx:
        row = tx.pg.execute(
            "SELECT coalesce(sum(accepted), 0) FROM city.batch WHERE recorded > %s AND"
            " recorded <= %s",
            [start, end],
        ).fetchone()
    return int(row[0]) if row else 0


def main(clients: int = 100, seconds: float = 8, rate: int = 10_000) -> None:
    data = Path(tempfile.mkdtemp(prefix="citytwin-live-"))
    data.chmod(0o711)
    command = [sys.executable, "-m", "citytwin"]
    port = free_port()
    up = ["up", "--no-sample", "--detach", "--port", str(port), "--data", str(data)]
    subprocess.run([*command, *up], check=True)
    url = f"http://127.0.0.1:{port}/"
    try:
        with Cluster.open(data) as cluster:
            database = Database(cluster.conninfo)
            place(database, ASSETS)
            secret, done = token.create(database, "write", subject="bench"), Event()
            sender = Thread(target=send, args=(url, secret, rate, done))
            sender.start()
            # what the first keyframe holds, and what is under way at the end, is not counted
            start = datetime.now(UTC) + timedelta(seconds=2)
            end = start + timedelta(seconds=seconds)
            delays, got = asyncio.run(everybody(url, clients, seconds + 4))
            done.set()
            sender.join()
            sent = committed(database, start, end) / seconds
            database.close()
    finally:
        subprocess.run([*command, "down", "--data", str(data)], check=True)
        shutil.rmtree(data, ignore_errors=True)
    p50, p95, most = np.percentile(delays, [50, 95, 100])
    each = [sum(n for stamp, n in told if start < stamp <= end) / seconds for told in got]
    print(f"{clients} clients, {sent:,.0f} readings/s committed, {min(each):,.0f} to", end=" ")
    print(f"{max(each):,.0f} told to each:", end=" ")
    print(f"p50 {p50:.2f} s, p95 {p95:.2f} s, most {most:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
