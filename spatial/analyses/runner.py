"""Run a job: claim it, compute, and commit its outputs and its result as one."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from spatial.analyses import outputs, registry, staging, workshop
from spatial.analyses.inputs import sources
from spatial.analyses.jobs import UNEXPECTED, Job
from spatial.analyses.outputs import Derivation
from spatial.analyses.queue import Claim, Dismissed, claim
from spatial.analyses.run import Run
from spatial.database import Database
from spatial.errors import CityError, Unavailable
from spatial.parallel import Alone, Elsewhere, Parallel

LOG = logging.getLogger(__name__)
TELL_S = 0.5
#: What takes longer is not for the process that answers people.
AT_ONCE_S = 3.0

type Watch = Callable[[float, str], None]


def run(
    database: Database,
    job: UUID,
    *,
    store: Path | None = None,
    dask: str | None = None,
    workers: int | None = None,
    watch: Watch = lambda share, message: None,
) -> None:
    """Run a job here, unless it has been taken or dismissed; `jobs.wait` then tells what came.

    store: of the city's rasters; without it there are none to read, and none that stay.
    dask: address of a cluster to use; workers: processes of an own one, else one for each core.
    A job that cannot be done ends as failed, with its reason. An interrupt dismisses it. Where
    the database is lost it stays as it is, for a worker to run again.
    """
    _run(database, job, Parallel(dask, workers), watch, store)


def run_at_once(database: Database, job: UUID, *, store: Path | None = None) -> None:
    """Run a quick job in this process; one that proves to be long goes back into the queue.

    Like `run` it leaves a job alone that has been taken.
    """
    until = time.monotonic() + AT_ONCE_S

    def watch(share: float, message: str) -> None:
        if share < 1 and time.monotonic() > until:
            raise Elsewhere

    _run(database, job, Alone(), watch, store)


def _run(database: Database, job: UUID, where: Parallel, watch: Watch, store: Path | None) -> None:
    with claim(database, job) as claimed:
        if claimed is None:
            return
        try:
            with where as parallel:
                _perform(claimed, parallel, _Teller(claimed, watch), store)
        except Dismissed:
            LOG.info("job %s was dismissed", job)
        except Elsewhere:
            claimed.release()
        except Unavailable:
            raise
        except CityError as error:
            claimed.end("failed", str(error))
        except Exception:
            LOG.exception("job %s", job)
            claimed.end("failed", UNEXPECTED)
        except KeyboardInterrupt:
            claimed.end("dismissed", "interrupted")
            raise
        finally:
            _clear(database, claimed.job)


class _Teller:
    """Passes progress on, to the job's row only now and then."""

    def __init__(self, claimed: Claim, watch: Watch) -> None:
        self._claim, self._watch, self._last = claimed, watch, 0.0

    def __call__(self, share: float, message: str) -> None:
        self._watch(share, message)
        if time.monotonic() - self._last >= TELL_S:
            self._claim.progress(share, message)
            self._last = time.monotonic()


def _perform(claimed: Claim, parallel: Parallel, tell: Watch, store: Path | None) -> None:
    started = time.monotonic()
    job, database = claimed.job, claimed.database
    analysis = registry.find(job.analysis)
    inputs = analysis.parse(job.inputs)
    table = staging.table_name(job.id, job.attempts)
    with workshop.folder(store, table) as folder, workshop.kept(store, job.id) as kept:
        home = store or folder
        context = Run(database, job.asof, job.grant, parallel, tell, table, home, folder, kept)
        outcome = analysis.function(context, inputs)
        tell(1.0, "writing the results")
        editions = outputs.convert(outcome, home)
    try:
        with database.begin() as tx:
            derivation = Derivation(
                job,
                analysis,
                list(sources(tx.pg, inputs, job.grant)),
                outcome.certificate.to_dict(),
            )
            named, features = outputs.write(tx, outcome, editions, derivation)
            summary: dict[str, Any] = {
                "features": features,
                "seconds": round(time.monotonic() - started, 3),
                **outcome.summary,
                "as_of": outputs.cited(job.asof),
            }
            result = {
                "outputs": named,
                "summary": summary,
                "certificate": outcome.certificate.to_dict(),
            }
            staging.drop(tx.pg, table)
            claimed.succeed(tx.pg, result)
    except BaseException:
        outputs.forget(editions, home)
        raise


def _clear(database: Database, job: Job) -> None:
    """Leave no staging behind; where the database is lost, a worker's rescue does it."""
    try:
        with database.begin() as tx:
            staging.drop(tx.pg, staging.table_name(job.id, job.attempts))
    except Unavailable:
        LOG.warning("the staging of job %s could not be dropped yet", job.id)
