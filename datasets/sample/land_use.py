"""Land use through time: from fields and villages to the city, lot by lot."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from datasets.sample import plan
from datasets.sample.blocks import BLOCK_AREA, Network, Zones
from datasets.sample.land_codes import PROGRAMME
from datasets.sample.lots import Lots
from datasets.sample.moments import month
from datasets.sample.plan import Field, Floats
from datasets.sample.shapes import Flags, dissolve, touching, xy
from datasets.sample.streets import EVER
from datasets.sample.waters import Waters

OPEN = np.inf
BEGINNING = 2000.0


def draw_land_use(
    seed: int, field: Field, waters: Waters, network: Network, lots: Lots
) -> gpd.GeoDataFrame:
    """Every state of every parcel: key, land_code, start and end (decimal years), zone, geom.

    At any moment the states that hold tile the city. Until a block is first built on, its fields
    are one parcel; lots taken but not yet built on are vacant (2301).
    """
    rng = np.random.default_rng([seed, 17])
    final = _final_codes(lots, waters, network, rng)
    start = _built(lots, network, rng)
    before = _before(lots, waters, network, field, rng)
    keys = np.array([f"P{i:05d}" for i in range(len(lots.shapes))])
    built = start > BEGINNING
    common = built & (lots.edge < 0) & (lots.water < 0) & np.isin(before, ["0101", "0201"])
    common &= np.isin(lots.zone, list(BLOCK_AREA))

    states: list[pd.DataFrame] = []

    def add(which: Flags, code: Zones, since: Floats, until: Floats) -> None:
        which = which & (since < np.minimum(until, plan.TODAY))
        states.append(
            pd.DataFrame(
                {
                    "key": keys[which],
                    "land_code": code[which],
                    "start": since[which],
                    "end": np.where(until[which] >= plan.TODAY, OPEN, until[which]),
                    "zone": lots.zone[which],
                    "geom": lots.shapes[which],
                }
            )
        )

    first = np.full(lots.block.max() + 1, OPEN)
    np.minimum.at(first, lots.block[common], start[common])
    opened = np.where(common, first[lots.block], EVER)
    ever, never = np.full(len(keys), EVER), np.full(len(keys), OPEN)
    add(built & ~common, before, ever, start)
    add(common, np.full(len(keys), "2301"), opened, start)
    states.append(_fields(lots, common, first, before))

    later, change = _renewal(lots, final, start, waters, rng)
    add(np.ones(len(keys), dtype=bool), final, np.where(built, start, EVER), change)
    add(change < plan.TODAY, later, change, never)
    frame = pd.concat(states, ignore_index=True).sort_values(["key", "start"], ignore_index=True)
    return gpd.GeoDataFrame(frame, geometry="geom", crs=None)


def _fields(lots: Lots, common: Flags, first: Floats, before: Zones) -> pd.DataFrame:
    """The fields of each block until it is first built on."""
    unions, block = dissolve(lots.shapes[common], lots.block[common])
    fields, owner = shapely.get_parts(unions, return_index=True)
    block = block[owner]
    code = dict(zip(lots.block[common], before[common], strict=True))
    end = first[block]
    return pd.DataFrame(
        {
            "key": [f"F{i:05d}" for i in range(len(fields))],
            "land_code": [code[b] for b in block],
            "start": EVER,
            "end": np.where(end >= plan.TODAY, OPEN, end),
            "zone": "rural",
            "geom": fields,
        }
    )


def _final_codes(lots: Lots, waters: Waters, network: Network, rng: np.random.Generator) -> Zones:
    code = np.full(len(lots.shapes), "0101", dtype="<U6")
    for name, mix in PROGRAMME.items():
        here = lots.programme == name
        code[here] = rng.choice(list(mix), here.sum(), p=list(mix.values()))
    wet = lots.water >= 0
    code[wet] = np.where(np.array(waters.kinds)[lots.water[wet]] == "lake", "1702", "1701")
    street = lots.edge >= 0
    rank = network.rank[lots.edge[street]]
    urban = np.isin(lots.zone[street], list(BLOCK_AREA))
    code[street] = np.where(
        rank == 0, "1202", np.where(urban, "1207", np.where(rank == 3, "0601", "1202"))
    )
    small_park = (lots.programme == "garden") & (shapely.area(lots.shapes) < 3_000)
    code[small_park] = "1402"
    return code


def _built(lots: Lots, network: Network, rng: np.random.Generator) -> Floats:
    """When each lot took its present use; EVER where that was before the year 2000."""
    late = np.minimum(rng.exponential(1.3, len(lots.shapes)), 6.0)
    first = rng.random(len(lots.shapes)) < 0.35
    start = np.where(first, lots.year, lots.year + late)
    start = np.where(np.isin(lots.zone, list(BLOCK_AREA)), start, EVER)
    street = lots.edge >= 0
    start[street] = network.year[lots.edge[street]]
    start[lots.water >= 0] = EVER
    start = month(start)
    start[start <= BEGINNING] = EVER
    return start


def _before(
    lots: Lots, waters: Waters, network: Network, field: Field, rng: np.random.Generator
) -> Zones:
    """What a lot was before it was built on: field, orchard, fishpond or village."""
    x, y = xy(lots.shapes)
    rivers = waters.surfaces[[kind == "river" for kind in waters.kinds]]
    by_river = touching(lots.shapes, rivers, 90.0)
    village = by_river & (field.patches(x, y) + rng.normal(0, 0.3, len(x)) > 0.55)
    village &= (lots.edge < 0) & (shapely.area(lots.shapes) < 30_000)
    orchard = field.patches(x + 900, y) > 1.5
    return np.select([village, orchard & (lots.edge < 0)], ["0703", "0201"], "0101")


def _renewal(
    lots: Lots, code: Zones, start: Floats, waters: Waters, rng: np.random.Generator
) -> tuple[Zones, Floats]:
    """The next use of some lots and when: works to homes, lanes to shops, ponds to wetland."""
    later, change = code.copy(), np.full(len(code), OPEN)
    lakeside = touching(lots.shapes, np.array([waters.lake]), 900.0)
    rural = lots.zone == "rural"

    def turn(which: Flags, share: float, years: tuple[float, float], into: list[str]) -> None:
        chosen = which & (rng.random(len(code)) < share) & np.isinf(change)
        later[chosen] = rng.choice(into, chosen.sum())
        change[chosen] = month(rng.uniform(*years, chosen.sum()))

    early = np.isinf(start)
    turn(
        (lots.programme == "works") & early,
        0.75,
        (2004, 2022),
        ["070102", "070102", "0902", "0901"],
    )
    turn((lots.zone == "park") & (code == "100102"), 0.06, (2016, 2025), ["0802", "100101"])
    turn(
        (lots.programme == "lanes") & (code == "070103"),
        0.3,
        (2002, 2021),
        ["070102", "0901", "1401"],
    )
    turn(lakeside & (code == "1704"), 0.6, (2012, 2020), ["0506", "1401"])
    turn(rural & (code == "0703"), 0.1, (2009, 2023), ["0101", "0301"])
    turn(rural & (code == "0101"), 0.025, (2003, 2012), ["0301", "1704"])
    turn(rural & (code == "0101"), 0.02, (2012, 2024), ["0602"])
    change = np.where(change <= np.where(early, BEGINNING, start) + 1, OPEN, change)
    return later, change
