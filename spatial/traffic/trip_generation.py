"""The analysis `trip-generation`: people and land uses become the ends of trips."""

from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.analyses.inputs import Inputs, Label, LayerName, OptionalLayer
from spatial.analyses.making import TABLE, new_layer
from spatial.analyses.reading import readings, require_shape
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.crs import parse
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.land_use.overlay import overlay
from spatial.layer import Column
from spatial.traffic import tables
from spatial.traffic.example import example
from spatial.traffic.generation import Rates, balanced, generated
from spatial.traffic.graph import Floats

_HECTARE = 10_000.0
ZONES = (
    Column("zone", "bigint", "fid of the zone"),
    Column("people", "double precision"),
    Column("production", "double precision", "trips a day"),
    Column("attraction", "double precision", "trips a day"),
)
ENDS = (
    Column("zone", "bigint", "fid of the zone"),
    Column("purpose", "text"),
    Column("production", "double precision", "trips a day"),
    Column("attraction", "double precision", "trips a day"),
)


class GenerationInputs(Inputs):
    """Of which zones, with whom, on which land, at which rates."""

    zones: Annotated[LayerName, Label("交通小区：面", "the zones: polygons")]
    population: Annotated[str, Label("小区人口的字段", "column of the people of each zone")] = (
        "population"
    )
    land_use: Annotated[OptionalLayer, Label("用地图层：面", "the layer of land use: polygons")] = (
        None
    )
    code: Annotated[str, Label("用地代码的字段", "column of the land-use code")] = "land_code"
    rates: Annotated[
        OptionalLayer,
        Label(
            "出行率表：source（people 或代码前缀）、purpose、production、attraction；缺省用示例",
            "table of rates: source (people, or the beginning of a land-use code), purpose, "
            "production, attraction; an example where not given",
        ),
    ] = None


@analysis(
    "trip-generation",
    zh="出行生成",
    en="Trip generation",
    about_zh="由人口与各类用地面积按出行率计算每个交通小区各目的的日出行产生量与吸引量，"
    "吸引量按产生总量平衡；成果为小区图层与分目的表。出行率由用户给出，缺省为示例。",
    about_en="From people and areas of land use by rates: the trips a day that each zone produces "
    "and attracts by purpose, attractions balanced to productions. A layer of zones and a table "
    "by purpose. The rates are yours; without them an example.",
)
def trip_generation(run: Run, inputs: GenerationInputs) -> Outcome:
    """See `spatial.traffic.generation`; raises Invalid for columns and rates that will not do."""
    run.progress(0.0, "reading the zones and the land")
    chosen = [one for one in (inputs.zones, inputs.land_use, inputs.rates) if one is not None]
    with readings(run.database, chosen, run.asof, run.grant) as (pg, views):
        frames = [fetch(run.database, pg, view).sort_values("fid") for view in views]
    zones, layer = frames[0].reset_index(drop=True), views[0].layer
    require_shape(layer, "Polygon")
    if inputs.population not in zones:
        raise Invalid(f"'{layer.name}' has no column '{inputs.population}'")
    people = tables.numbers(zones, (inputs.population,))
    if not (np.isfinite(people) & (people >= 0)).all():
        raise Invalid(f"'{inputs.population}' must hold numbers that are not negative, in each row")
    rates = Rates.of(example("trip_rates") if inputs.rates is None else frames[-1])
    area, codes, outside = np.zeros((len(zones), 0)), list[str](), 0.0
    if inputs.land_use is not None:
        require_shape(views[1].layer, "Polygon")
        run.progress(0.2, "measuring the land of each zone")
        area, codes, outside = areas(zones, frames[1], inputs.code)
    made, raw = generated(people, area, codes, rates)
    drawn, factor = balanced(made, raw)
    by_zone = gpd.GeoDataFrame(
        {"zone": zones["fid"], "people": people, "production": made.sum(axis=1),
         "attraction": drawn.sum(axis=1)}, geometry=zones.geometry,
    )  # fmt: skip
    ends = pd.DataFrame({
        "zone": np.repeat(zones["fid"].to_numpy(), len(rates.purposes)),
        "purpose": np.tile(np.array(rates.purposes, object), len(zones)),
        "production": made.ravel(), "attraction": drawn.ravel(),
    })  # fmt: skip
    off = float(np.abs(made.sum(axis=0) - drawn.sum(axis=0)).sum())
    named: dict[str, Any] = {"key": "ends", "title_zh": "分目的", "title_en": "by purpose"}
    kind = layer.geometry_type
    return Outcome(
        {
            "layer": new_layer(run, by_zone, ZONES, layer.srid, geometry_type=kind),
            "ends": new_layer(run, ends, ENDS, layer.srid, geometry_type=TABLE, **named),
        },
        Certificate(
            "trips produced = trips attracted, for every purpose",
            float(made.sum()), float(drawn.sum()), off, 1e-9 * max(1.0, float(made.sum())),
            "trips a day", moved=float(np.abs(drawn - raw).sum()), dropped=0.0,
            notes=tuple(
                f"attractions of {purpose} were multiplied by {by:.4g}"
                for purpose, by in zip(rates.purposes, factor, strict=True)
            ),
        ),
        {
            "zones": len(zones),
            "people": float(people.sum()),
            "trips": dict(zip(rates.purposes, made.sum(axis=0).tolist(), strict=True)),
            "rates": "example" if inputs.rates is None else "given",
            "land_ha": float(area.sum()),
            "land_outside_ha": outside,
        },
    )  # fmt: skip


def areas(
    zones: gpd.GeoDataFrame, land: gpd.GeoDataFrame, code: str
) -> tuple[Floats, list[str], float]:
    """(z, c) hectares of each zone under each code, the codes, and hectares in no zone.

    Planar, in the zones' reference system; raises Invalid where that is in degrees.
    """
    if code not in land:
        raise Invalid(f"the land use has no column '{code}'")
    if parse(zones.crs.to_epsg()).is_geographic:
        raise Invalid("the zones must be in a projected reference system")
    there = land[[code, "geometry"]].to_crs(zones.crs)
    place = zones[["geometry"]].assign(zone_place=np.arange(len(zones)))
    pieces = overlay(there, place, "intersection").frame
    codes, number = np.unique(pieces[code].fillna("").astype(str), return_inverse=True)
    hectares = pieces.geometry.area.to_numpy() / _HECTARE
    area = np.zeros((len(zones), len(codes)))
    np.add.at(area, (pieces["zone_place"].to_numpy(np.int64), number), hectares)
    outside = float(there.geometry.area.sum() / _HECTARE - hectares.sum())
    return area, codes.tolist(), max(0.0, outside)
