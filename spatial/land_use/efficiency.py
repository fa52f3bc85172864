"""How well industrial land is used, by enterprise and by parcel: the pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.polygons import Floats

HECTARE, MU = 10_000.0, 10_000.0 / 15.0
FIGURES = ("output", "tax", "floor_area", "jobs")
#: A figure counts at most so many times its benchmark, and not below nothing.
CAP = 1.5


@dataclass(frozen=True)
class Efficiency:
    """Rows of enterprises (by `enterprise`) and of parcels (by `parcel`), each with land_m2, the
    figures, each per hm² and per mu, score, rank and class; the benchmarks per hm²; the rows of
    the table whose parcel is not known; and the balance of land.
    """

    enterprises: pd.DataFrame
    parcels: pd.DataFrame
    benchmarks: dict[str, float]
    unmatched: pd.DataFrame
    certificate: Certificate


def efficiency(
    area: Mapping[str, float],
    table: pd.DataFrame,
    weights: Mapping[str, float],
    classes: Mapping[str, float],
    benchmarks: Mapping[str, float] | None = None,
) -> Efficiency:
    """Indicators per land, a score against benchmarks, and classes by rank.

    area: m² by parcel; table: a row for each enterprise on each parcel, with `enterprise`,
    `parcel`, some of `FIGURES` and perhaps `land_m2`. Without `land_m2` a parcel's land is shared
    by floor area where all of its rows have one, else evenly. Of an enterprise the rows add up; a
    figure that no row of it has stays unknown. score = 100 Σ wₖ min(max(xₖ / bₖ, 0), 1.5), where b
    is the benchmark as told or else the mean over all land that has the figure. classes: shares
    of those ranked, from the best; equals are in the better class.
    Raises Invalid for figures below zero (tax apart), and for no row with a known parcel.
    """
    figures = [name for name in FIGURES if name in table and name in weights]
    _refuse(table, figures)
    known = table["parcel"].isin(list(area))
    rows = table[known].copy()
    if rows.empty:
        raise Invalid("no row of the table names a parcel that is there: check the columns of keys")
    rows["land_m2"] = _land(rows, area)
    made = {}
    for key in ("enterprise", "parcel"):
        groups = rows.groupby(key, sort=True)
        sums = groups[["land_m2"]].sum().join(groups[figures].sum(min_count=1))
        made[key] = sums.reset_index()
    told = dict(benchmarks or {})
    for name in figures:
        has = made["enterprise"][name].notna()
        land = made["enterprise"].loc[has, "land_m2"].sum() / HECTARE
        total = made["enterprise"].loc[has, name].sum()
        told.setdefault(name, float(total / land) if land else np.nan)
    for frame in made.values():
        _rate(frame, figures, weights, told, classes)
    used = float(sum(area[parcel] for parcel in rows["parcel"].unique()))
    allotted = float(rows["land_m2"].sum())
    return Efficiency(
        made["enterprise"],
        made["parcel"],
        told,
        table[~known],
        _certificate(used, allotted, rows, table, area, figures),
    )


def classify(rank: pd.Series, classes: Mapping[str, float]) -> list[str | None]:
    """The class of each rank (1 is best; missing has none) by its place among the ranked.

    Rank r of n stands at (r − ½) / n; the shares of the classes follow from the best.
    """
    count = int(rank.notna().sum())
    ends = np.cumsum(list(classes.values())) / sum(classes.values())
    names = list(classes)
    places = (rank.to_numpy(float) - 0.5) / max(count, 1)
    return [
        None if np.isnan(one) else names[min(int(np.searchsorted(ends, one)), len(names) - 1)]
        for one in places
    ]


def _refuse(table: pd.DataFrame, figures: Sequence[str]) -> None:
    if not figures:
        raise Invalid(f"the table has none of the weighed figures: {', '.join(FIGURES)}")
    for name in (*figures, *(["land_m2"] if "land_m2" in table else [])):
        low = table[name] < 0
        if name != "tax" and low.any():
            who = table.loc[low, "enterprise"].iloc[0]
            raise Invalid(f"'{who}' has {name} below zero")


def _land(rows: pd.DataFrame, area: Mapping[str, float]) -> Floats:
    if "land_m2" in rows and rows["land_m2"].notna().all():
        return rows["land_m2"].to_numpy(float)
    whole = rows["parcel"].map(area).to_numpy(float)
    count = rows.groupby("parcel")["parcel"].transform("size").to_numpy(float)
    share = 1 / count
    if "floor_area" in rows:
        groups = rows.groupby("parcel")["floor_area"]
        total = groups.transform("sum").to_numpy(float)
        told = groups.transform(lambda one: one.notna().all()).to_numpy(bool) & (total > 0)
        share = np.where(told, rows["floor_area"].to_numpy(float) / np.where(told, total, 1), share)
    return np.asarray(whole * share)


def _rate(
    frame: pd.DataFrame,
    figures: Sequence[str],
    weights: Mapping[str, float],
    benchmarks: Mapping[str, float],
    classes: Mapping[str, float],
) -> None:
    """Add the indicators, the score, its rank and the class; unknown figures leave no score."""
    land = frame["land_m2"].where(frame["land_m2"] > 0)
    total = sum(weights[name] for name in figures)
    score = pd.Series(0.0, index=frame.index)
    for name in figures:
        frame[f"{name}_per_hm2"] = frame[name] / (land / HECTARE)
        frame[f"{name}_per_mu"] = frame[name] / (land / MU)
        ratio = frame[f"{name}_per_hm2"] / benchmarks[name] if benchmarks[name] else np.nan
        score += 100 * weights[name] / total * (ratio * pd.Series(1.0, frame.index)).clip(0, CAP)
    if "floor_area" in figures:
        frame["plot_ratio"] = frame["floor_area"] / land
    frame["score"] = score
    frame["rank"] = score.round(9).rank(method="min", ascending=False)
    frame["class"] = classify(frame["rank"], classes)


def _certificate(
    used: float,
    allotted: float,
    rows: pd.DataFrame,
    table: pd.DataFrame,
    area: Mapping[str, float],
    figures: Sequence[str],
) -> Certificate:
    by_parcel = rows.groupby("parcel")["land_m2"].sum()
    open_land = by_parcel.index.map(area).to_numpy(float) - by_parcel.to_numpy(float)
    notes = [f"{len(table) - len(rows)} rows of the table name no parcel that is there"]
    if (open_land < -1e-6 * used).any():
        notes.append(
            f"on {int((open_land < -1e-6 * used).sum())} parcels the enterprises have more land "
            "than there is"
        )
    balance = {
        "occupied parcels": used,
        "enterprises": allotted,
        "not allotted": float(open_land.clip(0).sum()),
        "allotted twice": float(-open_land.clip(max=0).sum()),
    }
    for name in figures:
        balance |= {f"{name}, whole table": float(table[name].sum()),
                    f"{name}, on known parcels": float(rows[name].sum())}  # fmt: skip
    right = allotted + balance["not allotted"] - balance["allotted twice"]
    return Certificate(
        equation="land of occupied parcels = enterprises + not allotted - allotted twice",
        left=used,
        right=right,
        residual=abs(used - right),
        tolerance=1e-9 * used,
        unit="m²",
        balance=balance,
        notes=tuple(notes if len(table) > len(rows) else notes[1:]),
    )
