"""The outputs of a run into the city: layers and rasters of the catalogue, files of the job."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from psycopg import sql

from spatial import bulk, cog, planned
from spatial.analyses import job_files
from spatial.analyses.inputs import Source
from spatial.analyses.jobs import Job
from spatial.analyses.registry import Analysis
from spatial.analyses.run import NewFile, NewLayer, NewRaster, Outcome, Output
from spatial.asof import AsOf
from spatial.database import Transaction
from spatial.digest import digest
from spatial.grant import CLASSES, Access, Grant
from spatial.layer import LayerSpec, shorten
from spatial.query import names
from spatial.raster import Edition
from spatial.rasters import RasterSpec, register


@dataclass(frozen=True)
class Derivation:
    """Of what an output is made, and what that makes of it: its class, area and lineage."""

    job: Job
    analysis: Analysis
    sources: list[Source]
    certificate: dict[str, Any]

    def title(self, output: Output, language: str) -> str:
        """What it is and of what, as in `Balance: parcels (totals)`."""
        zh = language == "zh"
        own = output.title_zh if zh else output.title_en
        name = self.analysis.title_zh if zh else self.analysis.title_en
        of = ("、" if zh else ", ").join(one.title(language) for one in self.sources)
        whole = f"{name}{'：' if zh else ': '}{of}" if of else name
        return f"{whole}{f'（{own}）' if zh else f' ({own})'}" if own else whole

    @property
    def access(self) -> Access:
        """The strictest class of the inputs."""
        classes = (Access(one.access) for one in self.sources)
        return max(classes, key=CLASSES.index, default=Access.RESTRICTED)

    @property
    def area(self) -> str | None:
        """The area that all inputs share; else the only one that the grant could read in."""
        return common_area(self.sources, self.job.grant)

    def _inputs(self) -> dict[str, Any]:
        """The inputs, of documents their digests."""
        documents = {one.name for one in self.analysis.inputs() if one.is_document}
        return {
            name: digest(b64decode(value)) if value and name in documents else value
            for name, value in self.job.inputs.items()
        }

    def lineage(self) -> dict[str, Any]:
        """How it came to be, so that it can be made again."""
        return {
            "analysis": self.job.analysis,
            "job": str(self.job.id),
            "sources": [one.name for one in self.sources],
            "inputs": self._inputs(),
            "as_of": cited(self.job.asof),
            "code": f"citytwin {version('citytwin')}",
            "certificate": self.certificate,
        }


def convert(outcome: Outcome, store: Path) -> dict[str, list[Edition]]:
    """Put the files of every raster into the store; the editions to register, by key.

    What a failure leaves there, `forget` takes out.
    """
    made: dict[str, list[Edition]] = {}
    for key, output in outcome.outputs.items():
        if isinstance(output, NewRaster):
            made[key] = []
            for file, valid in output.states:
                stored = f"{file.stem}-{uuid4().hex[:12]}.tif"
                made[key].append(cog.edition(stored, cog.to_cog(file, store / stored), valid))
    return made


def forget(made: Mapping[str, list[Edition]], store: Path) -> None:
    """Take converted files out of the store again."""
    for editions in made.values():
        for one in editions:
            (store / one.file).unlink(missing_ok=True)


def write(
    tx: Transaction,
    outcome: Outcome,
    editions: Mapping[str, list[Edition]],
    derivation: Derivation,
) -> tuple[dict[str, str], int]:
    """Write every output in the caller's transaction; their names, and features in all."""
    named: dict[str, str] = {}
    features, first = 0, True
    for key, output in outcome.outputs.items():
        if isinstance(output, NewFile):
            job_files.keep(tx.pg, derivation.job.id, key, output)
            named[key] = output.name
            continue
        job = derivation.job
        named[key] = name = job.output if first else shorten(job.output, f"_{key}")
        first = False
        if isinstance(output, NewLayer):
            features += _layer(tx, name, output, derivation)
        else:
            _raster(tx, name, output, editions[key], derivation)
    return named, features


def _layer(tx: Transaction, name: str, output: NewLayer, derivation: Derivation) -> int:
    spec = LayerSpec(
        name=name,
        geometry_type=output.geometry_type,
        srid=output.srid,
        columns=output.columns,
        title_zh=derivation.title(output, "zh"),
        title_en=derivation.title(output, "en"),
        access=derivation.access,
        area=derivation.area,
        lineage=derivation.lineage(),
    )
    with bulk.load(tx, spec, author=derivation.job.grant.subject) as filling:
        columns = names([column.name for column in spec.columns] + ["geom"])
        valid = sql.SQL(", valid"), sql.SQL(", tstzrange(valid_from, NULL)")
        into, of = valid if output.dated else (sql.SQL(""), sql.SQL(""))
        features = tx.pg.execute(
            sql.SQL("INSERT INTO {} ({columns}{}) SELECT {columns}{} FROM ({}) made").format(
                filling.layer.table, into, of, output.rows, columns=columns
            )
        ).rowcount
        filling.rows = features  # what is added later is numbered after these
    if output.plan:
        its, author = output.plan, derivation.job.grant.subject
        features += planned.plan(tx, name, its.name, its.title, its.rows, author=author)
    return features


def _raster(
    tx: Transaction, name: str, output: NewRaster, editions: list[Edition], derivation: Derivation
) -> None:
    spec = RasterSpec(
        name,
        derivation.title(output, "zh"),
        derivation.title(output, "en"),
        derivation.access,
        derivation.area,
        output.vertical_datum,
        dict(output.style),
        derivation.lineage(),
    )
    for edition in editions:
        register(tx, spec, edition, author=derivation.job.grant.subject)


def cited(asof: AsOf) -> dict[str, str]:
    """An explicit AsOf in full, so that a figure can be cited."""
    return {**asof.params(), "scenario": asof.scenario}


def common_area(inputs: list[Source], grant: Grant) -> str | None:
    """The area that all inputs share; else the only one that the grant could read in."""
    areas = {one.area for one in inputs}
    if len(areas) == 1 and None not in areas:
        return areas.pop()
    return grant.areas[0] if grant.areas and len(grant.areas) == 1 else None
