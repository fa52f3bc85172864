"""What a project takes of the three control lines, and where these conflict: pure functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.control_rules_profile import EFFECTS, ZONES, Rules
from spatial.land_use.polygons import Floats, Geometries, Indices, tidy

RELATIVE = 1e-9
URBAN = (*ZONES, "outside")
_GRAVITY = list(EFFECTS)


@dataclass(frozen=True)
class Checked:
    """What was found, in the plane of the project.

    evidence: project_fid, kind, line_fid (none outside), area_m2, share, geometry;
    verdicts: project_fid, rule, area_m2, share, verdict, and what it is based on, in zh and en;
    verdict: the gravest of all.
    """

    evidence: gpd.GeoDataFrame
    verdicts: pd.DataFrame
    verdict: str
    certificate: Certificate


def check(
    project: gpd.GeoDataFrame,
    lines: Mapping[str, gpd.GeoDataFrame],
    rules: Rules,
    claimed: frozenset[str] = frozenset(),
) -> Checked:
    """Occupation of control lines by each feature of a project, and the verdict of each rule.

    project: polygons with `fid`; lines: of `farmland`, `ecology` and `urban` those there are,
    polygons with `fid`, `urban` with `zone`; all in one plane in metres. Features of a line that
    overlap are counted once, for the first; zones that overlap likewise, core before reserve
    before special. `claimed` names exceptions. For each project feature and line,
    area = within + without, both cut independently: the certificate sums the failures.
    Raises Invalid for a project without area, unknown zones and unknown exceptions.
    """
    rules.require_known(claimed)
    shapes = np.asarray(project.geometry, object)
    area = shapely.area(shapes)
    if not area.sum() > 0:
        raise Invalid("the project has no area: give a boundary with at least one polygon")
    pieces: list[pd.DataFrame] = []
    balance = {"project": float(area.sum())}
    residual = twice = 0.0
    for name, line in lines.items():
        kinds = _zones(line, rules) if name == "urban" else np.full(len(line), name, object)
        order = np.argsort([ZONES.index(k) if k in ZONES else 0 for k in kinds], kind="stable")
        covers, again = apart(np.asarray(line.geometry, object)[order])
        twice += again
        mine, theirs, cut = crossings(shapes, covers)
        outside = _without(shapes, covers)
        within = np.bincount(mine, shapely.area(cut), minlength=len(shapes))
        without = shapely.area(outside)
        residual += float(np.abs(area - within - without).sum())
        balance |= {f"within {name}": float(within.sum()), f"without {name}": float(without.sum())}
        fids = line["fid"].to_numpy()[order]
        pieces.append(_rows(project, mine, kinds[order][theirs], cut, fids[theirs]))
        if name == "urban":
            left = np.flatnonzero(without > 0)
            kind = np.full(len(left), "outside", object)
            pieces.append(_rows(project, left, kind, outside[left], None))
    evidence = gpd.GeoDataFrame(
        pd.concat(pieces, ignore_index=True), geometry="geometry", crs=project.crs
    )
    evidence["share"] = evidence["area_m2"] / area[evidence.pop("at").to_numpy(np.int64)]
    verdicts = _judged(project, area, evidence, set(lines), rules, claimed)
    worst = max(verdicts["verdict"], key=_GRAVITY.index, default="conforms")
    total = float(area.sum()) * len(lines)
    notes = [f"no {name} line was given: its rules were not applied" for name in
             ("farmland", "ecology", "urban") if name not in lines]  # fmt: skip
    if twice > 0:
        notes.append(f"features of a line overlap by {twice:.3f} m², which was counted once")
    return Checked(
        evidence,
        verdicts,
        worst,
        Certificate(
            equation="for each line: area of the project = within + without",
            left=total,
            right=sum(value for key, value in balance.items() if key != "project"),
            residual=residual,
            tolerance=RELATIVE * total,
            unit="m²",
            balance=balance,
            notes=tuple(notes),
        ),
    )


def conflicts(lines: Mapping[str, gpd.GeoDataFrame]) -> tuple[gpd.GeoDataFrame, Certificate]:
    """Where lines overlap each other, or themselves: the evidence of the conflict matrix.

    lines: polygons with `fid` in one plane in metres. Gives line_a, line_b, fid_a, fid_b, area_m2
    and geometry. Of each pair of lines, area(A) + area(B) = area(A ∪ B) + area(A ∩ B), where
    the intersection is that of the pieces, counted once.
    """
    found: list[pd.DataFrame] = []
    residual = left = right = 0.0
    balance: dict[str, float] = {}
    unions = {name: shapely.union_all(line.geometry.to_numpy()) for name, line in lines.items()}
    for a, b in combinations_with_replacement(lines, 2):
        one, two = (np.asarray(lines[name].geometry, object) for name in (a, b))
        i, j, cut = crossings(one, two)
        if a == b:
            once = i < j
            i, j, cut = i[once], j[once], cut[once]
        rows = {
            "line_a": a, "line_b": b,
            "fid_a": lines[a]["fid"].to_numpy()[i], "fid_b": lines[b]["fid"].to_numpy()[j],
            "area_m2": shapely.area(cut), "geometry": cut,
        }  # fmt: skip
        found.append(pd.DataFrame(rows))
        shared = float(shapely.area(shapely.union_all(cut))) if len(cut) else 0.0
        balance[f"{a} ∩ {b}"] = shared
        if a != b:
            parts = float(shapely.area(unions[a]) + shapely.area(unions[b]))
            whole = float(shapely.area(shapely.union(unions[a], unions[b])))
            left, right = left + parts, right + whole + shared
            residual += abs(parts - whole - shared)
    crs = next(iter(lines.values())).crs
    frame = gpd.GeoDataFrame(pd.concat(found, ignore_index=True), geometry="geometry", crs=crs)
    return frame, Certificate(
        equation="for each pair of lines: area A + area B = area of A ∪ B + area of A ∩ B",
        left=left,
        right=right,
        residual=residual,
        tolerance=RELATIVE * left,
        unit="m²",
        balance=balance,
    )


def crossings(left: Geometries, right: Geometries) -> tuple[Indices, Indices, Geometries]:
    """The pairs whose insides meet, by left and right, and the polygons that they share.

    A left one that lies within a right one passes whole; only the others are cut.
    """
    j, i = shapely.STRtree(left).query(right, predicate="intersects")
    shapely.prepare(right)
    cut = left[i]
    parted = ~shapely.covers(right[j], cut)
    cut[parted] = tidy(np.asarray(shapely.intersection(cut[parted], right[j[parted]]), object))
    real = shapely.area(cut) > 0
    order = np.lexsort((j[real], i[real]))
    return i[real][order], j[real][order], cut[real][order]


def apart(shapes: Geometries) -> tuple[Geometries, float]:
    """The shapes, of which each loses what earlier ones cover; and the area so taken away."""
    i, j, _ = crossings(shapes, shapes)
    made = shapes.copy()
    for later in np.unique(j[i < j]):
        before = shapely.union_all(shapes[i[(j == later) & (i < later)]])
        made[[later]] = tidy(np.asarray([shapely.difference(shapes[later], before)], object))
    return made, float(shapely.area(shapes).sum() - shapely.area(made).sum())


def _without(shapes: Geometries, covers: Geometries) -> Geometries:
    """What of each shape no cover covers."""
    j, i = shapely.STRtree(shapes).query(covers, predicate="intersects")
    shapely.prepare(covers)
    whole = np.zeros(len(shapes), bool)
    whole[i[shapely.covers(covers[j], shapes[i])]] = True
    made = shapes.copy()
    made[whole] = shapely.Polygon()
    parted = np.flatnonzero(~whole[i])
    parted = parted[np.argsort(i[parted], kind="stable")]
    owners, first, count = np.unique(i[parted], return_index=True, return_counts=True)
    near = covers[j[parted[first]]]
    for at in np.flatnonzero(count > 1):
        near[at] = shapely.union_all(covers[j[parted[first[at] : first[at] + count[at]]]])
    made[owners] = tidy(np.asarray(shapely.difference(shapes[owners], near), object))
    return made


def _zones(urban: gpd.GeoDataFrame, rules: Rules) -> Geometries:
    """The kind of each feature of the urban boundary; a boundary without zones is all core."""
    if "zone" not in urban:
        return np.full(len(urban), "core", object)
    kinds = np.array([rules.zone(str(word)) for word in urban["zone"]], object)
    if unknown := sorted({str(w) for w, k in zip(urban["zone"], kinds, strict=True) if k is None}):
        known = "、".join(word for words in rules.zones.values() for word in words)
        raise Invalid(f"the rules know no zone {', '.join(unknown)}: they know {known}")
    return kinds


def _rows(
    project: gpd.GeoDataFrame, at: Indices, kind: Geometries, cut: Geometries, fids: Indices | None
) -> pd.DataFrame:
    area: Floats = shapely.area(cut)
    line = pd.array(fids if fids is not None else [None] * len(at), dtype="Int64")
    return pd.DataFrame({
        "at": at, "project_fid": project["fid"].to_numpy()[at], "kind": kind,
        "line_fid": line, "area_m2": area, "geometry": cut,
    })  # fmt: skip


def _judged(
    project: gpd.GeoDataFrame,
    area: Floats,
    evidence: gpd.GeoDataFrame,
    given: set[str],
    rules: Rules,
    claimed: frozenset[str],
) -> pd.DataFrame:
    taken = evidence.groupby(["project_fid", "kind"])["area_m2"].sum().to_dict()

    def every() -> Iterator[dict[str, object]]:
        for fid, whole in zip(project["fid"].tolist(), area.tolist(), strict=True):
            for rule in rules.rules:
                if rule.kind not in given and not ("urban" in given and rule.kind in URBAN):
                    continue
                size = float(taken.get((fid, rule.kind), 0.0))
                effect = rule.verdict(size, claimed)
                zh, en = EFFECTS[effect]
                yield {
                    "project_fid": fid, "rule": rule.id, "area_m2": size,
                    "share": size / whole if whole else 0.0, "verdict": effect,
                    "title_zh": rule.title_zh, "title_en": rule.title_en,
                    "verdict_zh": zh, "verdict_en": en,
                    "clause_zh": rule.clause_zh, "clause_en": rule.clause_en,
                    "exceptions_zh": "；".join(one.zh for one in rule.exceptions),
                    "exceptions_en": "; ".join(one.en for one in rule.exceptions),
                    "claimed": ", ".join(x.id for x in rule.exceptions if x.id in claimed),
                }  # fmt: skip

    return pd.DataFrame(list(every()))
