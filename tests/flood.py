"""A flood of readings over HTTP: again and again, in no order, by clocks that are wrong."""

import random
import time
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import httpx

WRONG_CLOCKS = ("1970-01-01T00:00:05Z", "2099-12-31T00:00:00Z")
BATCH = 50


class Sender:
    """One station: each batch of its own, sent until it is acknowledged, and at times once more.

    Every third batch has a key and no ids; the others are told by the readings' own ids. In each
    are a reading of 1970 and one of 2099. acknowledged: readings of which the city said that it
    has them; quarantined: of which it said that they wait.
    """

    def __init__(self, url: str, headers: dict[str, str], asset: str, seed: int) -> None:
        self._url, self._headers, self._asset = url, headers, asset
        self._random = random.Random(seed)
        self._began = datetime.now(UTC) - timedelta(minutes=20)  # of some the past is late
        self._stop = Event()
        self._thread = Thread(target=self._run)
        self.batches = self.acknowledged = self.quarantined = self.lost = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End with the batch that is under way, once it is acknowledged."""
        self._stop.set()
        self._thread.join(120)

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, headers=self._headers, timeout=30) as client:
            while not self._stop.is_set():
                number = self.batches
                self.batches += 1
                told = self._insist(client, number)
                self.acknowledged += told["accepted"] + told["duplicates"]
                self.quarantined += told["quarantined"]
                if number % 2:
                    again = self._insist(client, self._random.randrange(number))
                    assert again["accepted"] == 0, again

    def _insist(self, client: httpx.Client, number: int) -> dict[str, int]:
        rows, keyed = self._rows(number), number % 3 == 0
        params = {"batch": f"{self._asset}-{number}"} if keyed else {}
        while True:
            try:
                answer = client.post("twin/observations", json=rows, params=params)
                if answer.status_code == 200:
                    told: dict[str, int] = answer.json()
                    return told
                assert answer.status_code == 503, answer.text
            except httpx.TransportError:
                pass
            self.lost += 1
            time.sleep(0.1)

    def _rows(self, number: int) -> list[dict[str, object]]:
        """The same each time, in an order of its own."""
        order = list(range(number * BATCH, (number + 1) * BATCH))
        random.Random(number).shuffle(order)
        rows: list[dict[str, object]] = [
            {"asset": self._asset, "property": "p", "value": n,
             "at": (self._began + timedelta(milliseconds=97 * n)).isoformat()}
            for n in order
        ]  # fmt: skip
        for clock in WRONG_CLOCKS:
            rows.append({"asset": self._asset, "property": "p", "value": number, "at": clock})
        return rows if number % 3 == 0 else [row | {"id": row["value"]} for row in rows]
