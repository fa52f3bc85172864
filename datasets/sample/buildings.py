"""Buildings: rows, towers, halls and courtyards, laid out inside their parcels."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from datasets.sample import plan
from datasets.sample.blocks import Zones
from datasets.sample.frames import frame
from datasets.sample.moments import month
from datasets.sample.plan import Floats, Geometries
from datasets.sample.shapes import Flags, Integers, frame_of
from datasets.sample.streets import EVER


@dataclass(frozen=True)
class Form:
    """How a class of land is built: pitch along and across the rows, sizes and floors."""

    use: str
    pitch: tuple[float, float]
    length: tuple[float, float]
    depth: tuple[float, float]
    floors: tuple[int, int]
    storey: float = 3.0
    share: float = 0.85
    setback: float = 5.0
    plain: float = 1.0  # share of plain rectangles; the rest are L, U or courtyard


_SLABS = Form("residential", (58, 25), (38, 52), (11, 12.5), (5, 7), share=0.93)
_MID = Form("residential", (62, 34), (34, 54), (12, 14), (6, 11), share=0.9, setback=7)
_TOWERS = Form("residential", (52, 50), (24, 38), (15, 18), (15, 33), share=0.88, setback=9)

_WALK_UPS = Form("residential", (31, 20), (18, 28), (9.5, 11), (3, 6), share=0.9, setback=3)
_SHOPHOUSES = Form("commerce", (22, 20), (12, 19), (11, 16), (2, 4), 3.8, 0.9, 2.5, 0.6)

FORMS: dict[str, Form] = {
    "070103": Form("residential", (15, 13), (9, 13.5), (7.5, 11), (1, 3), 3.2, 0.9, 2.0, 0.45),
    "0703": Form("residential", (20, 24), (10, 15), (9, 12), (2, 3), 3.3, 0.72, 3.0, 0.7),
    "0702": Form("community", (44, 34), (24, 36), (13, 17), (2, 4), 3.6, 0.7, 5, 0.5),
    "080404": Form("education", (48, 40), (26, 38), (14, 22), (2, 3), 3.6, 0.6, 6, 0.3),
    "080403": Form("education", (76, 42), (46, 64), (15, 28), (3, 5), 3.8, 0.55, 8, 0.35),
    "080401": Form("education", (80, 62), (46, 68), (18, 36), (4, 8), 3.9, 0.62, 12, 0.45),
    "0802": Form("office", (70, 56), (40, 58), (18, 30), (4, 10), 4.0, 0.75, 9, 0.6),
    "0801": Form("government", (74, 52), (44, 62), (16, 32), (4, 9), 3.8, 0.6, 9, 0.4),
    "0803": Form("culture", (110, 90), (54, 84), (40, 66), (2, 4), 6.0, 0.6, 12, 0.5),
    "0805": Form("sports", (140, 110), (70, 110), (50, 80), (1, 2), 11.0, 0.6, 14, 0.9),
    "080601": Form("health", (76, 58), (48, 64), (20, 40), (5, 18), 3.9, 0.75, 9, 0.3),
    "0807": Form("health", (56, 42), (32, 46), (14, 22), (3, 5), 3.5, 0.65, 7, 0.4),
    "0901": Form("commerce", (60, 52), (34, 52), (24, 44), (2, 6), 4.5, 0.85, 6, 0.6),
    "0902": Form("office", (64, 60), (30, 46), (26, 40), (9, 42), 4.0, 0.85, 9, 0.9),
    "100101": Form("industry", (88, 58), (54, 80), (30, 46), (1, 3), 7.0, 0.9, 10, 0.85),
    "100102": Form("industry", (116, 74), (74, 106), (38, 60), (1, 2), 9.5, 0.9, 12, 0.85),
    "110101": Form("storage", (128, 76), (84, 118), (40, 58), (1, 2), 10.0, 0.9, 12, 1.0),
    "1301": Form("utility", (60, 50), (20, 40), (14, 30), (1, 2), 5.0, 0.6, 8, 0.8),
    "1303": Form("utility", (48, 40), (18, 34), (12, 22), (1, 2), 5.0, 0.6, 8, 0.9),
    "1503": Form("religion", (34, 32), (16, 26), (13, 22), (1, 2), 5.0, 0.6, 6, 0.3),
    "1504": Form("heritage", (34, 32), (16, 26), (13, 24), (1, 2), 4.5, 0.6, 5, 0.25),
    "0602": Form("agriculture", (70, 15), (48, 64), (8, 10), (1, 1), 3.5, 0.8, 4),
}

USES: dict[str, tuple[str, str]] = {
    "residential": ("居住", "Residential"),
    "community": ("社区服务", "Community services"),
    "education": ("教育", "Education"),
    "office": ("办公", "Office"),
    "government": ("行政办公", "Government"),
    "culture": ("文化", "Culture"),
    "sports": ("体育", "Sports"),
    "health": ("医疗福利", "Health and welfare"),
    "commerce": ("商业", "Commerce"),
    "industry": ("工业", "Industry"),
    "storage": ("仓储", "Storage"),
    "utility": ("公用设施", "Utilities"),
    "religion": ("宗教", "Religion"),
    "heritage": ("文物古迹", "Heritage"),
    "agriculture": ("农业设施", "Agricultural facility"),
}


def draw_buildings(seed: int, states: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The buildings of every state of land use, from their completion until the land changes."""
    rng = np.random.default_rng([seed, 18])
    code, begun = states["land_code"].to_numpy(dtype="U6"), states["start"].to_numpy()
    made: list[pd.DataFrame] = []
    zone = states["zone"].to_numpy(dtype="U6")
    for rows, form in _forms(code, begun, zone == "old"):
        parcels = states.iloc[rows]
        shapes, owner = _lay_out(parcels["geom"].to_numpy(), form, rng)
        made.append(_described(parcels, shapes, owner, form, rng))
    table = pd.concat(made, ignore_index=True)
    table = table.sort_values(["parcel", "built"], kind="stable", ignore_index=True)
    built, use = table["built"].to_numpy(), table["use"].map(USES)
    return frame(
        table["geom"].to_numpy(),
        [f"B{i:06d}" for i in range(len(table))],
        np.where(built >= 1980, built, np.nan),
        table["end"].to_numpy(),
        parcel=table["parcel"].to_numpy(),
        use=table["use"].to_numpy(),
        use_zh=use.str[0].to_numpy(),
        use_en=use.str[1].to_numpy(),
        floors=table["floors"].to_numpy(),
        height_m=table["height_m"].to_numpy(),
        built_year=np.floor(built).astype(np.int32),
    )


def _forms(code: Zones, begun: Floats, old: Flags) -> list[tuple[Integers, Form]]:
    """Which states are built in which form: homes by their time, old shops as shophouses."""
    homes, shophouses = code == "070102", old & (code == "0901")
    walk_ups = old & homes
    forms = [(np.flatnonzero((code == name) & ~shophouses), form) for name, form in FORMS.items()]
    forms.append((np.flatnonzero(shophouses), _SHOPHOUSES))
    forms.append((np.flatnonzero(walk_ups), _WALK_UPS))
    for first, last, form in (
        (EVER, 2000.0, _SLABS),
        (2000.0, 2010.0, _MID),
        (2010.0, np.inf, _TOWERS),
    ):
        forms.append((np.flatnonzero(homes & ~old & (begun >= first) & (begun < last)), form))
    return [(rows, form) for rows, form in forms if len(rows)]


def _lay_out(
    parcels: Geometries, form: Form, rng: np.random.Generator
) -> tuple[Geometries, Integers]:
    """Footprints on a grid of pitches in each parcel's own frame, where they fit wholly inside."""
    inner = shapely.buffer(parcels, -form.setback, quad_segs=1, join_style="mitre")
    rows = np.flatnonzero(shapely.area(inner) > form.length[0] * form.depth[0])
    inner = inner[rows]
    centre, axis, long, short = frame_of(inner)
    turned = np.abs(axis[:, 0]) < np.abs(axis[:, 1])  # rows run east-west, to face south
    axis = np.where(turned[:, None], np.column_stack([axis[:, 1], -axis[:, 0]]), axis)
    along, across = np.where(turned, short, long), np.where(turned, long, short)
    nx = np.maximum(1, np.rint(along / form.pitch[0])).astype(np.int64)
    ny = np.maximum(1, np.floor((across - form.depth[0]) / form.pitch[1]) + 1).astype(np.int64)
    owner = np.repeat(np.arange(len(rows)), nx * ny)
    index = np.arange(len(owner)) - np.repeat(np.cumsum(nx * ny) - nx * ny, nx * ny)
    i, j = index % nx[owner], index // nx[owner]
    pitch_x = (along / nx)[owner]
    pitch_y = np.where(ny > 1, (across - form.depth[1]) / np.maximum(ny - 1, 1), form.pitch[1])[
        owner
    ]
    pitch_y = np.maximum(pitch_y, form.depth[1] + 2.0)
    u = (i - (nx[owner] - 1) / 2) * pitch_x
    v = (j - (ny[owner] - 1) / 2) * pitch_y
    same_row = rng.uniform(0, 1, len(rows))[owner]
    length = form.length[0] + (form.length[1] - form.length[0]) * _mixed(same_row, rng)
    length = np.minimum(length, pitch_x - 3.0)
    depth = form.depth[0] + (form.depth[1] - form.depth[0]) * _mixed(same_row, rng)
    u += rng.uniform(-0.5, 0.5, len(u)) * np.minimum(pitch_x - length - 1.0, 6.0) * 0.5
    keep = (rng.random(len(u)) < form.share) & (length > 0.6 * form.length[0])
    owner, u, v, length, depth = owner[keep], u[keep], v[keep], length[keep], depth[keep]

    half = np.column_stack([length, depth]) / 2
    middle = np.column_stack([u, v])
    shapes = _boxes(middle - half, middle + half, centre[owner], axis[owner])
    inside = inner.copy()
    shapely.prepare(inside)
    fits = shapely.contains_properly(inside[owner], shapes)
    owner, middle, half, shapes = owner[fits], middle[fits], half[fits], shapes[fits]
    notched = np.flatnonzero((rng.random(len(shapes)) > form.plain) & (half[:, 1] > 3.4))
    low, high = _notches(half[notched], rng)
    notch = _boxes(
        middle[notched] + low, middle[notched] + high, centre[owner[notched]], axis[owner[notched]]
    )
    shapes[notched] = shapely.difference(shapes[notched], notch)
    return shapes, rows[owner]


def _mixed(same: Floats, rng: np.random.Generator) -> Floats:
    """Values in 0..1 that resemble each other within a parcel."""
    mixed: Floats = 0.75 * same + 0.25 * rng.random(len(same))
    return mixed


def _boxes(low: Floats, high: Floats, centre: Floats, axis: Floats) -> Geometries:
    """Rectangles given in a turned frame, as polygons."""
    corners = np.stack(
        [
            low,
            np.column_stack([high[:, 0], low[:, 1]]),
            high,
            np.column_stack([low[:, 0], high[:, 1]]),
        ],
        axis=1,
    )
    across = np.column_stack([-axis[:, 1], axis[:, 0]])
    points = centre[:, None] + corners[..., :1] * axis[:, None] + corners[..., 1:] * across[:, None]
    return np.asarray(shapely.polygons(points), dtype=object)


def _notches(half: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """What to cut from each box: a corner (L), the middle of a side (U) or a courtyard."""
    kind = rng.integers(0, 3, len(half))
    side = rng.choice([-1.0, 1.0], (len(half), 2))
    corner_low = half * np.where(side > 0, 0.1, -1.2)
    corner_high = half * np.where(side > 0, 1.2, -0.1)
    bay = half * [0.42, 0.3]
    court = half * [0.5, 0.42]
    kinds = kind[:, None]
    low = np.where(kinds == 0, corner_low, np.where(kinds == 1, half * [-0.42, -1.2], -court))
    high = np.where(kinds == 0, corner_high, np.where(kinds == 1, bay * [1, 0.6], court))
    return low, high


def _described(
    parcels: gpd.GeoDataFrame,
    shapes: Geometries,
    owner: Integers,
    form: Form,
    rng: np.random.Generator,
) -> pd.DataFrame:
    start, end = parcels["start"].to_numpy()[owner], parcels["end"].to_numpy()[owner]
    era = np.where(parcels["land_code"].to_numpy()[owner] == "070103", 1935.0, 1976.0)
    same = rng.random(len(parcels))[owner]
    before = era + (1999.9 - era) * (0.8 * same + 0.2 * rng.random(len(owner)))
    after = start + 0.3 + 1.1 * same + 0.3 * rng.random(len(owner))
    built = month(np.where(np.isfinite(start), after, before))
    one = rng.random(len(parcels))[owner]
    floors = form.floors[0] + (form.floors[1] - form.floors[0] + 1) * (
        0.8 * one + 0.2 * rng.random(len(owner))
    )
    floors = np.minimum(np.floor(floors), form.floors[1]).astype(np.int32)
    height = floors * form.storey * (1 + 0.04 * rng.standard_normal(len(owner))) + 0.8
    keep = (built < np.minimum(end, plan.TODAY)) & shapely.is_valid(shapes)
    made = pd.DataFrame(
        {
            "parcel": parcels["key"].to_numpy()[owner],
            "use": form.use,
            "floors": floors,
            "height_m": height.round(1),
            "built": built,
            "end": end,
            "geom": shapes,
        }
    )
    kept: pd.DataFrame = made[keep]
    return kept
