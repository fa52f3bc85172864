"""What an assignment reads: links, trips, zones, classes, and an earlier solution."""

from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import pandas as pd

from spatial.analyses import job_files
from spatial.analyses.reading import readings
from spatial.analyses.run import Run
from spatial.analyses.selection import Selection, selection
from spatial.catalogue import find_visible
from spatial.errors import Invalid, NotFound
from spatial.frame import fetch
from spatial.traffic import solution
from spatial.traffic.case import Case
from spatial.traffic.equilibrium import Bushes
from spatial.traffic.reading import Places, placed
from spatial.traffic.user_class import UserClass, user_classes

#: The job's document that holds its solution.
SOLUTION = "solution"

type Name = str | Selection


class Asked(Protocol):
    """The inputs that name what is read."""

    @property
    def network(self) -> Name: ...
    @property
    def trips(self) -> Name: ...
    @property
    def zones(self) -> Name | None: ...
    @property
    def classes(self) -> Name | None: ...
    @property
    def toll_weight(self) -> float: ...
    @property
    def distance_weight(self) -> float: ...
    @property
    def first_thru_node(self) -> int | None: ...


@dataclass(frozen=True)
class Given:
    """links and trips as they were read; kind: the links' type of geometry."""

    links: gpd.GeoDataFrame
    trips: pd.DataFrame
    zones: Places | None
    classes: pd.DataFrame | None
    srid: int
    kind: str

    def case(
        self, asked: Asked, links: pd.DataFrame | None = None, trips: pd.DataFrame | None = None
    ) -> Case:
        """The case of these links and trips, or of others in their place."""
        alone = [UserClass("all", asked.toll_weight, asked.distance_weight)]
        return Case.of(
            self.links if links is None else links,
            self.trips if trips is None else trips,
            alone if self.classes is None else user_classes(self.classes),
            zones=self.zones,
            first_through=asked.first_thru_node,
        )


def read_given(run: Run, asked: Asked) -> Given:
    """Read what the inputs name, in one snapshot."""
    names = {"links": asked.network, "trips": asked.trips}
    names |= {"zones": asked.zones} if asked.zones is not None else {}
    names |= {"classes": asked.classes} if asked.classes is not None else {}
    with readings(run.database, list(names.values()), run.asof, run.grant) as (pg, views):
        layers = dict(zip(names, (view.layer for view in views), strict=True))
        found = {
            name: fetch(run.database, pg, view).sort_values("fid", ignore_index=True)
            for name, view in zip(names, views, strict=True)
        }
    srid = layers["links"].srid
    zones = placed(found["zones"], layers["zones"], srid) if "zones" in found else None
    kind = layers["links"].geometry_type
    return Given(found["links"], found["trips"], zones, found.get("classes"), srid, kind)


def start_of(run: Run, name: Name, case: Case) -> Bushes:
    """The solution of which a layer of flows tells, as far as it fits the case."""
    with run.database.begin() as tx:
        layer = find_visible(tx.pg, selection(name).layer, run.grant)
        job = (layer.lineage or {}).get("job")
        if job is None:
            raise Invalid(f"'{layer.name}' is no result of an assignment")
        try:
            content = job_files.find(tx.pg, job, SOLUTION).content
        except NotFound:
            raise Invalid(f"no solution was kept beside '{layer.name}'") from None
    return solution.unpacked(content, case.graph, case.demand, case.names())
