"""用地平衡表: areas by class and zone as a table whose rounded figures close."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.land_use.areas import UNITS
from spatial.land_use.closing import close
from spatial.land_use.code_tree import CodeTree

TOTAL = ""
MISSING, UNKNOWN = ("未填编码", "no code"), ("未知编码", "unknown code")
WHOLE = ("合计", "Total")


@dataclass(frozen=True)
class Balance:
    """table: rows by zone and class, the zone's total (class '') first; zone '' is all of them.

    Columns: zone, class, zh, en, parcels, area_m2 (exact), area_hm2, area_mu and share (rounded;
    they close by zone and by class), per_head_m2, adjusted: which figures were moved by a last
    digit so that they close.
    """

    table: pd.DataFrame
    unknown: tuple[str, ...]
    missing: int


def classed(rows: pd.DataFrame, tree: CodeTree, level: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows (zone, code, area_m2, parcels) summed by class at a level; and the unknown codes.

    An unknown code stays a class of its own, and so does the missing one, as '?'.
    """
    known = {code: tree.at(code, level) for code in set(rows["code"])}
    classes = rows["code"].map(lambda code: known[code] or code or "?")
    summed = (
        rows.assign(**{"class": classes})
        .groupby(["zone", "class"], as_index=False)[["area_m2", "parcels"]]
        .sum()
    )
    return summed, tuple(sorted(code for code, own in known.items() if code and not own))


def balance(
    rows: pd.DataFrame,
    tree: CodeTree,
    *,
    level: int = 1,
    decimals: int = 2,
    population: Mapping[str, float] | None = None,
    zones: tuple[str, ...] = (),
) -> Balance:
    """The balance of rows (zone, code, area_m2, parcels), one for each zone and code.

    level: of the tree, 1 the top, 0 the codes themselves. population: heads by zone, '' of all.
    zones: to be there even where they are empty. Totals of zones are rounded so that they sum to
    the rounded whole, then the classes of each zone so that they sum to its total; a class's sum
    over zones is that of its rounded figures.
    """
    cells, unknown = classed(rows, tree, level)
    names = sorted(set(cells["zone"]) | set(zones))
    cells = cells.sort_values(["zone", "class"], key=_key, ignore_index=True)
    totals = cells.groupby("zone")["area_m2"].sum().reindex(names, fill_value=0.0)
    notes: list[list[str]] = [[] for _ in range(len(cells))]
    whole_notes: dict[str, list[str]] = {zone: [] for zone in names}
    sums: dict[str, dict[str, float]] = {}
    for unit in ("hm2", "mu"):
        column = f"area_{unit}"
        closed = close(totals.to_numpy() / UNITS[unit], decimals)
        sums[unit] = dict(zip(names, closed.values, strict=True))
        for at in closed.adjusted:
            whole_notes[names[at]].append(column)
        cells[column] = 0.0
        for zone, part in cells.groupby("zone"):
            own = close(part["area_m2"].to_numpy() / UNITS[unit], decimals, sums[unit][str(zone)])
            cells.loc[part.index, column] = own.values
            for at in part.index[own.adjusted]:
                notes[at].append(column)
    cells["adjusted"] = [", ".join(note) for note in notes]
    parts = [_zone(cells[cells["zone"] == zone], zone, whole_notes[zone], sums) for zone in names]
    if names != [""]:
        merged = cells.groupby("class", as_index=False)[
            ["area_m2", "parcels", "area_hm2", "area_mu"]
        ].sum()
        merged[["area_hm2", "area_mu"]] = merged[["area_hm2", "area_mu"]].round(decimals)
        merged = merged.assign(zone="", adjusted="").sort_values(
            "class", key=_key, ignore_index=True
        )
        whole = {unit: {"": round(sum(by.values()), decimals)} for unit, by in sums.items()}
        parts.insert(0, _zone(merged, "", [], whole))
    table = pd.concat(parts, ignore_index=True)
    heads = table["zone"].map(population or {}).astype(float)
    table["per_head_m2"] = table["area_m2"] / heads.where(heads > 0)
    for language, at in (("zh", 0), ("en", 1)):
        table[language] = [_title(code, tree, unknown)[at] for code in table["class"]]
    return Balance(table, unknown, int(rows.loc[rows["code"] == "", "parcels"].sum()))


def _zone(
    cells: pd.DataFrame, zone: str, notes: list[str], sums: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """A zone's total and its classes, with shares in per cent that sum to 100."""
    exact = float(cells["area_m2"].sum())
    cells = cells.copy()
    cells["share"] = 0.0
    if exact > 0:
        share = close(cells["area_m2"].to_numpy() / exact * 100, 2, 100.0)
        cells["share"] = share.values
        moved = np.isin(np.arange(len(cells)), share.adjusted)
        cells.loc[moved, "adjusted"] = [
            ", ".join(filter(None, (said, "share"))) for said in cells.loc[moved, "adjusted"]
        ]
    total = pd.DataFrame(
        {
            "zone": [zone], "class": [TOTAL], "area_m2": [exact],
            "parcels": [int(cells["parcels"].sum())],
            "area_hm2": [sums["hm2"][zone]], "area_mu": [sums["mu"][zone]],
            "share": [100.0 if exact > 0 else 0.0], "adjusted": [", ".join(notes)],
        }
    )  # fmt: skip
    return pd.concat([total, cells], ignore_index=True)


def _title(code: str, tree: CodeTree, unknown: tuple[str, ...]) -> tuple[str, str]:
    if code == TOTAL:
        return WHOLE
    if code == "?":
        return MISSING
    return tree.titles.get(code, UNKNOWN)


def _key(column: "pd.Series[str]") -> "pd.Series[str]":
    return column.replace({"?": "\uffff", "—": "\uffff"})


def changed(base: pd.DataFrame, target: pd.DataFrame) -> pd.DataFrame:
    """空间功能结构调整表: base year, target and change (target − base), row by row.

    Differences are those of the rounded figures, so that they close as these do.
    """
    figures = ["parcels", "area_m2", "area_hm2", "area_mu", "share", "per_head_m2"]
    keys = ["zone", "class", "zh", "en"]
    both = base[[*keys, *figures, "adjusted"]].merge(
        target[[*keys, *figures, "adjusted"]], on=keys, how="outer", suffixes=("_base", "_target")
    )
    heads = [f"per_head_m2_{side}" for side in ("base", "target")]
    counts = [f"{one}_{side}" for one in figures[:-1] for side in ("base", "target")]
    both[counts] = both[counts].fillna(0)
    both[heads] = both[heads].astype(float)
    for one in figures:
        both[f"{one}_change"] = (both[f"{one}_target"] - both[f"{one}_base"]).round(9)
    both["adjusted"] = [
        "; ".join(f"{side}: {said}" for side, said in (("base", a), ("target", b)) if said)
        for a, b in zip(
            both["adjusted_base"].fillna(""), both["adjusted_target"].fillna(""), strict=True
        )
    ]
    return both.drop(columns=["adjusted_base", "adjusted_target"]).sort_values(
        ["zone", "class"], key=_key, ignore_index=True
    )
