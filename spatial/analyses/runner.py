"""Run a job: claim it, compute, and commit its layer and its result as one."""

import logging
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any
from uuid import UUID

from psycopg import sql

from spatial import bulk
from spatial.analyses import registry, staging
from spatial.analyses.inputs import Source, sources
from spatial.analyses.jobs import UNEXPECTED, Job
from spatial.analyses.queue import Claim, Dismissed, claim
from spatial.analyses.registry import Analysis
from spatial.analyses.run import Outcome, Run
from spatial.asof import AsOf
from spatial.database import Database
from spatial.errors import CityError, Unavailable
from spatial.grant import CLASSES, Access, Grant
from spatial.layer import LayerSpec
from spatial.parallel import Parallel
from spatial.query import names

LOG = logging.getLogger(__name__)
TELL_S = 0.5


def run(
    database: Database,
    job: UUID,
    *,
    dask: str | None = None,
    workers: int | None = None,
    watch: Callable[[float, str], None] = lambda share, message: None,
) -> None:
    """Run a job here, unless it has been taken or dismissed; `jobs.wait` then tells what came.

    dask: address of a cluster to use; workers: processes of an own one, else one for each core.
    A job that cannot be done ends as failed, with its reason. An interrupt dismisses it. Where
    the database is lost it stays as it is, for a worker to run again.
    """
    with claim(database, job) as claimed:
        if claimed is None:
            return
        try:
            with Parallel(dask, workers) as parallel:
                _perform(claimed, parallel, _Teller(claimed, watch))
        except Dismissed:
            LOG.info("job %s was dismissed", job)
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

    def __init__(self, claimed: Claim, watch: Callable[[float, str], None]) -> None:
        self._claim, self._watch, self._last = claimed, watch, 0.0

    def __call__(self, share: float, message: str) -> None:
        self._watch(share, message)
        if time.monotonic() - self._last >= TELL_S:
            self._claim.progress(share, message)
            self._last = time.monotonic()


def _perform(claimed: Claim, parallel: Parallel, tell: Callable[[float, str], None]) -> None:
    started = time.monotonic()
    job, database = claimed.job, claimed.database
    analysis = registry.find(job.analysis)
    inputs = analysis.parse(job.inputs)
    table = staging.table_name(job.id, job.attempts)
    context = Run(database, job.asof, job.grant, parallel, tell, table)
    outcome = analysis.function(context, inputs)
    tell(1.0, "writing the layer")
    with database.begin() as tx:
        spec = _spec(claimed, analysis, outcome, list(sources(tx.pg, inputs, job.grant)))
        with bulk.load(tx, spec, author=job.grant.subject) as filling:
            columns = names([column.name for column in spec.columns] + ["geom"])
            features = tx.pg.execute(
                sql.SQL("INSERT INTO {} ({columns}) SELECT {columns} FROM ({}) made").format(
                    filling.layer.table, outcome.rows, columns=columns
                )
            ).rowcount
        summary: dict[str, Any] = {
            "features": features,
            "seconds": round(time.monotonic() - started, 3),
            **outcome.summary,
            "as_of": cited(job.asof),
        }
        result = {
            "outputs": {"layer": spec.name},
            "summary": summary,
            "certificate": outcome.certificate.to_dict(),
        }
        staging.drop(tx.pg, table)
        claimed.succeed(tx.pg, result)


def _spec(claimed: Claim, analysis: Analysis, outcome: Outcome, inputs: list[Source]) -> LayerSpec:
    job = claimed.job
    return LayerSpec(
        name=job.output,
        geometry_type=outcome.geometry_type,
        srid=outcome.srid,
        columns=outcome.columns,
        title_zh=f"{analysis.title_zh}：{'、'.join(one.title('zh') for one in inputs)}",
        title_en=f"{analysis.title_en}: {', '.join(one.title('en') for one in inputs)}",
        access=strictest(inputs),
        area=common_area(inputs, job.grant),
        lineage={
            "analysis": job.analysis,
            "job": str(job.id),
            "sources": [one.name for one in inputs],
            "inputs": job.inputs,
            "as_of": cited(job.asof),
            "code": f"citytwin {version('citytwin')}",
            "certificate": outcome.certificate.to_dict(),
        },
    )


def cited(asof: AsOf) -> dict[str, str]:
    """An explicit AsOf in full, so that a figure can be cited."""
    return {**asof.params(), "scenario": asof.scenario}


def strictest(inputs: list[Source]) -> Access:
    """The class of what is derived from these."""
    return max((Access(one.access) for one in inputs), key=CLASSES.index, default=Access.RESTRICTED)


def common_area(inputs: list[Source], grant: Grant) -> str | None:
    """The area that all inputs share; else the only one that the grant could read in."""
    areas = {one.area for one in inputs}
    if len(areas) == 1 and None not in areas:
        return areas.pop()
    return grant.areas[0] if grant.areas and len(grant.areas) == 1 else None


def _clear(database: Database, job: Job) -> None:
    """Leave no staging behind; where the database is lost, a worker's rescue does it."""
    try:
        with database.begin() as tx:
            staging.drop(tx.pg, staging.table_name(job.id, job.attempts))
    except Unavailable:
        LOG.warning("the staging of job %s could not be dropped yet", job.id)
