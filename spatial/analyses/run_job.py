"""A runner in a process of its own: `python -m spatial.analyses.run_job`, started by the worker.

Its order comes on standard input, one line of JSON, so that no password shows in a process list.
It holds that pipe: when the worker is gone the pipe ends, and the whole process group with it.
"""

import json
import logging
import os
import signal
import sys
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from threading import Thread
from uuid import UUID

from spatial.analyses.runner import run
from spatial.database import Database
from spatial.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Order:
    """Which job to run where, and the modules that register its analysis and kinds of input."""

    conninfo: str = field(repr=False)
    job: str
    modules: list[str]
    store: str | None
    dask: str | None
    workers: int | None

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    Thread(target=_end_with_the_worker, daemon=True).start()
    try:
        for module in order.modules:
            import_module(module)
    except Exception:
        # The job then fails for want of its analysis, rather than wait for ever.
        logging.exception("one of the modules %s cannot be imported", order.modules)
    database = Database(order.conninfo)
    try:
        run(
            database,
            UUID(order.job),
            store=Path(order.store) if order.store else None,
            dask=order.dask,
            workers=order.workers,
        )
    except Unavailable as error:
        sys.exit(f"job {order.job} waits for another attempt: {error}")
    finally:
        database.close()


def _end_with_the_worker() -> None:
    # Not by sys.stdin, whose lock a waiting thread would hold when the interpreter ends.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
